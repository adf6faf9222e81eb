"""Is there a gap between groups? The dip of the units of two groups along the direction that tells them apart."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.stats.clustering.count_blocks import CountBlocks, overdispersion
from crm_lab.stats.clustering.count_mixture import CountMixture, space_of
from crm_lab.stats.clustering.group_alignment import group_distances

_AT = (0.261, 0.33, 0.383, 0.417, 0.45, 0.482, 0.512, 0.532, 0.56, 0.572)  # sqrt(n) dip of uniform units, simulated
_TAILS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_FEWEST = 10  # units of a group; with fewer, a gap cannot be shown
_BESIDE = 1.5  # units of the larger group by those of the smaller one
_RIDGE = 0.1
_SHALLOW = 0.025  # dips up to .020 were seen where shares are so low that counts of 0 pile up


def gap_p(blocks: CountBlocks, found: CountMixture) -> float:
    """The p that some group runs into its nearest one without a gap.

    Two groups are told apart on log shares by Fisher's discriminant; if units only differ by degrees, their density has
    one peak there. On log shares an axis along which shares rise and fall is straight; on shares or their roots it is
    curved, and a clustering takes its ends for groups. Units with many counts enter (half of those of each pair), and
    of the larger group those nearest to the smaller one: a part of a density with one peak has one peak.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(40, np.repeat([0.2, 0.7], 200))
    >>> two = CountBlocks(np.column_stack([hits, 40 - hits]).astype(float), np.array([0, 0]))
    >>> from crm_lab.stats.clustering.count_mixture import fit_counts
    >>> gap_p(two, fit_counts(two, 2)) < 0.01
    True

    Args:
        blocks: The counts.
        found: Two or more groups in them.

    Returns:
        The largest p over each group and its nearest one, from 0.001 to 1; 1 where a group has fewer than 10 units with
        many counts. Groups whose densities melt into one peak have no gap, be they separate populations or not.

    Source:
        Hartigan & Hartigan (1985), The dip test of unimodality; Ahmed & Walther (2012), Investigating the
        multimodality of multivariate data with principal curves; Aitchison (1986), The Statistical Analysis of
        Compositional Data; Machado & Santos Silva (2005), Quantiles for counts (noise added to counts).
    """
    labels = found.labels(blocks)
    correlation = overdispersion(blocks, blocks.overall()[None, :])
    at, weight = log_shares(blocks, correlation), space_of(blocks, correlation)[1]
    distance = group_distances(found.shares, found.shares, blocks.block) + 2 * np.eye(found.k)
    pairs = {(min(k, near), max(k, near)) for k, near in enumerate(distance.argmin(axis=1).tolist())}
    return max(_pair_p(at, weight, labels, pair) for pair in sorted(pairs))


def log_shares(blocks: CountBlocks, correlation: Floats) -> Floats:
    """Logarithms of shares against their mean in the block (centred log-ratios), noisy ones drawn to the overall ones.

    Triangular noise of two counts' width (its seed is fixed) fills the steps between whole numbers, which are no gaps.

    >>> log_shares(CountBlocks(np.array([[4.0, 0], [0, 4]]), np.array([0, 0])), np.array([0.5])).shape
    (2, 2)

    Args:
        blocks: The counts.
        correlation: Overdispersion of all units, by block: the less they differ, the more shares are drawn together.

    Returns:
        Shape (units, columns).
    """
    strength = np.clip(1 / np.maximum(correlation, 1e-3) - 1, 0.5, 200)[blocks.block]
    dither = np.random.default_rng(0).triangular(0, 1, 2, blocks.counts.shape)
    logs = np.log(blocks.counts + dither + strength * np.maximum(blocks.overall(), 1e-9))
    means = np.add.reduceat(logs, blocks.starts, axis=1) / np.bincount(blocks.block)
    return np.asarray(logs - means[:, blocks.block], dtype=np.float64)


def _pair_p(at: Floats, weight: Floats, labels: Integers, pair: tuple[int, int]) -> float:
    rows = np.flatnonzero(np.isin(labels, pair))
    if len(rows) < 2 * _FEWEST:
        return 1.0
    rows = rows[weight[rows] >= np.median(weight[rows])]
    first = labels[rows] == pair[0]
    small = first if 2 * first.sum() <= len(rows) else ~first
    if small.sum() < _FEWEST:
        return 1.0
    return dip_p(_beside(_discriminant(at[rows], small), small))


def _discriminant(at: Floats, one: Booleans) -> Floats:
    """Values of units on Fisher's discriminant, higher for those of `one`."""
    means = np.array([at[~one].mean(axis=0), at[one].mean(axis=0)])
    away = at - means[one.astype(int)]
    within = away.T @ away / len(at)
    within += np.diag(_RIDGE * np.diag(within) + 1e-9)
    return np.asarray(at @ np.linalg.solve(within, means[1] - means[0]), dtype=np.float64)


def _beside(values: Floats, small: Booleans) -> Floats:
    """The values above an edge: those of the smaller group, and of the larger one as many and half as many again."""
    larger = np.sort(values[~small])
    edge = larger[max(len(larger) - int(_BESIDE * small.sum()), 0)]
    return np.asarray(values[values >= edge])


def dip_p(values: Floats) -> float:
    """The p of a dip as deep or deeper where all is uniform, the worst case without a gap; 1 where it is below .025.

    >>> dip_p(np.arange(100.0)), dip_p(np.r_[np.arange(50.0), 90 + np.arange(50.0)])
    (1.0, 0.001)
    """
    deep = dip(values)
    reached = np.sqrt(len(values)) * deep
    if deep < _SHALLOW or reached < _AT[0]:
        return 1.0
    return float(np.exp(np.interp(reached, _AT, np.log(_TAILS))).round(6))


def dip(values: Floats) -> float:
    """Half the distance of the distribution from the nearest one with one peak, which may hold an atom.

    >>> dip(np.array([0.0, 0, 9, 9]))
    0.25
    """
    places, counts = np.unique(values, return_counts=True)
    edges = np.r_[0, counts.cumsum()] / len(values)
    low, high = 0, len(places) - 1
    while high - low > 1:
        mode = (low + high) // 2
        rising, falling = _around(places, edges, mode)
        low, high = (mode, high) if rising < falling else (low, mode)
    return min(max(_around(places, edges, mode)) for mode in (low, high)) / 2


def _around(places: Floats, edges: Floats, mode: int) -> tuple[float, float]:
    """How far the distribution is from one that rises up to a mode, and from one that falls after it."""
    rising = _above_hull(places[: mode + 1], edges[: mode + 2])
    return rising, _above_hull(-places[mode:][::-1], 1 - edges[mode:][::-1])


def _above_hull(places: Floats, edges: Floats) -> float:
    """Greatest distance of a distribution function from its convex minorant; the last place may hold an atom."""
    hull = _hull(places, edges)
    return float((edges[1:] - np.interp(places, places[hull], edges[hull]))[:-1].max(initial=0))


def _hull(x: Floats, y: Floats) -> Positions:
    """Corners of the greatest convex minorant of points from left to right."""
    corners: list[int] = []
    for point in range(len(x)):
        while len(corners) > 1 and _bends_down(x, y, corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return np.array(corners)


def _bends_down(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((y[c] - y[b]) * (x[b] - x[a]) <= (y[b] - y[a]) * (x[c] - x[b]))
