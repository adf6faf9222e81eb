"""Guards: gaps in the past of one arm, and how often an honest test is refused; seeds are fixed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from certification.experiments import entry
from certification.small_tests import ALPHA, bound, lognormal
from crm_lab.experiments import Effects, Experiment

SEED, DRAWS, GUARD_DRAWS = 20_240_801, 2_000, 5_000
GAPS = ((0.0, 0.30), (0.05, 0.0), (0.30, 0.01), (0.30, 0.30))  # of the control, of the treated
SIZES = ((1_000, 1_000), (50, 500))


def with_gaps(rng: np.random.Generator, arms: tuple[int, int], gaps: tuple[float, float]) -> Experiment:
    """An A/A test in which those of an arm who buy least have no past, as members who joined late."""
    treated = np.arange(sum(arms)) >= arms[0]
    level = rng.standard_normal(len(treated))
    frame = pd.DataFrame({"arm": np.where(treated, "treatment", "control"), "spend": lognormal(rng, level)})
    past = lognormal(rng, level)
    for side, share in ((~treated, gaps[0]), (treated, gaps[1])):
        late = level[side] + rng.standard_normal(side.sum())
        gone = np.flatnonzero(side)[late < np.quantile(late, share)]
        past[gone] = np.nan
    shares = dict(zip(("control", "treatment"), arms, strict=True))
    return Experiment.from_frame(
        frame.assign(before=past), arm="arm", outcomes=["spend"], covariates=["before"], shares=shares
    )


def certify_gaps_by_arm() -> Iterator[dict[str, Any]]:
    """Type I error where the past has gaps that differ by arm and are those of members who buy least."""
    for arms in SIZES:
        for gaps in GAPS:
            rng, claims, plain, read = np.random.default_rng(SEED), 0, 0, 0
            for _ in range(DRAWS):
                test = with_gaps(rng, arms, gaps)
                found = Effects("spend", adjust=("lin",)).analyze(test).headline.found
                read += found is not None
                claims += found is not None and found.pvalue <= ALPHA
                plain += "before" in test.guards.withdrawn
            said = "_".join(f"{100 * share:.0f}" for share in gaps)
            what = (
                f"type I at 5 %, {DRAWS:,} A/A tests of {arms[0]:,} : {arms[1]:,}, gaps in the past of {gaps[0]:.0%} "
                f"of the control and {gaps[1]:.0%} of the treated; the past is withdrawn in {plain / DRAWS:.0%}, "
                f"{read:,} are read"
            )
            yield entry(f"gaps_{said}_{arms[0]}_{arms[1]}", claims / DRAWS, 0.0, bound(DRAWS), what)


def honest(rng: np.random.Generator) -> Experiment:
    """A test drawn by lot, with what real files have: gaps, ties, segments, stores with both arms."""
    n = int(rng.integers(300, 2_000))
    share = float(rng.choice([0.1, 0.5, 0.8]))
    level, treated = rng.standard_normal(n), rng.random(n) < share
    frame = pd.DataFrame({
        "arm": np.where(treated, "treatment", "control"), "spend": lognormal(rng, level),
        "before": np.where(rng.random(n) < 0.1, np.nan, lognormal(rng, level)),
        "orders_before": rng.poisson(2, n) * 1.0, "female": (rng.random(n) < 0.6) * 1.0,
        "store": rng.choice([f"s{i}" for i in range(30)], n),
        "tier": rng.choice(["base", "silver", "gold"], n, p=[0.7, 0.2, 0.1]),
    })  # fmt: skip
    return Experiment.from_frame(
        frame, arm="arm", outcomes=["spend"], covariates=["before", "orders_before", "female"],
        shares={"control": 1 - share, "treatment": share},
    )  # fmt: skip


def certify_honest_tests_are_read() -> list[dict[str, Any]]:
    """Refusals, and covariates withdrawn, of tests drawn by lot: only the guards are run."""
    rng, refused, apart, withdrawn = np.random.default_rng(SEED + 1), 0, 0, 0
    for _ in range(GUARD_DRAWS):
        guards = honest(rng).guards
        refused += guards.refused is not None
        apart += guards.refused is not None and guards.refused.key != "experiments.refused.srm"
        withdrawn += bool(guards.withdrawn)
    what = f"of {GUARD_DRAWS:,} tests drawn by lot"
    return [
        entry("guards_refused", refused / GUARD_DRAWS, 0.0, bound(GUARD_DRAWS, 0.001), f"refused by any guard, {what}"),
        entry("guards_refused_not_by_sizes", apart / GUARD_DRAWS, 0.0, 0.001, f"refused by columns or stores, {what}"),
        entry("guards_withdrawn", withdrawn / GUARD_DRAWS, 0.0, bound(GUARD_DRAWS, 0.011), f"a covariate less, {what}"),
    ]
