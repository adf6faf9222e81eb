"""Effective numbers of trials where the trials of one go together, as lines of one basket do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats

_ROUNDS = 20


def effective_trials(n: Floats, q: Floats, nn: Floats, correlation: float) -> Floats:
    """Trials that would tell as much if those of one cluster did not go together, never below 1.

    >>> effective_trials(np.array([20.0]), np.array([20.0]), np.array([200.0]), 1.0).tolist()
    [2.0]

    Args:
        n: Sum of the clusters' trials, above 0, shape (m,).
        q: Sum of squared weights, n where all weigh 1.
        nn: Sum of the clusters' squared trials.
        correlation: Of two trials in one cluster.

    Returns:
        Shape (m,).

    Source:
        Kish (1965), Survey sampling, for both parts of the design effect.
    """
    return np.maximum(n**2 / ((1 - correlation) * q + correlation * nn), 1.0)


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over the clusters of each one's trials (the orders of a customer), each of shape (m,).

    A cluster has weight n, of which k is a success, and squared weights q (its number of trials where all weigh 1).

    Attributes:
        k: Sum of k.
        n: Sum of n.
        q: Sum of q.
        nn: Sum of n².
        nnn: Sum of n³.
        qn: Sum of q n.
        kk: Sum of k².
        kn: Sum of k n.
    """

    k: Floats
    n: Floats
    q: Floats
    nn: Floats
    nnn: Floats
    qn: Floats
    kk: Floats
    kn: Floats

    @property
    def share(self) -> Floats:
        """Share of the weight that is a success."""
        return self.k / self.n

    def effective(self, correlation: float) -> Floats:
        """Trials that would tell as much if they were independent, shape (m,), never below 1.

        >>> sums = ClusterSums(*(np.array([x]) for x in (10.0, 20.0, 20.0, 200.0, 2000.0, 200.0, 100.0, 100.0)))
        >>> [float(sums.effective(rho).round(2)[0]) for rho in (0, 0.5, 1)]
        [20.0, 3.64, 2.0]

        Args:
            correlation: Of two trials in one cluster.

        Returns:
            Shape (m,).
        """
        return effective_trials(self.n, self.q, self.nn, correlation)

    def correlation(self) -> float:
        """Correlation of two trials in one cluster of the same one, by moments, from 0 to 1.

        What clusters scatter about the share of their own one is set equal to what it is expected to be; 0 where nobody
        has two clusters.

        >>> rng = np.random.default_rng(1)
        >>> trials = (rng.random((4000, 6, 1)) < 0.5) * (rng.random((4000, 6, 5)) < 0.9)
        >>> k, n = trials.sum(axis=2).astype(float), np.full((4000, 6), 5.0)
        >>> sums = ClusterSums(*(x.sum(axis=1) for x in (k, n, n, n**2, n**3, n * n, k * k, k * n)))
        >>> bool(abs(sums.correlation() - 0.9 * 0.5 * 0.9 * 0.5 / (0.45 * 0.55)) < 0.02)
        True
        """
        p, n = self.share, self.n
        found = self.kk - 2 * p * self.kn + p**2 * self.nn
        alone = self.q - 2 * self.qn / n + self.nn * self.q / n**2
        together = self.nn - 2 * self.nnn / n + self.nn**2 / n**2
        rho = 0.0
        for _ in range(_ROUNDS):
            size = self.effective(rho)
            usable = (size > 2) & (alone > 1e-9)
            if not usable.any():
                return 0.0
            spread = (p * (1 - p) * size / np.maximum(size - 1, 1.0))[usable]
            up = float(found[usable].sum() - spread @ alone[usable])
            down = float(spread @ (together - alone)[usable])
            new = min(max(up / down, 0.0), 1.0) if down > 0 else 0.0
            if abs(new - rho) < 1e-6:
                return new
            rho = new
        return rho
