"""`CampaignFunnel`: from messages sent to repeat orders and value, and response rates in every definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.channels.campaigns.response_stages import STAGES, response_stages, stage_said
from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import wilson

BASES: Final = ("sent", "delivered", "opened")
"""Stages that a response can be a share of."""


@dataclass(frozen=True, kw_only=True)
class CampaignFunnel:
    """Over which days responses count.

    >>> from crm_lab import open_workspace
    >>> log = CampaignLog.of(open_workspace("complete_journey").at("2017-12-31"))
    >>> funnel = CampaignFunnel().analyze(log)
    >>> rates = funnel.rates().set_index(["group", "definition"])["rate"]
    >>> rates.xs("redeemed / sent", level="definition").head(4).round(3).to_dict()
    {'all': 0.12, 'Type A': 0.166, 'Type B': 0.065, 'Type C': 0.059}

    Attributes:
        bought_days: Days from the message on within which an order counts as bought.
        again_days: Days from the message on within which a further day with an order counts as again, and net sales as
            value.
        claim: A claimed response rate, such as 0.75, that each definition is held against.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.
    """

    bought_days: int = 14
    again_days: int = 60
    claim: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        order = "" if self.again_days >= self.bought_days else "it must be bought_days or more"
        share = "" if self.claim is None or 0 < self.claim < 1 else "it must lie between 0 and 1"
        check_settings(
            self, too_small(self, bought_days=1, again_days=1), not_levels(self, "level"), again_days=order, claim=share
        )

    def analyze(self, log: CampaignLog) -> CampaignFunnelResult:
        """Count stages per campaign.

        >>> len(CampaignFunnel(bought_days=7).analyze(log).to_frame())
        27

        Args:
            log: Messages and orders.

        Returns:
            Stages of each campaign and rates in every definition.

        Raises:
            CannotAnswer: If nothing is known of any message beyond that it was sent.
        """
        stages = response_stages(log, self.bought_days, self.again_days)
        known = tuple(s for s in STAGES if s in stages and stages[s].notna().any())
        if not set(known) - {"sent", "delivered"}:
            raise cannot_answer("no_response_known", messages=len(stages))
        return CampaignFunnelResult(self, log, stages, known)


@dataclass(frozen=True, eq=False)
class CampaignFunnelResult(Result):
    """Stages of each campaign, and response rates in every definition.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> funnel = CampaignFunnel(claim=0.75).analyze(log)

    Attributes:
        spec: What was asked.
        log: Messages and orders.
        stages: One row per message.
        known: Stages that are known, in their order; the others are dropped and named.
    """

    spec: CampaignFunnel
    log: CampaignLog
    stages: pd.DataFrame = field(repr=False)
    known: tuple[str, ...]

    name: ClassVar[str] = "campaign_funnel"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(STAGES, ",.0f"), "revenue": ",.0f", "revenue_per_message": ",.2f",
    }  # fmt: skip

    @property
    def missing(self) -> tuple[str, ...]:
        """Stages of which nothing is known.

        >>> funnel.missing
        ('clicked', 'redeemed')
        """
        return tuple(s for s in STAGES if s not in self.known)

    def to_frame(self) -> pd.DataFrame:
        """One row per campaign by its first day: messages at each stage, net sales, and net sales per message.

        A stage is missing where the days it needs are not all in the data.

        >>> list(funnel.to_frame())[:5]
        ['campaign', 'first_day', 'sent', 'delivered', 'opened']
        """
        values = [*(s for s in self.known if s != "sent"), *(["revenue"] if "revenue" in self.stages else [])]
        sums = self.stages.groupby("campaign")[values].agg(_all_known)
        table = self.log.campaigns.merge(sums.reset_index(), on="campaign", how="left")
        return table.assign(revenue_per_message=table["revenue"] / table["sent"]) if "revenue" in table else table

    @cached_property
    def _rates(self) -> pd.DataFrame:
        parts = [("all", self.stages)]
        if "campaign_type" in self.stages:
            parts += [(str(name), part) for name, part in self.stages.groupby("campaign_type")]
        parts += [(str(name), part) for name, part in self.stages.groupby("campaign")]
        rows = [row for group, part in parts for row in _rates_of(part, group, self.known)]
        table = pd.DataFrame(rows, columns=["group", "definition", "responders", "of", "rate", "effective"])
        lo, hi = wilson(
            (table["rate"].fillna(0) * table["effective"]).to_numpy(), table["effective"].to_numpy(), self.spec.level
        )
        return table.drop(columns="effective").assign(lo=lo, hi=hi)

    def rates(self, definition: str = "") -> pd.DataFrame:
        """Response rates: of all messages, of each type and of each campaign, in every definition.

        Wilson's interval on as many messages as tell as much when those of one customer go together.

        >>> list(funnel.rates())
        ['group', 'definition', 'responders', 'of', 'rate', 'lo', 'hi']

        Args:
            definition: Only this one, such as ``redeemed / sent``; all unless given.

        Returns:
            One row per group and definition.
        """
        table = self._rates
        return table[table["definition"] == definition].reset_index(drop=True) if definition else table.copy()

    def definitions(self) -> pd.DataFrame:
        """What each stage means here, in words.

        >>> funnel.definitions()["stage"].tolist()
        ['sent', 'delivered', 'opened', 'bought', 'again']
        """
        said = [stage_said(s, self.spec.bought_days, self.spec.again_days).text() for s in self.known]
        return pd.DataFrame({"stage": list(self.known), "meaning": said})

    def readout(self) -> Readout:
        """How far the definitions are apart, what is not known, and what to do.

        >>> funnel.readout().action.key
        'channels.funnel.action_claim'
        """
        pooled = self._rates[self._rates["group"] == "all"].sort_values("rate", kind="stable")
        low, high = pooled.iloc[0], pooled.iloc[-1]
        values: dict[str, Any] = {
            "campaigns": len(self.log.campaigns), "messages": len(self.stages), "level": self.spec.level,
            "lowest": _said(low["definition"]), "lo": low["rate"], "highest": _said(high["definition"]),
            "hi": high["rate"], "claim": self.spec.claim or 0.0, "definitions": len(pooled),
            "reach": 0 if self.spec.claim is None else int((pooled["lo"] > self.spec.claim).sum()),
            "missing": Message("channels.funnel.missing", {"stages": _listed(self.missing)}) if self.missing else "",
        }  # fmt: skip
        action = "action" if self.spec.claim is None else "action_claim"
        return Readout.of("channels.funnel", values, action=action)

    def facts(self) -> tuple[Fact, ...]:
        """Messages, campaigns, and the rates of all messages and of each type.

        >>> [fact.id for fact in funnel.facts()[:3]]
        ['campaigns.campaigns', 'campaigns.messages', 'campaigns.response.all.opened_sent']
        """
        campaigns, kind = len(self.log.campaigns), self.log.counted
        groups = ["all", *(self.stages["campaign_type"].dropna().unique() if "campaign_type" in self.stages else ())]
        rates = self._rates[self._rates["group"].isin(groups)]
        return (
            Fact("campaigns.campaigns", "channels.funnel.fact_campaigns", campaigns, kind=kind),
            Fact("campaigns.messages", "channels.funnel.fact_messages", len(self.stages), kind=kind),
            *facts_of(
                rates, "campaigns.response.{group}.{definition}", _rate_label, "rate", "share", ends=("lo", "hi"),
                level=self.spec.level, n="of", kind=self.log.kind,
            ),
        )  # fmt: skip


def _rates_of(part: pd.DataFrame, group: str, known: tuple[str, ...]) -> list[tuple[Any, ...]]:
    tops = [s for s in known if s not in {"sent", "delivered"}]
    pairs = [(top, base) for top in tops for base in BASES if base in known and STAGES.index(base) < STAGES.index(top)]
    rows = []
    for top, base in pairs:
        rows_of = part[part[[top, base]].notna().all(axis=1) & (part[base] == 1)]
        n, hits = len(rows_of), float(rows_of[top].sum())
        rate = hits / n if n else np.nan
        rows.append((group, f"{top} / {base}", hits, n, rate, n / _design_effect(rows_of["customer"], rows_of[top])))
    return rows


def _design_effect(customer: pd.Series, flag: pd.Series) -> float:
    """By how much messages of one customer say less than as many of different ones; never below 1."""
    n, rate = len(flag), float(flag.mean()) if len(flag) else 0.0
    if not 0 < rate < 1 or customer.is_unique:
        return 1.0
    gaps = np.bincount(customer, flag - rate)
    return max(float((gaps**2).sum()) / (n * rate * (1 - rate)), 1.0)


def _all_known(column: pd.Series) -> float:
    """Sum of a column; missing where one of it is."""
    return float(column.sum(skipna=False))


def _listed(stages: tuple[str, ...]) -> Message:
    one = Message(f"column.{stages[0]}")
    return Message("channels.funnel.listed", {"one": one, "more": _listed(stages[1:])}) if stages[1:] else one


def _said(definition: object) -> Message:
    top, base = str(definition).split(" / ")
    return Message("channels.funnel.per", {"top": Message(f"column.{top}"), "base": Message(f"column.{base}")})


def _rate_label(row: Mapping[str, Any]) -> Message:
    group = Message("channels.funnel.all") if row["group"] == "all" else row["group"]
    return Message("channels.funnel.fact_rate", {"definition": _said(row["definition"]), "group": group})
