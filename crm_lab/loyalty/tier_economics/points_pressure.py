"""Whether members buy sooner as a reward comes near, against the same members' other times and against false goals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import check_settings, not_inside, not_positive, too_small
from crm_lab.loyalty.tier_economics.false_rewards import FalseRewards
from crm_lab.loyalty.tier_economics.member_days import MemberDays
from crm_lab.loyalty.tier_economics.own_days import RateRatio, rate_ratio
from crm_lab.loyalty.tier_economics.tier_records import Day
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import normal_interval

FEWEST_ORDERS, FEWEST_MEMBERS = 100, 50
BANDS = 5
_FAR = 3  # times the share that counts as near
_STEP = 0.2  # logarithm of the pressure at which it is seen how much of it is near false goals


@dataclass(frozen=True, kw_only=True)
class PointsPressure:
    """How points pressure is read.

    Orders of members who redeem this reward, while little is missing for it, are held against their own orders while up
    to three times as much is missing; what is further away is left out, since it follows the reward before. A member
    who buys often comes near sooner by that alone, so the same is counted at false goals: those that members would have
    had, had they begun with up to half a reward more or less. What is beyond these is the pressure. Days with an order
    are counted, so that much pressure on members who buy daily is understated. Pressure that begins before the
    near share is understated, and so is pressure on members of few orders: of 31 % on the simulated members (eight
    seeds) it reads 28 % on average, and seven of eight intervals hold the 31 %.

    >>> PointsPressure(price=1_000).near
    0.2

    Attributes:
        price: Points of the reward.
        near: What may be missing, as a share of the price.
        rest: Days after a reward that are left out, since the reward itself may move orders.
        goals: False goals.
        seed: Of the false goals.
        level: Confidence level.

    Source:
        Kivetz, Urminsky & Zheng (2006), J. of Marketing Research 43, 39-58; Poisson rates given each member's orders.
    """

    price: float
    near: float = 0.2
    rest: int = 30
    goals: int = 20
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_inside(self, "near", "level"), not_positive(self, "price"), too_small(self, goals=1, rest=0)
        )

    def analyze(
        self, orders: pd.DataFrame, rewards: pd.DataFrame, *, as_of: Day, simulated: bool = False
    ) -> PointsPressureResult:
        """Compare purchase rates near the reward and further from it.

        Args:
            orders: ``customer_id, date``.
            rewards: The ledger of points: ``customer_id, date, kind, points``.
            as_of: Last day.
            simulated: Whether any of it is simulated.

        Returns:
            The ratio of rates, that at false goals, and what is beyond.

        Raises:
            BadInput: If columns are missing, or the ledger begins in the middle.
        """
        days = MemberDays.of(orders, rewards, as_of)
        plan, rng = FalseRewards.of(days, self.price), np.random.default_rng(self.seed)
        redeems = np.bincount(days.member, days.paid == self.price, days.members) > 0
        ways = [_Ways.of(self, days, days.balance, days.redeemed, redeems)]
        ways += [_Ways.of(self, days, *plan.draw(rng), redeems) for _ in range(self.goals)]
        own, bands = ways[0].ratio(), [way.by_band() for way in ways]
        names = [f"{100 * k // BANDS}-{100 * (k + 1) // BANDS} %" for k in range(BANDS)]
        table = pd.DataFrame({"band": names, "rate": bands[0], "rate_placebo": np.mean(bands[1:], axis=0)})
        return PointsPressureResult(self, own, _at_false(ways, own), table, simulated)


@dataclass(frozen=True, eq=False)
class _Ways:
    """Spans on the way to rewards, true or false, and what is missing in each as a share of the price."""

    spec: PointsPressure
    days: MemberDays
    used: Booleans
    missing: Floats

    @classmethod
    def of(
        cls, spec: PointsPressure, days: MemberDays, balance: Floats, redeemed: Booleans, redeems: Booleans
    ) -> _Ways:
        short = (balance < spec.price) & (balance >= 0) & (days.length > 0) & redeems[days.member]
        short &= days.day - days.latest(redeemed) >= spec.rest
        return cls(spec, days, short, 1 - balance / spec.price)

    @property
    def near(self) -> Booleans:
        """Where little is missing."""
        return self.used & (self.missing <= self.spec.near)

    def ratio(self, weight: Floats | None = None) -> RateRatio:
        """Ratio of purchase rates, near over up to three times as far."""
        far = self.used & (self.missing > self.spec.near) & (self.missing <= _FAR * self.spec.near)
        return _ratio(self.days, self.near, far, self.days.length if weight is None else self.days.length * weight)

    def by_band(self) -> Floats:
        """Orders by what is missing, 1 is a member's own mean."""
        return _by_band(self.days, self.used, self.missing)


