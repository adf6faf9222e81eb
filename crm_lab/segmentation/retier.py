"""How sure a change of moves is when the tiers themselves are cut from the customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_lab.results import Interval
from crm_lab.segmentation.moves import Difference
from crm_lab.segmentation.scores import Floats
from crm_lab.segmentation.tiers import TIER_NAMES, Tiers

GROUPS = 40


def latest_minus_earlier(states: NDArray[np.object_], start: str, end: str) -> float:
    """Share of `start` that moved to `end` in the latest pair of periods, minus that of the earlier pairs pooled.

    Args:
        states: Shape (customers, periods).
        start: State before.
        end: State after.

    Returns:
        The difference; missing where nobody could move.

    >>> latest_minus_earlier(np.array([["C", "B", "C"], ["C", "C", "B"]], dtype=object), "C", "B")
    0.5
    """
    was = states[:, :-1] == start
    moved = was & (states[:, 1:] == end)
    could, made = was.sum(axis=0), moved.sum(axis=0)
    if not could[-1] or not could[:-1].sum():
        return float("nan")
    return float(made[-1] / could[-1] - made[:-1].sum() / could[:-1].sum())


def change_of_moves(
    states: pd.DataFrame, spend: pd.DataFrame, tiers: Tiers, ends: tuple[str, str], level: float = 0.95
) -> Difference | None:
    """`latest_minus_earlier` with an interval from a delete-a-group jackknife that cuts the tiers anew.

    Where tiers are ranks, one customer's rise is another's fall, and shares vary far less than
    independent ones (a binomial interval held a true 0 in 98.9 % of draws, not 95 %). So customers
    are dealt into `GROUPS` groups, each is left out once, buyers are tiered anew, and the spread of the
    results gives the standard error (Kott 2001; t with GROUPS - 1 degrees of freedom).

    Args:
        states: One row per customer, one column per period.
        spend: Spend in the same shape.
        tiers: How buyers are tiered.
        ends: The move: state before, state after.
        level: Confidence level.

    Returns:
        The difference, or ``None`` where some group cannot be left out.
    """
    known, amount = states.to_numpy(dtype=object), spend.to_numpy(dtype=np.float64)
    value = latest_minus_earlier(known, *ends)
    groups = min(GROUPS, len(known))
    deal = np.arange(len(known)) % groups
    left_out = np.array(
        [latest_minus_earlier(_tiered(known[deal != g], amount[deal != g], tiers), *ends) for g in range(groups)]
    )
    if not np.isfinite([value, *left_out]).all() or groups < 2:
        return None
    se = float(np.sqrt((groups - 1) / groups * np.sum((left_out - left_out.mean()) ** 2)))
    half = float(stats.t.isf((1 - level) / 2, groups - 1)) * se
    return Difference(value, Interval(value - half, value + half, level))


def _tiered(states: NDArray[np.object_], spend: Floats, tiers: Tiers) -> NDArray[np.object_]:
    anew = states.copy()
    for j in range(states.shape[1]):
        buys = np.isin(states[:, j].astype(str), TIER_NAMES)
        if buys.any():
            anew[buys, j] = tiers.assign(spend[buys, j])
    return anew
