"""The plan beside doing nothing, acting at random and following the top score, all within the same caps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Positions
from crm_lab.recommend.next_best_action.action_gains import ActionGains
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem
from crm_lab.recommend.next_best_action.allocation.filled_plan import filled_plan

DRAWS = 20  # random plans


def rival_plans(problem: AllocationProblem, score: Floats, raw: Floats, tie: Floats) -> dict[str, list[Positions]]:
    """Plans of other strategies, each within the caps.

    ``random``: customers in random order get a random action. ``top_score``: customers in order of their highest
    score get that action, or the next that still fits. ``top_gain``: the same by the gain as estimated.

    Args:
        problem: Rows that are allowed, and caps.
        score: Of each row, shape (rows,).
        raw: Gain if estimates are taken at their word, shape (rows,).
        tie: Order among equal customers, shape (customers,).

    Returns:
        Strategy to one or several plans, each chosen rows.
    """
    rng = np.random.default_rng(0)
    draws = DRAWS if len(score) <= 200_000 else 2
    return {
        "nothing": [np.zeros(0, dtype=np.int64)],
        "random": [filled_plan(problem, rng.random(len(score)), tie) for _ in range(draws)],
        "top_score": [filled_plan(problem, score, tie)],
        "top_gain": [filled_plan(problem, np.where(raw > 0, raw, -np.inf), tie)],
    }


def compared(plans: dict[str, list[Positions]], gains: ActionGains, cost: Floats, level: float) -> pd.DataFrame:
    """What strategies are expected to earn, and what the plan earns more.

    Args:
        plans: Strategy to plans; `plan` is the last.
        gains: Of all rows.
        cost: Of all rows.
        level: Confidence level.

    Returns:
        ``strategy, customers, cost, gain, lo, hi, plan_more, more_lo, more_hi``; several plans count by their mean.
    """
    n = len(cost)
    weights = {
        name: np.bincount(np.concatenate(some), minlength=n).astype(float) / len(some) for name, some in plans.items()
    }
    rows = []
    for name, weight in weights.items():
        one, more = gains.total(weight, level), gains.total(weights["plan"] - weight, level)
        rows.append((name, float(weight.sum()), float(weight @ cost), *one, *more))
    columns = ["strategy", "customers", "cost", "gain", "lo", "hi", "plan_more", "plan_more_lo", "plan_more_hi"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.loc[frame["strategy"] == "plan", columns[-3:]] = np.nan
    return frame
