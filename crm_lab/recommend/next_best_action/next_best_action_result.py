"""The plan: who gets what, who is held out, why others get nothing, what caps are worth, and what it earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Positions
from crm_lab.messages import Message
from crm_lab.recommend.next_best_action.action_candidates import ActionCandidates
from crm_lab.recommend.next_best_action.action_gains import ActionGains
from crm_lab.recommend.next_best_action.allocation.best_plan import BestPlan
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value

POLICY = ("customer_id", "arm", "action", "channel", "day", "expected_gain", "cost", "reason")
"""Columns of `NextBestActionResult.policy`."""


@dataclass(frozen=True, eq=False)
class NextBestActionResult(Result):
    """One action a customer at most.

    >>> from crm_lab.recommend.next_best_action.next_best_action import NextBestAction
    >>> actions = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "action": ["tea", "gin", "tea", "tea"],
    ...     "channel": ["email", "sms", "sms", "sms"], "uplift": [0.04, 0.05, 0.03, 0.2], "margin": 50.0,
    ...     "cost": [0.0, 0.1, 0.1, 0.1], "source": "assumed", "consent": [True, True, True, False]})
    >>> result = NextBestAction(capacity={"sms": 1}, holdout=0, currency="EUR").analyze(actions)

    Attributes:
        level: Confidence level.
        currency: ISO code of the money.
        candidates: All rows.
        allowed: Rows with consent and within the contacts of the customer, shape (rows,).
        gains: What each is expected to earn.
        chosen: Rows of the plan.
        would: Rows that customers held out would have got.
        held: Customers held out.
        status: Why each customer gets nothing, if so, shape (customers,).
        cap_table: Caps with what is used, and what one more is worth.
        best: Prices, and proof of how good the plan is.
        net: Gain less what the caps are worth, shape (rows,).
        plans: Rows of each strategy; of several random plans the first.
        comparison: Strategies side by side.
        simulated: Whether all of it is made up.
        one_more: What one more contact of each customer would add.
    """  # fmt: skip

    level: float
    currency: str
    candidates: ActionCandidates
    allowed: Booleans
    gains: ActionGains
    chosen: Positions
    would: Positions
    held: np.ndarray
    status: np.ndarray
    cap_table: pd.DataFrame
    best: BestPlan
    net: Floats
    plans: dict[str, Positions]
    comparison: pd.DataFrame
    simulated: bool
    one_more: float

    name: ClassVar[str] = "next_best_action"
    formats: ClassVar[dict[str, str]] = {
        "expected_gain": "+,.3f", "lo": "+,.3f", "hi": "+,.3f", "cost": ",.3f", "uplift": "+.4f",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {
        "strategy": "recommend.next_action.strategy_", "source": "recommend.next_action.source_",
        "reason": "recommend.next_action.reason_", "cap": "recommend.next_action.cap_",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """The plan: customer, action, channel, day, expected gain with interval, cost, uplift, source, reason.

        ``lo`` and ``hi`` are where the action's true gain lies, missing where its uplift has no standard error.
        ``reason`` is ``best_option`` of the customer, or ``caps`` where another would earn more but a cap is worth
        more elsewhere.

        >>> result.to_frame()[["customer_id", "expected_gain", "reason"]].to_numpy().tolist()
        [['a', 2.0, 'caps'], ['b', 1.4, 'best_option']]
        """
        return self._rows(self.chosen)

    def to_publish(self) -> pd.DataFrame:
        """The strategies side by side: a report holds no list of customers.

        >>> result.to_publish()["strategy"].tolist()
        ['nothing', 'random', 'top_score', 'top_gain', 'plan']
        """
        return self.comparison.copy()

    def _rows(self, rows: Positions) -> pd.DataFrame:
        frame = self.candidates.frame.iloc[rows]
        gain, half = self.gains.mean[rows], z_value(self.level) * self.gains.sd[rows]
        made = frame[["customer_id", "action", "channel", "day"]].assign(
            expected_gain=gain, lo=gain - half, hi=gain + half, cost=frame["cost"], uplift=self.gains.uplift[rows],
            source=frame["source"], reason=np.where(self._is_best(rows), "best_option", "caps"),
        )  # fmt: skip
        return made.reset_index(drop=True)

    def _is_best(self, rows: Positions) -> np.ndarray:
        """Whether no allowed action of the customer earns more."""
        most = np.full(len(self.candidates.customer_ids), -np.inf)
        np.maximum.at(most, self.candidates.customer[self.allowed], self.gains.mean[self.allowed])
        return np.asarray(self.gains.mean[rows] >= most[self.candidates.customer[rows]], dtype=bool)

    def held_out(self) -> pd.DataFrame:
        """Customers held out, with the action that they would have got at the plan's prices, if any.

        >>> len(result.held_out())
        0

        Returns:
            ``customer_id, action, channel, day, expected_gain``.
        """
        would = self._rows(self.would)[["customer_id", "action", "channel", "day", "expected_gain"]]
        return pd.DataFrame({"customer_id": self.held}).merge(would, on="customer_id", how="left")

    def left_alone(self) -> pd.DataFrame:
        """Customers who get nothing and are not held out, and why.

        >>> result.left_alone().to_numpy().tolist()
        [['c', 'no_consent']]

        Returns:
            ``customer_id, reason``: no_consent, contact_cap, too_little (no action pays), caps_full.
        """
        without = self.status != "held_out"
        without[self.candidates.customer[self.chosen]] = False
        return pd.DataFrame({"customer_id": self.candidates.customer_ids[without], "reason": self.status[without]})

    def caps(self) -> pd.DataFrame:
        """Caps: limit, what is used, and what a unit is worth (``price``).

        The price lies between what one more unit would add and what one less would cost; with many customers these
        are nearly the same.

        >>> result.caps()["price"].between(0.39, 1.41).tolist()
        [True]

        Returns:
            ``cap, channel, day, limit, used, price``.
        """
        return self.cap_table.copy()

    def policy(self) -> pd.DataFrame:
        """The plan for a CRM tool, held-out customers included so that the plan can be measured.

        ``customer_id``; ``arm``: treatment or control (held out, never to be contacted); ``action``, ``channel``,
        ``day``, ``expected_gain`` and ``cost`` of what is sent, or would have been; ``reason``.

        >>> list(result.policy()) == list(POLICY)
        True

        Returns:
            One row a customer with an action, and each customer held out.
        """
        sent = self.to_frame().assign(arm="treatment")
        kept = self.held_out().assign(arm="control", cost=0.0, reason="held_out")
        both = sent if kept.empty else kept if sent.empty else pd.concat([sent, kept], ignore_index=True)
        return both[list(POLICY)].sort_values("customer_id", kind="stable", ignore_index=True)

    def reasons(self, first: int = 10) -> list[Message]:
        """Why each of the first rows of `to_frame` is in the plan.

        >>> print(result.reasons()[0])
        tea by email: expected +2.00 EUR (uplift +0.04 × value 50.00, less cost 0.00); gin by sms would earn +2.40 EUR, but what it takes of the caps is worth more elsewhere.

        Args:
            first: How many rows.

        Returns:
            A sentence each.
        """  # noqa: E501 - a sentence as it is printed
        return [self._reason(row) for row in self.chosen[:first]]

    def _reason(self, row: int) -> Message:
        frame, mean = self.candidates.frame, self.gains.mean
        own = np.flatnonzero((self.candidates.customer == self.candidates.customer[row]) & self.allowed)
        others = own[(own != row) & (mean[own] > 0)]
        one = frame.iloc[row]
        uplift = float(self.gains.uplift[row])
        values: dict[str, Any] = {
            "action": one["action"], "channel": one["channel"], "gain": float(mean[row]), "uplift": uplift,
            "value": (float(mean[row]) + float(one["cost"])) / uplift if uplift else 0.0, "cost": float(one["cost"]),
            "currency": self.currency,
        }  # fmt: skip
        if not len(others):
            return Message("recommend.next_action.why_only", values)
        second = others[np.argmax(mean[others])]
        other = frame.iloc[second]
        values |= {"other": other["action"], "by": other["channel"], "less": float(mean[second])}
        part = "best" if mean[second] <= mean[row] else "caps"
        return Message(f"recommend.next_action.why_{part}", values)

    def readout(self) -> Readout:
        """What the plan is expected to earn beside the top score, how sure that is, and what to do.

        >>> result.readout().finding.key
        'recommend.next_action.finding'
        """
        section, values = "recommend.next_action", self._values()
        if not len(self.chosen):
            return Readout.of(section, values, "finding_none", "certainty_none", "action_none")
        assumed = values["assumed"]
        certainty = "certainty_assumed" if assumed == 1 else "certainty_mixed" if assumed else "certainty_measured"
        action = "action_simulated" if self.simulated else "action" if len(self.held) else "action_no_holdout"
        known = "finding" if np.isnan(values["lo"]) else "finding_interval"
        return Readout.of(section, values, known, certainty, action)

    def _values(self) -> dict[str, Any]:
        strategies = self.comparison.set_index("strategy")
        plan, top = dict(strategies.loc["plan"]), dict(strategies.loc["top_score"])
        assumed = (self.candidates.frame["source"].to_numpy()[self.chosen] == "assumed").astype(float)
        gain = self.gains.mean[self.chosen]
        share = float(gain @ assumed / gain.sum()) if 0 < assumed.sum() < len(assumed) else float(assumed.any())
        return {
            "customers": len(self.chosen), "of": len(self.candidates.customer_ids), "gain": float(plan["gain"]),
            "lo": float(plan["lo"]), "hi": float(plan["hi"]), "top": float(top["gain"]), "cost": float(plan["cost"]),
            "more": float(top["plan_more"]), "level": self.level, "currency": self.currency,
            "held": len(self.held), "gap": self.best.gap, "room": self._room(), "assumed": share,
        }  # fmt: skip

    def _room(self) -> Message:
        """How much more any plan could earn."""
        more = not self.best.gap < 5e-5  # less shows as 0.00%
        return Message(f"recommend.next_action.room{'' if more else '_none'}", {"gap": self.best.gap})

    def facts(self) -> tuple[Fact, ...]:
        """Expected gain of the plan and of the top score, customers with an action, its cost, and the hold-out.

        >>> [fact.id.rpartition(".")[2] for fact in result.facts()]
        ['gain', 'top_score', 'customers', 'cost', 'held_out', 'gap']
        """
        kind: Kind = "simulated" if self.simulated else "forecast"
        values, n = self._values(), len(self.candidates.customer_ids)
        money, ends = self.currency, (values["lo"], values["hi"])
        ci = None if np.isnan(ends).any() else Interval(*ends, self.level)
        section = "recommend.next_action"

        def fact(name: str, value: float, unit: str, kind: Kind, **more: Any) -> Fact:
            return Fact(f"{section}.{name}", f"{section}.fact_{name}", value, unit, kind=kind, n=n, **more)

        counted: Kind = "simulated" if self.simulated else "fact"
        return (
            fact("gain", values["gain"], money, kind, ci=ci, better="up", decides=True),
            fact("top_score", values["top"], money, kind),
            fact("customers", values["customers"], "customers", counted),
            fact("cost", values["cost"], money, counted),
            fact("held_out", values["held"], "customers", counted),
            fact("gap", values["gap"], "share", counted),
        )  # fmt: skip
