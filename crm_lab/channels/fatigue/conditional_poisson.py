"""Poisson regression within groups: relative changes of a mean, whatever the level of each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import Problems

_ROUNDS: Final = 50
_NEAR: Final = 1e-10


@dataclass(frozen=True, slots=True)
class WithinFit:
    """A fit of log relative means.

    >>> fit = conditional_poisson([2, 1, 4, 2.0], [[0.0], [1], [0], [1]], [0, 0, 1, 1])

    Attributes:
        coef: Log ratio of means per unit of each covariate, shape (k,).
        covariance: Of the coefficients, clustered, shape (k, k).
        groups: Groups that tell something: with events, and with rows that differ.
        rows: Their rows.
    """

    coef: Floats
    covariance: Floats
    groups: int
    rows: int

    @property
    def se(self) -> Floats:
        """Standard errors, shape (k,).

        >>> fit.se.shape
        (1,)
        """
        return np.sqrt(np.diag(self.covariance))


def conditional_poisson(y: ArrayLike, x: ArrayLike, group: ArrayLike, cluster: ArrayLike | None = None) -> WithinFit:
    """Log-linear regression with a level of its own for each group, conditioned on the group's sum.

    Right for any non-negative outcome whose mean is ``exp(level + x b)``, also for 0 or 1: the levels drop out, so
    their number does no harm, and the clustered variance needs no Poisson.

    >>> conditional_poisson([2, 1, 4, 2.0], [[0.0], [1], [0], [1]], [0, 0, 1, 1]).coef.round(4).tolist()
    [-0.6931]

    Args:
        y: Outcomes, 0 or more, shape (n,).
        x: Covariates, shape (n, k).
        group: Whole number of each row's group, shape (n,).
        cluster: Rows that go together in the variance, shape (n,); the groups unless given.

    Returns:
        The fit.

    Raises:
        BadInput: If an outcome is negative, or no group has events and rows that differ.

    Source:
        Hausman, Hall & Griliches (1984); Wooldridge (1999), Distribution-free estimation of some nonlinear panel data
        models, for what it needs.
    """
    outcome, z, member = np.asarray(y, dtype=float), np.asarray(x, dtype=float), np.asarray(group)
    problems = Problems("The rows of a regression within groups")
    problems.unless(
        (outcome >= 0).all(), f"{int((outcome < 0).sum())} outcomes are negative; the mean must be 0 or more."
    )
    problems.raise_any()
    _, place = np.unique(member, return_inverse=True)
    kept = _telling(outcome, z, place)
    problems.unless(kept.any(), "no group has events and rows that differ; there is nothing to compare within groups.")
    problems.raise_any()
    together = place if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    outcome, z, together = outcome[kept], z[kept], np.unique(together[kept], return_inverse=True)[1]
    names, place = np.unique(place[kept], return_inverse=True)
    z = z - z.mean(axis=0)
    b = np.zeros(z.shape[1])
    for _ in range(_ROUNDS):
        score, information, _ = _moments(outcome, z, place, b)
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        b = b + np.clip(step, -2, 2)
        if np.abs(step).max() < _NEAR:
            break
    _, information, gaps = _moments(outcome, z, place, b)
    scores = np.column_stack([np.bincount(together, g) for g in gaps.T])
    bread, clusters = np.linalg.pinv(information), len(scores)
    meat = scores.T @ scores * (clusters / max(clusters - 1, 1))
    return WithinFit(b, bread @ meat @ bread, len(names), len(outcome))


def _telling(y: Floats, x: Floats, place: Integers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows of groups with events whose covariates differ."""
    n = np.bincount(place)
    spread = np.zeros(len(n))
    for column in x.T:
        mean = np.bincount(place, column) / n
        spread += np.bincount(place, (column - mean[place]) ** 2)
    return np.asarray(((np.bincount(place, y) > 0) & (spread > _NEAR))[place])


def _moments(y: Floats, x: Floats, place: Integers, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Score (k,), information (k, k), and what each row adds to the score (n, k)."""
    weight = np.exp(x @ b)
    total = np.bincount(place, weight)
    mean = np.column_stack([np.bincount(place, weight * column) for column in x.T]) / total[:, None]
    centred = x - mean[place]
    expected = (np.bincount(place, y) / total)[place] * weight
    gaps = (y - expected)[:, None] * centred
    return gaps.sum(axis=0), (centred * expected[:, None]).T @ centred, gaps
