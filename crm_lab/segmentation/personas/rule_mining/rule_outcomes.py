"""What the customers of a rule did next, against customers with as many lines and orders before."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.segmentation.personas.rule_mining.cross_period_lift import cells_of
from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods
from crm_lab.stats.intervals import normal_interval

OUTCOMES: Final = ("repurchase", "revenue")


def outcomes_of(counts: FeaturePeriods, inside: Booleans, mined: int, level: float) -> dict[str, float]:
    """Repurchase and revenue in the periods after those that a rule looks at.

    Args:
        counts: Of all customers.
        inside: Who meets the rule, from the first periods only.
        mined: How many these are.
        level: Confidence level.

    Returns:
        For each outcome the members' mean, its difference to others with as many lines and orders, and its ends.
    """
    _, _, lines, orders = counts.sums(slice(0, mined))
    there = lines > 0
    cells = cells_of(lines[there], orders[there])
    later = {
        "repurchase": (counts.lines[mined:].sum(axis=0) > 0).astype(float),
        "revenue": counts.revenue[mined:].sum(axis=0) if counts.revenue.size else np.zeros(len(lines)),
    }
    found: dict[str, float] = {}
    for name in OUTCOMES:
        mean, difference, se = compared(later[name][there], inside[there], cells)
        ci = normal_interval(difference, se, level)
        found |= {
            f"next_{name}": mean, f"{name}_difference": difference, f"{name}_difference_lo": ci.lo,
            f"{name}_difference_hi": ci.hi,
        }  # fmt: skip
    return found


def compared(y: Floats, inside: Booleans, cells: Integers) -> tuple[float, float, float]:
    """Mean of the members, difference to the others of their cells, and its standard error.

    Members of cells without others are left out of the difference.

    >>> y, inside = np.array([1.0, 0, 0, 1, 0, 0]), np.array([True, False, False] * 2)
    >>> compared(y, inside, np.array([0, 0, 0, 1, 1, 1]))[:2]
    (1.0, 1.0)

    Args:
        y: Outcome, shape (n,).
        inside: Members, shape (n,).
        cells: Cell of each, shape (n,).

    Returns:
        Three numbers; the last two are missing where fewer than two members have others.
    """
    k = int(cells.max(initial=0)) + 1
    n1, n0 = np.bincount(cells[inside], minlength=k), np.bincount(cells[~inside], minlength=k)
    s0 = np.bincount(cells[~inside], weights=y[~inside], minlength=k)
    q0 = np.bincount(cells[~inside], weights=y[~inside] ** 2, minlength=k)
    usual = np.divide(s0, n0, out=np.zeros(k), where=n0 > 0)
    spread = np.divide(q0, n0, out=np.zeros(k), where=n0 > 0) - usual**2
    used = inside & (n0[cells] > 1)
    if used.sum() < 2:
        return float(y[inside].mean()) if inside.any() else float("nan"), float("nan"), float("nan")
    gap = y[used] - usual[cells[used]]
    weight = np.where(n0 > 1, n1, 0) / used.sum()
    variance = gap.var(ddof=1) / used.sum()
    variance += float((weight**2 * np.maximum(spread, 0) / np.maximum(n0 - 1, 1)).sum())
    return float(y[inside].mean()), float(gap.mean()), float(np.sqrt(variance))
