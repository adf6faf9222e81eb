"""Do units form more groups than some that differ continuously inside? A parametric bootstrap of such populations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit, logit, ndtr
from sklearn.cluster import KMeans

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.stats.clustering.count_blocks import CountBlocks, overdispersion
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

    Drawn populations have the units' own numbers of counts, and each given group its shares, their spread from unit to
    unit (Dirichlet) and their correlations (Gaussian copula). A long cloud that any run cuts at the same place is thus
    no proof of two groups.

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
        Hennig & Lin (2015), Flexible parametric bootstrap for testing homogeneity against clustering; Liu, Hayes, Nobel
        & Marron (2008), Statistical significance of clustering (the cluster index).
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
    overall = blocks.overall()
    correlation = overdispersion(blocks, overall[None, :])
    strength = (1 / np.maximum(correlation, 1e-4) - 1)[blocks.block]
    left = _left(overall, blocks)
    sticks = np.column_stack([_logits(a, b) for a, b in zip(strength * overall, strength * left, strict=True)])
    totals = np.rint(blocks.totals).astype(np.int64)
    return _Cloud(rows, totals, sticks, _root(_between(blocks, overall, correlation)))


def _left(overall: Floats, blocks: CountBlocks) -> Floats:
    """Share of a block behind each of its columns, shape (columns,)."""
    summed = np.cumsum(overall)
    before = np.concatenate([[0.0], summed])[blocks.starts][blocks.block]
    return np.maximum(1 - (summed - before), 1e-9)


def _logits(a: float, b: float) -> Floats:
    """Logits of Beta quantiles on the grid of normal ones; a tail that is 0 or 1 in numbers stays far out."""
    return np.asarray(logit(np.clip(stats.beta.ppf(ndtr(_GRID), max(a, 1e-6), max(b, 1e-6)), 1e-15, 1 - 1e-15)))


def _drawn(cloud: _Cloud, blocks: CountBlocks, rng: np.random.Generator) -> Floats:
    """Counts of one cloud: sticks are broken off each block in turn, their sizes correlated across columns."""
    normal = rng.standard_normal((len(cloud.rows), len(blocks.block))) @ cloud.root.T
    place = np.clip((normal - _GRID[0]) / (_GRID[1] - _GRID[0]), 0, len(_GRID) - 1).round().astype(np.int64)
    stick = expit(cloud.sticks[place, np.arange(len(blocks.block))])
    out = np.zeros_like(normal)
    for number, start in enumerate(blocks.starts):
        width = int((blocks.block == number).sum())
        out[:, start : start + width] = _split(cloud.totals[:, number], stick[:, start : start + width], rng)
    return out


def _split(totals: Integers, stick: Floats, rng: np.random.Generator) -> Floats:
    """Counts by category: each takes its stick of what is left."""
    left, parts = totals.copy(), []
    for column in range(stick.shape[1] - 1):
        parts.append(rng.binomial(left, stick[:, column]))
        left = left - parts[-1]
    return np.column_stack([*parts, left]).astype(np.float64)


def _between(blocks: CountBlocks, overall: Floats, correlation: Floats) -> Floats:
    """Correlation of units' true shares between columns, freed of noise and of what a Dirichlet has by itself."""
    totals = blocks.totals[:, blocks.block]
    away = np.divide(blocks.counts, totals, out=np.zeros_like(totals), where=totals > 0) - overall * (totals > 0)
    weight = blocks.totals / (1 + (blocks.totals - 1).clip(0) * correlation)
    root = np.sqrt(weight)[:, blocks.block]
    pairs = (away * root).T @ (away * root) / np.maximum(root.T @ root, 1e-12)
    same = blocks.block[:, None] == blocks.block[None, :]
    harmonic = _mean_noise(weight, blocks.totals)[blocks.block]
    binomial = np.diag(overall) - np.outer(overall, overall)
    pairs = pairs - np.where(same, binomial * harmonic, 0)
    scale = np.sqrt(np.maximum(correlation[blocks.block] * overall * (1 - overall), 1e-12))
    own = -np.sqrt(np.outer(overall / (1 - overall), overall / (1 - overall)))
    found = pairs / np.outer(scale, scale) - np.where(same, own, 0)
    found[:, _last_of(blocks)] = found[_last_of(blocks)] = 0
    found[:, correlation[blocks.block] < 1e-3] = found[correlation[blocks.block] < 1e-3] = 0
    np.fill_diagonal(found, 1)
    return np.clip(found, -_MOST, 1)


def _mean_noise(weight: Floats, totals: Floats) -> Floats:
    """Weighted mean of (1 - correlation) / n by block: what sampling adds to the variance of shares."""
    return np.asarray(
        (np.divide(weight, totals, out=np.zeros_like(totals), where=totals > 0)).sum(axis=0)
        / np.maximum(weight.sum(axis=0), 1e-12),
        dtype=np.float64,
    )


def _last_of(blocks: CountBlocks) -> Integers:
    return np.asarray([*(blocks.starts[1:] - 1), len(blocks.block) - 1], dtype=np.int64)


def _root(matrix: Floats) -> Floats:
    """A root of the nearest correlation matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 1e-9))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True), dtype=np.float64)
