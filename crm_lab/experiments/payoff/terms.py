"""Terms of a programme: earnings and cost per treated unit, the decision rule, and what is still an example."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, negative, not_shares
from crm_lab.experiments.core.estimate import Adjust, JointMeans
from crm_lab.experiments.payoff.money_parts import Parts, parts_of
from crm_lab.messages import Message

Decision = Literal["ship", "extend", "stop", "terms"]
ASKED = ("margin_share", "reward_rate", "contact_cost", "running_cost")  # what only the retailer knows
MOST_TIMES = 3  # more units than so many times those at hand are no advice
GAINS = ("margin", "pulled_forward", "cannibalised")
COSTS = ("rewards_new", "rewards_anyway", "contact", "running")
MONEY = ("later", "elsewhere", "margin", "rewards", "member_spend")
_SHIFTS = ("later", "elsewhere")
_MEASURED = {"margin_share": "margin", "reward_rate": "rewards"}
_BREAK_EVENS = {
    "margin_share": "margin",
    "reward_rate": "reward_rate",
    "contact_cost": "contact",
    "running_cost": "running",
}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a loyalty programme earns and costs per treated unit.

    Attributes:
        margin_share: Gross margin as a share of spend.
        reward_rate: Face value of points per unit of spend, at cost (0.01: one cent per dollar).
        redemption_share: Share of points redeemed in the end; the rest is breakage.
        redemption_sd: How uncertain that share is, as a standard deviation.
        contact_cost: Communication per treated unit.
        running_cost: Running cost of the programme over the outcome window, in all.
        roi_needed: ROI that the programme must beat (0: earn its cost back).
        ship_at: Probability of that from which the answer is ship.
        stop_at: Probability up to which the answer is stop.
        adjust: How the pre-period is used.
        level: Confidence level.
        currency: ISO code.
        value_per_success: What one unit of the outcome is worth, before cost (10 per purchase, 40 per member kept), in
            place of a share of spend; 0 for a share. Rewards are then a share of that value.
        assumed: Which of margin_share, reward_rate, contact_cost and running_cost are examples and not the
            retailer's: with any of them that the test did not measure there is no decision but "needs your terms".
    """

    margin_share: float
    reward_rate: float
    redemption_share: float = 0.7
    redemption_sd: float = 0.05
    contact_cost: float = 0.0
    running_cost: float = 0.0
    roi_needed: float = 0.0
    ship_at: float = 0.95
    stop_at: float = 0.1
    adjust: Adjust = "lin"
    level: float = 0.95
    currency: str = "USD"
    value_per_success: float = 0.0
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rise = 0 < self.stop_at < self.ship_at < 1
        check_settings(
            self,
            not_shares(self, "margin_share", "reward_rate", "redemption_share"),
            negative(self, "redemption_sd", "contact_cost", "running_cost", "value_per_success"),
            assumed=not set(self.assumed) <= set(ASKED) and f"they are among {', '.join(ASKED)}",
            stop_at=not rise and f"with ship_at {self.ship_at} they must rise between 0 and 1",
            roi_needed=not self.roi_needed > -1 and "it must be above -1",
        )

    def open_terms(self, measured: Collection[str]) -> tuple[str, ...]:
        """Terms that are neither the retailer's nor measured in the test.

        >>> Terms(margin_share=0.3, reward_rate=0.01, assumed=("margin_share", "contact_cost")).open_terms(["margin"])
        ('contact_cost',)

        Args:
            measured: Parts of the money that the test measured: margin, rewards, ...
        """
        known = {name for name, part in _MEASURED.items() if part in measured}
        known |= {"margin_share"} if self.value_per_success else set()
        return tuple(name for name in self.assumed if name not in known)

    def parts(self, means: JointMeans, treated: float, roles: Sequence[str] = ("spend",)) -> Parts:
        """Amounts per treated unit from the arms' means.

        Args:
            means: Mean of each outcome per arm, control first; the first outcome is spend in the window.
            treated: Treated units, who share the running cost.
            roles: What the outcomes are, in order: spend, then parts of the money.
        """
        k = len(roles)
        theta = np.append(means.mean.ravel(), self.redemption_share)
        cov = np.zeros((2 * k + 1, 2 * k + 1))
        cov[:-1, :-1] = means.cov.reshape(2 * k, 2 * k)
        cov[-1, -1] = self.redemption_sd**2
        gains = [GAINS[0], *(name for name, role in zip(GAINS[1:], _SHIFTS, strict=True) if role in roles)]
        return parts_of((*gains, *COSTS), lambda t: self.amounts(t, treated, roles), theta, cov)

    def amounts(self, theta: Floats, treated: float, roles: Sequence[str] = ("spend",)) -> Floats:
        """The amounts of the waterfall per treated unit, cost below 0.

        Args:
            theta: Control's mean of each outcome, treatment's mean of each, redeemed share.
            treated: Treated units.
            roles: What the outcomes are, in order.
        """
        k = len(roles)
        control = dict(zip(roles, theta[:k], strict=True))
        extra = dict(zip(roles, theta[k : 2 * k] - theta[:k], strict=True))
        share = 1.0 if "margin" in roles else self.margin_share
        gains = [share * extra.get("margin", extra["spend"])]
        gains += [share * extra[role] for role in _SHIFTS if role in roles]
        # sales pulled forward or taken from other shops are not extra: they would have come anyway
        treated_spend = control["spend"] + extra["spend"]
        sold = extra["spend"] + sum(extra[role] for role in _SHIFTS if role in roles)
        if "margin" in roles:  # shifts are margin, too
            sold = sum(gains) * treated_spend / (control["margin"] + extra["margin"])
        new = self.reward_rate * theta[-1] * sold
        anyway = self.reward_rate * theta[-1] * treated_spend - new
        if "rewards" in roles:  # measured: extra sales have earned their share of them
            earned = extra.get("member_spend", treated_spend)
            new = extra["rewards"] * sold / earned if earned else 0.0
            anyway = extra["rewards"] - new
        return np.array([*gains, -new, -anyway, -self.contact_cost, -self.running_cost / treated])


def needs_terms(names: Sequence[str], break_evens: pd.DataFrame, decision: str, currency: str) -> Message:
    """Which terms are still examples, what the decision would be with them, and from where it pays.

    Args:
        names: The terms.
        break_evens: Columns quantity and break_even.
        decision: With the examples.
        currency: ISO code.
    """
    at = break_evens.set_index("quantity")["break_even"]
    said = [_break_even(name, float(at[_BREAK_EVENS[name]]), currency) for name in names]
    listed = reduce(lambda a, b: Message("experiments.terms.and", {"first": a, "second": b}), said)
    values = {"decision": Message(f"experiments.decision.{decision}"), "break_evens": listed}
    return Message("experiments.roi.terms", values)


def _break_even(name: str, value: float, currency: str) -> Message:
    """One term with its break-even, or that no value of it is enough."""
    possible = math.isfinite(value) and value >= 0 and (name != "margin_share" or value <= 1)
    return Message(f"experiments.terms.{name}{'' if possible else '_never'}", {"value": value, "currency": currency})
