"""What changes at a threshold: local linear regression discontinuity with robust bias-corrected intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import Problems, check_settings, not_inside, too_small
from crm_lab.results import Interval
from crm_lab.stats.discontinuity.local_polynomial import Side, kernel, local_fit, powers, residuals
from crm_lab.stats.discontinuity.optimal_bandwidth import Bandwidths, optimal_bandwidths
from crm_lab.stats.intervals import normal_interval

FEWEST = 50  # units within the bandwidth on each side
SUPPORT = 20  # different values of the running variable within the bandwidth on each side
WEAK = 10.0  # first-stage F below which a fuzzy effect is not stated (Staiger & Stock 1997)


@dataclass(frozen=True)
class Jump:
    """The difference of an outcome just above and just below a threshold.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.uniform(-1, 1, 4_000)
    >>> y = 1 + x + 0.5 * x**2 + 2 * (x >= 0) + rng.normal(0, 1, 4_000)
    >>> jump = RegressionDiscontinuity().fit(y, x)

    Attributes:
        effect: Jump of the local linear fits.
        se: Its conventional standard error.
        corrected: The jump less its estimated bias, which the interval stands around.
        se_robust: Standard error that counts the estimate of the bias.
        below: Fitted outcome just below the threshold.
        bandwidths: How far from the threshold was looked.
        n_left: Units below within the bandwidth.
        n_right: Units at or above within the bandwidth.
        support_left: Different values below within the bandwidth.
        support_right: Different values at or above within it.
        level: Confidence level.
        first_stage: Jump of the treatment itself; ``None`` where the threshold alone decides.
    """

    effect: float
    se: float
    corrected: float
    se_robust: float
    below: float
    bandwidths: Bandwidths
    n_left: int
    n_right: int
    support_left: int
    support_right: int
    level: float = 0.95
    first_stage: Jump | None = field(default=None, repr=False)

    @property
    def interval(self) -> Interval:
        """Robust bias-corrected interval.

        >>> jump.interval.lo < 2 < jump.interval.hi
        True
        """
        return normal_interval(self.corrected, self.se_robust, self.level)

    @property
    def pvalue(self) -> float:
        """Robust p value of no jump.

        >>> jump.pvalue < 0.001
        True
        """
        return float(2 * stats.norm.sf(abs(self.corrected) / self.se_robust)) if self.se_robust else math.nan

    @property
    def refused(self) -> str:
        """Why no effect may be stated: ``few``, ``support``, ``weak``, or nothing.

        >>> jump.refused
        ''
        """
        if min(self.n_left, self.n_right) < FEWEST:
            return "few"
        if min(self.support_left, self.support_right) < SUPPORT:
            return "support"
        weak = self.first_stage is not None and (self.first_stage.corrected / self.first_stage.se_robust) ** 2 < WEAK
        return "weak" if weak else ""


@dataclass(frozen=True, kw_only=True)
class RegressionDiscontinuity:
    """How a jump is estimated: local linear, triangular kernel, bandwidth of least mean squared error.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.uniform(-1, 1, 4_000)
    >>> y = 1 + x + 0.5 * x**2 + 2 * (x >= 0) + rng.normal(0, 1, 4_000)
    >>> round(RegressionDiscontinuity().fit(y, x).effect, 1)
    2.0

    Attributes:
        threshold: From which value on units are treated.
        level: Confidence level.
        h: Bandwidth; chosen from the data unless given.
        b: Bandwidth of the bias; `h` unless given beside it.

    Source:
        Calonico, Cattaneo & Titiunik (2014), Econometrica 82, 2295-2326.
    """

    threshold: float = 0.0
    level: float = 0.95
    h: float | None = None
    b: float | None = None

    def __post_init__(self) -> None:
        given = {name: low for name, low in (("h", 0), ("b", 0)) if getattr(self, name) is not None}
        check_settings(self, not_inside(self, "level"), too_small(self, **given))

    def fit(self, outcome: ArrayLike, running: ArrayLike, treated: ArrayLike | None = None) -> Jump:
        """Estimate the jump; with `treated`, the effect of the treatment on those whom the threshold moves into it.

        >>> got = (x >= 0) & (rng.random(4_000) < 0.8)
        >>> fuzzy = RegressionDiscontinuity().fit(1 + x + 2 * got + rng.normal(0, 1, 4_000), x, got)
        >>> fuzzy.interval.lo < 2 < fuzzy.interval.hi, round(fuzzy.first_stage.effect, 1)
        (True, 0.8)

        Args:
            outcome: What is compared, shape (n,).
            running: What the threshold is applied to, shape (n,).
            treated: Whether each unit was treated, where the threshold alone did not decide that, shape (n,).

        Returns:
            The jump; see `Jump.refused` before stating it.

        Raises:
            BadInput: If lengths differ, values are missing, or one side has nobody.
        """
        columns = [outcome] if treated is None else [outcome, treated]
        left, right = _sides(columns, running, self.threshold)
        if min(left.support, right.support) <= _MOST_COEFFICIENTS:
            return _nothing(left, right, self.level)
        try:
            widths = self._widths(left, right)
            return _jump(left, right, widths, self.level, fuzzy=treated is not None)
        except np.linalg.LinAlgError:
            return _nothing(left, right, self.level)

    def _widths(self, left: Side, right: Side) -> Bandwidths:
        if self.h is None:
            return optimal_bandwidths(left, right)
        return Bandwidths(self.h, self.b if self.b is not None else self.h)


_MOST_COEFFICIENTS = 5  # of the polynomials that the choice of a bandwidth fits


def _nothing(left: Side, right: Side, level: float) -> Jump:
    """What is said where there are too few different values to fit anything: no number, and a refusal."""
    missing = math.nan
    few = min(len(left.x), len(right.x)) < FEWEST
    counts = (len(left.x), len(right.x), 0, 0) if few else (len(left.x), len(right.x), left.support, right.support)
    widths = Bandwidths(missing, missing)
    return Jump(missing, missing, missing, missing, missing, widths, *counts, level)


def _sides(columns: list[ArrayLike], running: ArrayLike, threshold: float) -> tuple[Side, Side]:
    x = np.asarray(running, dtype=float) - threshold
    y = [np.asarray(column, dtype=float) for column in columns]
    problems = Problems("The regression discontinuity")
    shapes = {column.shape for column in y} | {x.shape}
    problems.unless(x.ndim == 1 and len(shapes) == 1, f"Outcome and running variable have shapes {sorted(shapes)}.")
    problems.raise_any()
    missing = int((~np.isfinite(np.column_stack([x, *y]))).any(axis=1).sum())
    problems.unless(not missing, f"{missing} of {len(x)} units have a missing or infinite value; leave them out.")
    above = x >= 0
    problems.unless(above.any() and not above.all(), f"All {len(x)} units are on one side of {threshold:g}.")
    problems.raise_any()
    values = np.column_stack(y)
    return Side.of(x[~above], values[~above]), Side.of(x[above], values[above])


@dataclass(frozen=True)
class _Half:
    """One side's fits: outcomes at the threshold, less their bias, and weights of each residual."""

    fitted: Floats
    corrected: Floats
    plain: Floats
    robust: Floats
    n: int
    support: int


