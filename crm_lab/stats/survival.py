"""Time until something happens, where for some it has not happened yet: Kaplan–Meier and log-rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, Problems
from crm_lab.results import Interval
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A Kaplan–Meier curve: the share of units without the event by each time.

    >>> curve = kaplan_meier([6, 6, 6, 7, 10], [1, 1, 0, 1, 0])

    Attributes:
        times: Distinct times with an event, ascending, shape (k,), in the unit of the durations.
        survival: S(t) at and after each time, shape (k,).
        lo: Lower pointwise bound, shape (k,).
        hi: Upper pointwise bound, shape (k,).
        at_risk: Units still under observation just before each time, shape (k,).
        events: Events at each time, shape (k,).
        n: Units in all.
        last: Longest observed duration; beyond it nothing is known.
        level: Confidence level of the bounds.
    """

    times: Floats
    survival: Floats
    lo: Floats
    hi: Floats
    at_risk: Floats
    events: Floats
    n: int
    last: float
    level: float

    def at(self, times: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """S(t) and its bounds at given times; missing beyond the longest observation.

        >>> survival, lo, hi = curve.at([6.5, 11.0])
        >>> survival.round(2).tolist()
        [0.6, nan]

        Args:
            times: In the unit of the durations.

        Returns:
            Survival, lower and upper bound, each of the shape of `times`.
        """
        t = np.asarray(times, dtype=np.float64)
        position = np.searchsorted(self.times, t, side="right")
        finished = len(self.times) > 0 and self.survival[-1] == 0
        known = (t <= self.last) | finished

        def step(values: Floats) -> Floats:
            return np.where(known, np.concatenate([[1.0], values])[position], np.nan)

        return step(self.survival), step(self.lo), step(self.hi)

    def happened_by(self, time: float) -> tuple[float, Interval]:
        """The share with the event by a time, 1 - S(t), and its interval.

        >>> round(curve.happened_by(7)[0], 2)
        0.7

        Args:
            time: In the unit of the durations.

        Returns:
            The share (0-1), and its interval.
        """
        s, lo, hi = (float(v) for v in self.at(time))
        return 1 - s, Interval(1 - hi, 1 - lo, self.level)

    def quantile(self, share: float = 0.5) -> float:
        """The first time by which at least a share has the event; infinite if never observed.

        >>> curve.quantile(0.25)
        6.0

        Args:
            share: Between 0 and 1.

        Returns:
            A time, or `inf`.
        """
        reached = np.flatnonzero(self.survival <= 1 - share + 1e-12)
        return float(self.times[reached[0]]) if len(reached) else float("inf")

    @property
    def median(self) -> float:
        """The median time to the event; infinite if never observed.

        >>> curve.median
        7.0
        """
        return self.quantile(0.5)


def kaplan_meier(
    durations: ArrayLike, observed: ArrayLike, *, entry: ArrayLike | None = None, level: float = 0.95
) -> SurvivalCurve:
    """Product-limit estimate of a survival curve with log(-log) bounds.

    The estimate and Greenwood's standard error are statsmodels'. The bounds
    exp(-exp(log(-log S) ± z se / (S log S))) stay inside [0, 1].

    >>> curve = kaplan_meier([6, 6, 6, 7, 10], [1, 1, 0, 1, 0])
    >>> curve.times.tolist(), [round(float(s), 4) for s in curve.survival]
    ([6.0, 7.0], [0.6, 0.3])

    Args:
        durations: Time to the event or to the end of observation, shape (n,), 0 or more.
        observed: Whether the event was seen, shape (n,).
        entry: Time from which a unit was watched (left truncation), shape (n,).
        level: Confidence level.

    Returns:
        The curve.

    Raises:
        BadInput: If there are no units, or durations are negative or missing.

    Source:
        Kaplan & Meier (1958); bounds as in Kalbfleisch & Prentice (2002).
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    t, d = np.asarray(durations, dtype=np.float64), np.asarray(observed).astype(np.int64)
    watched = None if entry is None else np.asarray(entry, dtype=np.float64)
    _check(t, d, watched)
    fit = SurvfuncRight(t, d, entry=watched)
    happened = np.asarray(fit.n_events) > 0
    s, se = np.asarray(fit.surv_prob)[happened], np.asarray(fit.surv_prob_se)[happened]
    lo, hi = _log_log_bounds(s, se, level)
    return SurvivalCurve(
        times=np.asarray(fit.surv_times, dtype=np.float64)[happened],
        survival=s,
        lo=lo,
        hi=hi,
        at_risk=np.asarray(fit.n_risk, dtype=np.float64)[happened],
        events=np.asarray(fit.n_events, dtype=np.float64)[happened],
        n=len(t),
        last=float(t.max()),
        level=level,
    )


def weighted_quantiles(
    durations: Integers, observed: NDArray[np.bool_], weights: Floats, shares: Sequence[float]
) -> Floats:
    """Weighted Kaplan–Meier quantiles of whole durations; infinite where not reached.

    >>> weighted_quantiles(np.array([1, 2, 3, 4]), np.array([True] * 4), np.ones(4), (0.25, 0.5)).tolist()
    [1.0, 2.0]

    Args:
        durations: Whole time units, 0 or more, shape (n,).
        observed: Whether each ended in the event, shape (n,).
        weights: How often each counts, e.g. in a bootstrap of customers, shape (n,).
        shares: Shares that have had the event.

    Returns:
        One time per share.
    """
    events = np.bincount(durations, weights=weights * observed)
    left = np.bincount(durations, weights=weights)
    at_risk = left[::-1].cumsum()[::-1]
    hazard = np.divide(events, at_risk, out=np.zeros(len(left)), where=at_risk > 0)
    survival = np.cumprod(1 - hazard)
    reached = [np.flatnonzero(survival <= 1 - share + 1e-12) for share in shares]
    return np.array([float(r[0]) if len(r) else np.inf for r in reached])


def _check(t: Floats, d: NDArray[np.int64], entry: Floats | None) -> None:
    problems = Problems("Durations")
    problems.unless(len(t), "There are none; a curve needs at least one unit.")
    problems.unless(len(t) == len(d), f"There are {len(t)} durations and {len(d)} flags; give one each.")
    wrong = int((~(t >= 0)).sum())
    problems.unless(not wrong, f"{wrong} are negative or missing; a duration is 0 or more.")
    if entry is not None and len(entry) == len(t):
        late = int((entry >= t).sum())
        problems.unless(not late, f"{late} units enter at or after their end; leave them out.")
    problems.raise_any()


def _log_log_bounds(s: Floats, se: Floats, level: float) -> tuple[Floats, Floats]:
    """Bounds of S; where S reached 0, the upper bound stays at its last value and the lower is 0."""
    z = z_value(level)
    inside = (s > 0) & (s < 1)
    log_s = np.log(np.where(inside, s, 0.5))
    half = z * np.where(inside, se, 0.0) / (np.where(inside, s, 0.5) * np.abs(log_s))
    lo, hi = np.exp(log_s * np.exp(half)), np.exp(log_s * np.exp(-half))
    lo, hi = np.where(inside, lo, s), np.where(inside, hi, s)
    if len(s) and s[-1] == 0:
        hi[-1] = hi[-2] if len(s) > 1 else 1.0
    return lo, hi


@dataclass(frozen=True, slots=True)
class LogRank:
    """Result of a log-rank test: chi-square, degrees of freedom, p value.

    >>> log_rank([1, 2, 3, 4, 5, 6], [1] * 6, [0, 0, 0, 1, 1, 1]).df
    1

    Attributes:
        chi2: Test statistic.
        df: Degrees of freedom.
        pvalue: p value.
    """

    chi2: float
    df: int
    pvalue: float


def log_rank(durations: ArrayLike, observed: ArrayLike, groups: ArrayLike) -> LogRank:
    """Log-rank test of equal curves in two or more groups (Mantel 1966), as statsmodels computes it.

    >>> round(log_rank([1, 2, 3, 4, 5, 6], [1] * 6, [0, 0, 0, 1, 1, 1]).chi2, 3)
    5.052

    Args:
        durations: Shape (n,).
        observed: Whether the event was seen, shape (n,).
        groups: Group of each unit, shape (n,), at least two groups.

    Returns:
        Test statistic and p value.

    Raises:
        BadInput: If there are fewer than two groups, or nothing happened.
    """
    from statsmodels.duration.survfunc import survdiff

    t, d = np.asarray(durations, dtype=np.float64), np.asarray(observed).astype(np.int64)
    _check(t, d, None)
    labels, group = np.unique(np.asarray(groups), return_inverse=True)
    if len(labels) < 2:
        raise BadInput(f"A comparison needs two groups; there is {len(labels)}.")
    if not d.any():
        raise BadInput("No event was observed; a log-rank test needs at least one.")
    chi2, _ = survdiff(t, d, group)
    df = len(labels) - 1
    return LogRank(float(chi2), df, float(stats.chi2.sf(chi2, df)))
