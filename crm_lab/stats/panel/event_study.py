"""Event study: the difference of treated and untreated units in each period before and after a common start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, check_settings, not_among, not_levels
from crm_lab.stats.panel.estimators.difference_in_differences import Errors, covariance_of_difference, units_df
from crm_lab.stats.panel.estimators.panel_fit import check_start, chosen_units
from crm_lab.stats.panel.panel import Panel, Period

_POWER = 0.8
_SINGULAR = 1e-10


@dataclass(frozen=True)
class TrendTest:
    """Whether treated and untreated units moved apart before the start, and what the test could have seen.

    Attributes:
        statistic: F of all differences before the start, the reference period left out.
        df: Its degrees of freedom, of the differences and of what the units leave.
        pvalue: Of no difference in any of them.
        missed_slope: Steady drift apart per period that this test finds in 80 of 100 cases; smaller ones are mostly
            missed, and a drift of this size that goes on biases the mean effect by `missed_bias`.
        missed_bias: What a drift of that size adds to the mean effect if it goes on after the start.
        slope: The drift per period before the start, by least squares through the differences.
        slope_se: Its standard error.
    """

    statistic: float
    df: tuple[int, int]
    pvalue: float
    missed_slope: float
    missed_bias: float
    slope: float
    slope_se: float


@dataclass(frozen=True, eq=False)
class EventStudyResult:
    """Differences of treated and untreated units by period from the start.

    Attributes:
        table: One row per period: ``period``, ``lead`` (0 is the first treated period, -1 the one before), ``effect``,
            ``se``, ``lo``, ``hi``, ``pvalue``; the reference period has effect 0 and no error.
        cov: Covariance of the effects, reference left out, in the table's order.
        trend: The test of the periods before; None with fewer than two of them, or where the units are too few.
        effect: Mean effect after the start, over the reference period.
        se: Its standard error.
        df: Degrees of freedom of t.
        level: Of the intervals.
    """

    table: pd.DataFrame
    cov: Floats
    trend: TrendTest | None
    effect: float
    se: float
    df: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """The table.

        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> EventStudy().fit(panel, ["a", "b"], 3).to_frame()["lead"].tolist()
        [-2, -1, 0]
        """
        return self.table


@dataclass(frozen=True)
class EventStudy:
    """Event study of units that all start at once: regression on leads and lags with unit and period effects.

    With one start the coefficients are differences of mean changes from the reference period, and the standard errors
    those of the regression, clustered by unit. Units that start at different times need `StaggeredAdoption`: the
    regression would compare late starters with early ones.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(50, 1, (30, 9)) + rng.normal(0, 5, (30, 1))
    >>> values[:15, 6:] += 4
    >>> panel = Panel(values, tuple(f"u{i}" for i in range(30)), tuple(range(9)))
    >>> found = EventStudy().fit(panel, np.arange(30) < 15, 6)
    >>> found.trend.pvalue > 0.05, found.table["effect"].tail(3).round(0).tolist()
    (True, [4.0, 4.0, 4.0])

    Attributes:
        reference: Lead that all others are compared with, -1 or less.
        errors: ``cr2`` or ``cr1``, as in `DifferenceInDifferences`.
        level: Of the intervals.

    Source:
        CR2: Bell & McCaffrey (2002); CR1: Liang & Zeger (1986), correction G/(G-1) (N-1)/(N-K) with K the event
        coefficients and period effects (unit effects are nested in the clusters). Trends: Hotelling's T², exact for
        normal shocks however few the units; Roth (2022) on what such a test misses.
    """

    reference: int = -1
    errors: Errors = "cr2"
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, errors=get_args(Errors)), not_levels(self, "level"))

    def fit(self, panel: Panel, treated: Sequence[str] | Booleans, first: Period) -> EventStudyResult:
        """The differences by period.

        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> EventStudy().fit(panel, ["a", "b"], 3).table["effect"].round(6).tolist()
        [-0.5, 0.0, 3.0]

        Args:
            panel: The panel.
            treated: Names of the treated units, or a mask, shape (n,).
            first: First treated period, one of the panel's.

        Returns:
            The result.

        Raises:
            BadInput: If a side has fewer than two units, or the reference period lies outside the panel.
        """
        mask, start = chosen_units(panel, treated), panel.index(first)
        values = np.asarray(panel.values)
        check_start(values, mask, start, 1)
        if min(mask.sum(), (~mask).sum()) < 2:
            raise BadInput(
                f"{int(mask.sum())} treated and {int((~mask).sum())} other units have no clustered errors; two of each "
                "are the fewest. Use permutation over the units or a synthetic control."
            )
        if not 1 <= -self.reference <= start:
            raise BadInput(f"reference is {self.reference}; it must lie from {-start} to -1.")
        return self._result(panel, values, mask, start)

    def _result(self, panel: Panel, values: Floats, mask: Booleans, start: int) -> EventStudyResult:
        (n, t), base, k = values.shape, start + self.reference, int(mask.sum())
        change = np.delete(values - values[:, [base]], base, axis=1)
        effects = change[mask].mean(axis=0) - change[~mask].mean(axis=0)
        factor = (n * t - 1) / (n * t - 2 * t + 1) if self.errors == "cr1" else None
        cov = covariance_of_difference(change, mask, factor)
        df = n - 1 if self.errors == "cr1" else units_df(k, n - k)
        leads: Integers = np.delete(np.arange(t, dtype=np.int64) - start, base)
        after = leads >= 0
        weights = after / after.sum()
        table = _table(panel, leads, effects, np.sqrt(np.diag(cov)), df, self.level)
        row = {"period": panel.periods[base], "lead": self.reference, "effect": 0.0}
        table = pd.concat([table, pd.DataFrame([row])]).sort_values("lead", ignore_index=True)
        return EventStudyResult(
            table=table,
            cov=cov,
            trend=_trend(
                change[:, leads < 0], mask, leads[leads < 0] - self.reference, np.arange(t - start) - self.reference
            ),
            effect=float(weights @ effects),
            se=math.sqrt(float(weights @ cov @ weights)),
            df=df,
            level=self.level,
        )


def _table(panel: Panel, leads: Integers, effects: Floats, se: Floats, df: float, level: float) -> pd.DataFrame:
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    size = np.divide(np.abs(effects), se, out=np.full_like(se, np.inf), where=se > 0)
    start = int(leads.max()) - len(panel.periods) + 1
    columns = {"effect": effects, "se": se, "lo": effects - half, "hi": effects + half}
    return pd.DataFrame(
        {
            "period": [panel.periods[int(lead) - start] for lead in leads],
            "lead": leads,
            **columns,
            "pvalue": 2 * stats.t.sf(size, df),
        }
    )


def _trend(change: Floats, treated: Booleans, way: Integers, later: Integers) -> TrendTest | None:
    """Hotelling's test of the changes before the start; None with too few of them, or too few units.

    Args:
        change: From the reference period to each other one before the start, shape (n, p).
        treated: Shape (n,).
        way: Periods from the reference to each of these, shape (p,).
        later: Periods from the reference to those from the start on.
    """
    (n, p), k = change.shape, int(treated.sum())
    if p < 1 or p > n - 3:
        return None
    sides = [change[side] for side in (treated, ~treated)]
    left = np.vstack([side - side.mean(axis=0) for side in sides])
    pooled = left.T @ left / (n - 2) * (1 / k + 1 / (n - k))
    if not np.linalg.eigvalsh(pooled)[0] > _SINGULAR * np.trace(pooled):
        return None
    gap, df = sides[0].mean(axis=0) - sides[1].mean(axis=0), (p, n - p - 1)
    statistic = float(gap @ np.linalg.solve(pooled, gap)) * df[1] / p / (n - 2)
    unbiased = max(n - p - 3, 1) / (n - 2)  # of the inverse covariance
    missed = math.sqrt(_seen(df) / (float(way @ np.linalg.solve(pooled, way)) * unbiased))
    fall = way / float(way @ way)
    return TrendTest(
        statistic=statistic,
        df=df,
        pvalue=float(stats.f.sf(statistic, *df)),
        missed_slope=missed,
        missed_bias=missed * float(later.mean()),
        slope=float(fall @ gap),
        slope_se=math.sqrt(float(fall @ pooled @ fall)),
    )


def _seen(df: tuple[int, int]) -> float:
    """Noncentrality with which an F test at 5 % rejects in 80 of 100 cases."""
    bar = float(stats.f.ppf(0.95, *df))
    return float(optimize.brentq(lambda nc: float(stats.ncf.sf(bar, *df, nc)) - _POWER, 1e-3, 1e4))
