"""Kinds of shoppers: no groups where none are, planted ones found, kept month by month; fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab import open_workspace
from crm_lab.arrays import Floats, Integers
from crm_lab.segmentation.personas.shopper_clusters import KeepSegments, ShopperClusters
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
from crm_lab.simulate import open_key
from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.number_of_groups import number_of_groups

SEED = 20_261_202
NULLS = 100
SEEDS = (11, 12, 13)
SIZES = (2, 2, 2, 4, 8)
"""Categories of the drawn blocks."""


KINDS = {
    "equal": (0.0, "normal", 1), "spread": (0.0, "normal", 1), "axis_weak": (0.2, "normal", 1),
    "axis": (0.4, "normal", 1), "axis_strong": (0.8, "normal", 1), "two_axes": (0.4, "normal", 2),
    "two_axes_strong": (0.8, "normal", 2), "gamma": (0.8, "gamma", 1), "log_normal": (0.8, "log_normal", 1),
    "lines": (0.8, "lines", 1),
}  # fmt: skip
"""Populations without groups: loading of log shares on the axes, how the axes are distributed, how many there are.

Seeds 1000 to 1039 of each: groups found in 1 of 40 with two strong axes, in 0 of 40 in each of the nine others.
"""
PLANTED = ((2, 0.5), (2, 0.7), (3, 0.5), (3, 0.7))
"""Groups, and the standard deviation of their log shares.

Seeds 1000 to 1011: right in 10, 12, 8 and 12 of 12; the others are counted as fewer.
"""
PLANTED_BAR = {0.5: 0.45, 0.7: 0.85}
"""Share counted right, by that deviation; less two standard errors of 20 draws."""


def one_population(units: int, kind: str, seed: int) -> CountBlocks:
    """Counts of one population: equal shares, own ones (``spread``), or own ones along one axis or two."""
    rng = np.random.default_rng(seed)
    loading, shape, axes = KINDS[kind]
    totals = _totals(units, rng)
    along = _along(shape, totals, axes, rng)
    return _drawn(totals, rng, lambda shares: _spread(shares, kind, along, loading, rng))


def _totals(units: int, rng: np.random.Generator) -> Integers:
    return np.asarray(3 + rng.negative_binomial(1.2, 1.2 / (1.2 + 40), units), dtype=np.int64)


def _along(shape: str, totals: Integers, axes: int, rng: np.random.Generator) -> Floats:
    drawn = {
        "normal": lambda: rng.normal(size=(len(totals), axes)), "gamma": lambda: rng.gamma(2, size=(len(totals), 1)),
        "log_normal": lambda: np.exp(0.7 * rng.normal(size=(len(totals), 1))), "lines": lambda: np.log(totals)[:, None],
    }[shape]()  # fmt: skip
    return np.asarray((drawn - drawn.mean(axis=0)) / drawn.std(axis=0), dtype=np.float64)


def _drawn(totals: Integers, rng: np.random.Generator, own: Callable[[Floats], Floats]) -> CountBlocks:
    """Counts in blocks from the shares of each unit."""
    parts, block = [], []
    for number, size in enumerate(SIZES):
        parts.append(rng.multinomial(totals, own(rng.dirichlet(np.full(size, 4.0))[None, :])))
        block += [number] * size
    return CountBlocks(np.hstack(parts).astype(float), np.array(block))


def _spread(shares: Floats, kind: str, along: Floats, loading: float, rng: np.random.Generator) -> Floats:
    if kind == "spread":
        drawn = rng.gamma(15 * np.repeat(shares, len(along), axis=0)) + 1e-12
    else:
        drawn = shares * np.exp(along @ rng.normal(0, loading, (along.shape[1], shares.shape[1])))
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True), dtype=np.float64)


def planted_groups(units: int, k: int, apart: float, seed: int) -> CountBlocks:
    """Counts of two or three groups; own shares are Dirichlet around those of the group."""
    rng = np.random.default_rng(seed)
    totals = _totals(units, rng)
    kind = rng.choice(k, units, p=[0.6, 0.4] if k == 2 else [0.5, 0.3, 0.2])

    def own(shares: Floats) -> Floats:
        of_group = shares * np.exp(rng.normal(0, apart, (k, shares.shape[1])))
        drawn = rng.gamma(20 * (of_group / of_group.sum(axis=1, keepdims=True))[kind]) + 1e-12
        return np.asarray(drawn / drawn.sum(axis=1, keepdims=True), dtype=np.float64)

    return _drawn(totals, rng, own)


def wrong_numbers(kind: str, draws: int, units: int = 1_500) -> int:
    """How many populations of one kind are said to have groups."""
    found = [
        number_of_groups(one_population(units, kind, SEED + draw), 5, repeats=4, seed=draw).k for draw in range(draws)
    ]
    return sum(k > 1 for k in found)


def certify_no_clusters(draws: int = NULLS) -> Iterator[dict]:
    """In one population, however spread, no groups are found in 95 % of draws or more (less two standard errors)."""
    for kind in KINDS:
        right = 1 - wrong_numbers(kind, draws) / draws
        bar = 0.95 - 2 * np.sqrt(0.05 * 0.95 / draws)
        yield entry(f"personas.no_clusters.{kind}", right, bar, 1, f"{draws} populations of 1,500")


def certify_planted_groups(draws: int = 20) -> Iterator[dict]:
    """Two and three groups are counted right in most draws."""
    for k, apart in PLANTED:
        found = [
            number_of_groups(planted_groups(1_500, k, apart, SEED + n), 5, repeats=4, seed=n).k for n in range(draws)
        ]
        right = float(np.mean([each == k for each in found]))
        yield entry(
            f"personas.planted.{k}_groups_{apart}", right, PLANTED_BAR[apart], 1, f"{draws} populations of 1,500"
        )


def found_again(source: str) -> dict[str, float]:
    """Of a simulated chain: number found, F1 by the Bayes classifier's, kept by the unchanged, found of the changed."""
    tables, truth = open_workspace(source).at("latest"), open_key(source).persona_truth()
    last = pd.Timestamp(tables.as_of)
    ends = [last - pd.DateOffset(months=m) for m in range(12, -1, -1)]
    first = shopper_features(tables, end=ends[0].date())
    months = [
        shopper_features(tables, start=(a + pd.Timedelta(days=1)).date(), end=b.date(), names=first.names)
        for a, b in pairwise(ends)
    ]
    clusters = ShopperClusters(repeats=5, draws=10).fit(shopper_features(tables))
    early = ShopperClusters(k=clusters.k, draws=2).fit(first)
    moves = KeepSegments().run(early.scoring, first, months)
    since = truth.customers.set_index("customer_id")["persona_since"]
    kept = [_kept(move.before, move.after, since, end) for move, end in zip(moves, ends[1:], strict=True)]
    return {
        "k": clusters.k, "stable": float((clusters.frame["verdict"] == "stable").mean()),
        "f1": truth.f1(_as_personas(clusters.members, truth.persona_on())) / truth.bayes_f1(),
        "f1_kept": truth.f1(_as_personas(moves[-1].members, truth.persona_on())) / truth.bayes_f1(),
        "kept": min(kept), **_delays(moves, truth, early.members, ends),
    }  # fmt: skip


