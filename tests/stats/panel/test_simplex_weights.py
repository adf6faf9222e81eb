"""The quadratic programme is solved exactly, whatever the points."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from crm_lab.stats.panel.estimators.simplex_weights import frank_wolfe, simplex_weights


def objective(w, points, target, ridge):
    gap = w @ points - target
    return gap @ gap + ridge * w @ w


@pytest.mark.parametrize("ridge", [0.0, 0.3, 50.0])
@pytest.mark.parametrize(("m", "d"), [(1, 3), (3, 1), (6, 6), (20, 5), (8, 40)])
def test_it_is_as_near_as_a_general_solver_comes(m, d, ridge):
    rng = np.random.default_rng(m + d)
    points, target = rng.normal(0, 1, (m, d)), rng.normal(0, 1, d)
    found = simplex_weights(points, target, ridge)
    peer = minimize(
        objective,
        np.full(m, 1 / m),
        (points, target, ridge),
        "SLSQP",
        bounds=[(0, 1)] * m,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert objective(found, points, target, ridge) <= peer.fun + 1e-9


def shapes():
    """Points that agree, repeat, lie in a line or far apart, and targets in and out of their hull."""
    return st.tuples(
        st.integers(1, 12),
        st.integers(1, 30),
        st.sampled_from(["plain", "twins", "line", "one place", "large", "whole"]),
        st.sampled_from([0.0, 1e-9, 1.0]),
        st.integers(0, 10**6),
    )


@settings(max_examples=300, deadline=None)
@given(shapes())
def test_no_point_leads_nearer(shape):
    m, d, kind, ridge, seed = shape
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 1, (m, d))
    if kind == "twins":
        points = np.repeat(points, 2, axis=0)
    elif kind == "line":
        points = np.outer(rng.normal(0, 1, m), points[0]) + points[0]
    elif kind == "one place":
        points = np.repeat(points[:1], m, axis=0)
    elif kind == "large":
        points = 1e6 + points
    elif kind == "whole":
        points = rng.integers(0, 3, (m, d)).astype(float)
    target = points.mean(axis=0) if seed % 3 == 0 else points[0] + rng.normal(0, 1, d)
    w = simplex_weights(points, target, ridge)
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1, abs=1e-9)
    slope = points @ (w @ points - target) + ridge * w
    reach = ((points - target) ** 2).sum(axis=1).max() + ridge
    assert slope.min() >= w @ slope - 1e-9 * max(reach, 1e-9) - 1e-9 * np.abs(points).max()


def test_frank_wolfe_comes_near_it():
    rng = np.random.default_rng(4)
    points, target = rng.normal(0, 1, (10, 6)), rng.normal(0, 1, 6)
    exact = simplex_weights(points, target, 0.5)
    assert frank_wolfe(points, target, 0.5, 0.0, 20_000) == pytest.approx(exact, abs=1e-2)
    short = frank_wolfe(points, target, 0.5, 1e-3, 20_000)
    assert objective(short, points, target, 0.5) >= objective(exact, points, target, 0.5)


def test_weights_that_were_solved_before_are_the_same_and_nobody_can_change_them():
    points, target = np.random.default_rng(8).normal(size=(2, 6, 4))[0], np.zeros(4)
    first = simplex_weights(points, target)
    kept = first.copy()
    first[:] = 0.0
    np.testing.assert_array_equal(simplex_weights(points, target), kept)
    moved = simplex_weights(points, target + 0.1)
    assert np.abs(moved - kept).max() > 1e-6


def test_only_the_latest_weights_are_kept(monkeypatch):
    solver = sys.modules[simplex_weights.__module__]
    monkeypatch.setattr(solver, "_KEPT", 3)
    for seed in range(5):
        simplex_weights(np.random.default_rng(seed).normal(size=(4, 3)), np.zeros(3))
    assert len(solver._solved) == 3
