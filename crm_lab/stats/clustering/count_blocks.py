"""Counts of units in blocks of categories: totals, shares, overdispersion, and the space for clustering them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers, Positions

_MOST_CORRELATED = 0.9
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, eq=False)
class CountBlocks:
    """Counts of units in categories; the categories of a block share the unit's total in that block.

    A share of yes and no is a block of two columns; a composition is one of several.

    >>> blocks = CountBlocks(np.array([[3.0, 1, 2, 2, 0]]), np.array([0, 0, 1, 1, 1]))
    >>> blocks.totals.tolist()
    [[4.0, 4.0]]

    Attributes:
        counts: Shape (units, columns), 0 or more; a block without any count of a unit says nothing about it.
        block: Block of each column, rising from 0 without gaps, shape (columns,).
    """

    counts: Floats
    block: Integers

    @cached_property
    def starts(self) -> Positions:
        """First column of each block, shape (blocks,)."""
        return np.flatnonzero(np.diff(self.block, prepend=-1))

    @cached_property
    def totals(self) -> Floats:
        """Count of each unit in each block, shape (units, blocks)."""
        return block_sums(self.counts, self.starts)

    @cached_property
    def sizes(self) -> Floats:
        """Mean count of each unit over blocks in which it has any, shape (units,)."""
        known = (self.totals > 0).sum(axis=1)
        return np.asarray(self.totals.sum(axis=1) / np.maximum(known, 1), dtype=np.float64)

    def take(self, rows: Positions | Integers | Booleans) -> CountBlocks:
        """Some of the units, in the given order; one may come more than once.

        Returns:
            The chosen units.
        """
        return CountBlocks(self.counts[rows], self.block)

    def overall(self) -> Floats:
        """Share of each column in all counts of its block, shape (columns,)."""
        return np.asarray(shares_of(self.counts.sum(axis=0)[None, :], self)[0], dtype=np.float64)


def block_sums(values: Floats, starts: Positions) -> Floats:
    """Sums over the columns of each block, shape (rows, blocks).

    Returns:
        Shape (rows, blocks).
    """
    return np.asarray(np.add.reduceat(values, starts, axis=1), dtype=np.float64)


def shares_of(sums: Floats, blocks: CountBlocks) -> Floats:
    """Shares within blocks of sums, shape (rows, columns); none is below 1 in 10,000, equal where a block is empty.

    Returns:
        Shape (rows, columns); each block of a row sums to 1.
    """
    totals = block_sums(sums, blocks.starts)[:, blocks.block]
    columns = np.bincount(blocks.block)[blocks.block]
    raw = np.divide(sums, totals, out=np.broadcast_to(1 / columns, sums.shape).copy(), where=totals > 0)
    floored = np.maximum(raw, _LEAST_SHARE)
    return np.asarray(floored / block_sums(floored, blocks.starts)[:, blocks.block], dtype=np.float64)


def overdispersion(blocks: CountBlocks, expected: Floats, squared: Floats | None = None) -> Floats:
    """Correlation of two counts of one unit in each block beyond what its expected shares explain.

    The moment estimator of the Dirichlet-multinomial: 0 where counts vary as those of a multinomial do.

    >>> rng = np.random.default_rng(0)
    >>> shares = rng.beta(2, 2, 4_000)
    >>> counts = rng.binomial(20, shares)
    >>> blocks = CountBlocks(np.column_stack([counts, 20 - counts]).astype(float), np.array([0, 0]))
    >>> overdispersion(blocks, np.full((1, 2), 0.5)).round(1).tolist()  # 1 / (1 + 2 + 2)
    [0.2]

    Args:
        blocks: The counts.
        expected: Expected shares of each unit, shape (units or 1, columns).
        squared: Their expected squares where they are a mixture; the squares of `expected` unless given.

    Returns:
        Shape (blocks,), from 0 to 0.9.

    Source:
        Mosimann (1962), On the compound multinomial distribution; Kish (1965), Survey Sampling (design effect).
    """
    n = blocks.totals[:, blocks.block]
    known = np.maximum(n, 1)
    squares = expected**2 if squared is None else squared
    spread = blocks.counts**2 / known - 2 * blocks.counts * expected + n * squares
    binomial = (expected - squares) * (n > 0)
    extra = block_sums((spread - binomial).sum(axis=0)[None, :], blocks.starts)[0]
    room = block_sums(((n - 1).clip(0) * binomial).sum(axis=0)[None, :], blocks.starts)[0]
    return np.asarray(
        np.clip(np.divide(extra, room, out=np.zeros_like(extra), where=room > 0), 0, _MOST_CORRELATED), dtype=np.float64
    )


def effective(blocks: CountBlocks, correlation: Floats) -> Floats:
    """Counts worth as much as independent ones: each divided by its design effect 1 + (n - 1) correlation.

    >>> blocks = CountBlocks(np.array([[6.0, 5.0]]), np.array([0, 0]))
    >>> effective(blocks, np.array([0.1])).tolist()
    [[3.0, 2.5]]

    Args:
        blocks: The counts.
        correlation: Of two counts of one unit, by block, as `overdispersion` gives it.

    Returns:
        Shape (units, columns).
    """
    design = 1 + (blocks.totals - 1).clip(0) * correlation
    return np.asarray(blocks.counts / design[:, blocks.block], dtype=np.float64)


def stabilised(blocks: CountBlocks, strength: Floats) -> Floats:
    """Shares drawn towards the overall ones, on a scale on which sampling noise is alike at every share.

    2 arcsin(sqrt(share)) of a block with two columns (one is given), 2 sqrt(share) of a composition: both have a
    sampling variance of about 1 / n, whatever the share, and distances are Hellinger distances.

    >>> blocks = CountBlocks(np.array([[1.0, 3.0], [0, 0]]), np.array([0, 0]))
    >>> stabilised(blocks, np.array([0.0])).round(3).tolist()  # a unit without counts is in the middle
    [[1.047], [1.047]]

    Args:
        blocks: The counts.
        strength: Counts of the overall shares that are added in each block, shape (blocks,).

    Returns:
        Shape (units, coordinates).

    Source:
        Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data; Legendre & Gallagher
        (2001), Ecologically meaningful transformations for ordination of species data (Hellinger).
    """
    overall = blocks.overall()
    added = np.where(blocks.totals > 0, strength, 1.0)[:, blocks.block]
    shares = (blocks.counts + added * overall) / (blocks.totals[:, blocks.block] + added)
    pairs = np.bincount(blocks.block) == 2
    first = np.isin(np.arange(len(blocks.block)), blocks.starts)
    keep = first | ~pairs[blocks.block]
    roots = np.sqrt(np.clip(shares[:, keep], 0, 1))
    return np.where(pairs[blocks.block][keep], 2 * np.arcsin(roots), 2 * roots)


def varying(blocks: CountBlocks) -> Booleans:
    """Whether units differ at all in each block, shape (blocks,).

    >>> varying(CountBlocks(np.array([[2.0, 2, 1, 3], [1, 1, 4, 0]]), np.array([0, 0, 1, 1]))).tolist()
    [False, True]

    Returns:
        Shape (blocks,).
    """
    totals = blocks.totals[:, blocks.block]
    shares = np.divide(blocks.counts, totals, out=np.full_like(blocks.counts, np.nan), where=totals > 0)
    known = (blocks.totals > 0).sum(axis=0) > 1
    lows, highs = (edge.reduce(np.where(np.isnan(shares), other, shares), axis=0, initial=other)
                   for edge, other in ((np.minimum, np.inf), (np.maximum, -np.inf)))  # fmt: skip
    spread = np.maximum.reduceat(np.where(np.isfinite(highs - lows), highs - lows, 0), blocks.starts)
    return np.asarray(known & (spread > 1e-9))


def blocks_of(hits: Floats, totals: Floats, compositions: Sequence[Sequence[int]]) -> CountBlocks:
    """Blocks of counts from features with numerators and denominators.

    The members of a composition share their denominator; what is left of it is a last column of the block.

    >>> hits, totals = np.array([[2.0, 1, 1]]), np.array([[4.0, 5, 5]])
    >>> blocks_of(hits, totals, [(0,), (1, 2)]).counts.tolist()
    [[2.0, 2.0, 1.0, 1.0, 3.0]]

    Args:
        hits: Numerators, shape (units, features).
        totals: Denominators, same shape; missing ones count as 0.
        compositions: Features of each block.

    Returns:
        The blocks in the given order; the last column of each is the rest.
    """
    parts, block = [], []
    for number, members in enumerate(compositions):
        own = np.nan_to_num(hits[:, list(members)])
        total = np.nan_to_num(totals[:, members[0]])
        rest = np.maximum(total - own.sum(axis=1), 0)
        parts += [own, rest[:, None]]
        block += [number] * (len(members) + 1)
    return CountBlocks(np.hstack(parts).astype(np.float64), np.array(block, dtype=np.int64))