def _as_personas(members: pd.DataFrame, persona: pd.Series) -> pd.DataFrame:
    """Segments called by the planted kind that most of their members are (as the key aligns them)."""
    true = members["customer_id"].map(persona)
    names = pd.crosstab(members["segment"], true).idxmax(axis=1)
    return pd.DataFrame({"customer_id": members["customer_id"], "persona": members["segment"].map(names)})


def _kept(before: object, after: object, since: pd.Series, end: pd.Timestamp) -> float:
    ids = before.customer_id  # type: ignore[attr-defined]
    unchanged = ~(since.reindex(ids) <= end).to_numpy()
    now: Integers = after.segment[: len(ids)]  # type: ignore[attr-defined]
    return float((before.segment == now)[unchanged].mean())  # type: ignore[attr-defined]


def _delays(moves: list, truth: object, members: pd.DataFrame, ends: list[pd.Timestamp]) -> dict[str, float]:
    """Of customers who changed in the first six months: share seen by the end, median months until then."""
    people = truth.customers.set_index("customer_id")  # type: ignore[attr-defined]
    changed = people[(people["persona_since"] > ends[0]) & (people["persona_since"] <= ends[6])]
    true = members["customer_id"].map(truth.persona_on(ends[0].date()))  # type: ignore[attr-defined]
    names = pd.crosstab(members["segment"], true).idxmax(axis=1)
    history = pd.DataFrame(
        {end: m.members.set_index("customer_id")["segment"].map(names) for end, m in zip(ends[1:], moves, strict=True)}
    )
    delays = []
    for customer, row in changed.iterrows():
        if customer in history.index:
            later = [end for end in ends[1:] if end >= row["persona_since"]]
            seen = [n for n, end in enumerate(later, 1) if history.loc[customer, end] == row["persona"]]
            delays.append(seen[0] if seen else np.inf)
    return {"changed": len(delays), "seen": float(np.isfinite(delays).mean()), "median_delay": float(np.median(delays))}


def certify_planted_personas() -> Iterator[dict]:
    """The planted kinds are found, and unchanged customers keep their segment."""
    for seed in SEEDS:
        found = found_again(f"simulated:personas,seed={seed}")
        said = f"seed {seed}: {found['k']} segments; of {found['changed']} changed, {found['seen']:.0%} seen"
        said += f", in {found['median_delay']} months at the median"
        yield entry(f"personas.seed_{seed}.f1_by_bayes", found["f1"], 0.95, 1.02, said)
        yield entry(f"personas.seed_{seed}.f1_kept_by_bayes", found["f1_kept"], 0.95, 1.02, said)
        yield entry(f"personas.seed_{seed}.kept", found["kept"], 0.95, 1, said)
        yield entry(f"personas.seed_{seed}.stable", found["stable"], 1, 1, said)
