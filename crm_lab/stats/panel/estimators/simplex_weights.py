"""Weights, 0 or more with sum 1, that bring points nearest to a target: the quadratic programme, solved exactly."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from crm_lab.arrays import Floats

_ENOUGH = 1e-12  # of the longest point's square: how much nearer a further point must lead to be taken up
_ROUNDS = 50  # times the number of points: bound of a search that ends by itself
_KEPT = 4_096  # answers, some hundred bytes each

_solved: dict[bytes, Floats] = {}


def simplex_weights(points: Floats, target: Floats, ridge: float = 0.0) -> Floats:
    """Weights w >= 0 with sum 1 that minimise the square of (target - w points) plus ridge times that of w.

    The nearest point of the convex hull of (points - target), found face by face: each round moves to the nearest
    point of the plane through the points in use, drops those that leave the hull on the way, and takes up the point
    that leads furthest; it ends when none leads nearer. Finite, and exact up to rounding.

    >>> simplex_weights(np.array([[0.0, 0], [2, 0], [0, 2]]), np.array([1.0, 0.5])).round(6).tolist()
    [0.25, 0.5, 0.25]

    Args:
        points: Shape (m, d), one row per unit.
        target: Shape (d,).
        ridge: Weight of the sum of squared weights, 0 or more.

    Returns:
        Weights, shape (m,).

    Source:
        Wolfe (1976), Finding the nearest point in a polytope.
    """
    gap = points - target
    gram = gap @ gap.T
    gram[np.diag_indices_from(gram)] += ridge
    return _remembered(gram).copy()


def _remembered(gram: Floats) -> Floats:
    """`nearest_in_hull`, looked up where the same products were solved of late.

    A test under one null after another fits each set of units to the same past: what a null moves comes after it.
    """
    key = blake2b(gram.tobytes(), digest_size=16).digest()
    found = _solved.pop(key, None)
    _solved[key] = nearest_in_hull(gram) if found is None else found  # the latest comes last
    while len(_solved) > _KEPT:
        _solved.pop(next(iter(_solved)), None)
    return _solved[key]


def nearest_in_hull(gram: Floats) -> Floats:
    """Weights of the shortest vector in the convex hull of points that are known by their inner products.

    >>> nearest_in_hull(np.array([[1.0, 0.0], [0.0, 3.0]])).tolist()
    [0.75, 0.25]

    Args:
        gram: Inner products of the points, shape (m, m).

    Returns:
        Weights, shape (m,), 0 or more with sum 1.
    """
    squares = np.diag(gram)
    scale = float(squares.max(initial=0.0))
    weights = np.zeros(len(gram))
    used = [int(squares.argmin())]
    weights[used[0]] = 1.0
    for _ in range(_ROUNDS * len(gram)):
        lead = gram[:, used] @ weights[used]
        length = float(weights[used] @ lead[used])
        best = int(lead.argmin())
        if length - lead[best] <= _ENOUGH * scale or best in used:
            break
        used.append(best)
        _to_the_face(gram, weights, used, scale)
    return weights


def frank_wolfe(
    points: Floats, target: Floats, ridge: float, stop: float, rounds: int, start: Floats | None = None
) -> Floats:
    """The same weights by Frank-Wolfe steps with exact line search, as far as the rounds go.

    It comes near the weights of `simplex_weights` slowly; published numbers of the synthetic difference rest on it.

    >>> points, target = np.array([[0.0, 0], [2, 0], [0, 2]]), np.array([1.0, 0.5])
    >>> frank_wolfe(points, target, 0.0, 1e-9, 10_000).round(2).tolist()
    [0.25, 0.5, 0.25]

    Args:
        points: Shape (m, d), one row per unit.
        target: Shape (d,).
        ridge: Weight of the sum of squared weights.
        stop: The search ends when a step lowers the objective by no more than this.
        rounds: Steps at most.
        start: Weights to begin with, shape (m,); equal ones by default.

    Returns:
        Weights, shape (m,).
    """
    weights = np.full(len(points), 1 / len(points)) if start is None else start
    last = np.inf
    for step in range(rounds):
        gap = weights @ points - target
        slope = points @ gap + ridge * weights
        way = -weights
        best = int(slope.argmin())
        way[best] += 1.0
        moved = way @ points
        bend = float(moved @ moved + ridge * (way @ way))
        length = min(1.0, max(0.0, -float(slope @ way) / bend)) if bend > 0 else 0.0
        weights = weights + length * way
        left = gap + length * moved
        now = float(left @ left + ridge * (weights @ weights))
        if step >= 2 and last - now <= stop:
            break
        last = now
    return weights


def _to_the_face(gram: Floats, weights: Floats, used: list[int], scale: float) -> None:
    """Move to the nearest point of the plane of the points in use, dropping those that would be weighted below 0."""
    while True:
        aim = _on_the_plane(gram[used][:, used], scale)
        now = weights[used]
        below = aim <= 1e-14
        if not below.any():
            weights[used] = aim
            return
        steps = np.where(below, now / np.maximum(now - aim, 1e-300), np.inf)
        now = now + min(1.0, float(steps.min())) * (aim - now)
        now[steps.argmin()] = 0.0
        weights[used] = now
        gone = [unit for unit, weight in zip(used, now, strict=True) if weight <= 1e-14]
        weights[gone] = 0.0
        used[:] = [unit for unit in used if unit not in gone]
        weights[used] /= weights[used].sum()


def _on_the_plane(gram: Floats, scale: float) -> Floats:
    """Weights with sum 1, of any sign, of the shortest vector in the plane through some points."""
    ones = np.ones(len(gram))
    try:
        found = np.linalg.solve(gram + scale, ones)
    except np.linalg.LinAlgError:
        found = np.linalg.lstsq(gram + scale, ones, rcond=None)[0]
    weights: Floats = found / found.sum()
    return weights
