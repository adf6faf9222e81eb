"""How far redemptions to come may be off: members are unlike, and redeem many points at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crm_lab.arrays import Booleans, Floats
from crm_lab.loyalty.breakage.redemption_tail import Tail, tails
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle

_REACHED = 3  # months of issue since a changed rule, without which an age has no rate of its own
_REACH = (1.0, 0.5)  # of the ages: how far back the past is read as if it were to come


@dataclass(frozen=True, eq=False)
class RedemptionRates:
    """Points redeemed at each age per point issued, and what is still to come by them.

    After a changed rule (`since` above 0) they are per point that was still there: older points, of which the old
    rules left more or fewer, would otherwise be taken for what newer ones come to. Points issued since have rates of
    their own, since what the old rules left belongs to members who redeem less, or more; at ages that few of them have
    reached, the others' rates are taken, times what theirs are at ages that they have.

    >>> triangle = RedemptionTriangle(
    ...     first=648,
    ...     issued=np.array([100.0, 100.0, 100.0]),
    ...     redeemed=np.array([[10.0, 20.0, 6.0], [10.0, 30.0, 0.0], [4.0, 0.0, 0.0]]),
    ...     expires_after=2,
    ... )
    >>> read = RedemptionRates(triangle)
    >>> read.rates.tolist(), read.future(Tail("expiry", 0.0)).round(6).tolist()
    ([0.08, 0.25, 0.06], [0.0, 6.0, 31.0])

    Attributes:
        triangle: The triangle.
        since: Number of the first month, counted from the triangle's first, whose redemptions are used.
    """

    triangle: RedemptionTriangle
    since: int = 0

    @property
    def used(self) -> Booleans:
        """Cells that the rates come from, shape (n, J).

        >>> int(read.used.sum())
        6
        """
        calendar = self.triangle.calendar[:, : self.triangle.ages]
        return (calendar < self.triangle.n) & (calendar >= self.since)

    def base(self, issued: Floats, cells: Floats) -> Floats:
        """Points that could be redeemed in each cell: those issued, or after a changed rule those still there.

        >>> read.base(triangle.issued, triangle.redeemed)[0].tolist()
        [100.0, 100.0, 100.0]

        Args:
            issued: Points issued, shape (..., n).
            cells: Points redeemed, shape (..., n, J).

        Returns:
            Points, shape (..., n, J).
        """
        whole = np.broadcast_to(issued[..., None], cells.shape)
        return whole - (np.cumsum(cells, axis=-1) - cells) if self.since else whole

    @property
    def exposed(self) -> Floats:
        """Points that could be redeemed at each age, shape (J,).

        >>> read.exposed.tolist()
        [300.0, 200.0, 100.0]
        """
        triangle = self.triangle
        total: Floats = (self.base(triangle.issued, triangle.redeemed[:, : triangle.ages]) * self.used).sum(axis=0)
        return total

    @property
    def redeemed(self) -> Floats:
        """Points redeemed at each age, shape (J,).

        >>> read.redeemed.tolist()
        [24.0, 50.0, 6.0]
        """
        cells = self.triangle.redeemed[:, : self.triangle.ages]
        total: Floats = (cells * self.used).sum(axis=0)
        return total

    @property
    def rates(self) -> Floats:
        """Points redeemed at each age per point that could be, shape (J,); NaN where no points reached it."""
        exposed = self.exposed
        return np.asarray(np.divide(self.redeemed, exposed, out=np.full(len(exposed), np.nan), where=exposed > 0))

    @property
    def young(self) -> Booleans:
        """Cells of points issued since a changed rule, shape (n, J).

        >>> bool(read.young.any())
        False
        """
        first = self.since or self.triangle.n
        return self.used & (np.arange(self.triangle.n) >= first)[:, None]

    @property
    def young_rates(self) -> Floats:
        """Rates of points issued since a changed rule, shape (J,).

        >>> read.young_rates.tolist() == read.rates.tolist()
        True
        """
        triangle = self.triangle
        cells = triangle.redeemed[:, : triangle.ages]
        sums = [(one * self.young).sum(axis=0)[None] for one in (cells, self.base(triangle.issued, cells))]
        return np.asarray(self.rates_of_young(self.rates[None], *sums)[0])

    def rates_of_young(self, rates: Floats, redeemed: Floats, exposed: Floats) -> Floats:
        """The same by many sets of rates.

        >>> read.rates_of_young(read.rates[None], np.zeros((1, 3)), np.zeros((1, 3)))[0].tolist() == read.rates.tolist()
        True

        Args:
            rates: Of all points, shape (draws, J).
            redeemed: Points issued since that were redeemed, by age, shape (draws, J).
            exposed: Points issued since that could be, shape (draws, J).

        Returns:
            Rates, shape (draws, J).
        """
        reached = (self.young.sum(axis=0) >= _REACHED) & (exposed > 0)
        expected = np.where(reached, exposed * np.nan_to_num(rates), 0.0).sum(axis=1)
        seen = np.where(reached, redeemed, 0.0).sum(axis=1)
        times = np.divide(seen, expected, out=np.ones(len(rates)), where=expected > 0)
        own = np.divide(redeemed, exposed, out=np.zeros_like(redeemed), where=exposed > 0)
        return np.asarray(np.where(reached, own, rates * times[:, None]))

    @property
    def rates_of_cells(self) -> Floats:
        """The rate that each cell is held against, shape (n, J).

        >>> read.rates_of_cells.shape
        (3, 3)
        """
        issued_since = (np.arange(self.triangle.n) >= self.since)[:, None]
        both = np.where(issued_since, self.young_rates, self.rates) if self.since else self.rates
        return np.broadcast_to(np.nan_to_num(both), self.used.shape)

    def future(self, tail: Tail) -> Floats:
        """Points of each month of issue that are still to be redeemed, shape (n,).

        Args:
            tail: What is redeemed after the ages seen.

        Returns:
            Points.
        """
        found: Floats = self.futures(self.rates[None], np.array([tail.share]), self.young_rates[None])[0]
        return found

    def futures(self, rates: Floats, tail: Floats, young: Floats) -> Floats:
        """The same by many sets of rates and tails.

        >>> rates = np.array([[0.1, 0.2, 0.1]])
        >>> read.futures(rates, np.zeros(1), rates).round(6).tolist()
        [[0.0, 10.0, 30.0]]

        Args:
            rates: By age, shape (draws, J).
            tail: After the ages seen, per point issued, shape (draws,).
            young: Rates of points issued since a changed rule, shape (draws, J).

        Returns:
            Points, shape (draws, n).
        """
        triangle = self.triangle
        if not self.since:
            return np.asarray(triangle.issued * to_come(rates, tail, triangle.n))
        left, none = triangle.issued - triangle.redeemed_so_far, np.zeros(len(rates))
        shares = [-np.expm1(to_come(np.log1p(-np.minimum(one, 1 - 1e-12)), none, triangle.n)) for one in (rates, young)]
        return np.asarray(left * np.where(np.arange(triangle.n) >= self.since, shares[1], shares[0]))


@dataclass(frozen=True, eq=False)
class FutureSpread:
    """Variances of what is to come.

    >>> FutureSpread(0.2, 30.0, np.zeros(2)).factor(0.95)
    1.504...

    Attributes:
        cv: Coefficient of variation of all that is to come.
        df: Degrees of freedom with which it is known.
        cvs: Coefficients of variation by month of issue, shape (n,).
    """

    cv: float
    df: float
    cvs: Floats

    def factor(self, level: float, cv: float | None = None) -> float:
        """By what the points to come are multiplied and divided for the ends of an interval.

        Args:
            level: Confidence level.
            cv: Coefficient of variation, that of all unless given.

        Returns:
            A factor, 1 or more.
        """
        t = float(stats.t.ppf((1 + level) / 2, max(self.df, 1.0)))
        return math.exp(min(t * (self.cv if cv is None else cv), 50.0))


def to_come(rates: Floats, tail: Floats, n: int) -> Floats:
    """Share of the points of each month of issue that is still to be redeemed, by many sets of rates.

    >>> to_come(np.array([[0.1, 0.2]]), np.array([0.05]), 3).round(2).tolist()
    [[0.05, 0.05, 0.25]]

    Args:
        rates: By age, shape (draws, J).
        tail: After the ages seen, shape (draws,).
        n: Months of issue.

    Returns:
        Shares, oldest month first, shape (draws, n).
    """
    ages = rates.shape[1]
    after = np.cumsum(rates[:, ::-1], axis=1)[:, ::-1]  # from an age on
    later = np.concatenate([after[:, 1:], np.zeros((len(rates), 1))], axis=1) + tail[:, None]
    age = np.minimum(n - 1 - np.arange(n), ages - 1)
    return np.asarray(later[:, age])


def future_spread(read: RedemptionRates, tail: Tail, draws: int = 400, seed: int = 0) -> FutureSpread:
    """How far what is to come may be off the estimate: both the rates' error and that of the members' own course.

    With members known, groups of them are the sampling unit. The rates' error is that of a bootstrap of the groups.
    The members' own course is read off the past, as if it had been to come at earlier dates, together with its
    correlation to the rates' error. Without members, months are the unit, as if over-dispersed Poisson
    (England and Verrall 2002).

    >>> issued, cells = np.full(3, 100.0), np.array([[10.0, 20.0, 6.0], [10.0, 30.0, 0.0], [4.0, 0.0, 0.0]])
    >>> read = RedemptionRates(RedemptionTriangle(648, issued, cells, expires_after=2))
    >>> future_spread(read, Tail("expiry", 0.0)).cv > 0
    True

    Args:
        read: The rates.
        tail: Their tail.
        draws: Bootstrap draws.
        seed: Of the draws.

    Returns:
        The spread.
    """
    if read.triangle.group_issued is None:
        return _by_months(read, tail, draws, seed)
    return _by_members(read, tail, draws, seed)


def _by_members(read: RedemptionRates, tail: Tail, draws: int, seed: int) -> FutureSpread:
    triangle, used = read.triangle, read.used
    if triangle.group_issued is None or triangle.group_redeemed is None:
        raise TypeError("The triangle has no groups of members.")
    issued, cells = triangle.group_issued, triangle.group_redeemed[:, :, : triangle.ages]
    here = issued.sum(axis=1) > 0
    issued, cells = issued[here], cells[here]
    groups = len(issued)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), draws).astype(float)
    by_age = (cells * used).sum(axis=1)
    base = read.base(issued, cells)
    exposed = (base * used).sum(axis=1)
    down = weights @ exposed
    rates = np.divide(weights @ by_age, down, out=np.zeros_like(down), where=down > 0)
    sums = [weights @ (one * read.young).sum(axis=1) for one in (cells, base)]
    estimates = _estimates(read, tail, rates, read.rates_of_young(rates, *sums))
    future = read.future(tail)
    total, rate_var = float(future.sum()), float(np.nanvar(estimates.sum(axis=1)))
    residual = (cells - base * read.rates_of_cells) * used
    parts = [_as_if_to_come(read, residual, issued, round((triangle.ages - 1) * reach)) for reach in _REACH]
    errors = np.array([_combined(part, total, rate_var) for part in parts])
    squares = (errors**2).mean(axis=0)
    variance, fourth = float(squares.sum()), float((squares**2).sum())
    df = 2 * variance**2 / max(fourth - variance**2 / groups, 1e-300)
    each = float(np.mean([part.each for part in parts]))
    own = np.nanvar(estimates, axis=0) + each * future
    cvs = np.divide(np.sqrt(own), future, out=np.zeros_like(future), where=future > 0)
    return FutureSpread(math.sqrt(variance) / total if total > 0 else 0.0, min(df, groups - 1), cvs)


def _estimates(read: RedemptionRates, tail: Tail, rates: Floats, young: Floats) -> Floats:
    """What is to come of each month of issue by many sets of rates, shape (draws, n)."""
    share = tails(rates, read.redeemed, read.triangle.expires_after, tail.curve)[0]
    return read.futures(rates, share, young)


@dataclass(frozen=True, eq=False)
class _Part:
    """The past from an earlier date on, by group: its course, the rates' error before it, both over what came."""

    course: Floats
    error: Floats
    came: float
    each: float


