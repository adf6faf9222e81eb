"""Hazard regression on arrays: Cox and discrete-time, by statsmodels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_lab.arrays import Floats
from crm_lab.checks import Problems

JUST_AFTER = 1e-6


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A Cox proportional hazards fit with Efron's handling of ties.

    >>> fit = cox([5, 3, 8, 2, 9], [1, 1, 0, 1, 1], [[1.0], [2.0], [1.0], [0.0], [1.0]])

    Attributes:
        coef: (k,) log hazard ratios.
        se: (k,) standard errors from the information matrix.
        log_likelihood: Partial log-likelihood at the optimum.
    """

    coef: Floats
    se: Floats
    log_likelihood: float

    def risk(self, x: ArrayLike) -> Floats:
        """Log partial hazard of rows (n, k), up to a constant: (n,).

        >>> fit.risk([[0.0], [1.0]]).round(2).tolist()
        [0.0, -0.44]

        Args:
            x: Covariates, shape (n, k).

        Returns:
            Shape (n,); higher means earlier events.
        """
        return np.asarray(np.asarray(x, dtype=float) @ self.coef, dtype=float)


def cox(time: ArrayLike, event: ArrayLike, x: ArrayLike, entry: ArrayLike | None = None) -> CoxFit:
    """Cox proportional hazards regression; covariates that change over time are several rows with entry times.

    A row is at risk on (entry, time]. statsmodels takes [entry, time], so that a row which starts when another
    one's event happens would join that risk set; entries are moved by 1e-6, which gives R's risk sets.

    >>> cox([5, 3, 8, 2, 9], [1, 1, 0, 1, 1], [[1.0], [2.0], [1.0], [0.0], [1.0]]).coef.shape
    (1,)

    Args:
        time: (n,) end of the row's interval, above its entry.
        event: (n,) 1 where the event ended it, else 0.
        x: (n, k) covariates.
        entry: (n,) start of the interval; all from the origin when left out.

    Returns:
        The fit.

    Raises:
        BadInput: If an interval is empty, an event is not 0 or 1, or nothing happened.

    Source:
        Cox (1972), Regression models and life-tables; Efron (1977) for ties.
    """
    from statsmodels.duration.hazard_regression import PHReg

    t, d, z = np.asarray(time, dtype=float), np.asarray(event, dtype=float), np.asarray(x, dtype=float)
    start = np.zeros_like(t) if entry is None else np.asarray(entry, dtype=float)
    problems = Problems("The rows of a Cox regression")
    empty = int((t <= start + JUST_AFTER).sum())
    problems.unless(not empty, f"{empty} rows end before or when they start; time must be above entry.")
    problems.unless(np.isin(d, (0.0, 1.0)).all(), "event holds values other than 0 and 1.")
    problems.unless(d.sum() > 0, "no event happened; a hazard needs events.")
    problems.unless(not np.isnan(z).any(), f"{int(np.isnan(z).sum())} covariate values are missing; fill them first.")
    problems.raise_any()
    fitted = PHReg(t, z, status=d, entry=None if entry is None else start + JUST_AFTER, ties="efron").fit(disp=0)
    return CoxFit(np.asarray(fitted.params, float), np.asarray(fitted.bse, float), float(fitted.llf))


def concordance(time: ArrayLike, event: ArrayLike, risk: ArrayLike) -> float:
    """Harrell's C: among pairs whose order is known, the share in which the higher risk ends first; ties count half.

    >>> concordance([1, 2, 3], [1, 1, 0], [3.0, 2.0, 1.0])
    1.0

    Args:
        time: (n,) time of event or of censoring.
        event: (n,) 1 for an event.
        risk: (n,) higher means earlier.

    Returns:
        Between 0 and 1; 0.5 is no better than chance.
    """
    t, d, r = (np.asarray(a, dtype=float) for a in (time, event, risk))
    won = pairs = 0.0
    for i in np.flatnonzero(d == 1):
        later = (t > t[i]) | ((t == t[i]) & (d == 0))
        pairs += later.sum()
        won += (r[later] < r[i]).sum() + 0.5 * (r[later] == r[i]).sum()
    return float(won / pairs) if pairs else float("nan")


