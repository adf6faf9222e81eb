"""Interrupted time series: how level and slope change at a start, against a comparison series where there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import linalg, optimize, stats

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, negative, not_among, not_levels
from crm_lab.results import Interval

Errors = Literal["autoregressive", "newey_west"]
FEWEST_BEFORE = 8
FEWEST_AFTER = 3
_MOST = 0.98  # autocorrelation beyond which a series has no level to speak of
_LEAST_DF = 3
_NOTHING = 1e-28  # of the regressors' square: residuals that are rounding
_PER_SEASON = 2  # rounds of a season that must lie before the start


@dataclass(frozen=True, eq=False)
class InterruptedSeriesResult:
    """What changed at the start.

    Attributes:
        table: One row per term: ``term`` (``level``: jump at the start; ``slope``: change of the slope per period;
            ``trend_before``: slope before, of the difference where there is a comparison), ``effect``, ``se``, ``lo``,
            ``hi``, ``pvalue``.
        path: One row per period: ``observed``, ``counterfactual`` (the course before carried on, plus the comparison
            series), ``difference``.
        effect: Mean effect per period after the start.
        se: Its standard error.
        interval: Its interval.
        autocorrelation: Of the errors from one period to the next, the regression's own bias taken off; 0 if negative.
        controlled: Whether a comparison series was taken off.
        df: Degrees of freedom of t: independent periods that would say as much, less the terms.
    """

    table: pd.DataFrame
    path: pd.DataFrame
    effect: float
    se: float
    interval: Interval
    autocorrelation: float
    controlled: bool
    df: float

    def to_frame(self) -> pd.DataFrame:
        """The terms.

        >>> InterruptedSeries().fit(np.r_[np.ones(10), np.full(5, 3.0)], 10).to_frame()["term"].tolist()
        ['level', 'slope', 'trend_before']
        """
        return self.table


@dataclass(frozen=True)
class InterruptedSeries:
    """Segmented regression on time with errors that may be correlated over time.

    With a comparison series the difference of the two is modelled: shocks and trends that both share fall out, and the
    terms are those of the regression on both series with all its interactions. Without one, whatever else changed at
    the start is counted as effect.

    >>> rng, t = np.random.default_rng(1), np.arange(40)
    >>> shared = 100 + 0.5 * t + rng.normal(0, 3, 40)
    >>> found = InterruptedSeries().fit(shared + 10 + 6 * (t >= 28) + rng.normal(0, 1, 40), 28, comparison=shared)
    >>> round(found.effect), found.table["term"].tolist()
    (6, ['level', 'slope', 'trend_before'])

    Attributes:
        season: Periods of a season whose places get their own level; 0 for none.
        errors: ``autoregressive`` takes what each period hands to the next (AR 1) into the standard errors of least
            squares; ``newey_west`` needs no such form but hundreds of periods: with 40, its 95 % intervals cover 75 to
            87 %.
        lags: Of Newey and West; by default 4 (T / 100)^(2/9), rounded down.
        level: Of the intervals.

    Source:
        Wagner et al. (2002); Lopez Bernal, Cummins & Gasparrini (2018) for controls; Newey & West (1987, 1994).
    """

    season: int = 0
    errors: Errors = "autoregressive"
    lags: int | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        lags = () if self.lags is None else negative(self, "lags")
        check_settings(self, not_among(self, errors=get_args(Errors)), negative(self, "season"), lags)
        check_settings(self, not_levels(self, "level"), season="it must be 0, or 2 or more" if self.season == 1 else "")

    def fit(
        self, series: Sequence[float] | Floats, first: int, comparison: Sequence[float] | Floats | None = None
    ) -> InterruptedSeriesResult:
        """The change at a start.

        >>> round(InterruptedSeries().fit(np.r_[np.ones(10), np.full(5, 3.0)], 10).effect, 6)
        2.0

        Args:
            series: The series, shape (T,), equally spaced.
            first: Place of the first period after the start.
            comparison: An untouched series of the same periods, shape (T,).

        Returns:
            The result.

        Raises:
            BadInput: If fewer than 8 periods lie before the start or 3 after it, a season is not seen twice before it,
                or values are missing.
        """
        y = np.asarray(series, dtype=float)
        other = None if comparison is None else np.asarray(comparison, dtype=float)
        self._check(y, first, other)
        x, names = self._design(len(y), first)
        return self._result(y, y - (0.0 if other is None else other), first, x, names, other is not None)

    def _check(self, y: Floats, first: int, other: Floats | None) -> None:
        problems = Problems("The interrupted series")
        before, after = first, len(y) - first
        problems.unless(
            before >= FEWEST_BEFORE,
            f"{before} periods lie before the start; {FEWEST_BEFORE} or more tell a slope from chance.",
        )
        problems.unless(after >= FEWEST_AFTER, f"{after} periods lie after the start; {FEWEST_AFTER} are the fewest.")
        gaps = int((~np.isfinite(y)).sum())
        problems.unless(not gaps, f"{gaps} values are no finite number.")
        if other is not None:
            problems.unless(len(other) == len(y), f"the comparison has {len(other)} periods, the series {len(y)}.")
            gaps = int((~np.isfinite(other)).sum())
            problems.unless(not gaps, f"{gaps} values of the comparison are no finite number.")
        needed = max(_PER_SEASON * self.season, self.season + 4 if self.season else 0)
        seen = before >= needed
        problems.unless(seen, f"{before} periods lie before the start; a season of {self.season} needs {needed}.")
        problems.raise_any()

    def _design(self, t: int, first: int) -> tuple[Floats, list[str]]:
        """Terms of the regression: level and slope from the start on, trend, constant, season."""
        time = np.arange(t, dtype=float) - first
        after = (time >= 0).astype(float)
        columns, names = [after, after * time, time, np.ones(t)], ["level", "slope", "trend_before", "constant"]
        for place in range(1, self.season):
            columns.append((np.arange(t) % self.season == place).astype(float))
            names.append(f"season_{place}")
        return np.column_stack(columns), names

    def _result(
        self, y: Floats, gap: Floats, first: int, x: Floats, names: list[str], controlled: bool
    ) -> InterruptedSeriesResult:
        beta, cov, rho, df = self._regression(gap, x)
        moved = x[first:, :2].mean(axis=0)
        effect, se = float(moved @ beta[:2]), math.sqrt(max(float(moved @ cov[:2, :2] @ moved), 0.0))
        quantile = float(stats.t.ppf((1 + self.level) / 2, df))
        errors = np.sqrt(np.maximum(np.diag(cov)[:3], 0.0))
        table = pd.DataFrame({"term": names[:3], "effect": beta[:3], "se": errors})
        table = table.assign(lo=table["effect"] - quantile * errors, hi=table["effect"] + quantile * errors)
        size = np.divide(np.abs(beta[:3]), errors, out=np.full(3, np.inf), where=errors > 0)
        untreated = y - gap + x[:, 2:] @ beta[2:]
        path = pd.DataFrame({"observed": y, "counterfactual": untreated, "difference": y - untreated})
        return InterruptedSeriesResult(
            table=table.assign(pvalue=2 * stats.t.sf(size, df)),
            path=path,
            effect=effect,
            se=se,
            interval=Interval(effect - quantile * se, effect + quantile * se, self.level),
            autocorrelation=rho,
            controlled=controlled,
            df=df,
        )

    def _regression(self, gap: Floats, x: Floats) -> tuple[Floats, Floats, float, float]:
        """Coefficients, their covariance, the autocorrelation of the errors, and degrees of freedom."""
        from statsmodels.regression.linear_model import OLS

        t, fitted = len(gap), OLS(gap, x).fit()
        beta, left = np.asarray(fitted.params), np.asarray(fitted.resid)
        rho, scale = _autocorrelation(left, x)
        if self.errors == "newey_west":
            lags = int(4 * (t / 100) ** (2 / 9)) if self.lags is None else self.lags
            robust = fitted.get_robustcov_results("HAC", maxlags=lags, use_correction=True, use_t=True)
            return beta, np.asarray(robust.cov_params()), rho, float(fitted.df_resid)
        inverse = np.linalg.inv(x.T @ x)
        cov = inverse @ (x.T @ linalg.matmul_toeplitz(rho ** np.arange(t), x)) @ inverse * scale
        return beta, cov, rho, max(t * (1 - rho) / (1 + rho) - x.shape[1], _LEAST_DF)


def _autocorrelation(left: Floats, x: Floats) -> tuple[float, float]:
    """First autocorrelation of the errors and their variance, such that the residuals' are what is expected of them.

    Residuals M e of AR 1 errors e with covariance s² V have e' M D M e and e' M e, D the mean of the shifts by one
    period either way; the autocorrelation is the one at which the ratio of the expectations is the residuals' own.
    """
    t, square = len(left), float(left @ left)
    if not square > _NOTHING * float((x**2).sum()):
        return 0.0, square / max(t - x.shape[1], 1)
    q = np.linalg.qr(x)[0]
    keep = np.eye(t) - q @ q.T
    shift = (np.eye(t, k=1) + np.eye(t, k=-1)) / 2
    moved = keep @ shift @ keep
    lags = np.arange(t)
    twice = np.where(lags > 0, 2.0, 1.0)
    of_moved, of_keep = (twice * [np.trace(matrix, offset=lag) for lag in lags] for matrix in (moved, keep))

    def expected(rho: float) -> float:
        power = rho**lags
        return float(of_moved @ power / (of_keep @ power))

    own = float(left[1:] @ left[:-1]) / square
    if own <= expected(0.0):
        rho = 0.0
    elif own >= expected(_MOST):
        rho = _MOST
    else:
        rho = float(optimize.brentq(lambda at: expected(at) - own, 0.0, _MOST, xtol=1e-9))
    return rho, square / float(of_keep @ rho**lags)
