"""`ReachPrecision`: how many of those written to belong to the target and respond, and how many do not belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.channels.campaigns.response_stages import response_stages, stage_said
from crm_lab.checks import check_settings, not_among, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import ratio_by_customer, wilson

Response = Literal["opened", "clicked", "redeemed", "bought"]
RESPONSES: tuple[Response, ...] = ("opened", "clicked", "redeemed", "bought")


@dataclass(frozen=True, kw_only=True)
class ReachPrecision:
    """Who belongs to the target, and what counts as a response.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> list(ReachPrecision(response="opened").analyze(log).to_frame())[2:6]
    ['sent', 'in_target', 'responders', 'precision']

    Attributes:
        response: What counts as a response.
        active_days: Where no target is named, who ordered within so many days before the message belongs to it.
        bought_days: Days from the message on within which an order counts as bought.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.
    """

    response: Response = "redeemed"
    active_days: int = 90
    bought_days: int = 14
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, response=RESPONSES), too_small(self, active_days=1, bought_days=1),
            not_levels(self, "level"),
        )  # fmt: skip

    def analyze(self, log: CampaignLog, target: Iterable[str] | None = None) -> ReachPrecisionResult:
        """Hold each audience against the target.

        >>> bool(ReachPrecision(response="opened").analyze(log, log.customer_ids).to_frame()["waste"].any())
        False

        Args:
            log: Messages and orders.
            target: Ids of the customers meant; who was active before the message unless given.

        Returns:
            Precision, waste and customers missed, per campaign.

        Raises:
            CannotAnswer: If the response is not known of any message.
        """
        stages = response_stages(log, self.bought_days, self.bought_days)
        if self.response not in stages or stages[self.response].isna().all():
            raise cannot_answer("response_not_known", response=Message(f"column.{self.response}").text())
        named = None if target is None else np.isin(log.customer_ids, [str(c) for c in target])
        stages["inside"] = self._inside(log, stages, named)
        rows = [
            self._row(log, str(campaign), part, named)
            for campaign, part in stages.groupby("campaign", sort=False)
        ]  # fmt: skip
        table = log.campaigns[["campaign", "first_day"]].merge(pd.DataFrame(rows), on="campaign")
        return ReachPrecisionResult(self, log, table, stages, named is not None)

    def _inside(self, log: CampaignLog, sent: pd.DataFrame, named: Booleans | None) -> Any:
        """1 where the customer of a message belongs to the target; missing where the days before are not all known."""
        who, day = sent["customer"].to_numpy(), sent["day"].to_numpy()
        if named is not None:
            return named[who] * 1.0
        orders, _ = log.orders.sums(who, day - self.active_days, day - 1)
        return np.where(day - self.active_days >= log.orders.first_day, orders > 0, np.nan)

    def _row(self, log: CampaignLog, campaign: str, part: pd.DataFrame, named: Booleans | None) -> dict[str, Any]:
        known = part["inside"].notna().all() and part[self.response].notna().all()
        hit = part["inside"] * part[self.response]
        precise = float(hit.sum()) if known else np.nan
        lo, hi = wilson(precise, len(part), self.level) if known else (np.nan, np.nan)
        row = {
            "campaign": campaign, "sent": len(part), "in_target": part["inside"].sum() if known else np.nan,
            "responders": part[self.response].sum(skipna=False), "precision": precise / len(part),
            "lo": float(lo), "hi": float(hi), "waste": 1 - part["inside"].mean() if known else np.nan,
            "missed": self._missed(log, part, named) if known else np.nan,
        }  # fmt: skip
        if "cost" in part:
            row["wasted_cost"] = float((part["cost"] * (1 - part["inside"])).sum()) if known else np.nan
        return row

    def _missed(self, log: CampaignLog, part: pd.DataFrame, named: Booleans | None) -> float:
        """Share of the target that was not written to; of those active before the first message unless named."""
        everybody, day = np.arange(len(log.customer_ids)), int(part["day"].min())
        if named is None:
            start = np.full(len(everybody), day)
            named = log.orders.sums(everybody, start - self.active_days, start - 1)[0] > 0
        reached = np.isin(everybody, part["customer"].to_numpy())
        return float((named & ~reached).sum() / named.sum()) if named.any() else np.nan


@dataclass(frozen=True, eq=False)
class ReachPrecisionResult(TableResult):
    """Precision and waste of each campaign.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> result = ReachPrecision(response="opened").analyze(log)

    Attributes:
        spec: What was asked.
        log: Messages and orders.
        frame: ``campaign``, ``first_day``, ``sent``, ``in_target``, ``responders``, ``precision`` (responders in the
            target by messages) with its interval, ``waste`` (messages outside the target), ``missed`` (the target
            without a message), and ``wasted_cost`` where costs are known; missing where days are not all in the data.
        stages: One row per message, with ``inside``.
        named: Whether the target was named.
    """

    spec: ReachPrecision
    log: CampaignLog
    frame: pd.DataFrame = field(repr=False)
    stages: pd.DataFrame = field(repr=False)
    named: bool

    name: ClassVar[str] = "reach_precision"
    formats: ClassVar[Mapping[str, str]] = {
        "sent": ",.0f", "in_target": ",.0f", "responders": ",.0f", "wasted_cost": ",.2f",
        **dict.fromkeys(("precision", "lo", "hi", "waste", "missed"), ".1%"),
    }  # fmt: skip

    def pooled(self, part: Literal["precision", "waste"]) -> tuple[float, Interval] | None:
        """Of all messages of which it is known: precision or waste, with customers as the units.

        >>> 0 < result.pooled("waste")[0] < 1
        True

        Args:
            part: Which.

        Returns:
            Share and interval; nothing where no campaign is known.
        """
        known = self.stages.dropna(subset=["inside", self.spec.response])
        if not len(known):
            return None
        flag = known["inside"] * known[self.spec.response] if part == "precision" else 1 - known["inside"]
        sums = flag.groupby(known["customer"]).agg(["sum", "size"])
        if len(sums) < 2:
            return None
        return ratio_by_customer(sums["sum"].to_numpy(), sums["size"].to_numpy(), self.spec.level)

    def refusal(self) -> Message | None:
        """Why there is no precision, or ``None``.

        >>> result.refusal() is None
        True
        """
        return None if self.pooled("precision") else Message("channels.reach.refused", {"days": self.spec.active_days})

    def readout(self) -> Readout:
        """Precision and waste of all messages, how the target was chosen, and what to do.

        >>> result.readout().finding.key
        'channels.reach.finding'
        """
        precision, waste = self.pooled("precision"), self.pooled("waste")
        if precision is None or waste is None:
            why = self.refusal() or "channels.reach.certainty"
            return Readout(why, "channels.incremental.certainty_refused", "channels.reach.action_refused")
        target = "named" if self.named else "active"
        values = {
            "precision": precision[0], "lo": precision[1].lo, "hi": precision[1].hi, "level": self.spec.level,
            "waste": waste[0], "days": self.spec.active_days,
            "response": stage_said(self.spec.response, self.spec.bought_days, self.spec.bought_days),
            "target": Message(f"channels.reach.target_{target}", {"days": self.spec.active_days}),
        }  # fmt: skip
        return Readout.of("channels.reach", values)

    def facts(self) -> tuple[Fact, ...]:
        """Precision and waste of all messages.

        >>> [fact.id for fact in result.facts()]
        ['campaigns.reach.precision', 'campaigns.reach.waste']
        """
        facts = []
        for part, better in (("precision", "up"), ("waste", "down")):
            found = self.pooled(part)  # type: ignore[arg-type]  # one of the two
            value, ci = found or (None, None)
            facts.append(
                Fact(f"campaigns.reach.{part}", f"channels.reach.fact_{part}", value, "share", ci=ci,
                     kind=self.log.kind, better=better, refusal=None if found else self.refusal())  # type: ignore[arg-type]
            )  # fmt: skip
        return tuple(facts)
