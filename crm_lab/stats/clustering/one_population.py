"""Do units form more groups than some that differ continuously inside? A parametric bootstrap of such populations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.special import expit, logit, ndtr
from sklearn.cluster import KMeans

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.stats.clustering.count_blocks import CountBlocks, blocks_of, overdispersion
from crm_lab.stats.clustering.count_mixture import space_of

_GRID = np.linspace(-5, 5, 801)
_MOST = 0.99


@dataclass(frozen=True)
class MoreGroups:
    """Whether k groups explain more than chance makes them explain where there are fewer.

    Attributes:
        k: Groups looked for.
        fewer: Groups of which the populations were drawn.
        ratio: Variance within k groups by that within the fewer (1 group: by all variance).
        chance: Its mean over drawn populations.
        p: Probability of such a ratio or a lower one where there are only the fewer groups.
    """

    k: int
    fewer: int
    ratio: float
    chance: float
    p: float


def more_groups(
    blocks: CountBlocks, labels: Integers, k: int, draws: int = 30, seed: int = 0, sample: int = 3_000
) -> MoreGroups:
    """Test k groups against the given fewer ones, each of which may be spread in any direction.

    Drawn populations have the units' own numbers of counts, and each given group its shares, their spread from unit
    to unit (beta-distributed sticks) and their correlations (Gaussian copula). A long
    cloud that any run cuts at the same place is thus no proof of two groups.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(30, rng.beta(3, 6, 400))
    >>> one = CountBlocks(np.column_stack([hits, 30 - hits]).astype(float), np.array([0, 0]))
    >>> more_groups(one, np.zeros(400, dtype=int), 2).p > 0.05
    True

    Args:
        blocks: The counts.
        labels: Group of each unit among the fewer ones, shape (units,).
        k: Number of groups in question.
        draws: Populations drawn.
        seed: Of the draws.
        sample: Most units.

    Returns:
        The ratio, what chance gives, and p (normal approximation of the logarithm, with Student's t for few draws).

    Source:
        Hennig & Lin (2015), Flexible parametric bootstrap for testing homogeneity against clustering; Cario
        & Nelson (1997), Modeling and generating random vectors with arbitrary marginal distributions (NORTA); Liu,
        Hayes, Nobel & Marron (2008), Statistical significance of clustering (the cluster index).
    """
    rng = np.random.default_rng(seed)
    if len(labels) > sample:
        rows = rng.choice(len(labels), sample, replace=False)
        blocks, labels = blocks.take(rows), labels[rows]
    fewer = len(np.unique(labels))
    ratio = _index(blocks, k, fewer, seed)
    drawn = np.log([_index(one, k, fewer, seed) for one in drawn_populations(blocks, labels, draws, rng)])
    spread = max(float(drawn.std(ddof=1)), 1e-6) * np.sqrt(1 + 1 / draws)
    p = float(stats.t.cdf((np.log(ratio) - drawn.mean()) / spread, draws - 1))
    return MoreGroups(k, fewer, ratio, float(np.exp(drawn.mean())), p)


def _index(blocks: CountBlocks, k: int, fewer: int, seed: int) -> float:
    """Weighted variance within k groups by that within the fewer."""
    at, weight = space_of(blocks, overdispersion(blocks, blocks.overall()[None, :]))
    within = [
        max(float(KMeans(groups, n_init=3, random_state=seed).fit(at, sample_weight=weight).inertia_), 1e-12)
        for groups in (fewer, k)
    ]
    return within[1] / within[0]


@dataclass(frozen=True, eq=False)
class _Cloud:
    """What counts of one group are drawn from: its units, the quantiles of each stick, and a root of correlations."""

    rows: Positions
    totals: Integers
    sticks: Floats
    root: Floats


def drawn_populations(
    blocks: CountBlocks, labels: Integers, draws: int, rng: np.random.Generator
) -> Iterator[CountBlocks]:
    """Populations in which each group is one cloud: the same totals, shares, spread and correlations.

    >>> one = CountBlocks(np.array([[3.0, 1], [2, 2]]), np.array([0, 0]))
    >>> [d.totals.tolist() for d in drawn_populations(one, np.zeros(2, dtype=int), 1, np.random.default_rng(0))]
    [[[4.0], [4.0]]]

    Args:
        blocks: The counts.
        labels: Group of each unit.
        draws: How many populations.
        rng: Generator.

    Yields:
        Drawn counts of the same units.
    """
    clouds = [_cloud(blocks, np.flatnonzero(labels == group)) for group in np.unique(labels)]
    for _ in range(draws):
        counts = np.zeros_like(blocks.counts)
        for cloud in clouds:
            counts[cloud.rows] = _drawn(cloud, blocks, rng)
        yield CountBlocks(counts, blocks.block)


def _cloud(whole: CountBlocks, rows: Positions) -> _Cloud:
    blocks = whole.take(rows)
    sticks = _sticks(blocks)
    share = sticks.overall()[::2]
    correlation = overdispersion(sticks, sticks.overall()[None, :])
    strength = 1 / np.maximum(correlation, 1e-4) - 1
    quantiles = [_logits(a, b) for a, b in zip(strength * share, strength * (1 - share), strict=True)]
    totals = np.rint(blocks.totals).astype(np.int64)
    table = np.column_stack(quantiles)
    return _Cloud(rows, totals, table, _calibrated(_between(sticks, share, correlation), table))


def _calibrated(wanted: Floats, sticks: Floats, rounds: int = 5) -> Floats:
    """A root of the normal correlations with which sticks, skewed as they are, have the wanted ones (NORTA)."""
    normal = np.random.default_rng(0).standard_normal((2_000, len(wanted)))
    given = wanted
    for _ in range(rounds):
        drawn = _sizes(normal @ _root(given).T, sticks)
        centred = drawn - drawn.mean(axis=0)
        norm = np.maximum(np.sqrt((centred**2).sum(axis=0)), 1e-9)
        given = np.clip(given + wanted - (centred / norm).T @ (centred / norm), -1, 1)
        np.fill_diagonal(given, 1)
    return _root(given)


def _sizes(normal: Floats, sticks: Floats) -> Floats:
    """Stick sizes at normal values, read from the grid, shape (units, sticks)."""
    place = np.clip((normal - _GRID[0]) / (_GRID[1] - _GRID[0]), 0, len(_GRID) - 1).round().astype(np.int64)
    return np.asarray(expit(sticks[place, np.arange(sticks.shape[1])]), dtype=np.float64)


def _sticks(blocks: CountBlocks) -> CountBlocks:
    """Each category but the last of a block against what is left behind it: independent given the unit's shares."""
    hits, totals = [], []
    for start, end in pairwise([*blocks.starts.tolist(), len(blocks.block)]):
        left = blocks.counts[:, start:end][:, ::-1].cumsum(axis=1)[:, ::-1]
        hits.append(blocks.counts[:, start : end - 1])
        totals.append(left[:, :-1])
    counts = np.hstack(hits)
    return blocks_of(counts, np.hstack(totals), [(k,) for k in range(counts.shape[1])])


def _logits(a: float, b: float) -> Floats:
    """Logits of Beta quantiles on the grid of normal ones; a tail that is 0 or 1 in numbers stays far out."""
    return np.asarray(logit(np.clip(stats.beta.ppf(ndtr(_GRID), max(a, 1e-6), max(b, 1e-6)), 1e-15, 1 - 1e-15)))


def _drawn(cloud: _Cloud, blocks: CountBlocks, rng: np.random.Generator) -> Floats:
    """Counts of one cloud: sticks are broken off each block in turn, their sizes correlated across all of them."""
    normal = rng.standard_normal((len(cloud.rows), cloud.sticks.shape[1])) @ cloud.root.T
    stick = _sizes(normal, cloud.sticks)
    parts, at = [], 0
    for number, columns in enumerate(np.bincount(blocks.block)):
        parts.append(_split(cloud.totals[:, number], stick[:, at : at + columns - 1], rng))
        at += columns - 1
    return np.hstack(parts)


def _split(totals: Integers, stick: Floats, rng: np.random.Generator) -> Floats:
    """Counts by category: each takes its stick of what is left."""
    left, parts = totals.copy(), []
    for column in range(stick.shape[1]):
        parts.append(rng.binomial(left, stick[:, column]))
        left = left - parts[-1]
    return np.column_stack([*parts, left]).astype(np.float64)


def _between(sticks: CountBlocks, share: Floats, correlation: Floats) -> Floats:
    """Correlation of units' true sticks, freed of sampling noise, shape (sticks, sticks)."""
    n = sticks.totals
    away = np.divide(sticks.counts[:, ::2], n, out=np.zeros_like(n), where=n > 0) - share * (n > 0)
    root = np.sqrt(n / (1 + (n - 1).clip(0) * correlation))
    pairs = (away * root).T @ (away * root) / np.maximum(root.T @ root, 1e-12)
    scale = np.sqrt(np.maximum(correlation * share * (1 - share), 1e-12))
    found = np.clip(pairs / np.outer(scale, scale), -_MOST, _MOST)
    alike = correlation < 1e-3
    found[:, alike] = found[alike] = 0
    np.fill_diagonal(found, 1)
    return np.asarray(found, dtype=np.float64)


def _root(matrix: Floats) -> Floats:
    """A root of the nearest correlation matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 1e-9))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True), dtype=np.float64)
