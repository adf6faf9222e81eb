"""Maximum likelihood by Newton steps on the logarithms of positive parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import zeta

from crm_lab.arrays import Floats

LogLikelihood = Callable[[Floats], tuple[float, Floats, Floats]]
"""Parameters, shape (k,) → log-likelihood, its gradient (k,) and Hessian (k, k)."""

_TOLERANCE = 1e-9  # Newton decrement per customer before the last step, which squares what is left
_LONGEST = 2.0  # a step never multiplies a parameter by more than e^2
_FARTHEST = 14.0  # e^14 away from its start a parameter has left for the boundary
_MAX_STEPS = 100


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the climb ended.

    Attributes:
        estimates: Parameters at the maximum, shape (k,).
        log_likelihood: Sum over customers, without the ridge.
        log_covariance: Covariance of the log-parameters (inverse Hessian), shape (k, k); NaN where the
            surface is flat.
        at_boundary: Which parameters ran away to zero or infinity, shape (k,).
        converged: Whether a maximum inside was reached.
        evaluations: Evaluations of the likelihood.
    """

    estimates: Floats
    log_likelihood: float
    log_covariance: Floats
    at_boundary: tuple[bool, ...]
    converged: bool
    evaluations: int


def trigamma(x: Floats | float) -> Floats:
    """Second derivative of log Γ: Hurwitz's ζ(2, x), without the detours of ``scipy.special.polygamma``."""
    return np.asarray(zeta(2.0, x), dtype=np.float64)


def maximise(
    loglik: LogLikelihood, start: Floats, n: float, ridge: float = 0.0, tolerance: float = _TOLERANCE
) -> Optimum:
    """Climb from `start`; deterministic, and the same in every unit of time.

    Args:
        loglik: Log-likelihood with derivatives in the parameters themselves.
        start: Positive starting values in the parameters' own units, shape (k,).
        n: Customers; the objective is the mean log-likelihood.
        ridge: Penalty per customer on the squared distance of the log-parameters from those of `start`.
        tolerance: Newton decrement per customer at which to stop.
    """
    origin = np.log(start)

    def objective(theta: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, hessian = loglik(np.exp(theta))
        params, away = np.exp(theta), theta - origin
        gradient = gradient * params
        hessian = hessian * np.outer(params, params) + np.diag(gradient)
        return (
            -value / n + ridge * float(away @ away),
            -gradient / n + 2 * ridge * away,
            -hessian / n + 2 * ridge * np.eye(len(theta)),
        )

    theta, hessian, converged, evaluations, value = _climb(objective, origin, tolerance)
    away = np.abs(theta - origin)
    at_boundary = tuple(bool(v) for v in away > 0.6 * _FARTHEST)
    value = loglik(np.exp(theta))[0] if ridge else -value * n
    covariance = _inverse(hessian) / n
    inside = converged and not any(at_boundary) and bool(np.isfinite(covariance).all())
    return Optimum(np.exp(theta), float(value), covariance, at_boundary, inside, evaluations)


def within_reach(loglik: LogLikelihood, params: Floats) -> float:
    """More than a climb from here can come to: the value, and twenty times what a Newton step promises.

    For leaving out, near a known maximum, a model that is out of reach of it.

    >>> square = lambda v: (-float(((v - 2) ** 2).sum()), -2 * (v - 2), -2 * np.eye(len(v)))
    >>> within_reach(square, np.array([1.9])) > 0
    True
    """
    value, gradient, hessian = loglik(params)
    slope = gradient * params
    step = _downhill(-slope, -(hessian * np.outer(params, params) + np.diag(slope)))
    return value + 10 * float(slope @ step)


def _climb(
    objective: Callable[[Floats], tuple[float, Floats, Floats]], theta: Floats, tolerance: float
) -> tuple[Floats, Floats, bool, int, float]:
    origin = theta
    lowest, highest = theta - _FARTHEST, theta + _FARTHEST
    value, gradient, hessian = objective(theta)
    evaluations = 1
    for _ in range(_MAX_STEPS):
        step = _downhill(gradient, hessian)
        if -gradient @ step < tolerance:
            return theta + step, hessian, True, evaluations, float(value + 0.5 * gradient @ step)
        length = 1.0
        while length > 1e-4:
            trial = np.clip(theta + length * step, lowest, highest)
            new = objective(trial)
            evaluations += 1
            if np.isfinite(new[0]) and new[0] <= value + 1e-4 * length * (gradient @ step) + 1e-13 * abs(value):
                break
            length *= 0.4
        else:
            return theta, hessian, False, evaluations, value
        if np.abs(trial - origin).max() >= 0.95 * _FARTHEST:
            return trial, new[2], False, evaluations, new[0]
        if np.abs(trial - theta).max() < 1e-13:
            return theta, hessian, True, evaluations, value
        theta = trial
        value, gradient, hessian = new
    return theta, hessian, False, evaluations, value


def _downhill(gradient: Floats, hessian: Floats) -> Floats:
    """A Newton step that goes down even where the surface is not convex, of bounded length."""
    curvature, axes = np.linalg.eigh(hessian)
    step: Floats = -axes @ ((axes.T @ gradient) / np.maximum(np.abs(curvature), 1e-9))
    longest = float(np.abs(step).max())
    return step * (_LONGEST / longest) if longest > _LONGEST else step


def _inverse(hessian: Floats) -> Floats:
    curvature = np.linalg.eigvalsh(hessian)
    if not np.isfinite(curvature).all() or curvature[0] <= 1e-10:
        return np.full_like(hessian, np.nan)
    return np.linalg.inv(hessian).astype(np.float64)
