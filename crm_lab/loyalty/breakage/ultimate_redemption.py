"""Ultimate redemption rate: which share of the points issued is redeemed in the end, and which never is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import period_label
from crm_lab.checks import BadInput, check_settings, not_among, not_inside, not_levels, too_small
from crm_lab.loyalty.breakage.calendar_effect import CalendarEffect, CalendarEffectResult
from crm_lab.loyalty.breakage.chain_ladder import LAST_SIGMAS, ChainLadder, LastSigma
from crm_lab.loyalty.breakage.redemption_spread import FutureSpread, RedemptionRates, future_spread
from crm_lab.loyalty.breakage.redemption_tail import Tail, tail_of
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value

_S = "breakage.ultimate"
_CURVES_APART = 0.05  # of the points issued, by which two curves of a tail may differ


@dataclass(frozen=True, kw_only=True)
class UltimateRedemption:
    """Ultimate redemption rate of a triangle.

    >>> rng = np.random.default_rng(5)
    >>> month = np.add.outer(np.arange(24), np.arange(24))
    >>> cells = rng.poisson(10_000 * 0.1 * 0.85 ** np.arange(24), (24, 24)) * (month < 24) * (np.arange(24) < 13)
    >>> triangle = RedemptionTriangle(648, np.full(24, 10_000.0), cells * 1.0, expires_after=12)
    >>> found = UltimateRedemption().analyze(triangle)
    >>> round(found.rate, 3), round(found.interval.lo, 3), round(found.interval.hi, 3)
    (0.588, 0.586, 0.59)

    Attributes:
        level: Confidence level.
        last_sigma: Of the chain ladder beside it: ``mack`` or ``log_linear``.
        alpha: Level of the test of calendar effects.
        least_redeemers: Members who must have redeemed, below whom there is no rate.
        least_months: Whole months of issue below which there is none.
        least_after: Months that must lie after a changed rule for a rate from them alone.
        most_tail: Share of all redemptions that may lie at ages that were never seen.
        draws: Bootstrap draws.
        seed: Of the draws.
        simulated: Whether the ledger is simulated.
    """

    level: float = 0.95
    last_sigma: LastSigma = "mack"
    alpha: float = 0.05
    least_redeemers: int = 30
    least_months: int = 6
    least_after: int = 6
    most_tail: float = 0.25
    draws: int = 400
    seed: int = 0
    simulated: bool = False

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_levels(self, "level"),
            not_among(self, last_sigma=LAST_SIGMAS),
            not_inside(self, "alpha", "most_tail"),
            too_small(self, least_redeemers=1, least_months=2, least_after=3, draws=100),
        )

    def analyze(self, triangle: RedemptionTriangle, since: str | None = None) -> UltimateRedemptionResult:
        """Estimate the rate.

        >>> UltimateRedemption(level=0.8).analyze(triangle).refusal() is None
        True

        Args:
            triangle: Points by month of issue and age.
            since: Month (2025-04) from which redemptions are used, where the rules changed then; found by the test of
                calendar effects unless given.

        Returns:
            The rate by month of issue and in all, with intervals.

        Raises:
            BadInput: If `since` is no month of the triangle.
        """
        if since is not None and since not in triangle.months:
            first, last = triangle.months[0], triangle.months[-1]
            raise BadInput(f"since is {since!r}; the triangle's months go from {first} to {last}.")
        calendar = CalendarEffect(alpha=self.alpha, seed=self.seed).analyze(triangle)
        start = triangle.months.index(since) if since is not None else calendar.at if calendar.changed else 0
        return UltimateRedemptionResult(self, triangle, calendar, start, given=since is not None)


@dataclass(frozen=True, eq=False)
class UltimateRedemptionResult(Result):
    """Ultimate redemption rate and breakage.

    Points still to be redeemed are those issued times what points of each age were redeemed per point issued (the
    additive method): the newest months, of which little is redeemed yet, are not multiplied up. The chain ladder stands
    beside it.

    >>> rng = np.random.default_rng(5)
    >>> month = np.add.outer(np.arange(24), np.arange(24))
    >>> cells = rng.poisson(10_000 * 0.1 * 0.85 ** np.arange(24), (24, 24)) * (month < 24) * (np.arange(24) < 13)
    >>> triangle = RedemptionTriangle(648, np.full(24, 10_000.0), cells * 1.0, expires_after=12)
    >>> found = UltimateRedemption().analyze(triangle)

    Attributes:
        spec: Settings.
        triangle: Points by month of issue and age.
        calendar: Test of calendar effects.
        since: Month from which redemptions are used, counted from the triangle's first.
        given: Whether the user named that month.
    """

    spec: UltimateRedemption
    triangle: RedemptionTriangle
    calendar: CalendarEffectResult
    since: int
    given: bool = False

    name: ClassVar[str] = "ultimate_redemption"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("issued", "redeemed", "to_come"), ",.0f"),
        **dict.fromkeys(("redemption_rate", "lo", "hi", "breakage", "developed"), ".1%"),
    }

    @cached_property
    def rates(self) -> RedemptionRates:
        """Points redeemed at each age per point issued.

        >>> found.rates.rates[:2].round(2).tolist()
        [0.1, 0.09]
        """
        return RedemptionRates(self.triangle, self.since)

    @cached_property
    def tail(self) -> Tail:
        """What is redeemed at ages never seen.

        >>> found.tail.curve
        'expiry'
        """
        return tail_of(np.nan_to_num(self.rates.rates), self.rates.redeemed, self.triangle.expires_after)

    @cached_property
    def future(self) -> Floats:
        """Points of each month of issue still to be redeemed, shape (n,).

        >>> round(found.future.sum())
        22742
        """
        return self.rates.future(self.tail)

    @cached_property
    def spread(self) -> FutureSpread:
        """How far that may be off."""
        return future_spread(self.rates, self.tail, self.spec.draws, self.spec.seed)

    @property
    def rate(self) -> float:
        """Ultimate redemption rate of all points issued; NaN where it is refused.

        >>> 0 < found.rate < 1
        True
        """
        return math.nan if self.refusal() is not None else self._rate

    @property
    def breakage(self) -> float:
        """Share of the points issued that is never redeemed.

        >>> round(found.rate + found.breakage, 9)
        1.0
        """
        return 1 - self.rate

    @cached_property
    def interval(self) -> Interval:
        """Interval of the rate that the points issued so far will have.

        After a change that the test found, the widest over the months at which it may lie.

        >>> found.interval.lo < found.rate < found.interval.hi
        True
        """
        if self.refusal() is not None:
            return Interval(math.nan, math.nan, self.spec.level)
        if self.since and not self.given:
            return self._over_months()
        times = self.spread.factor(self.spec.level)
        so_far, issued = float(self.triangle.redeemed_so_far.sum()), float(self.triangle.issued.sum())
        future = [float(self.future.sum())]
        if self.tail.curve != "expiry" and math.isfinite(self.tail.other):  # either curve may be right
            future.append(float(self.rates.future(Tail(self.tail.curve, self.tail.other)).sum()))
        lo, hi = (so_far + min(future) / times) / issued, (so_far + max(future) * times) / issued
        return Interval(lo, min(hi, 1.0), self.spec.level)

    def _over_months(self) -> Interval:
        """The widest interval over the months at which the rules may have changed."""
        ends = [self.since, *self.calendar.plausible]
        named = [replace(self, since=at, given=True) for at in dict.fromkeys(ends)]
        found = [part.interval for part in named if part.refusal() is None]
        return Interval(min(ci.lo for ci in found), max(ci.hi for ci in found), self.spec.level)

    @cached_property
    def ladder(self) -> ChainLadder | None:
        """The chain ladder of the same triangle; none where the rules changed or nothing of some age was redeemed.

        >>> found.ladder.factors[:2].round(2).tolist()
        [1.86, 1.39]
        """
        if self.since:
            return None
        tail = 1 + self.tail.share / float(np.nansum(self.rates.rates)) if self.tail.known else 1.0
        try:
            return ChainLadder.of_cells(self.triangle.redeemed, self.spec.last_sigma, tail)
        except BadInput:
            return None

    @property
    def ladder_rate(self) -> tuple[float, Interval]:
        """The rate by chain ladder, with Mack's standard error.

        >>> round(found.ladder_rate[0], 3)
        0.587
        """
        ladder, level = self.ladder, self.spec.level
        if ladder is None or self.refusal() is not None:
            return math.nan, Interval(math.nan, math.nan, level)
        so_far, issued, reserve = float(ladder.latest.sum()), float(self.triangle.issued.sum()), float(ladder.reserve)
        cv = ladder.standard_error / reserve if reserve > 0 else 0.0
        sigma = math.sqrt(math.log1p(cv**2))
        ends = [math.exp(sign * z_value(level) * sigma - sigma**2 / 2) for sign in (-1, 1)]
        lo, hi = ((so_far + reserve * end) / issued for end in ends)
        return (so_far + reserve) / issued, Interval(lo, hi, level)

    @property
    def _rate(self) -> float:
        issued = float(self.triangle.issued.sum())
        return float((self.triangle.redeemed_so_far + self.future).sum()) / issued if issued > 0 else math.nan

    @property
    def unseen(self) -> float:
        """Share of what is redeemed in the end at ages that no points have reached, of points issued alike.

        >>> found.unseen
        0.0
        """
        seen = float(np.nansum(self.rates.rates))
        return self.tail.share / (seen + self.tail.share) if seen + self.tail.share > 0 else math.nan

    @property
    def unreached(self) -> bool:
        """Whether points can be redeemed at ages that none have reached.

        >>> found.unreached
        False
        """
        return self.tail.curve != "expiry"

    def refusal(self) -> Message | None:
        """Why there is no rate, or ``None``.

        >>> found.refusal() is None
        True
        """
        found = self._too_little() or self._rules_changed() or self._no_tail()
        if found is None and not self._rate <= 1:
            return Message(f"{_S}.refused_more", {"rate": self._rate})
        return found or self._more_than_open()

    def _more_than_open(self) -> Message | None:
        """Points that are gone otherwise, as when all were made to expire on a day, cannot be redeemed any more."""
        triangle, to_come = self.triangle, float(self.future.sum())
        left = float(triangle.issued.sum() - triangle.redeemed_so_far.sum()) - triangle.expired
        if to_come > left + 0.5:  # never where it is not known what expired
            return Message(f"{_S}.refused_open", {"to_come": to_come, "open": left, "expired": triangle.expired})
        return None

    def _too_little(self) -> Message | None:
        triangle, spec = self.triangle, self.spec
        redeemed = float(triangle.redeemed_so_far.sum())
        values: dict[str, Any] = {"months": triangle.n, "least": spec.least_months, "issued": triangle.issued.sum()}
        if redeemed <= 0:
            return Message(f"{_S}.refused_none", values)
        if triangle.n < spec.least_months:
            return Message(f"{_S}.refused_months", values)
        if triangle.members and triangle.redeemers < spec.least_redeemers:
            few = {"redeemers": triangle.redeemers, "least": spec.least_redeemers}
            return Message(f"{_S}.refused_members", few)
        return None

    def _rules_changed(self) -> Message | None:
        after = self.triangle.n - self.since
        if self.since and (after < self.spec.least_after or (self.rates.exposed <= 0).any() or self.unreached):
            values = {
                "month": period_label(self.triangle.first + self.since, "month"), "after": after,
                "least": self.spec.least_after, "ratio": self.calendar.ratio if self.calendar.changed else math.nan,
            }  # fmt: skip
            return Message(f"{_S}.refused_changed", values)
        return None

    def _no_tail(self) -> Message | None:
        tail, values = self.tail, {"ages": self.triangle.ages, "share": self.unseen, "most": self.spec.most_tail}
        if not tail.known:
            lapses = self.triangle.expired > 0
            ends = "refused_no_days" if lapses else "refused_no_end"
            key = "refused_no_tail" if self.triangle.expires_after is not None else ends
            values["expired"] = self.triangle.expired
            return Message(f"{_S}.{key}", values)
        if self.unseen > self.spec.most_tail:
            return Message(f"{_S}.refused_tail", values)
        if math.isfinite(tail.other) and abs(tail.other - tail.share) > _CURVES_APART:
            return Message(f"{_S}.refused_curves", {"one": tail.share, "other": tail.other, "ages": self.triangle.ages})
        return None

    def to_frame(self) -> pd.DataFrame:
        """The rate by month of issue.

        >>> list(found.to_frame())[:4]
        ['issue_month', 'age', 'issued', 'redeemed']

        Returns:
            One row per month of issue: its `age` in months, points `issued`, `redeemed` and still `to_come`, share of
            its redemptions that are there (`developed`), `redemption_rate` in the end with `lo` and `hi`, `breakage`.
            Months that issued nothing have no rate, and none has one where it is refused.
        """
        triangle, refused = self.triangle, self.refusal() is not None
        so_far, future = triangle.redeemed_so_far, self.future if not refused else np.full(triangle.n, np.nan)
        issued = np.where(triangle.issued > 0, triangle.issued, np.nan)
        cvs = self.spread.cvs if not refused else np.full(triangle.n, np.nan)
        times = np.array([self.spread.factor(self.spec.level, cv) if not math.isnan(cv) else math.nan for cv in cvs])
        total = so_far + future
        rate = total / issued
        return pd.DataFrame({
            "issue_month": triangle.months,
            "age": triangle.n - 1 - np.arange(triangle.n),
            "issued": triangle.issued,
            "redeemed": so_far,
            "to_come": future,
            "developed": np.divide(so_far, total, out=np.full(triangle.n, np.nan), where=total > 0),
            "redemption_rate": rate,
            "lo": (so_far + future / times) / issued,
            "hi": np.minimum((so_far + future * times) / issued, 1.0),
            "breakage": 1 - rate,
        })  # fmt: skip

    def readout(self) -> Readout:
        """The rate, how sure it is, and what to do.

        >>> print(found.readout().finding)
        Of 240,000 points issued, 58.8% are redeemed in the end (95% interval 58.6% to 59.0%), and 41.2% never are.
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action_refused")
        return Readout.of(_S, self._values(), "finding", "certainty", "action_young" if self._young else "action")

    @property
    def _young(self) -> int:
        """Months of which less than half of the redemptions are there."""
        return int((self.to_frame()["developed"] < 0.5).sum())

    def _values(self) -> dict[str, Any]:
        triangle, tail = self.triangle, self.tail
        ladder, mack = self.ladder_rate
        if self.calendar.refusal() is not None:
            steady = Message(f"{_S}.steady_unknown")
        elif self.since:
            steady = Message(f"{_S}.steady_since", {"month": triangle.months[self.since]})
        else:
            steady = Message(f"{_S}.steady", {"p": self.calendar.pvalue, "power": self.calendar.power(1.5)})
        return {
            "issued": triangle.issued.sum(), "rate": self.rate, "lo": self.interval.lo, "hi": self.interval.hi,
            "level": self.spec.level, "breakage": self.breakage, "young": self._young, "months": triangle.n,
            "tail": Message(f"{_S}.tail_{tail.curve}", {"share": self.unseen, "other": tail.other, "one": tail.share}),
            "unit": Message(f"{_S}.unit_{'members' if triangle.group_issued is not None else 'months'}"),
            "steady": steady,
            "ladder": Message(f"{_S}.ladder_none")
            if math.isnan(ladder) else Message(f"{_S}.ladder", {"rate": ladder, "lo": mack.lo, "hi": mack.hi}),
        }  # fmt: skip

    def facts(self) -> tuple[Fact, ...]:
        """The rate and the breakage, with intervals, and the chain ladder's rate.

        >>> [fact.id for fact in found.facts()]
        ['breakage.rate', 'breakage.breakage', 'breakage.rate_chain_ladder', 'breakage.issued']
        """
        kind: Kind = "simulated" if self.spec.simulated else "forecast"
        refused, n = self.refusal(), self.triangle.members or None
        ci, (ladder, mack) = self.interval, self.ladder_rate
        other = Interval(1 - ci.hi, 1 - ci.lo, ci.level)
        day = self.triangle.as_of.isoformat()
        window = Message(f"{_S}.window", {"first": self.triangle.months[0], "day": day})
        rows = (
            ("rate", self.rate, ci, "by_issued"), ("breakage", self.breakage, other, "by_issued"),
            ("rate_chain_ladder", ladder, mack, "by_ladder"),
        )  # fmt: skip
        return (
            *(
                Fact(
                    f"breakage.{part}", f"{_S}.fact_{part}", None if math.isnan(value) else value, "share",
                    ci=None if math.isnan(value) else interval, kind=kind, n=n, window=window,
                    denominator=f"{_S}.of_issued", definition=f"{_S}.{by}",
                    refusal=refused or (Message(f"{_S}.ladder_none") if math.isnan(value) else None),
                )
                for part, value, interval, by in rows
            ),
            Fact("breakage.issued", f"{_S}.fact_issued", float(self.triangle.issued.sum()), "points", window=window),
        )  # fmt: skip