def _as_if_to_come(read: RedemptionRates, residual: Floats, issued: Floats, reach: int) -> _Part:
    """The last months as if they were to come after an earlier date."""
    triangle, calendar = read.triangle, read.triangle.calendar[:, : read.triangle.ages]
    reach = max(1, min(reach, (triangle.n - read.since) // 2))
    day, used = triangle.n - reach, read.used
    before, after = used & (calendar < day), used & (calendar >= day) & (np.arange(triangle.n) < day)[:, None]
    base = read.base(triangle.issued, triangle.redeemed[:, : triangle.ages])
    needed, had = ((base * which).sum(axis=0) for which in (after, before))
    weight = np.divide(needed, had, out=np.zeros_like(had), where=had > 0)
    size = issued[:, :day].sum(axis=1)
    size = size / size.sum()
    course, error = (residual * after).sum(axis=(1, 2)), (residual * before * weight).sum(axis=(1, 2))
    came = float((triangle.redeemed[:, : triangle.ages] * after).sum())
    each = float(((residual * after).sum(axis=2) ** 2).sum())
    return _Part(course - size * course.sum(), error - size * error.sum(), came, each / came if came > 0 else 0.0)


def _combined(part: _Part, total: float, rate_var: float) -> Floats:
    """Each group's share in the error of what is to come now, in points."""
    groups, own, before = len(part.course), float((part.course**2).sum()), float((part.error**2).sum())
    course_var = own / part.came * groups / (groups - 1) * total if part.came > 0 else 0.0
    course = part.course * math.sqrt(course_var / own) if own > 0 else part.course
    error = part.error * math.sqrt(rate_var / before) if before > 0 else np.full(groups, math.sqrt(rate_var / groups))
    combined: Floats = course - error
    return combined


def _by_months(read: RedemptionRates, tail: Tail, draws: int, seed: int) -> FutureSpread:
    """Over-dispersed Poisson, the dispersion that of cells or of calendar months, whichever is larger."""
    triangle, used = read.triangle, read.used
    base = read.base(triangle.issued, triangle.redeemed[:, : triangle.ages])
    fitted = np.where(used, base * read.rates_of_cells, 0.0)
    off = np.where(used, triangle.redeemed[:, : triangle.ages] - fitted, 0.0)
    free = max(int((fitted > 0).sum()) - triangle.ages, 1)
    cells = float((off[fitted > 0] ** 2 / fitted[fitted > 0]).sum()) / free
    calendar = triangle.calendar[:, : triangle.ages]
    months = [calendar == t for t in range(max(read.since, 1), triangle.n)]
    sums = [(float(off[m & used].sum()), float(fitted[m & used].sum())) for m in months]
    by_month = [o**2 / f for o, f in sums if f > 0]
    spread = max(cells, sum(by_month) / max(len(by_month) - 1, 1), 1e-12)
    rng = np.random.default_rng(seed)
    drawn = rng.gamma(np.maximum(fitted, 1e-12) / spread, spread, (draws, *fitted.shape)) * used
    exposed = read.exposed
    rates = np.divide(drawn.sum(axis=1), exposed, out=np.zeros((draws, len(exposed))), where=exposed > 0)
    mine = np.asarray((drawn * read.young).sum(axis=1))
    young = np.asarray(np.broadcast_to((base * read.young).sum(axis=0), rates.shape))
    estimates, future = _estimates(read, tail, rates, read.rates_of_young(rates, mine, young)), read.future(tail)
    total = float(future.sum())
    variance = float(np.nanvar(estimates.sum(axis=1))) + spread * total
    own = np.nanvar(estimates, axis=0) + spread * future
    cvs = np.divide(np.sqrt(own), future, out=np.zeros_like(future), where=future > 0)
    return FutureSpread(math.sqrt(variance) / total if total > 0 else 0.0, max(len(by_month) - 1, 1), cvs)
