"""Whether members buy more often after a reward, against their own other days and against rewards nobody got."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import day_number
from crm_lab.checks import check_settings, not_inside, too_small
from crm_lab.loyalty.tier_economics.false_rewards import FalseRewards
from crm_lab.loyalty.tier_economics.member_days import MemberDays
from crm_lab.loyalty.tier_economics.own_days import OwnDays, RateRatio
from crm_lab.loyalty.tier_economics.tier_records import Day
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import normal_interval

FEWEST_ORDERS, FEWEST_MEMBERS = 100, 50
_YEAR = 365
_SHOWN = 5  # drawings of false rewards in the weekly rates
_LATER = 4  # weeks shown beyond the days after a reward
_STEP = 0.2  # logarithm of the effect at which it is seen how much of it is in the windows of false rewards
_SPAN = 10_000_000


def orders_a_year_gained(days_before: float, days_after: float) -> float:
    """How many orders a year more a shorter cycle is.

    >>> round(orders_a_year_gained(90, 68), 2)
    1.31

    Args:
        days_before: Days between orders before.
        days_after: Days between orders after.
    """
    return _YEAR / days_after - _YEAR / days_before


@dataclass(frozen=True, kw_only=True)
class RewardBehaviour:
    """How purchases after a reward are read.

    Each member's purchase rate in the days after a reward is held against the same member's rate on other days, all of
    them as lately after an order, since who left buys on none. Days on which a reward is near are left out: points
    pressure is read elsewhere. Rewards are redeemed at orders and reached by orders, which moves such a ratio by
    itself; so the same is counted at false rewards, which members would have redeemed had they begun with up to half a
    reward more or less. What is beyond these is stated. Days with an order are counted.

    On 400 shops of 800 members of unlike rates who leave, the logarithm of the ratio is off by -.003 where a reward
    does nothing, by -.002 where it adds 20 % and by -.010 beside pressure of 40 %; where each member's rate changes
    from month to month on its own, by 0 and by -.016 at 20 %: false rewards have these bursts, too. Without false
    rewards it would be off by -.06. Who redeems in bursts that orders do not show is misread. Effects that add up are
    read as shares of what there is: 20 % of a basic rate are 15 % of a rate that a tier raises by 30 %.

    >>> RewardBehaviour(days=60).days
    60

    Attributes:
        days: Days after a reward, and after the latest order, that are read.
        near: What may be missing on days that are left out, as a share of the price.
        goals: How often false rewards are drawn.
        seed: Of the false rewards.
        level: Confidence level.

    Source:
        Farrington, Whitaker & Hocine (2009), Biostatistics 10, 3-16, on events that move exposures.
    """

    days: int = 30
    near: float = 0.5
    goals: int = 20
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "near", "level"), too_small(self, days=7, goals=1))

    def analyze(
        self, orders: pd.DataFrame, rewards: pd.DataFrame, *, as_of: Day, simulated: bool = False
    ) -> RewardBehaviourResult:
        """Compare purchase rates after rewards and on the same members' other days.

        Args:
            orders: ``customer_id, date``.
            rewards: The ledger of points: ``customer_id, date, kind, points``.
            as_of: Last day.
            simulated: Whether any of it is simulated.

        Returns:
            The ratio of rates, that at false rewards, what is beyond, and orders before and after as they stand.

        Raises:
            BadInput: If columns are missing, or the ledger begins in the middle.
        """
        days = MemberDays.of(orders, rewards, as_of)
        plan = FalseRewards.of(days)
        price = plan.price[days.member]
        got = days.latest(days.redeemed)
        own_days = OwnDays(days, got, self.days)
        weeks = self.days // 7 + _LATER
        near = _near(days.balance, price, self.near)
        own = own_days.ratio(got, near)
        rng, false = np.random.default_rng(self.seed), []
        for _ in range(self.goals):
            balance, redeemed = plan.draw(rng)
            false.append((days.latest(redeemed), _near(balance, price, self.near)))
        placebo = _at_false(own_days, own, false)
        rates = {
            "rate": own_days.by_week(got, near, weeks),
            "rate_placebo": np.mean([own_days.by_week(*pair, weeks) for pair in false[:_SHOWN]], axis=0),
        }
        table = pd.DataFrame({"week": np.arange(1, weeks + 1)} | rates)
        return RewardBehaviourResult(self, own, placebo, _around(days, self.days, day_number(as_of)), table, simulated)


def _near(balance: Floats, price: Floats, near: float) -> Booleans:
    """Whether so little is missing for the reward."""
    return (balance < price) & (balance >= (1 - near) * price)


def _at_false(own_days: OwnDays, own: RateRatio, false: list[tuple[Integers, Booleans]]) -> RateRatio:
    """Mean ratio at false rewards, less what true rewards do in their windows.

    That part is the effect times a slope, so effect = (own - false) / (1 + slope), and its parts in the error alike.
    """
    logs, parts = [], np.zeros_like(own.influence)
    for offset in (0.0, _STEP):
        found = [own_days.ratio(reward, near, offset) for reward, near in false]
        logs.append(float(np.mean([ratio.log for ratio in found])))
        parts = parts if offset else np.mean([ratio.influence for ratio in found], axis=0)
    stretch = 1 + (logs[1] - logs[0]) / _STEP
    log, influence = own.log - (own.log - logs[0]) / stretch, own.influence - (own.influence - parts) / stretch
    return RateRatio(log, influence, own.orders, own.members)


@dataclass(frozen=True)
class _Around:
    """Rewards that have whole spans before and after, and orders in these, by reward."""

    rewards: int
    before: float
    after: float


def _around(days: MemberDays, reach: int, last: int) -> _Around:
    """Order days in the days before and after each reward, that of the reward left out."""
    keys = days.member[days.after_order] * _SPAN + days.day[days.after_order]
    first = days.day.min(initial=last)
    whole = days.redeemed & (days.day - reach >= first) & (days.day + reach <= last)
    own = days.member[whole] * _SPAN + days.day[whole]
    if not own.size:
        return _Around(0, math.nan, math.nan)
    before = np.searchsorted(keys, own) - np.searchsorted(keys, own - reach)
    after = np.searchsorted(keys, own + reach, "right") - np.searchsorted(keys, own, "right")
    return _Around(own.size, float(before.mean()), float(after.mean()))


@dataclass(frozen=True, eq=False)
class RewardBehaviourResult(Result):
    """How much more often members buy in the days after a reward.

    Attributes:
        spec: How it was read.
        own: Ratio of rates after a reward to the member's other days.
        placebo: The same at false rewards, their mean.
        around: Orders before and after rewards as they stand.
        weeks: Ratio of rates in each week after a reward: ``week, rate, rate_placebo``.
        simulated: Whether any of it is simulated.
    """

    spec: RewardBehaviour
    own: RateRatio
    placebo: RateRatio
    around: _Around
    weeks: pd.DataFrame
    simulated: bool

    name: ClassVar[str] = "reward_behaviour"
    formats: ClassVar[dict[str, str]] = {"rate": ".2f", "rate_placebo": ".2f"}

    def refusal(self) -> Message | None:
        """Said where too few members redeemed, one of them among others."""
        few = self.own.orders < FEWEST_ORDERS or self.own.members < FEWEST_MEMBERS
        few = few or not math.isfinite(self.own.log - self.placebo.log)
        return Message("tier_economics.refused_reward", self._values()) if few else None

    @property
    def change(self) -> float:
        """By how much the purchase rate is higher after a reward, beyond false rewards."""
        return math.expm1(self.own.log - self.placebo.log)

    @property
    def interval(self) -> Interval:
        """Its interval, members being the sampling unit."""
        se = float(np.sqrt(((self.own.influence - self.placebo.influence) ** 2).sum()))
        ends = normal_interval(self.own.log - self.placebo.log, se, self.spec.level)
        return Interval(math.expm1(ends.lo), math.expm1(ends.hi), self.spec.level)

    def to_frame(self) -> pd.DataFrame:
        """Purchase rate by week after a reward, 1 is the member's other days: ``week, rate, rate_placebo``."""
        return self.weeks.copy()

    def readout(self) -> Readout:
        """The change, how sure it is, and what to do."""
        values, why = self._values(), self.refusal()
        if why is not None:
            return Readout.of("tier_economics", values, why, "reward_certainty_refused", "reward_action_refused")
        shown = self.interval.lo > 0 or self.interval.hi < 0
        return Readout.of(
            "tier_economics", values, "reward_seen" if shown else "reward_none", "reward_certainty", "reward_action"
        )

    def facts(self) -> tuple[Fact, ...]:
        """The change beyond false rewards, that at false rewards, and orders before and after as they stand."""
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact, around, why = partial(Fact, kind=kind, n=self.own.members), self.around, self.refusal()
        label = partial(Message, values=self._values())
        change = label("tier_economics.fact_reward_change")
        if why is not None:
            return (fact("reward.change", change, None, "share", refusal=why),)
        return (
            fact("reward.change", change, self.change, "share", ci=self.interval, better="up"),
            fact("reward.at_false", label("tier_economics.fact_reward_false"), math.expm1(self.placebo.log), "share"),
            fact("reward.before", label("tier_economics.fact_reward_before"), around.before, "orders"),
            fact("reward.after", label("tier_economics.fact_reward_after"), around.after, "orders"),
        )

    def _values(self) -> dict[str, Any]:
        around = self.around
        naive = around.after / around.before - 1 if around.before > 0 else math.nan
        return {
            "days": self.spec.days, "near": self.spec.near, "rewards": around.rewards, "members": self.own.members,
            "orders": self.own.orders, "before": around.before, "after": around.after, "change": self.change,
            "lo": self.interval.lo, "hi": self.interval.hi, "level": self.spec.level, "naive": naive,
            "plain": math.expm1(self.own.log), "placebo": math.expm1(self.placebo.log), "least": FEWEST_ORDERS,
            "least_members": FEWEST_MEMBERS,
        }  # fmt: skip
