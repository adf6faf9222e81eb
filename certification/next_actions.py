"""Next best action: what part of the gain of an oracle a plan from noisy uplifts gets, and caps never broken."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab.recommend import NextBestAction
from crm_lab.recommend.next_best_action.action_gains import action_gains
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
    broken = [len(world.broken(plan.candidates.frame.iloc[rows])) for rows in plan.plans.values()]
    return {
        **rivals, "oracle": world.true_gain(oracle.to_frame()), "broken": sum(broken), "lo": lo, "hi": hi,
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
    inside = float(((found["lo"] <= found["plan"]) & (found["plan"] <= found["hi"])).mean())
    yield entry("recommend.next_action_interval", inside, least, 1, f"share of {draws} seeds")
    ratio = found["expected"] / found["plan"]
    yield entry("recommend.next_action_expected", float(ratio.mean()), 0.95, 1.05, f"expected over true, {said}")


def certify_gain_intervals(draws: int = 500) -> dict:
    """The best tenth of normal effects with errors of their own: 95 % intervals of its sum cover what it truly is."""
    held = []
    for k in range(draws):
        rng = np.random.default_rng(SEED + k)
        true, se = rng.normal(0.03, 0.02, 2_000), rng.uniform(0.01, 0.04, 2_000)
        frame = pd.DataFrame({
            "action": "tea", "channel": "email", "source": "measured",
            "uplift": true + se * rng.standard_normal(2_000), "uplift_se": se,
            "margin": rng.gamma(3, 10, 2_000), "response": 0.5, "send_time": 1.0, "cost": 0.1, "recent_contacts": 0.0,
        })  # fmt: skip
        gains = action_gains(frame, 1.0, 0.0)
        best = np.zeros(2_000)
        best[np.argsort(-gains.mean)[:200]] = 1.0
        _, lo, hi = gains.total(best, 0.95)
        held.append(lo <= best @ (true * frame["margin"] * 0.5 - 0.1) <= hi)
    least = 0.95 - 3 * math.sqrt(0.95 * 0.05 / draws)
    return entry("recommend.next_action_gain_interval", float(np.mean(held)), least, 1, f"{draws} draws")
