"""Next best action: what part of the gain of an oracle a plan from noisy uplifts gets, and caps never broken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab.recommend import NextBestAction
from crm_lab.simulate import action_world

SEED = 1_000


def planned_gains(seed: int, customers: int = 1_000) -> dict[str, float]:
    """True gains of the plan, of its rivals and of an oracle that knows all uplifts; rules that the plan breaks."""
    world = action_world(customers, seed)
    actions = world.candidates.rename(columns={"uplift_estimate": "uplift"}).assign(source="measured")
    actions["uplift"] = actions["uplift"].clip(-1, 1)  # no chance rises by more
    caps = {
        "capacity": world.capacity, "budget": world.budget, "most_contacts": world.most_contacts,
        "fatigue": world.fatigue, "holdout": 0.0,
    }  # fmt: skip
    plan = NextBestAction(**caps).analyze(actions, simulated=True)
    known = actions.assign(uplift=actions["true_uplift"] * actions["margin"], uplift_se=0.0)
    oracle = NextBestAction(**caps, uplift_in="money").analyze(known, simulated=True)
    rivals = {name: world.true_gain(plan.candidates.frame.iloc[rows]) for name, rows in plan.plans.items()}
    weight = np.bincount(plan.chosen, minlength=len(actions)).astype(float)
    _, lo, hi = plan.gains.total(weight, 0.95)
    _, own_lo, own_hi = replace(plan.gains, shared=0.0).total(weight, 0.95)
    broken = [len(world.broken(plan.candidates.frame.iloc[rows])) for rows in plan.plans.values()]
    return {
        **rivals, "oracle": world.true_gain(oracle.to_frame()), "broken": sum(broken),
        "own_lo": own_lo, "own_hi": own_hi, "lo": lo, "hi": hi,
        "gap": plan.best.gap, "expected": float(plan.comparison.set_index("strategy").loc["plan", "gain"]),
    }  # fmt: skip


def certify_next_action(draws: int = 200, customers: int = 1_000) -> Iterator[dict]:
    """The plan gets 70 % or more of what an oracle gains over the top score, breaks no rule, and says what it earns."""
    found = pd.DataFrame([planned_gains(SEED + k, customers) for k in range(draws)])
    said = f"mean of {draws} seeds"
    for rival, least in (("top_score", 0.7), ("top_gain", 0.0)):
        share = (found["plan"] - found[rival]) / (found["oracle"] - found[rival])
        error = float(share.std(ddof=1) / math.sqrt(draws)) if draws > 1 else 0.0
        yield entry(
            f"recommend.next_action_over_{rival}", float(share.mean()) - 2 * error, least, 1, f"{said}, less 2 SE"
        )
    yield entry("recommend.next_action_broken_rules", float(found["broken"].sum()), 0, 0, f"sum of {draws} seeds")
    yield entry("recommend.next_action_gap", float(found["gap"].max()), 0, 0.005, f"largest of {draws} seeds")
    least = 0.95 - 3 * math.sqrt(0.95 * 0.05 / draws)
    for name, lo, hi in (("interval", "lo", "hi"), ("interval_of_own_errors", "own_lo", "own_hi")):
        inside = float(((found[lo] <= found["plan"]) & (found["plan"] <= found[hi])).mean())
        yield entry(f"recommend.next_action_{name}", inside, least, 1, f"share of {draws} seeds")
    ratio = found["expected"] / found["plan"]
    yield entry("recommend.next_action_expected", float(ratio.mean()), 0.95, 1.05, f"expected over true, {said}")
