"""Dose and response: how an outcome's change goes with how much of a programme a unit got, which nobody drew by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats, Positions
from crm_lab.checks import Problems, check_settings, need_columns, not_levels
from crm_lab.results import Interval

_KNOTS = (0.1, 0.5, 0.9)  # quantiles of the dose, Harrell's three
_GRID = 41
_PER_TERM = 5  # units per term of the regression, at least


@dataclass(frozen=True, eq=False)
class DoseResponseResult:
    """How the outcome goes with the dose.

    Attributes:
        slope: Change of the outcome per unit of dose, among units alike in the confounders.
        se: Its standard error.
        interval: Its interval.
        pvalue: Of no slope.
        plain: The same with nothing held alike.
        plain_interval: Its interval.
        shape: Outcome by dose, over that at the median dose, confounders held: ``dose``, ``effect``, ``lo``, ``hi``;
            a spline of three knots; empty where doses take too few values.
        bent: P value of a straight line against that spline; NaN without it.
        n: Units.
        clusters: Clusters of the errors; 0 where each unit stands by itself.
    """

    slope: float
    se: float
    interval: Interval
    pvalue: float
    plain: float
    plain_interval: Interval
    shape: pd.DataFrame
    bent: float
    n: int
    clusters: int

    def to_frame(self) -> pd.DataFrame:
        """Both slopes.

        >>> frame = pd.DataFrame({"dose": np.arange(20.0), "change": 2 * np.arange(20.0) + np.arange(20) % 2})
        >>> DoseResponse().fit(frame, outcome="change", dose="dose").to_frame()["slope"].round(1).tolist()
        [2.0, 2.0]

        Returns:
            Columns ``held_alike`` (whether confounders are), ``slope``, ``lo``, ``hi``.
        """
        rows = [(True, self.slope, self.interval), (False, self.plain, self.plain_interval)]
        return pd.DataFrame([(held, slope, own.lo, own.hi) for held, slope, own in rows]).set_axis(
            ["held_alike", "slope", "lo", "hi"], axis=1
        )


@dataclass(frozen=True)
class DoseResponse:
    """Regression of an outcome's change on a dose and on what else units differ in.

    Units chose their dose, or it was chosen for them: the slope is an effect only as far as the confounders hold all
    that goes with both.

    >>> rng = np.random.default_rng(1)
    >>> size = rng.gamma(4, 25, 300)
    >>> share = np.clip(0.3 + size / 400 + rng.normal(0, 0.1, 300), 0, 1)
    >>> stores = pd.DataFrame({"size": size, "share": share, "change": 5 * share + size / 10 + rng.normal(0, 1, 300)})
    >>> found = DoseResponse(confounders=("size",)).fit(stores, outcome="change", dose="share")
    >>> found.interval.lo < 5 < found.interval.hi, found.plain > 20
    (True, True)

    Attributes:
        confounders: Numeric columns, known before the dose.
        cluster: Column whose values are clusters of the errors; none for errors unit by unit (HC3).
        level: Of the intervals.
    """

    confounders: tuple[str, ...] = ()
    cluster: str | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))

    def fit(self, frame: pd.DataFrame, *, outcome: str, dose: str) -> DoseResponseResult:
        """The slope and its shape.

        >>> frame = pd.DataFrame({"dose": np.arange(20.0), "change": 2 * np.arange(20.0) + np.arange(20) % 2})
        >>> round(DoseResponse().fit(frame, outcome="change", dose="dose").slope, 1)
        2.0

        Args:
            frame: One row per unit.
            outcome: Column with the outcome's change.
            dose: Column with the dose.

        Returns:
            The result.

        Raises:
            BadInput: If columns lack, values are no numbers, the dose or a confounder does not vary or follows from
                others, or there are too few units or clusters.
        """
        need_columns(frame.columns, [outcome, dose, *self.confounders, *filter(None, [self.cluster])], "The dose table")
        y, d, z = (_numbers(frame, names) for names in ((outcome,), (dose,), self.confounders))
        groups = None if self.cluster is None else frame[self.cluster]
        self._check(y, d, z, groups)
        codes = None if groups is None else pd.factorize(groups)[0]
        ones = np.ones((len(y), 1))
        held = self._fitted(y, np.hstack([d, ones, z]), codes)
        plain = self._fitted(y, np.hstack([d, ones]), codes)
        shape, bent = self._shape(y, d[:, 0], z, codes)
        (slope, se, own), (before, _, before_own) = self._first(held), self._first(plain)
        return DoseResponseResult(
            slope=slope,
            se=se,
            interval=own,
            pvalue=float(held.pvalues[0]),
            plain=before,
            plain_interval=before_own,
            shape=shape,
            bent=bent,
            n=len(y),
            clusters=0 if codes is None else int(codes.max()) + 1,
        )

    def _check(self, y: Floats, d: Floats, z: Floats, groups: pd.Series[Any] | None) -> None:
        problems = Problems("The dose table")
        whole = np.hstack([y, d, z])
        bad = int((~np.isfinite(whole)).any(axis=1).sum())
        problems.unless(not bad, f"{bad} of {len(y)} rows lack a number; fill them or leave them out.")
        terms = 2 + z.shape[1]
        problems.unless(
            len(y) >= _PER_TERM * terms, f"{len(y)} units carry no {terms} terms; {_PER_TERM * terms} are the fewest."
        )
        if not bad:
            x = np.hstack([d, np.ones((len(y), 1)), z])
            x = x / np.maximum(np.abs(x).max(axis=0, initial=0.0), 1e-300)
            full = np.linalg.matrix_rank(x) == x.shape[1]
            problems.unless(full, "the dose or a confounder does not vary, or follows from the others; drop it.")
        if groups is not None:
            unknown, count = int(groups.isna().sum()), int(groups.nunique())
            problems.unless(not unknown, f"{unknown} rows have no {self.cluster}.")
            problems.unless(count > terms, f"{count} clusters carry no {terms} terms; {terms + 1} are the fewest.")
        problems.raise_any()

    def _fitted(self, y: Floats, x: Floats, codes: Positions | None) -> Any:
        from statsmodels.regression.linear_model import OLS

        how = {"cov_type": "HC3"} if codes is None else {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
        return OLS(y[:, 0], x).fit(use_t=True, **how)

    def _first(self, fitted: Any) -> tuple[float, float, Interval]:
        lo, hi = np.asarray(fitted.conf_int(1 - self.level))[0]
        return float(fitted.params[0]), float(fitted.bse[0]), Interval(float(lo), float(hi), self.level)

    def _shape(self, y: Floats, d: Floats, z: Floats, codes: Positions | None) -> tuple[pd.DataFrame, float]:
        knots = np.quantile(d, _KNOTS)
        columns = ["dose", "effect", "lo", "hi"]
        if len(np.unique(knots)) < len(knots):
            return pd.DataFrame({name: pd.Series(dtype=float) for name in columns}), np.nan
        x = np.hstack([spline(d, knots), np.ones((len(y), 1)), z])
        fitted = self._fitted(y, x, codes)
        at = np.linspace(d.min(), d.max(), _GRID)
        moved = spline(at, knots) - spline(np.array([np.median(d)]), knots)
        beta, cov = np.asarray(fitted.params)[:2], np.asarray(fitted.cov_params())[:2, :2]
        df = fitted.df_resid if codes is None else int(codes.max())
        variance = np.einsum("ij,jk,ik->i", moved, cov, moved)
        half = stats.t.ppf((1 + self.level) / 2, df) * np.sqrt(np.maximum(variance, 0))
        effect = moved @ beta
        rows = pd.DataFrame(dict(zip(columns, (at, effect, effect - half, effect + half), strict=True)))
        return rows, float(fitted.pvalues[1])


def _numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Columns as numbers, shape (n, len(names)); NaN for what is none."""
    columns = [pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def spline(dose: Floats, knots: Floats) -> Floats:
    """Natural cubic spline of three knots: the dose itself and one curve, straight beyond the outer knots.

    >>> spline(np.array([0.0, 1.0]), np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [[0.0, 0.0], [1.0, 0.75]]

    Args:
        dose: Shape (n,).
        knots: Shape (3,), rising.

    Returns:
        Shape (n, 2).

    Source:
        Harrell (2015), Regression Modeling Strategies, 2.4.5.
    """
    a, b, c = knots
    cubes = [np.maximum(dose - k, 0.0) ** 3 for k in knots]
    curve = (cubes[0] - cubes[1] * (c - a) / (c - b) + cubes[2] * (b - a) / (c - b)) / (c - a) ** 2
    return np.column_stack([dose, curve])