@dataclass(frozen=True, slots=True)
class PersonPeriods:
    """One row per unit and period at risk.

    >>> person_periods([2, 1], [1, 0]).period.tolist()
    [1, 2, 1]

    Attributes:
        unit: (m,) which unit.
        period: (m,) period, from 1.
        event: (m,) 1 in the period of the event.
    """

    unit: NDArray[np.intp]
    period: NDArray[np.int64]
    event: Floats


def person_periods(periods: ArrayLike, event: ArrayLike) -> PersonPeriods:
    """Spread durations over their periods, for a discrete-time hazard (Singer & Willett 1993).

    >>> spread = person_periods([2, 1], [1, 0])
    >>> spread.unit.tolist(), spread.period.tolist(), spread.event.tolist()
    ([0, 0, 1], [1, 2, 1], [0.0, 1.0, 0.0])

    Args:
        periods: (n,) whole periods survived or until the event, 1 or more.
        event: (n,) 1 where the event happened in the last period.

    Returns:
        One row per unit and period at risk.
    """
    n = np.asarray(periods, dtype=np.int64)
    problems = Problems("The durations of a discrete-time hazard")
    problems.unless((n >= 1).all(), f"{int((n < 1).sum())} are below 1; count the period of the event as a period.")
    problems.raise_any()
    unit = np.repeat(np.arange(len(n)), n)
    period = np.arange(len(unit)) - np.repeat(np.cumsum(n) - n, n) + 1
    last = period == n[unit]
    return PersonPeriods(unit, period, last * np.asarray(event, dtype=float)[unit])


@dataclass(frozen=True, slots=True)
class HazardFit:
    """A discrete-time hazard: logit of the chance of the event in a period, given that it has not happened.

    >>> spread = person_periods([2, 1, 3, 2, 1, 3], [1, 0, 1, 0, 1, 0])
    >>> fit = discrete_hazard(spread, np.zeros((len(spread.unit), 0)), periods=3)

    Attributes:
        baseline: (p,) log-odds of periods 1..p; the last one also covers later periods.
        coef: (k,) log odds ratios.
        se: (k,) standard errors, clustered by unit.
    """

    baseline: Floats
    coef: Floats
    se: Floats

    def hazard(self, period: ArrayLike, x: ArrayLike) -> Floats:
        """Chance of the event in a period (n,), for covariates (n, k).

        >>> fit.hazard([1, 2], np.zeros((2, 0))).round(2).tolist()
        [0.17, 0.25]

        Args:
            period: Periods from 1, shape (n,).
            x: Covariates, shape (n, k).

        Returns:
            Probabilities, shape (n,).
        """
        place = np.clip(np.asarray(period, dtype=np.int64), 1, len(self.baseline)) - 1
        log_odds = self.baseline[place] + np.asarray(x, dtype=float) @ self.coef
        return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=float)


def discrete_hazard(spread: PersonPeriods, x: ArrayLike, periods: int) -> HazardFit:
    """Logistic regression on person-periods with a dummy per period.

    >>> spread = person_periods([2, 1, 3, 2, 1, 3], [1, 0, 1, 0, 1, 0])
    >>> discrete_hazard(spread, np.zeros((len(spread.unit), 0)), periods=3).baseline.shape
    (3,)

    Args:
        spread: Rows at risk.
        x: (m, k) covariates of each row, known at the start of the period; (m, 0) for none.
        periods: Dummies; later periods share the last one.

    Returns:
        The fit.

    Raises:
        BadInput: If a period has no event or only events: its log-odds would be infinite.
    """
    import statsmodels.api as sm

    z = np.asarray(x, dtype=float)
    place = np.clip(spread.period, 1, periods) - 1
    events, rows = np.bincount(place, spread.event, periods), np.bincount(place, minlength=periods)
    problems = Problems("The periods of a discrete-time hazard")
    flat = [str(p + 1) for p in range(periods) if events[p] in (0, rows[p])]
    problems.unless(not flat, f"no event, or nothing but events, in period {', '.join(flat)}; use fewer periods.")
    problems.raise_any()
    design = np.column_stack([np.eye(periods)[place], z])
    fitted = sm.GLM(spread.event, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": spread.unit}
    )
    params, se = np.asarray(fitted.params, float), np.asarray(fitted.bse, float)
    return HazardFit(params[:periods], params[periods:], se[periods:])
