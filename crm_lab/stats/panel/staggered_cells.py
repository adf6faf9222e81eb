"""Effects by cohort and period with their influence functions, kept as sums by cohort where there are no covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crm_lab.arrays import Floats, Integers


class Influence(Protocol):
    """Influence functions of the cells."""

    def variances(self, weights: Floats | None, drift: Floats) -> Floats:
        """Variance of weighted sums of cells.

        Args:
            weights: Shape (A, P); None for each cell by itself.
            drift: Shape (A, H): what a unit of each cohort adds through estimated weights; its mean counts as 0.
        """


@dataclass(frozen=True, eq=False)
class Cells:
    """Effects by cohort and period.

    Attributes:
        cohort: Column of the start, shape (P,).
        period: Column, shape (P,).
        effect: Shape (P,).
        treated: Units of the cohort, shape (P,).
        controls: Units it is compared with, shape (P,).
        cohorts: The cohorts in order, shape (H,).
        shares: Share of all units in each cohort, shape (H,).
        influence: Influence functions.
    """

    cohort: Integers
    period: Integers
    effect: Floats
    treated: Integers
    controls: Integers
    cohorts: Integers
    shares: Floats
    influence: Influence

    @property
    def cohort_share(self) -> Floats:
        """Share of all units in the cohort of each cell, shape (P,).

        >>> cells = plain_cells(np.eye(4), np.array([1, 2, 4, 4]), np.array([[1, 1, 0], [2, 2, 1]]), False)
        >>> cells.cohort_share.tolist()
        [0.25, 0.25]
        """
        found: Floats = self.shares[np.searchsorted(self.cohorts, self.cohort)]
        return found

    def errors(self, weights: Floats | None, drift: Floats | None = None) -> Floats:
        """Standard errors of weighted sums of cells; of each cell without weights.

        >>> cells = plain_cells(np.eye(4), np.array([1, 2, 4, 4]), np.array([[1, 1, 0], [2, 2, 1]]), False)
        >>> cells.errors(None).round(3).tolist()
        [0.0, 0.354]

        Args:
            weights: Shape (A, P), or None.
            drift: Shape (A, H), or None.

        Returns:
            Shape (A,).
        """
        rows = len(self.effect) if weights is None else len(weights)
        moved = np.zeros((rows, len(self.cohorts))) if drift is None else drift
        return np.sqrt(self.influence.variances(weights, moved))


@dataclass(frozen=True, eq=False)
class CohortSums:
    """Influence functions without covariates: linear in a unit's series, so that sums by cohort are all they need.

    A unit i of cohort h adds y_i · c_h - e_h to a weighted sum of cells; its square over units is c' S_h c with S_h the
    cohort's sums of products about its mean, and the number of units times the squared mean.

    Attributes:
        pairs: Cohort, period and base of each cell, shape (P, 3).
        starts: Start of each cohort, the never treated (T) last, shape (K,).
        sizes: Units of each, shape (K,).
        means: Mean series of each, shape (K, T).
        products: Sums of products about the mean, shape (K, T, T).
        compared: Which cohorts are controls of each cell, shape (P, K).
        gaps: Mean change of each cell's controls, shape (P,).
    """

    pairs: Integers
    starts: Integers
    sizes: Floats
    means: Floats
    products: Floats
    compared: Floats
    gaps: Floats

    def variances(self, weights: Floats | None, drift: Floats) -> Floats:
        """Variance of weighted sums of cells.

        >>> cells = plain_cells(np.eye(4), np.array([1, 2, 4, 4]), np.array([[1, 1, 0], [2, 2, 1]]), False)
        >>> cells.influence.variances(np.eye(2), np.zeros((2, 2))).round(3).tolist()
        [0.0, 0.125]

        Args:
            weights: Shape (A, P); None for each cell by itself.
            drift: Shape (A, H).

        Returns:
            Shape (A,).
        """
        return self._of_cells() if weights is None else self._of_sums(weights, drift)

    @property
    def _own(self) -> Integers:
        return np.searchsorted(self.starts, self.pairs[:, 0])

    @property
    def _per_control(self) -> Floats:
        found: Floats = self.compared / (self.compared @ self.sizes)[:, None]
        return found

    def _off_mean(self) -> Floats:
        """Mean change of each cohort less that of all controls of a cell, shape (P, K)."""
        change = self.means[:, self.pairs[:, 1]] - self.means[:, self.pairs[:, 2]]
        found: Floats = change.T - self.gaps[:, None]
        return found

    def _of_cells(self) -> Floats:
        now, base = self.pairs[:, 1], self.pairs[:, 2]
        diagonal = np.diagonal(self.products, axis1=1, axis2=2)
        spread = (diagonal[:, now] + diagonal[:, base] - 2 * self.products[:, now, base]).T
        ours = spread[np.arange(len(now)), self._own] / self.sizes[self._own] ** 2
        found: Floats = ours + (self._per_control**2 * (spread + self.sizes * self._off_mean() ** 2)).sum(axis=1)
        return found

    def _of_sums(self, weights: Floats, drift: Floats) -> Floats:
        (k, t), a = self.means.shape, len(weights)
        loads = np.zeros((k, a, t))  # c_h of each cohort for each sum
        ours, others = weights / self.sizes[self._own], -weights[:, :, None] * self._per_control
        for sign, column in ((1.0, self.pairs[:, 1]), (-1.0, self.pairs[:, 2])):
            for p, (own, at) in enumerate(zip(self._own, column, strict=True)):
                loads[own, :, at] += sign * ours[:, p]
            for at in np.unique(column):
                loads[:, :, at] += sign * others[:, column == at].sum(axis=1).T
        spread = np.einsum("kat,kat->a", loads, loads @ self.products)
        centre = np.einsum("apk,pk->ak", others, self._off_mean())
        n = self.sizes.sum()
        everyone = np.column_stack([drift, np.zeros((a, k - drift.shape[1]))])
        centre += (everyone - everyone @ self.sizes[:, None] / n) / n
        found: Floats = spread + centre**2 @ self.sizes
        return found


def plain_cells(values: Floats, first: Integers, pairs: Integers, not_yet: bool) -> Cells:
    """Effects by cohort and period without covariates.

    Args:
        values: Shape (n, T).
        first: Column of each unit's start, T for the never treated, shape (n,).
        pairs: Cohort, period and base of each cell, shape (P, 3).
        not_yet: Whether units that start later are controls, too.

    Returns:
        The cells.

    >>> values = np.array([[0.0, 3], [0, 5], [1, 2], [1, 2]])
    >>> plain_cells(values, np.array([1, 1, 2, 2]), np.array([[1, 1, 0]]), False).effect.tolist()
    [3.0]
    """
    t = values.shape[1]
    starts, place = np.unique(first, return_inverse=True)
    groups = [values[place == i] for i in range(len(starts))]
    sizes, means = np.array([float(len(g)) for g in groups]), np.array([g.mean(axis=0) for g in groups])
    centred = [g - m for g, m in zip(groups, means, strict=True)]
    products = np.array([c.T @ c for c in centred])
    compared = controls_of(starts, pairs, t, not_yet)
    change = (means[:, pairs[:, 1]] - means[:, pairs[:, 2]]).T
    counts = compared @ sizes
    gaps = (compared * change) @ sizes / counts
    own = np.searchsorted(starts, pairs[:, 0])
    influence = CohortSums(pairs, starts, sizes, means, products, compared, gaps)
    inside = starts < t
    return Cells(
        cohort=pairs[:, 0],
        period=pairs[:, 1],
        effect=change[np.arange(len(pairs)), own] - gaps,
        treated=sizes[own].astype(np.int64),
        controls=counts.astype(np.int64),
        cohorts=starts[inside],
        shares=sizes[inside] / sizes.sum(),
        influence=influence,
    )


def controls_of(starts: Integers, pairs: Integers, t: int, not_yet: bool) -> Floats:
    """Which cohorts each cell is compared with, shape (P, K), 0 or 1.

    >>> controls_of(np.array([1, 2, 3]), np.array([[1, 1, 0]]), 3, not_yet=True).tolist()
    [[0.0, 1.0, 1.0]]

    Args:
        starts: Start of each cohort, shape (K,).
        pairs: Cohort, period and base of each cell, shape (P, 3).
        t: Periods; the start of the never treated.
        not_yet: Whether units that start later are controls, too.

    Returns:
        The cohorts.
    """
    never = np.broadcast_to(starts == t, (len(pairs), len(starts)))
    if not not_yet:
        return never.astype(float)
    later = starts[None] > pairs[:, 1:].max(axis=1)[:, None]
    return np.asarray(never | (later & (starts[None] != pairs[:, :1])), dtype=float)
