"""The bandwidth that makes the mean squared error of a jump at a threshold least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.stats.discontinuity.local_polynomial import Side, kernel, local_fit, residuals

_PILOT = 2.576  # of the triangular kernel
_NORMAL_QUARTILES = 1.349  # standard deviations between the quartiles of a normal distribution
_REPEATED = 0.2  # share of repeated values from which a window holds at least so many different ones
_SUPPORT = 10
_BEYOND = 1e-8  # past the outermost value, whose weight would be 0


@dataclass(frozen=True)
class Bandwidths:
    """How far from the threshold is looked.

    Attributes:
        h: For the estimate.
        b: For its bias.
    """

    h: float
    b: float


@dataclass(frozen=True)
class _Target:
    """A derivative of the outcome at the threshold, how it is estimated, and how its bias is."""

    degree: int
    derivative: int
    bias_degree: int
    regularised: bool


@dataclass(frozen=True)
class _Error:
    """Parts of a mean squared error on one side: variance, bias, uncertainty of the bias."""

    variance: float
    bias: float
    penalty: float


def optimal_bandwidths(left: Side, right: Side) -> Bandwidths:
    """Bandwidths of a local linear fit whose mean squared error is least, the same on both sides.

    Args:
        left: Below the threshold; its first outcome counts.
        right: At or above it.

    Returns:
        Bandwidths of the estimate and of its bias.

    Raises:
        numpy.linalg.LinAlgError: If a window holds fewer different values than coefficients.

    Source:
        Calonico, Cattaneo & Titiunik (2014), Econometrica 82, section 4; Calonico, Cattaneo, Farrell & Titiunik
        (2017), Stata Journal 17, 372-404.
    """
    least, most = _limits(left, right)
    pilot = min(max(_pilot(left, right), least), most)
    ends = (abs(float(left.x[0])) + _BEYOND, abs(float(right.x[-1])) + _BEYOND)

    def best(target: _Target, outer: tuple[float, float]) -> float:
        parts = [_error(side, target, pilot, reach) for side, reach in zip((left, right), outer, strict=True)]
        bias = (parts[1].bias - parts[0].bias) ** 2 + parts[0].penalty + parts[1].penalty
        rate = 1 / (2 * target.degree + 3)
        return float(min(max(((parts[0].variance + parts[1].variance) / bias) ** rate, least), most))

    d = best(_Target(3, 3, 4, regularised=False), ends)
    b = best(_Target(2, 2, 3, regularised=True), (d, d))
    return Bandwidths(best(_Target(1, 0, 2, regularised=True), (b, b)), b)


def _limits(left: Side, right: Side) -> tuple[float, float]:
    """The least bandwidth that keeps enough different values, and the one beyond which there is nobody."""
    values = [np.unique(np.abs(side.x)) for side in (left, right)]
    most = max(float(v[-1]) for v in values)
    repeated = max(1 - v.size / len(side.x) for v, side in zip(values, (left, right), strict=True))
    if repeated < _REPEATED:
        return 0.0, most
    return max(float(v[min(_SUPPORT, v.size) - 1]) + _BEYOND for v in values), most


def _pilot(left: Side, right: Side) -> float:
    """Rule of thumb for the first window."""
    x = np.concatenate([left.x, right.x])
    low, high = np.quantile(x, [0.25, 0.75], method="averaged_inverted_cdf")
    spread = min(float(x.std(ddof=1)), float(high - low) / _NORMAL_QUARTILES)
    return _PILOT * spread * float((left.support + right.support) ** -0.2)


def _error(side: Side, target: _Target, pilot: float, outer: float) -> _Error:
    """What a bandwidth would cost on one side."""
    o, nu = target.degree, target.derivative
    near, far = side.within(pilot), side.within(outer)
    fit = local_fit(near, o, pilot)
    variance = fit.variance(residuals(near)[:, 0])[nu, nu]
    moment = fit.design.T @ (kernel(near.x, pilot) * (near.x / pilot) ** (o + 1))
    constant = pilot**nu * float(fit.inverse[nu] @ moment)
    higher = local_fit(far, target.bias_degree, outer)
    times = 2 * (o + 1 - nu)
    penalty = 0.0
    if target.regularised:
        penalty = 3 * times * constant**2 * float(higher.variance(residuals(far)[:, 0])[o + 1, o + 1])
    return _Error(
        (2 * nu + 1) * pilot ** (2 * nu + 1) * float(variance),
        float(np.sqrt(times)) * constant * float(higher.beta[o + 1, 0]),
        penalty,
    )