def _half(side: Side, widths: Bandwidths) -> _Half:
    """Local linear fit at the threshold with its bias from a local quadratic one."""
    h, b = widths.h, widths.b
    near = side.within(max(h, b))
    errors = residuals(near)
    linear, square = local_fit(near, 1, h), local_fit(near, 2, b)
    own = kernel(near.x, h)
    row = linear.inverse[0] @ (linear.design * own[:, None]).T
    bias = float(row @ near.x**2)
    curve = square.inverse[2] @ (powers(near.x, 2) * square.weights[:, None]).T
    full = row - bias * curve
    inside = side.within(h)
    return _Half(
        linear.beta[0], full @ near.y, row[:, None] * errors, full[:, None] * errors, len(inside.x), inside.support
    )


def _jump(left: Side, right: Side, widths: Bandwidths, level: float, *, fuzzy: bool) -> Jump:
    """The jump of the first outcome, or its ratio to that of the second."""
    low, high = _half(left, widths), _half(right, widths)
    shared = (widths, low.n, high.n, low.support, high.support, level)
    effects, corrected = high.fitted - low.fitted, high.corrected - low.corrected

    def one(gradient: Floats, effect: float, centre: float, below: float, first: Jump | None = None) -> Jump:
        ses = [math.sqrt(sum(float(((part @ gradient) ** 2).sum()) for part in parts))
               for parts in ((low.plain, high.plain), (low.robust, high.robust))]  # fmt: skip
        return Jump(effect, ses[0], centre, ses[1], below, *shared, first)

    if not fuzzy:
        return one(np.ones(1), float(effects[0]), float(corrected[0]), float(low.fitted[0]))
    first = one(np.array([0.0, 1.0]), float(effects[1]), float(corrected[1]), float(low.fitted[1]))
    if effects[1] == 0:
        return one(np.array([math.nan, math.nan]), math.nan, math.nan, float(low.fitted[0]), first)
    ratio = float(effects[0] / effects[1])
    gradient = np.array([1.0, -ratio]) / effects[1]
    centre = ratio - float(gradient @ (effects - corrected))
    return one(gradient, ratio, centre, float(low.fitted[0]), first)


def binned_means(
    outcome: ArrayLike, running: ArrayLike, threshold: float, reach: float, bins: int = 20
) -> pd.DataFrame:
    """Means of an outcome in equal bins beside a threshold, for a picture of its jump.

    >>> binned_means([1.0, 2.0, 3.0, 5.0], [-0.5, -0.2, 0.1, 0.4], 0.0, 1.0, bins=1)["mean"].tolist()
    [1.5, 4.0]

    Args:
        outcome: Shape (n,).
        running: Shape (n,).
        threshold: Where it may jump.
        reach: How far to both sides.
        bins: Bins a side.

    Returns:
        One row a bin that holds somebody: ``at``, ``mean``, ``n``, ``above``.
    """
    x, y = np.asarray(running, dtype=float) - threshold, np.asarray(outcome, dtype=float)
    near: Booleans = (np.abs(x) < reach) & np.isfinite(y)
    width = reach / bins
    rows = pd.DataFrame({"bin": np.floor(x[near] / width).astype(int), "y": y[near]})
    table = rows.groupby("bin", as_index=False)["y"].agg(["mean", "size"])
    return pd.DataFrame(
        {
            "at": threshold + (table["bin"] + 0.5) * width,
            "mean": table["mean"],
            "n": table["size"],
            "above": table["bin"] >= 0,
        }
    )
