"""Pilots in a few cities: size and coverage of their tests, the gate, decisions at the target; seeds are fixed.

A chain's cities have shocks that last; treated cities are drawn by lot, and what is planted in them is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from certification.experiments import Floats, entry
from crm_lab.experiments.pilots import Pilot, PilotEffect, PilotPlan, PilotReturn, PilotTerms
from crm_lab.experiments.pilots.answers.pilot_tests import METHODS, LiftTest, lift_test
from crm_lab.stats.panel.panel import Panel

SEED = 20_261_130
DRAWS = 2_000
CITIES, TREATED, BEFORE, LENGTH = 12, 3, 36, 8
SMALL, REFITTED = (8, 2), ("synthetic_control", "synthetic_difference")  # cities and treated; 28 draws to refit
LIFT = 0.08
LEVEL = 0.95
SHIP = 0.05  # of pilots whose true return is the target may say: roll out


def chain(rng: np.random.Generator, cities: int = CITIES, weeks: int = BEFORE + LENGTH) -> Floats:
    """Weekly sales of cities of unlike size, with a season that all share and shocks that fade by a third a week."""
    size, season = rng.lognormal(9, 0.6, cities), 0.1 * np.sin(np.arange(weeks) / 52 * 2 * np.pi)
    shocks = np.zeros((cities, weeks))
    shocks[:, 0] = rng.normal(0, 0.07, cities)
    for week in range(1, weeks):
        shocks[:, week] = 0.67 * shocks[:, week - 1] + rng.normal(0, 0.05, cities)
    return np.asarray(size[:, None] * np.exp(season + shocks))


def pilot(rng: np.random.Generator, lift: float = 0.0, cities: int = CITIES, treated: int = TREATED) -> Pilot:
    """A pilot in some of a chain's cities, drawn by lot, with a planted lift."""
    values = chain(rng, cities)
    drawn = rng.permutation(cities)[:treated]
    values[drawn, BEFORE:] *= 1 + lift
    names = tuple(f"city {i:02d}" for i in range(cities))
    return Pilot(Panel(values, names, tuple(range(BEFORE + LENGTH))), tuple(names[i] for i in drawn), BEFORE)


def read(seed: int, draw: int, name: str, lift: float) -> LiftTest:
    """The test of one draw: by a method, or by the one of two that was quieter on the past where none is named."""
    size = SMALL if name in REFITTED else (CITIES, TREATED)
    run = pilot(np.random.default_rng([seed, draw]), lift, *size)
    if not name:
        return PilotEffect(methods=("did", "regression"), level=LEVEL).analyze(run).answer
    return lift_test(run, name, LEVEL)


def near(rate: float, draws: int) -> float:
    """Three Monte-Carlo errors of a rate."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


def certify_pilots(draws: int = DRAWS, methods: tuple[str, ...] = tuple(METHODS)) -> Iterator[dict]:
    """Each method's test rejects a true null as often as its design allows, and its interval covers a planted lift."""
    for k, name in enumerate((*methods, "")):
        found = [read(SEED + k, draw, name, LIFT) for draw in range(draws)]
        level, said = 1 - found[0].interval.level, name or "quietest"
        covered = np.mean([test.interval.lo <= LIFT <= test.interval.hi for test in found])
        rejected = np.mean([read(SEED + 100 + k, draw, name, 0.0).pvalue <= 1 - LEVEL + 1e-12 for draw in range(draws)])
        bounds = level - near(level, draws), level + near(level, draws)
        yield entry(f"pilots.null_{said}", float(rejected), *bounds, f"{draws} nulls")
        yield entry(
            f"pilots.covers_{said}", float(covered), 1 - level - near(level, draws), 1.0, f"{draws} planted lifts"
        )


def certify_pilot_decisions(draws: int = DRAWS) -> Iterator[dict]:
    """At a true return equal to the target few pilots are rolled out, on each basis; far above it most are."""
    for basis in ("net", "multiple", "roas"):
        for true, (lo, hi) in ((1.0, (0.0, SHIP + near(SHIP, draws))), (3.0, (0.5, 1.0))):
            shipped = np.mean([_decision(draw, basis, true) == "ship" for draw in range(draws)])
            yield entry(f"pilots.ship_{basis}_at_{true:.0f}_times_the_lift", shipped, lo, hi, f"{draws} pilots")


def _decision(draw: int, basis: str, true: float) -> str:
    """The answer to a pilot whose true lift is so many times that which the target needs."""
    rng = np.random.default_rng([SEED + 500, draw])
    lift, terms = 0.10 * true, PilotTerms(margin_share=0.4, cost=1.0, roi_needed=1.5, basis=basis)  # type: ignore[arg-type]
    run = pilot(rng, lift)
    sales = run.sales / (1 + lift)  # without the pilot
    gain = terms.needed(1.0, basis)  # type: ignore[arg-type]
    cost = 0.10 * sales / gain / (TREATED * LENGTH)
    terms = PilotTerms(margin_share=0.4, cost=cost, roi_needed=1.5, basis=basis)  # type: ignore[arg-type]
    return str(PilotReturn(terms=terms).analyze(PilotEffect(methods=("did",)).analyze(run)).decision)


def certify_pilot_gate() -> dict:
    """Designs whose smallest p is above .05 that are not refused, of all with up to 12 treated and 24 others."""
    rng = np.random.default_rng(SEED)
    passed = 0
    for treated in range(1, 13):
        for others in range(1, 25):
            floor = (2 if treated == others else 1) / math.comb(treated + others, treated)
            names = tuple(f"{i:02d}" for i in range(treated + others))
            past = Panel(chain(rng, treated + others), names, tuple(range(BEFORE + LENGTH)))
            terms = PilotTerms(margin_share=0.4, cost=0.01)
            plan = PilotPlan(terms=terms, treated=treated, control=others, lift=9.0).analyze(past)
            passed += floor > 1 - LEVEL and plan.verdict != "never"
            passed += floor <= 1 - LEVEL and plan.verdict == "never"
    return entry("pilots.gate", passed, 0, 0, "288 designs")


def certify_pilot_power(draws: int = 400) -> dict:
    """The smallest lift that a plan says is seen with 80 % power is seen by the permutation test in about as many."""
    rng, seen = np.random.default_rng(SEED + 900), 0
    for _ in range(draws):
        values = chain(rng, 20, 90)
        names = tuple(f"{i:02d}" for i in range(20))
        past = Panel(values[:, :82], names, tuple(range(82)))
        plan = PilotPlan(terms=PilotTerms(margin_share=0.4, cost=1.0), treated=5, before=16).analyze(past)
        treated: NDArray[np.intp] = rng.permutation(20)[:5]
        values[treated, 82:] *= 1 + plan.planned.mde
        run = Pilot(Panel(values[:, 66:], names, tuple(range(24))), tuple(names[i] for i in treated), 16)
        seen += PilotEffect(methods=("did",)).analyze(run).answer.pvalue <= 1 - LEVEL
    return entry("pilots.power_at_the_smallest_lift", seen / draws, 0.80 - 0.10, 0.80 + 0.10, f"{draws} pilots")
