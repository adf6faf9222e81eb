"""Markov chains on arrays: transition counts and shares, steady state, expected stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.results import Interval
from crm_lab.stats.intervals import z_value


def transition_counts(before: Integers, after: Integers, k: int) -> Integers:
    """Number of moves between states, shape (k, k): rows are the earlier state.

    >>> transition_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]

    Args:
        before: Earlier state of each customer, 0 ... k - 1, shape (n,).
        after: Later state, shape (n,).
        k: Number of states.

    Returns:
        Counts, shape (k, k).
    """
    return np.bincount(before * k + after, minlength=k * k).reshape(k, k).astype(np.int64)


def transition_matrix(counts: Integers) -> Floats:
    """Transition shares by row; a state without customers maps to itself.

    >>> transition_matrix(np.array([[3, 1], [0, 0]])).tolist()
    [[0.75, 0.25], [0.0, 1.0]]

    Args:
        counts: Moves, shape (k, k).

    Returns:
        Shares, shape (k, k); rows sum to 1.
    """
    rows = counts.sum(axis=-1, keepdims=True)
    return np.where(rows > 0, counts / np.maximum(rows, 1), np.eye(counts.shape[-1]))


def steady_state(P: Floats) -> Floats:
    """Steady-state shares π of a transition matrix: π P = π with Σ π = 1 (least squares; Norris 1997, 1.7).

    >>> steady_state(np.array([[0.9, 0.1], [0.3, 0.7]])).round(4).tolist()
    [0.75, 0.25]

    Args:
        P: Transition matrix, shape (k, k).

    Returns:
        Shares, shape (k,).
    """
    k = P.shape[0]
    system = np.vstack([P.T - np.eye(k), np.ones(k)])
    solution = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    shares: Floats = np.clip(solution, 0, None)
    steady: Floats = shares / shares.sum()
    return steady


def expected_stay(P: Floats) -> Floats:
    """Mean number of periods in a state once entered, 1 / (1 - P_ii); infinite where nobody leaves.

    >>> expected_stay(np.array([[0.75, 0.25], [0.5, 0.5]])).tolist()
    [4.0, 2.0]

    Args:
        P: Transition matrix, shape (k, k).

    Returns:
        Periods, shape (k,).
    """
    leaving = 1 - np.diag(P)
    stay: Floats = np.divide(1.0, leaving, out=np.full(len(leaving), np.inf), where=leaving > 0)
    return stay


def chain_draws(counts: Integers, rng: np.random.Generator, draws: int) -> tuple[Floats, Floats]:
    """Steady states and expected stays under Dirichlet(counts + 1/2) rows (Jeffreys' prior).

    >>> counts = np.array([[30, 10], [5, 15]])
    >>> steady, stay = chain_draws(counts, np.random.default_rng(0), draws=20)
    >>> steady.shape
    (20, 2)

    Args:
        counts: Moves, shape (k, k).
        rng: Generator.
        draws: Number of draws.

    Returns:
        Two arrays of shape (draws, k).
    """
    k = len(counts)
    rows = np.stack([rng.dirichlet(row + 0.5, size=draws) for row in counts], axis=1)
    return (
        np.array([steady_state(P) for P in rows]).reshape(draws, k),
        np.array([expected_stay(P) for P in rows]).reshape(draws, k),
    )


@dataclass(frozen=True, slots=True)
class MoveDifference:
    """A difference of two shares with its interval.

    >>> ones, none = np.ones(4), np.zeros(4)
    >>> share_difference((np.array([1.0, 0, 1, 0]), none), (ones, ones)).ci.level
    0.95

    Attributes:
        value: The difference.
        ci: Its interval.
    """

    value: float
    ci: Interval


def share_difference(
    moved: tuple[Floats, Floats], at_start: tuple[Floats, Floats], level: float = 0.95
) -> MoveDifference:
    """Share that moved in one period minus that in another, customers being the sampling unit.

    The same customers may be in both: each one's influence on the difference is summed before it is
    squared (delta method for ratios, clusters = customers), so overlap is accounted for.

    >>> ones, none = np.ones(4), np.zeros(4)
    >>> share_difference((np.array([1.0, 1, 0, 0]), none), (ones, ones)).value
    0.5

    Args:
        moved: Per customer, 1 if they made the move (fractions where periods are pooled), for the
            period looked at and for the comparison; each shape (n,).
        at_start: Per customer, 1 if they could have made it, likewise.
        level: Confidence level.

    Returns:
        The difference with its interval.
    """
    influence, value = np.zeros(len(moved[0])), 0.0
    for y, x, sign in zip(moved, at_start, (1, -1), strict=True):
        share = y.sum() / x.sum()
        influence += sign * (y - share * x) / x.sum()
        value += sign * share
    n = len(influence)
    half = z_value(level) * float(np.sqrt(np.sum(influence**2) * n / max(n - 1, 1)))
    return MoveDifference(float(value), Interval(float(value) - half, float(value) + half, level))
