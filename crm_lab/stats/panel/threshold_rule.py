"""Does a rule jump at its threshold? Only then do units just above and just below it differ in nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, not_levels
from crm_lab.results import Interval
from crm_lab.stats.intervals import normal_interval

FEWEST = 20  # units within the bandwidth on either side
_ROUNDING = 1e-9  # of the range of what was received
_STRONG = math.sqrt(10)  # standard errors from which a jump carries an effect (F above 10)


@dataclass(frozen=True, eq=False)
class ThresholdResult:
    """What happens at a threshold.

    Attributes:
        jump: By how much what units received rises at the threshold (of a 0/1 column: the probability).
        interval: Its interval.
        jumps: Whether it is more than √10 standard errors, and at half the bandwidth still half as large: smaller jumps
            carry no effect, and what a curve does vanishes as one looks closer.
        effect: Change of the outcome at the threshold per unit received; None without an outcome or where nothing
            jumps: the threshold then describes a group and assigned nothing.
        effect_interval: Its interval.
        bandwidth: Distance from the threshold within which units count, weighted by nearness.
        table: The same at half and at double the bandwidth: ``bandwidth``, ``units_below``, ``units_above``, ``jump``,
            ``jump_se``, ``effect``, ``effect_se``.
        crowding: P value of as many units just above as just below (within half the bandwidth): small where units were
            moved over the threshold, so that the two sides are not alike.
    """

    jump: float
    interval: Interval
    jumps: bool
    effect: float | None
    effect_interval: Interval | None
    bandwidth: float
    table: pd.DataFrame
    crowding: float

    def to_frame(self) -> pd.DataFrame:
        """The jump and the effect at three bandwidths.

        >>> score = np.linspace(0, 100, 400)
        >>> ThresholdRule(50, 20).fit(score, score >= 50).to_frame()["bandwidth"].tolist()
        [10.0, 20.0, 40.0]
        """
        return self.table


@dataclass(frozen=True)
class ThresholdRule:
    """Local linear regression on either side of a threshold.

    >>> rng = np.random.default_rng(1)
    >>> score = rng.uniform(0, 100, 2_000)
    >>> called = rng.random(2_000) < np.where(score >= 80, 0.9, 0.2)
    >>> sales = score / 10 + 3 * called + rng.normal(0, 1, 2_000)
    >>> found = ThresholdRule(80).fit(score, called, sales)
    >>> found.jumps, found.effect_interval.lo < 3 < found.effect_interval.hi
    (True, True)
    >>> ThresholdRule(80).fit(score, score / 100, sales).effect is None  # the share itself does not jump
    True

    Attributes:
        cutoff: The threshold; units at it lie above.
        bandwidth: Distance within which units count; by default 2.34 sd n^(-1/5).
        level: Of the intervals.

    Source:
        Hahn, Todd & van der Klaauw (2001); triangular weights, HC3 errors, the effect with the residuals of the
        two-stage regression. The bandwidth is a rule of thumb: look whether the table agrees.
    """

    cutoff: float
    bandwidth: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))

    def fit(
        self,
        running: Sequence[float] | Floats,
        received: Sequence[float] | Floats,
        outcome: Sequence[float] | Floats | None = None,
    ) -> ThresholdResult:
        """The jump at the threshold, and the effect where there is one.

        >>> score = np.linspace(0, 100, 400)
        >>> round(ThresholdRule(50).fit(score, score >= 50).jump, 6)
        1.0

        Args:
            running: What the rule looks at, shape (n,).
            received: What units really got, shape (n,): 0/1 or a dose, as it was recorded, not as the rule says.
            outcome: The outcome, shape (n,).

        Returns:
            The result.

        Raises:
            BadInput: If values are missing, or fewer than 20 units lie within the bandwidth on a side.
        """
        x = np.asarray(running, dtype=float) - self.cutoff
        d = np.asarray(received, dtype=float)
        y = None if outcome is None else np.asarray(outcome, dtype=float)
        spread = float(np.std(x)) if len(x) else 0.0
        h = 2.34 * spread * max(len(x), 1) ** -0.2 if self.bandwidth is None else self.bandwidth
        self._check(x, d, y, h)
        rows = [_at(x, d, y, width) for width in (h / 2, h, 2 * h)]
        table = pd.DataFrame(rows)
        main = rows[1]
        jumps = _is_jump(main, rows[0]["jump"], float(np.ptp(d)))
        near = np.abs(x) <= h / 2
        above = int((x[near] >= 0).sum())
        effect = main["effect"] if jumps and y is not None else None
        return ThresholdResult(
            jump=main["jump"],
            interval=normal_interval(main["jump"], main["jump_se"], self.level),
            jumps=jumps,
            effect=effect,
            effect_interval=None if effect is None else normal_interval(effect, main["effect_se"], self.level),
            bandwidth=h,
            table=table if effect is not None else table.assign(effect=math.nan, effect_se=math.nan),
            crowding=float(stats.binomtest(above, int(near.sum())).pvalue) if near.any() else math.nan,
        )

    def _check(self, x: Floats, d: Floats, y: Floats | None, h: float) -> None:
        problems = Problems("The threshold")
        lengths = {len(x), len(d)} | (set() if y is None else {len(y)})
        problems.unless(len(lengths) == 1, "its columns differ in length.")
        bad = sum(int((~np.isfinite(column)).sum()) for column in (x, d, y) if column is not None)
        problems.unless(not bad, f"{bad} values are no finite number.")
        problems.unless(h > 0, f"bandwidth is {h}; it must be above 0.")
        sides = int(((x < 0) & (x > -h)).sum()), int(((x >= 0) & (x < h)).sum())
        enough = min(sides) >= FEWEST
        said = f"{sides[0]} units lie within {h:.4g} below it and {sides[1]} above; {FEWEST} a side are the fewest."
        problems.unless(enough, said)
        problems.raise_any()


def _is_jump(main: dict[str, float], nearer: float, reach: float) -> bool:
    """Whether a jump is strong, is there on looking closer, and is no rounding."""
    size = abs(main["jump"])
    strong = size > max(_STRONG * main["jump_se"], _ROUNDING * reach)
    return bool(strong and nearer * main["jump"] > 0 and abs(nearer) >= size / 2)


def _at(x: Floats, d: Floats, y: Floats | None, h: float) -> dict[str, float]:
    near = np.abs(x) < h
    counts = {
        "bandwidth": h,
        "units_below": float((near & (x < 0)).sum()),
        "units_above": float((near & (x >= 0)).sum()),
    }
    jump, jump_se = _jump(x[near], d[near], h)
    effect = effect_se = math.nan
    if y is not None and jump != 0:
        effect = _jump(x[near], y[near], h)[0] / jump
        effect_se = _jump(x[near], (y - effect * d)[near], h)[1] / abs(jump)
    return counts | {"jump": jump, "jump_se": jump_se, "effect": effect, "effect_se": effect_se}


def _jump(x: Floats, values: Floats, h: float) -> tuple[float, float]:
    """Difference of two local lines at 0, with its HC3 standard error; NaN with fewer than three units on a side."""
    if min((x < 0).sum(), (x >= 0).sum()) < 3:
        return math.nan, math.nan
    found, variance = 0.0, 0.0
    for side, sign in ((x >= 0, 1.0), (x < 0, -1.0)):
        root = np.sqrt(1 - np.abs(x[side]) / h)
        design = root[:, None] * np.column_stack([np.ones(int(side.sum())), x[side]])
        inverse = np.linalg.pinv(design.T @ design)
        beta = inverse @ (design.T @ (root * values[side]))
        left = root * values[side] - design @ beta
        hat = np.einsum("ij,jk,ik->i", design, inverse, design)
        scores = design * (left / np.maximum(1 - hat, 1e-9))[:, None]
        found += sign * float(beta[0])
        variance += float((inverse @ (scores.T @ scores) @ inverse)[0, 0])
    return found, math.sqrt(variance)
