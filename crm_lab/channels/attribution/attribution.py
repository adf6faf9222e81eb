"""`Attribution`: orders credited to messages by five rules, side by side. Bookkeeping, never an effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.channels.attribution.contact_journeys import By, ContactJourneys, Touch
from crm_lab.channels.attribution.markov_removal import removal_effects
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.checks import check_settings, not_among, not_inside, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message, catalogue, named
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult

RULES: Final = ("last", "first", "linear", "position", "markov")
"""Last touch; first touch; all alike; first and last more; removal effects of a Markov chain."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What is credited, and which touches count.

    >>> paths = [(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)]
    >>> credit = Attribution().of_journeys(ContactJourneys.of_paths(paths))
    >>> credit.to_frame()[["touch", "last_orders", "markov_orders"]].round(2).to_numpy().tolist()
    [['c1', 0.0, 0.2], ['c2', 0.0, 0.4], ['c3', 1.0, 0.4]]

    Attributes:
        by: ``channel`` or ``campaign``.
        touch: Messages that count: ``sent``, ``opened`` or ``clicked``.
        lookback_days: Days before an order in which a touch counts.
        ends_share: What the rule of positions gives to each end of a journey; touches between share the rest.

    Raises:
        BadInput: If a setting is wrong.
    """

    by: By = "channel"
    touch: Touch = "opened"
    lookback_days: int = 30
    ends_share: float = 0.4

    def __post_init__(self) -> None:
        half = "" if self.ends_share < 0.5 else "both ends together must leave something, so it is below 0.5"
        check_settings(
            self, not_among(self, by=("channel", "campaign"), touch=("sent", "opened", "clicked")),
            too_small(self, lookback_days=0), not_inside(self, "ends_share"), ends_share=half,
        )  # fmt: skip

    def analyze(self, log: CampaignLog) -> AttributionResult:
        """Credit the orders of a log.

        >>> from crm_lab.simulate import make_retailer
        >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
        >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
        >>> Attribution(touch="sent").analyze(log).to_frame()["touch"].tolist()
        ['email', 'sms']

        Args:
            log: Messages and orders.

        Returns:
            Orders by touch and rule.

        Raises:
            CannotAnswer: If touches are not known, or no order follows one.
        """
        return self.of_journeys(ContactJourneys.of(log, self.by, self.touch, self.lookback_days))

    def of_journeys(self, journeys: ContactJourneys) -> AttributionResult:
        """Credit the orders of journeys.

        >>> Attribution().of_journeys(ContactJourneys.of_paths([(["a"], 1)])).to_frame()["markov_orders"].tolist()
        [1.0]

        Args:
            journeys: Series of touches.

        Returns:
            Orders by touch and rule; each rule gives out every order with a touch once.

        Raises:
            CannotAnswer: If no order follows a touch.
        """
        if not journeys.orders:
            raise cannot_answer("no_order_after_touch", journeys=len(journeys.ordered), days=self.lookback_days)
        k = len(journeys.names)
        removal = removal_effects(journeys)
        shares = {rule: _credited(journeys, rule, self.ends_share) for rule in RULES[:-1]}
        shares["markov"] = journeys.orders * removal / removal.sum()
        frame = pd.DataFrame({
            "touch": journeys.names, "touches": np.bincount(journeys.touch, minlength=k),
            **{f"{rule}_orders": shares[rule] for rule in RULES}, "removal_effect": removal,
        })  # fmt: skip
        return AttributionResult(self, journeys, frame)


def _name(touch: str) -> Message:
    """A channel that the lab knows in words; any other name stands for itself."""
    known = f"level.{touch}" in catalogue("en")
    return Message(f"level.{touch}") if known else Message("readout.as_said", {"why": touch})


def _credited(journeys: ContactJourneys, rule: str, ends: float) -> Floats:
    """Orders by name, shape (k,): weights of touches within each journey that ended with an order."""
    new = np.diff(journeys.journey) > 0
    first, last = np.concatenate([[True], new]) * 1.0, np.concatenate([new, [True]]) * 1.0
    length = np.bincount(journeys.journey)[journeys.journey].astype(float)
    if rule == "position":
        inner = np.maximum(length - 2, 1)
        long = ends * (first + last) + (1 - first) * (1 - last) * (1 - 2 * ends) / inner
        weight = np.where(length == 1, 1.0, np.where(length == 2, 0.5, long))
    else:
        weight = {"first": first, "last": last, "linear": 1 / length}[rule]
    counted = weight * journeys.ordered[journeys.journey]
    return np.bincount(journeys.touch, counted, len(journeys.names)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class AttributionResult(TableResult):
    """Orders that each rule gives to each channel or campaign.

    >>> paths = [(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)]
    >>> credit = Attribution().of_journeys(ContactJourneys.of_paths(paths))

    Attributes:
        spec: What was asked.
        journeys: Series of touches.
        frame: ``touch``, ``touches``, orders by rule (``last_orders``, ``first_orders``, ``linear_orders``,
            ``position_orders``, ``markov_orders``), and ``removal_effect``.
    """

    spec: Attribution
    journeys: ContactJourneys
    frame: pd.DataFrame = field(repr=False)

    name: ClassVar[str] = "attribution"
    formats: ClassVar[Mapping[str, str]] = {
        **{f"{rule}_orders": ",.1f" for rule in RULES}, "removal_effect": ".1%", "touches": ",.0f",
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """The table with channels that the lab knows in words."""
        return self.frame.assign(touch=[named("level", name) for name in self.frame["touch"]])

    def spread(self) -> pd.DataFrame:
        """By how much the rules differ: least and most orders that any of them gives, by name.

        >>> credit.spread()["most"].round(2).tolist()
        [1.0, 0.4, 1.0]
        """
        orders = self.frame[[f"{rule}_orders" for rule in RULES]]
        return pd.DataFrame({"touch": self.frame["touch"], "least": orders.min(axis=1), "most": orders.max(axis=1)})

    def readout(self) -> Readout:
        """How far the rules are apart, that none of them is an effect, and what to do.

        >>> credit.readout().certainty.key
        'channels.attribution.certainty'
        """
        spread = self.spread()
        row = spread.iloc[int((spread["most"] - spread["least"]).to_numpy().argmax())]
        values: dict[str, Any] = {
            "orders": self.journeys.orders, "untouched": self.journeys.untouched, "days": self.spec.lookback_days,
            "name": _name(row["touch"]), "least": row["least"] / self.journeys.orders,
            "most": row["most"] / self.journeys.orders, "touch": Message(f"column.{self.spec.touch}"),
        }  # fmt: skip
        return Readout.of("channels.attribution", values)

    def facts(self) -> tuple[Fact, ...]:
        """Orders by name under the last touch and under the chain.

        >>> [fact.id for fact in credit.facts()][:2]
        ['attribution.last.c1', 'attribution.last.c2']
        """
        kind: Kind = "simulated" if self.journeys.simulated else "fact"
        facts: tuple[Fact, ...] = ()
        for rule in ("last", "markov"):
            facts += facts_of(
                self.frame, f"attribution.{rule}.{{touch}}",
                lambda row, rule=rule: Message("channels.attribution.fact", {  # type: ignore[misc]
                    "name": _name(row["touch"]), "rule": Message(f"channels.attribution.rule_{rule}"),
                }), f"{rule}_orders", "orders", n=self.journeys.orders, kind=kind,
            )  # fmt: skip
        return facts
