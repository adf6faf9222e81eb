"""Tests that are looked at while they run: limits, always-valid intervals, extension; seeds are fixed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from certification.experiments import Floats, entry
from certification.small_tests import bound
from crm_lab.experiments import Experiment, WeeklyLooks, probability_needed
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.stats.permutation import statistics
from crm_lab.stats.sequential.alpha_spending import Spending, limits, permuted_limits, spent
from crm_lab.stats.sequential.confidence_sequences import mixture_limit

SEED, DRAWS, LOOKS, ALPHA = 20_240_701, 2_000, 50, 0.05
SHARE = np.arange(1, LOOKS + 1) / LOOKS
SPENDINGS: tuple[Spending, ...] = ("obrien_fleming", "pocock")


def weekly_sums(rng: np.random.Generator, units: int, weeks: int = LOOKS) -> Floats:
    """Spend up to each week of members who differ in how often they buy, on average once in ten weeks."""
    often = np.minimum(1.0, 0.1 * rng.gamma(1, 1, units))
    return np.cumsum((rng.random((units, weeks)) < often[:, None]) * rng.lognormal(3, 1.2, (units, weeks)), axis=1)


def arriving(rng: np.random.Generator, units: int) -> tuple[Floats, Floats]:
    """Log-normal spend (sigma 1.5) of members who join one after the other, and the order in which they do."""
    return rng.lognormal(0, 1.5, units), rng.permutation(units)


def pair_of(arms: tuple[int, int]) -> Pair:
    """Two arms of these sizes, the control first."""
    names = np.repeat(["control", "treatment"], arms)
    test = Experiment(pd.DataFrame({"arm": names}), "arm", "control", ("treatment",), (), (), None, {})
    return Pair.of(test, "treatment")


def welch(sums: Floats, treated: Floats) -> Floats:
    """The difference over its standard error at each look (columns)."""
    sides = sums[treated], sums[~treated]
    se = np.sqrt(sum(side.var(axis=0, ddof=1) / len(side) for side in sides))
    return np.divide(sides[0].mean(axis=0) - sides[1].mean(axis=0), se, out=np.zeros_like(se), where=se > 0)


def certify_fifty_looks() -> Iterator[dict[str, Any]]:
    """Nulls that cross a limit at one of fifty weekly looks: by permutation where arms are small, else by theory."""
    found = {(arms, way): 0 for arms in ((60, 600), (1_000, 1_000)) for way in SPENDINGS}
    for arms in ((60, 600), (1_000, 1_000)):
        rng, pair = np.random.default_rng(SEED), pair_of(arms)
        theory = {way: limits(list(SHARE), ALPHA, way) for way in SPENDINGS}
        for draw in range(DRAWS):
            sums = weekly_sums(rng, sum(arms))
            if all(pair.normal_holds(column) for column in sums.T):
                own, others = welch(sums, pair.treated), None
            else:
                own, others = statistics(sums, pair.splits)
            for way in SPENDINGS:
                limit = theory[way] if others is None else permuted_limits(others, spent(SHARE, ALPHA, way))
                found[arms, way] += bool((np.abs(own) > limit).any())
                if draw == 0:
                    _as_the_page(sums, arms, way, np.abs(own) > limit)
        for way in SPENDINGS:
            what = (
                f"nulls that cross at one of {LOOKS} weekly looks, {DRAWS:,} tests of {arms[0]:,} : {arms[1]:,}, {way}"
            )
            yield entry(f"looks_{arms[0]}_{arms[1]}_{way}", found[arms, way] / DRAWS, 0.0, bound(DRAWS), what)


def _as_the_page(sums: Floats, arms: tuple[int, int], way: Spending, crossed: Floats) -> None:
    """Raise if `WeeklyLooks` says something else of a draw."""
    names = np.repeat(["control", "treatment"], arms)
    weeks = {f"week_{k + 1:02d}": column for k, column in enumerate(np.diff(sums, axis=1, prepend=0.0).T)}
    frame = pd.DataFrame({"arm": names, "spend": sums[:, -1], **weeks})
    shares = dict(zip(("control", "treatment"), arms, strict=True))
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], shares=shares)
    result = WeeklyLooks(planned=tuple(range(1, LOOKS + 1)), spending=way).analyze(test)
    if result.table["crossed"].tolist() != crossed.tolist():
        raise AssertionError(f"{arms}, {way}: the page's looks cross elsewhere")


def certify_always_valid_intervals() -> Iterator[dict[str, Any]]:
    """Nulls of which an always-valid interval leaves 0 out at one of fifty looks; refused looks claim nothing."""
    limit = np.array([mixture_limit(share) for share in SHARE])
    for arms in ((300, 300), (1_000, 1_000), (1_000, 1_500)):
        for kind, draw in (("weeks", _weeks), ("members", _members)):
            rng, pair, missed, read = np.random.default_rng(SEED + 1), pair_of(arms), 0, 0.0
            for _ in range(DRAWS):
                z, holds = draw(rng, pair)
                missed += bool((np.abs(z) > limit)[holds].any())
                read += holds.mean() / DRAWS
            what = (
                f"nulls outside an always-valid interval at one of {LOOKS} looks, {DRAWS:,} tests of {arms[0]:,} : "
                f"{arms[1]:,}, more {kind} at each look; {read:.0%} of looks are read"
            )
            yield entry(f"always_valid_{arms[0]}_{arms[1]}_{kind}", missed / DRAWS, 0.0, bound(DRAWS), what)


def _weeks(rng: np.random.Generator, pair: Pair) -> tuple[Floats, Floats]:
    """The same members week after week."""
    sums = weekly_sums(rng, len(pair.treated))
    return welch(sums, pair.treated), np.array([pair.normal_holds(column) for column in sums.T])


def _members(rng: np.random.Generator, pair: Pair) -> tuple[Floats, Floats]:
    """Ever more members, whose spend is known at once."""
    spend, order = arriving(rng, len(pair.treated))
    z, holds = np.zeros(LOOKS), np.zeros(LOOKS, dtype=bool)
    for k, share in enumerate(SHARE):
        here = np.sort(order[: round(share * len(order))])
        treated = pair.treated[here]
        if min(treated.sum(), (~treated).sum()) < 2:
            continue
        z[k] = welch(spend[here, None], treated)[0]
        holds[k] = Pair(pair.experiment, pair.rows, treated).normal_holds(spend[here])
    return z, holds


def certify_extended_tests() -> Iterator[dict[str, Any]]:
    """Programmes that just earn their cost, extended and read again: shipped at some look, by what is left to spend."""
    for arms in ((50, 500), (1_000, 1_000)):
        pair, rng = pair_of(arms), np.random.default_rng(SEED + 2)
        p = np.array([_above(weekly_sums(rng, sum(arms), 10), pair) for _ in range(DRAWS)])
        for looks in (1, 2, 5, 10):
            at = np.arange(10 // looks - 1, 10, 10 // looks)
            for ship_at in (0.9, 0.95):
                needed = [probability_needed(at[:k] + 1.0, at[k] + 1.0, 10, ship_at) for k in range(looks)]
                shipped = float((p[:, at] >= needed).any(axis=1).mean())
                naive = float((p[:, at] >= ship_at).any(axis=1).mean())
                what = (
                    f"false ship of a test read {looks} times, {DRAWS:,} tests of {arms[0]:,} : {arms[1]:,} at a true "
                    f"ROI of 0, agreed {ship_at:.0%}; by the same probability at each look {naive:.3f}"
                )
                name = f"extended_{arms[0]}_{arms[1]}_{looks}_{100 * ship_at:.0f}"
                yield entry(name, shipped, 0.0, bound(DRAWS, 1 - ship_at), what)


def _above(sums: Floats, pair: Pair) -> Floats:
    """Probability at each look that the net result is above 0, as a programme's return has it (cost known)."""
    from scipy.stats import norm

    if all(pair.normal_holds(column) for column in sums.T):
        return np.asarray(norm.cdf(welch(sums, pair.treated)))
    own, others = statistics(sums, pair.splits)
    return np.asarray(1 - np.minimum(0.5, pair.allowance * (1 + (others >= own).sum(axis=0)) / (len(others) + 1)))
