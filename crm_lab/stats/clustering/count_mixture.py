"""Groups of units by their counts: scikit-learn finds them on stabilised shares, counts say which unit is in which."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.clustering.count_blocks import CountBlocks, effective, overdispersion, shares_of, stabilised

Method = Literal["kmeans", "mixture"]
_ROUNDS, _STEPS = 3, 12  # of the overdispersion; of EM in each
_SETTLED = 1e-3
_PRIOR = 2.0  # counts of the overall shares that are added to a group's
_CHUNK = 200_000
_STARTS = 10  # of k-means: fewer end in local optima now and then
_REGULAR = 1e-2


@dataclass(frozen=True, eq=False)
class CountMixture:
    """Groups with their shares; units belong to them with probabilities.

    Attributes:
        shares: Of each column in its block, shape (groups, columns).
        weights: Share of units in each group, shape (groups,).
        correlation: Overdispersion within groups, by block, shape (blocks,).
    """

    shares: Floats
    weights: Floats
    correlation: Floats

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.weights)

    def evidence(self, blocks: CountBlocks) -> Floats:
        """Log-likelihood of each unit's counts in each group, up to a constant of the unit, shape (units, groups).

        Returns:
            Shape (units, groups).
        """
        parts = [
            effective(blocks.take(np.arange(at, min(at + _CHUNK, len(blocks.counts)))), self.correlation)
            @ np.log(self.shares.T)
            for at in range(0, len(blocks.counts), _CHUNK)
        ]
        return np.vstack(parts) if parts else np.zeros((0, self.k))

    def posterior(self, blocks: CountBlocks, prior: Floats | None = None) -> Floats:
        """Probability of each group, shape (units, groups); `prior` is that of each unit, the weights unless given.

        Returns:
            Shape (units, groups); rows sum to 1.
        """
        joint = self.evidence(blocks) + np.log(self.weights if prior is None else prior)
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)), dtype=np.float64)

    def labels(self, blocks: CountBlocks) -> Integers:
        """The most probable group of each unit, shape (units,).

        Returns:
            Shape (units,), from 0.
        """
        joint = self.evidence(blocks) + np.log(self.weights)
        return np.asarray(joint.argmax(axis=1), dtype=np.int64)

    def ordered(self, order: Integers) -> CountMixture:
        """The same groups in another order.

        Returns:
            The same groups.
        """
        return CountMixture(self.shares[order], self.weights[order], self.correlation)


def fit_counts(
    blocks: CountBlocks, k: int, method: Method = "mixture", seed: int = 0, sample: int = 20_000
) -> CountMixture:
    """Groups of units by their counts.

    scikit-learn's `KMeans` (each unit weighs by how much of its shares is no noise) or `GaussianMixture` finds groups
    on stabilised shares. The shares of k-means groups are those of their members. A mixture goes on by expectation
    and maximisation on the counts themselves, so that units with few counts say little and centres are not drawn in.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(30, np.repeat([0.2, 0.7], 200))
    >>> blocks = CountBlocks(np.column_stack([hits, 30 - hits]).astype(float), np.array([0, 0]))
    >>> sorted(fit_counts(blocks, 2).shares[:, 0].round(1).tolist())
    [0.2, 0.7]

    Args:
        blocks: The counts.
        k: Number of groups.
        method: ``kmeans`` or ``mixture``.
        seed: Of the starts.
        sample: Most units that scikit-learn sees; the counts of all enter the shares.

    Returns:
        The groups.
    """
    whole = blocks.overall()[None, :]
    correlation = overdispersion(blocks, whole)
    if k == 1:
        return CountMixture(whole, np.ones(1), correlation)
    rows = _some(len(blocks.counts), sample, seed)
    start = blocks.take(rows)
    membership = _start(start, k, method, seed, correlation)
    if method == "kmeans":
        first = _maximised(start, start.counts, membership, correlation)
        return _within(blocks, _hard(first.labels(blocks), k))
    first = _expectation_maximisation(start, membership, _ROUNDS)
    if len(rows) == len(blocks.counts):
        return first
    return _expectation_maximisation(blocks, first.posterior(blocks), 1)


def _some(units: int, sample: int, seed: int) -> Integers:
    """All units, or a sample of them in their order."""
    if units <= sample:
        return np.arange(units)
    return np.sort(np.random.default_rng(seed).choice(units, sample, replace=False))


def space_of(blocks: CountBlocks, correlation: Floats) -> tuple[Floats, Floats]:
    """Coordinates of units for clustering, and how much each of them weighs there.

    Args:
        blocks: The counts.
        correlation: Overdispersion of all units, by block: the less they differ, the more shares are drawn together.

    Returns:
        Coordinates, shape (units, coordinates), and weights in (0, 1]: the part of the variance that is no noise.
    """
    strength = np.clip(1 / np.maximum(correlation, 1e-3) - 1, 0, 200)
    reliable = blocks.totals / (blocks.totals + np.maximum(strength, 1e-9))
    return stabilised(blocks, strength * 0.25), np.clip(reliable.mean(axis=1), 1e-3, 1)


def _start(blocks: CountBlocks, k: int, method: Method, seed: int, correlation: Floats) -> Floats:
    """Memberships of units by scikit-learn, shape (units, groups)."""
    at, weight = space_of(blocks, correlation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different units than groups: some groups are empty
        found = KMeans(k, n_init=_STARTS, random_state=seed).fit(at, sample_weight=weight)
        if method == "kmeans":
            return _hard(found.labels_, k)
        mixture: Any = GaussianMixture(
            k, covariance_type="diag", means_init=found.cluster_centers_, reg_covar=_REGULAR, max_iter=50,
            random_state=seed,
        ).fit(at)  # fmt: skip
    return np.asarray(mixture.predict_proba(at), dtype=np.float64)


def _hard(labels: Any, k: int) -> Floats:
    return np.asarray(np.eye(k)[np.asarray(labels)], dtype=np.float64)


def _maximised(blocks: CountBlocks, counts: Floats, membership: Floats, correlation: Floats) -> CountMixture:
    """Shares and weights of groups from memberships."""
    sums = membership.T @ counts + _PRIOR * blocks.overall()
    weights = np.maximum(membership.mean(axis=0), 1e-9)
    return CountMixture(shares_of(sums, blocks), weights / weights.sum(), correlation)


def _within(blocks: CountBlocks, membership: Floats) -> CountMixture:
    """Groups with the overdispersion that is left within them."""
    plain = _maximised(blocks, blocks.counts, membership, np.zeros(int(blocks.block[-1]) + 1))
    left = overdispersion(blocks, membership @ plain.shares, membership @ plain.shares**2)
    return _maximised(blocks, effective(blocks, left), membership, left)


def _expectation_maximisation(blocks: CountBlocks, membership: Floats, rounds: int) -> CountMixture:
    """EM on effective counts; what they are worth is found anew in each round."""
    found = _within(blocks, membership)
    for _ in range(rounds):
        counts = effective(blocks, found.correlation)
        for _ in range(_STEPS):
            joint = counts @ np.log(found.shares.T) + np.log(found.weights)
            membership = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
            before, found = found, _maximised(blocks, counts, membership, found.correlation)
            if np.abs(before.shares - found.shares).max() < _SETTLED:
                break
        found = _within(blocks, membership)
    return found