def _at_false(ways: list[_Ways], own: RateRatio) -> RateRatio:
    """Mean ratio at false goals, less what true goals do to days near them.

    That part is the effect times a slope, so effect = (own - false) / (1 + slope), and its parts in the error alike.
    """
    plain = [way.ratio() for way in ways[1:]]
    log = float(np.mean([ratio.log for ratio in plain]))
    pulled = float(np.mean([way.ratio(np.where(ways[0].near, math.exp(_STEP), 1.0)).log for way in ways[1:]]))
    stretch = 1 + (pulled - log) / _STEP
    parts = np.mean([ratio.influence for ratio in plain], axis=0)
    influence = own.influence - (own.influence - parts) / stretch
    return RateRatio(own.log - (own.log - log) / stretch, influence, own.orders, own.members)


def _ratio(days: MemberDays, near: Booleans, far: Booleans, length: Floats | Integers) -> RateRatio:
    """Ratio of order rates within members, near over far."""

    def per_member(mask: Booleans, values: Floats | Integers | Booleans) -> Floats:
        sums = np.bincount(days.member[mask], values[mask].astype(float), days.members)
        return np.asarray(sums, dtype=np.float64)[:, None]

    return rate_ratio(
        per_member(near, days.ordered), per_member(far, days.ordered), per_member(near, length), per_member(far, length)
    )


def _by_band(days: MemberDays, used: Booleans, missing: Floats) -> Floats:
    """Orders in bands of what is missing by those that members' own mean rates lead to expect, nearest first."""
    member, band = days.member[used], np.clip(np.ceil(missing[used] * BANDS).astype(int) - 1, 0, BANDS - 1)
    orders, length = days.ordered[used].astype(float), days.length[used].astype(float)
    time = np.bincount(member, length, days.members)
    own = np.bincount(member, orders, days.members) / np.where(time > 0, time, 1.0)
    expected = np.bincount(band, own[member] * length, BANDS)
    return np.asarray(np.bincount(band, orders, BANDS) / np.where(expected > 0, expected, np.nan))


@dataclass(frozen=True, eq=False)
class PointsPressureResult(Result):
    """How much more often members buy when little is missing for a reward.

    Attributes:
        spec: How it was read.
        own: Ratio of rates near the reward to further from it, within members.
        placebo: The same at false goals, their mean.
        bands: Orders by what is missing, 1 is a member's own mean: ``band, rate, rate_placebo``.
        simulated: Whether any of it is simulated.
    """

    spec: PointsPressure
    own: RateRatio
    placebo: RateRatio
    bands: pd.DataFrame
    simulated: bool

    name: ClassVar[str] = "points_pressure"
    formats: ClassVar[dict[str, str]] = {"rate": ".2f", "rate_placebo": ".2f"}

    def refusal(self) -> Message | None:
        """Said where hardly anybody comes near."""
        few = self.own.orders < FEWEST_ORDERS or self.own.members < FEWEST_MEMBERS or math.isnan(self.own.log)
        return Message("tier_economics.refused_pressure", self._values()) if few else None

    @property
    def interval(self) -> Interval:
        """Interval of the change of the purchase rate beyond false goals, members being the sampling unit."""
        se = float(np.sqrt(((self.own.influence - self.placebo.influence) ** 2).sum()))
        ends = normal_interval(self.own.log - self.placebo.log, se, self.spec.level)
        return Interval(math.expm1(ends.lo), math.expm1(ends.hi), self.spec.level)

    @property
    def change(self) -> float:
        """By how much the purchase rate is higher near a reward, beyond false goals."""
        return math.expm1(self.own.log - self.placebo.log)

    @property
    def seen(self) -> bool:
        """Whether members are shown to buy sooner near a reward."""
        return self.interval.lo > 0

    def to_frame(self) -> pd.DataFrame:
        """Orders by what is missing, 1 is a member's own mean, nearest first: ``band, rate, rate_placebo``."""
        return self.bands.copy()

    def readout(self) -> Readout:
        """The change, how sure it is, and what to do."""
        values, why = self._values(), self.refusal()
        if why is not None:
            return Readout.of("tier_economics", values, why, "pressure_certainty", "pressure_action_refused")
        part = "seen" if self.seen else "none"
        return Readout.of("tier_economics", values, f"pressure_{part}", "pressure_certainty", f"pressure_action_{part}")

    def facts(self) -> tuple[Fact, ...]:
        """The change beyond false goals, and the change at false goals."""
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact, why = partial(Fact, kind=kind, n=self.own.members), self.refusal()
        label, placebo = Message("tier_economics.fact_pressure"), Message("tier_economics.fact_pressure_placebo")
        if why is not None:
            return (fact("points_pressure.change", label, None, "share", refusal=why),)
        return (
            fact("points_pressure.change", label, self.change, "share", ci=self.interval, better="up"),
            fact("points_pressure.at_false_goals", placebo, math.expm1(self.placebo.log), "share"),
        )

    def _values(self) -> dict[str, Any]:
        return {
            "price": self.spec.price, "near": self.spec.near, "change": self.change, "lo": self.interval.lo,
            "hi": self.interval.hi, "level": self.spec.level, "plain": math.expm1(self.own.log),
            "placebo": math.expm1(self.placebo.log), "members": self.own.members, "orders": self.own.orders,
            "least": FEWEST_ORDERS, "least_members": FEWEST_MEMBERS,
        }  # fmt: skip
