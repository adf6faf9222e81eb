"""`ContactCost`: cost of a message, of a response, and of an order that would not have come anyway."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.channels.campaigns.holdout_response import IncrementalResponse, lot_of
from crm_lab.channels.campaigns.response_stages import response_stages
from crm_lab.checks import CannotAnswer, check_settings, not_levels, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult

_RESPONSES: Final = ("opened", "clicked", "redeemed", "bought")


@dataclass(frozen=True, kw_only=True)
class ContactCost:
    """Over which days orders count.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> costs = ContactCost().analyze(log)
    >>> bool(costs.to_frame()["cost_per_contact"].iloc[0] < 0.06)
    True

    Attributes:
        days: Days from the message on, or from the draw, in which orders count.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.
    """

    days: int = 28
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, days=1), not_levels(self, "level"))

    def analyze(self, log: CampaignLog) -> ContactCostResult:
        """Divide costs by what came of them.

        >>> ContactCost(days=14).analyze(log).spec.days
        14

        Args:
            log: Messages with costs, orders, assignments.

        Returns:
            Costs per campaign; per incremental order only where a hold-out was drawn by lot.

        Raises:
            CannotAnswer: If no cost is known, or the costs are those of some messages only.
        """
        if "cost" not in log.messages:
            raise cannot_answer("no_message_costs", messages=len(log.messages))
        without = int(log.messages["cost"].isna().sum())
        if without:
            raise cannot_answer("some_messages_cost", without=without, messages=len(log.messages))
        stages = response_stages(log, self.days, self.days)
        rows = [self._row(log, str(campaign), part) for campaign, part in stages.groupby("campaign", sort=False)]
        table = log.campaigns[["campaign", "first_day"]].merge(pd.DataFrame(rows), on="campaign")
        return ContactCostResult(self, log, table)

    def _row(self, log: CampaignLog, campaign: str, part: pd.DataFrame) -> dict[str, Any]:
        cost = float(part["cost"].sum())
        row: dict[str, Any] = {
            "campaign": campaign,
            "sent": len(part),
            "cost": cost,
            "cost_per_contact": cost / len(part),
        }
        known = [s for s in _RESPONSES if s in part]
        row |= {f"cost_per_{s}": _per(cost, part[s].sum(skipna=False)) for s in known}
        found = self._orders(log, campaign) if lot_of(log, campaign) else None
        orders, lo, hi = found or (math.nan, math.nan, math.nan)
        return row | {
            "incremental_orders": orders, "cost_per_incremental_order": _per(cost, orders),
            "lo": cost / hi if hi > 0 else math.nan, "hi": (cost / lo if lo > 0 else math.inf) if hi > 0 else math.nan,
            "holdout": "drawn" if found else "none",
        }  # fmt: skip

    def _orders(self, log: CampaignLog, campaign: str) -> tuple[float, float, float] | None:
        """Incremental orders of all who were treated, with the ends of the interval."""
        try:
            result = IncrementalResponse(days=self.days, level=self.level).analyze(log, campaign)
        except CannotAnswer:
            return None
        found = result.effect("orders")
        if found is None:
            return None
        n, (value, ci) = result.arms[0], found
        return n * value, n * ci.lo, n * ci.hi


def _per(cost: float, count: float) -> float:
    """Cost of one; missing where the number is not known, endless where it is none or less."""
    return math.nan if np.isnan(count) else cost / count if count > 0 else math.inf


@dataclass(frozen=True, eq=False)
class ContactCostResult(TableResult):
    """Costs of each campaign per message, response and incremental order.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> costs = ContactCost().analyze(of_retailer(make_retailer("fashion", n_customers=300, seed=7)))

    Attributes:
        spec: What was asked.
        log: Messages and orders.
        frame: ``campaign``, ``first_day``, ``sent``, ``cost``, ``cost_per_contact``, ``cost_per_`` each response that
            is known, ``incremental_orders`` and ``cost_per_incremental_order`` with ``lo`` and ``hi`` (``inf`` where
            no extra order is compatible with the data), and ``holdout`` (drawn or none).
    """

    spec: ContactCost
    log: CampaignLog
    frame: pd.DataFrame = field(repr=False)

    name: ClassVar[str] = "contact_cost"
    words: ClassVar[Mapping[str, str]] = {"holdout": "channels.holdout."}
    formats: ClassVar[Mapping[str, str]] = {
        "sent": ",.0f", "cost": ",.2f", "cost_per_contact": ",.4f", **{f"cost_per_{s}": ",.2f" for s in _RESPONSES},
        "incremental_orders": ",.1f", **dict.fromkeys(("cost_per_incremental_order", "lo", "hi"), ",.2f"),
    }  # fmt: skip

    def readout(self) -> Readout:
        """Cost of a message; of an incremental order where a hold-out was drawn, and where it was not why not.

        >>> costs.readout().finding.key
        'channels.cost.finding'
        """
        lots = self.frame[self.frame["holdout"] == "drawn"]
        values: dict[str, Any] = {
            "messages": int(self.frame["sent"].sum()), "cost": float(self.frame["cost"].sum()),
            "currency": self.log.currency, "each": self.frame["cost"].sum() / self.frame["sent"].sum(),
            "campaigns": len(self.frame), "lots": len(lots), "level": self.spec.level, "days": self.spec.days,
        }  # fmt: skip
        if not len(lots):
            return Readout.of("channels.cost", values, "finding_none", action="action_none")
        row = lots.iloc[-1]
        values |= {
            "campaign": row["campaign"],
            "value": row["cost_per_incremental_order"],
            "lo": row["lo"],
            "hi": row["hi"],
        }
        return Readout.of("channels.cost", values)

    def facts(self) -> tuple[Fact, ...]:
        """Cost of a message over all, and of an incremental order of each campaign with a hold-out.

        >>> [fact.id for fact in costs.facts()]
        ['campaigns.cost.contact', 'campaigns.cost.incremental_order.save_offer']
        """
        each = float(self.frame["cost"].sum() / self.frame["sent"].sum())
        lots = self.frame[self.frame["holdout"] == "drawn"].replace({"hi": {math.inf: math.nan}})
        lots = lots[np.isfinite(lots["cost_per_incremental_order"])]
        return (
            Fact("campaigns.cost.contact", "channels.cost.fact_contact", each, self.log.currency,
                 n=int(self.frame["sent"].sum()), kind=self.log.counted, better="down"),
            *facts_of(
                lots, "campaigns.cost.incremental_order.{campaign}",
                lambda row: Message("channels.cost.fact_order", {"campaign": row["campaign"]}),
                "cost_per_incremental_order", self.log.currency, ends=("lo", "hi"), level=self.spec.level, n="sent",
                kind=self.log.kind, better="down",
            ),
        )  # fmt: skip
