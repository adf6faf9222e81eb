"""Days soon after a member's orders, and how much higher the purchase rate is on some of them than on the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.loyalty.tier_economics.member_days import MemberDays

_MOST_STEPS, _EXACT = 50, 1e-9
_BANDS = (7, 14)  # days since the latest order at which strata change


@dataclass(frozen=True)
class RateRatio:
    """Logarithm of a ratio of purchase rates within members, and each member's part in its error.

    Attributes:
        log: The logarithm.
        influence: Each member's part, shape (members,).
        orders: Orders on the days in question.
        members: Members with days of both kinds.
    """

    log: float
    influence: Floats
    orders: int
    members: int


@dataclass(frozen=True, eq=False)
class OwnDays:
    """Days of members that lie up to `reach` days after their latest order, so that who has left weighs alike.

    Attributes:
        days: The members' days.
        reward: Day of the latest reward as of each span, shape (spans,).
        reach: Days after the latest order, and after a reward.
    """

    days: MemberDays
    reward: Integers
    reach: int

    def ratio(self, reward: Integers, left_out: Booleans, offset: float = 0.0) -> RateRatio:
        """Purchase rate up to `reach` days after a reward over that of the member's other days.

        Strata are members and days since the latest order.

        Args:
            reward: Day of the latest reward, true or false, as of each span.
            left_out: Spans that are not read.
            offset: Logarithm of the factor of the rate after true rewards that is taken as known.
        """
        pieces = self._pieces(left_out, (reward + self.reach,))
        soon = pieces.first - reward[pieces.source] < self.reach
        return self._compare(pieces, soon, ~soon, offset)

    def by_week(self, reward: Integers, left_out: Booleans, weeks: int) -> Floats:
        """The same for each week after a reward, against days more than `reach` days after one, shape (weeks,).

        Args:
            reward: Day of the latest reward, true or false, as of each span.
            left_out: Spans that are not read.
            weeks: How many weeks.
        """
        cuts = tuple(reward + day for day in sorted({self.reach, *range(7, 7 * weeks + 1, 7)}))
        pieces = self._pieces(left_out, cuts)
        since = pieces.first - reward[pieces.source]
        ratios = [
            self._compare(pieces, since // 7 == k, (since >= self.reach) & (since // 7 != k)) for k in range(weeks)
        ]
        return np.exp([ratio.log for ratio in ratios])

    def _pieces(self, left_out: Booleans, cuts: tuple[Integers, ...]) -> _Pieces:
        """Spans cut where a stratum or a window ends, and at `reach` days after the latest order."""
        days = self.days
        order = days.latest(days.after_order)
        end = np.minimum(days.day + days.length, order + self.reach)
        kept = np.flatnonzero((end > days.day) & ~left_out)
        cuts = (*cuts, self.reward + self.reach, *(order + band for band in _BANDS))
        low, high = days.day[kept], end[kept]
        edges = np.stack([low, *(np.clip(cut[kept], low, high) for cut in cuts), high], axis=1)
        edges.sort(axis=1)
        first, last = edges[:, :-1].ravel(), edges[:, 1:].ravel()
        some = last > first
        first, last, source = first[some], last[some], np.repeat(kept, edges.shape[1] - 1)[some]
        ordered = days.ordered[source] & (last == (days.day + days.length)[source])
        band = np.searchsorted(_BANDS, first - order[source], side="right")
        stratum = days.member[source] * (len(_BANDS) + 1) + band
        return _Pieces(first, (last - first).astype(float), source, ordered, stratum)

    def _compare(self, pieces: _Pieces, on: Booleans, off: Booleans, offset: float = 0.0) -> RateRatio:
        """Ratio of rates, days that are on over days that are off."""
        after = pieces.first - self.reward[pieces.source] < self.reach
        length = pieces.length * np.where(after, math.exp(offset), 1.0) if offset else pieces.length
        shape = (self.days.members, len(_BANDS) + 1)

        def sums(mask: Booleans, values: Floats | Booleans) -> Floats:
            return np.asarray(
                np.bincount(pieces.stratum[mask], values[mask].astype(float), shape[0] * shape[1]).reshape(shape),
                dtype=np.float64,
            )

        return rate_ratio(sums(on, pieces.ordered), sums(off, pieces.ordered), sums(on, length), sums(off, length))


def rate_ratio(e1: Floats, e0: Floats, t1: Floats, t0: Floats) -> RateRatio:
    """Ratio of rates by the likelihood given the orders of each stratum (conditional Poisson), members as clusters.

    Weights that leave the ratio itself out (Mantel-Haenszel) draw it to 1 where orders end or begin the days counted.

    Args:
        e1: Orders on the days in question, shape (members, strata).
        e0: Orders on the others.
        t1: Days in question.
        t0: The others.
    """
    both = (t1 > 0) & (t0 > 0)
    e1, e0, t1, t0 = (np.where(both, values, 0.0) for values in (e1, e0, t1, t0))
    orders, members, log = int(e1.sum()), int(both.any(axis=1).sum()), 0.0
    if not orders or not e0.sum():
        return RateRatio(math.nan, np.zeros(len(e1)), orders, members)
    for _ in range(_MOST_STEPS):
        weighed = math.exp(log) * t1
        share = weighed / np.maximum(t0 + weighed, 1e-12)
        score, information = e1 * (1 - share) - e0 * share, float(((e1 + e0) * share * (1 - share)).sum())
        step = float(np.clip(score.sum() / information, -1, 1))
        log += step
        if abs(step) < _EXACT:
            break
    return RateRatio(log, score.sum(axis=1) / information, orders, members)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Parts of spans: day before the first, length, whose span, whether an order ended it, stratum."""

    first: Integers
    length: Floats
    source: Integers
    ordered: Booleans
    stratum: Integers
