"""`PromotionDip`: orders by week around a campaign, and how many of those it added are missing afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.channels.campaigns.holdout_response import Lot, effect_of, lot_of
from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import fieller

_WEEK: Final = 7


@dataclass(frozen=True, kw_only=True)
class PromotionDip:
    """Which days are the promotion, and which the time after it.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> PromotionDip().analyze(log, "campaign_018").to_frame()["week"].tolist()
    [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5]

    Attributes:
        during_days: Days of the promotion, from the message or draw on.
        after_days: Days after it in which orders may be missing.
        weeks_before: Weeks before it that are the level which weeks are held against.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.

    Source:
        van Heerde, Leeflang & Wittink (2000), The estimation of pre- and postpromotion dips; Fieller (1954).
    """

    during_days: int = 14
    after_days: int = 28
    weeks_before: int = 4
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, during_days=1, after_days=1, weeks_before=1), not_levels(self, "level"))

    def analyze(self, log: CampaignLog, campaign: str) -> PromotionDipResult:
        """Orders by week of those reached and of the comparison; pull-forward where a hold-out was drawn by lot.

        >>> PromotionDip(weeks_before=2).analyze(log, "campaign_018").refusal().key
        'channels.dip.refused_targeting'

        Args:
            log: Messages, orders and assignments.
            campaign: Its name.

        Returns:
            Weeks, and the share of added orders that was pulled forward.

        Raises:
            CannotAnswer: If nothing was sent in the campaign, or its days are not all in the data.
        """
        lot = lot_of(log, campaign)
        drawn = lot or _audience(log, campaign)
        whole = self.during_days + self.after_days
        missing = max(
            int(drawn.day.max()) + whole - 1 - log.last_day,
            log.orders.first_day - int(drawn.day.min()) + _WEEK * self.weeks_before,
        )
        if missing > 0:
            raise cannot_answer("campaign_days_ahead", campaign=campaign, days=whole, missing=missing)
        weeks = _weeks(log, drawn, range(-self.weeks_before, -(-whole // _WEEK)), self.level, by_lot=lot is not None)
        spans = None
        if lot:
            during = _orders(log, lot, 0, self.during_days)
            after = _orders(log, lot, self.during_days, whole)
            spans = _spans(during, after, lot.treated, self.level)
        return PromotionDipResult(self, log, campaign, weeks, spans)


def _audience(log: CampaignLog, campaign: str) -> Lot:
    """Everybody, those reached as treated; all from the first day of the campaign on."""
    sent = log.of_campaign(campaign)
    everybody = np.arange(len(log.customer_ids), dtype=np.int64)
    day = np.full(len(everybody), int(sent["day"].min()), dtype=np.int64)
    return Lot(everybody, np.isin(everybody, sent["customer"].to_numpy()), day)


def _orders(log: CampaignLog, lot: Lot, start: int, end: int) -> Floats:
    """Orders of each customer from day `start` of the campaign up to before day `end`."""
    return log.orders.sums(lot.customer, lot.day + start, lot.day + end - 1)[0]


def _weeks(log: CampaignLog, lot: Lot, weeks: range, level: float, *, by_lot: bool) -> pd.DataFrame:
    rows: list[tuple[float, ...]] = []
    for week in weeks:
        orders = _orders(log, lot, _WEEK * week, _WEEK * (week + 1))
        comparison, reached, effect, lo, hi = effect_of(orders, lot.treated, level)
        rows.append((week, reached, comparison, *((effect, lo, hi) if by_lot else (np.nan, np.nan, np.nan))))
    table = pd.DataFrame(rows, columns=["week", "reached_orders", "comparison_orders", "effect", "lo", "hi"])
    before = table[table["week"] < 0].mean()
    for group in ("reached", "comparison"):
        level_before = before[f"{group}_orders"]
        table[f"{group}_index"] = table[f"{group}_orders"] / level_before if level_before > 0 else np.nan
    return table.astype({"week": np.int64})


@dataclass(frozen=True, slots=True)
class Spans:
    """Orders that a campaign added per customer drawn for it, during and after it.

    Attributes:
        during: Effect while it ran.
        during_ci: Its interval.
        after: Effect afterwards; below 0 is a dip.
        after_ci: Its interval.
        pulled: Share of the orders added that is missing afterwards, -after / during.
        pulled_ci: Its interval; none where the effect during it may be 0.
    """

    during: float
    during_ci: Interval
    after: float
    after_ci: Interval
    pulled: float
    pulled_ci: Interval | None


def _spans(during: Floats, after: Floats, treated: Booleans, level: float) -> Spans:
    both = np.vstack([during, after])
    arms = [both[:, mask] for mask in (treated, ~treated)]
    value = arms[0].mean(axis=1) - arms[1].mean(axis=1)
    covariance = sum(np.cov(arm) / arm.shape[1] for arm in arms)
    var, cov = np.diag(covariance), float(covariance[0, 1])
    found = fieller(-float(value[1]), float(value[0]), float(var[1]), float(var[0]), -cov, level)
    ends = [Interval(*effect_of(y, treated, level)[3:], level) for y in both]
    pulled = -float(value[1] / value[0]) if value[0] else float("nan")
    return Spans(float(value[0]), ends[0], float(value[1]), ends[1], pulled, found.interval())


@dataclass(frozen=True, eq=False)
class PromotionDipResult(TableResult):
    """Orders by week around a campaign.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> result = PromotionDip().analyze(log, "campaign_018")

    Attributes:
        spec: What was asked.
        log: Messages and orders.
        campaign: Which.
        frame: ``week`` (0 begins with the campaign), orders per customer in it (``reached_orders``,
            ``comparison_orders``), ``effect`` with ``lo`` and ``hi`` where a lot was drawn, and both indices against
            the weeks before.
        spans: Effects during and after; none where targeting decided.
    """

    spec: PromotionDip
    log: CampaignLog
    campaign: str
    frame: pd.DataFrame = field(repr=False)
    spans: Spans | None

    name: ClassVar[str] = "promotion_dip"
    formats: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("reached_orders", "comparison_orders", "effect", "lo", "hi", "reached_index", "comparison_index"), ",.3f"
    )

    def refusal(self) -> Message | None:
        """Why no pull-forward can be said, or ``None``.

        >>> result.refusal() is None
        False
        """
        if self.spans is None:
            return Message("channels.dip.refused_targeting", {"campaign": self.campaign})
        if self.spans.pulled_ci is None or self.spans.during_ci.lo <= 0:
            return Message("channels.dip.refused_effect", {
                "campaign": self.campaign, "during": self.spans.during, "lo": self.spans.during_ci.lo,
                "hi": self.spans.during_ci.hi, "level": self.spec.level,
            })  # fmt: skip
        return None

    def readout(self) -> Readout:
        """Which share of the added orders was pulled forward, or why that cannot be said.

        >>> result.readout().certainty.key
        'channels.incremental.certainty_refused'
        """
        refused, spans = self.refusal(), self.spans
        if refused is not None or spans is None or spans.pulled_ci is None:
            return Readout(
                refused or "channels.dip.action",
                "channels.incremental.certainty_refused",
                "channels.dip.action_refused",
            )
        values: dict[str, Any] = {
            "campaign": self.campaign, "during": spans.during, "after": spans.after, "pulled": spans.pulled,
            "lo": spans.pulled_ci.lo, "hi": spans.pulled_ci.hi, "level": self.spec.level,
            "days": self.spec.during_days, "later": self.spec.after_days,
        }  # fmt: skip
        if spans.pulled_ci.hi < 0:
            more = {"pulled": -spans.pulled, "lo": -spans.pulled_ci.hi, "hi": -spans.pulled_ci.lo}
            return Readout.of("channels.dip", values | more, "finding_more")
        return Readout.of("channels.dip", values, "finding_dip" if spans.pulled_ci.lo > 0 else "finding_open")

    def facts(self) -> tuple[Fact, ...]:
        """Share pulled forward, and the orders added during and after the campaign.

        >>> [fact.id for fact in result.facts()]
        ['campaigns.campaign_018.pulled_forward']
        """
        part, values = f"campaigns.{id_part(self.campaign)}", {"campaign": self.campaign}
        refused, spans, kind = self.refusal(), self.spans, self.log.kind
        share = None if refused or spans is None else spans.pulled
        ci = None if refused or spans is None else spans.pulled_ci
        pulled = Fact(f"{part}.pulled_forward", Message("channels.dip.fact_pulled", values), share, "share", ci=ci,
                      kind=kind, better="down", refusal=refused)  # fmt: skip
        if spans is None:
            return (pulled,)
        return (
            pulled,
            Fact(f"{part}.orders_during", Message("channels.dip.fact_during", values), spans.during, ci=spans.during_ci,
                 kind=kind, better="up"),
            Fact(f"{part}.orders_after", Message("channels.dip.fact_after", values), spans.after, ci=spans.after_ci,
                 kind=kind, better="up"),
        )  # fmt: skip
