"""Whom to treat: claims where all respond alike, profit against the oracle, and whether its interval holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from certification.experiments import entry
from certification.small_tests import bound
from crm_lab.experiments import Experiment
from crm_lab.experiments.uplift import Uplift, UpliftResult

SEED, NULL_DRAWS, GAIN_DRAWS, COVER_DRAWS, UNITS = 20_240_901, 2_000, 200, 2_000, 5_000
VALUE, COST = 30.0, 1.0
KNOWN = list("abcdef")


def offer_test(seed: int, n: int, differ: float = 1.0) -> tuple[Experiment, pd.Series]:
    """An offer dealt by lot; who buys anyway and who responds have nothing in common. True effects beside it.

    Args:
        seed: Of the draw.
        n: Units.
        differ: How much effects differ: 0 not at all but for chances near 0 or 1, 1 by .06 a standard deviation.
    """
    rng = np.random.default_rng(seed)
    x, treated = rng.normal(size=(n, len(KNOWN))), rng.random(n) < 0.5
    anyway = 1 / (1 + np.exp(1.5 - 0.8 * x[:, 1] - 0.4 * x[:, 2]))
    effect = np.clip(anyway + differ * (0.03 + 0.06 * x[:, 0]), 0, 1) - anyway
    frame = pd.DataFrame(x, columns=KNOWN).assign(arm=np.where(treated, "offer", "control"))
    frame["bought"] = (rng.random(n) < anyway + treated * effect).astype(float)
    test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=KNOWN)
    return test, pd.Series(effect)


def spend_test(seed: int, n: int) -> Experiment:
    """A gift that adds the same to everybody's spend, which is skewed and depends on the past."""
    rng = np.random.default_rng(seed)
    x, treated = rng.normal(size=(n, len(KNOWN))), rng.random(n) < 0.5
    spend = (rng.random(n) < 0.3) * rng.lognormal(2, 1.2, n) * np.exp(0.6 * x[:, 1]) + treated
    frame = pd.DataFrame(x, columns=KNOWN).assign(arm=np.where(treated, "offer", "control"), spend=spend)
    return Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=KNOWN)


def certify_targeting_null() -> Iterator[dict[str, Any]]:
    """Tests in which all respond alike: how often a difference between units is claimed."""
    worlds = {"bought": lambda seed: offer_test(seed, 2_000, 0.0)[0], "spend": lambda seed: spend_test(seed, 2_000)}
    for outcome, world in worlds.items():
        spec = Uplift(outcome=outcome, value=VALUE, cost=COST)
        claims = sum(spec.analyze(world(SEED + i)).differ for i in range(NULL_DRAWS))
        what = f"claims that units differ at 5 %, {NULL_DRAWS:,} tests of 2,000 units that respond alike ({outcome})"
        yield entry(f"targeting_null_{outcome}", claims / NULL_DRAWS, 0.0, bound(NULL_DRAWS), what)


def certify_targeting_gain() -> Iterator[dict[str, Any]]:
    """Profit on customers to come beside treating all, the customers at risk, and an oracle."""
    ahead, caught, best, held = 0, [], [], 0
    for i in range(GAIN_DRAWS):
        test, effect = offer_test(SEED + i, UNITS)
        result = Uplift(outcome="bought", value=VALUE, cost=COST).analyze(test)
        rule, oracle, others = profits(result, SEED + 1_000_000 + i)
        ahead += rule > max(others)
        plain = max(others[0], 0.0)
        caught.append(rule - plain)
        best.append(oracle - plain)
        true = float(((VALUE * effect - COST) * (result.rule > 0)).mean())
        held += result.strategies[0].lo <= true <= result.strategies[0].hi
    about = f"{GAIN_DRAWS} tests of {UNITS:,} units, 20,000 customers to come each"
    yield entry("targeting_ahead", ahead / GAIN_DRAWS, 0.85, 1.0, f"share ahead of all and of top risk, {about}")
    yield entry("targeting_caught", sum(caught) / sum(best), 0.6, 1.0, f"share of the oracle's gain, {about}")
    slack = 3 * np.sqrt(0.95 * 0.05 / GAIN_DRAWS)
    what = f"95 % interval of the rule's profit holds the true one, {about}"
    yield entry("targeting_interval", held / GAIN_DRAWS, 0.95 - slack, min(1.0, 0.95 + slack), what)


def certify_targeting_coverage() -> Iterator[dict[str, Any]]:
    """How often 95 % intervals hold the true profit of the rule, of treating all, and the rule's lead over that."""
    held, asked = np.zeros(3), 0
    for i in range(COVER_DRAWS):
        test, effect = offer_test(SEED + 500_000 + i, UNITS)
        result = Uplift(outcome="bought", value=VALUE, cost=COST).analyze(test)
        if result.rule is None:  # the arms differed before the start by chance
            continue
        net = (VALUE * effect - COST).to_numpy()
        rule, everybody = result.strategies[:2]
        true, of_all = float((net * (result.rule > 0)).mean()), float(net.mean())
        ahead = everybody.ahead_lo <= true - of_all <= everybody.ahead_hi
        held += (rule.lo <= true <= rule.hi, everybody.lo <= of_all <= everybody.hi, ahead)
        asked += 1
    slack = 3 * np.sqrt(0.95 * 0.05 / asked)
    for name, share in zip(("rule", "all", "lead"), held / asked, strict=True):
        what = f"95 % interval of the profit ({name}) holds the true one, {asked:,} tests of {UNITS:,} units"
        yield entry(f"targeting_covers_{name}", float(share), 0.95 - slack, min(1.0, 0.95 + slack), what)


def profits(result: UpliftResult, seed: int) -> tuple[float, float, list[float]]:
    """True profit a customer to come: by the rule, by an oracle, by treating all and as many by risk."""
    world, effect = offer_test(seed, 20_000)
    net = (VALUE * effect - COST).to_numpy()
    frame = world.frame
    if result.decision == "target" and result.policy is not None:
        chosen = result.policy.choose(frame[KNOWN], apart=0).sort_values("customer_id")
        treated = (chosen["arm"] != world.control).to_numpy()
    else:
        treated = np.full(len(net), result.best_for_all.gain > 0)
    anyway = -1.5 + 0.8 * frame["b"] + 0.4 * frame["c"]
    at_risk = anyway.rank(method="first").to_numpy() <= treated.sum()
    rule, oracle = float((net * treated).mean()), float(np.maximum(net, 0).mean())
    return rule, oracle, [float(net.mean()), float((net * at_risk).mean())]
