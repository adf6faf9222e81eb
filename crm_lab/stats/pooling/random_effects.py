"""What the next error will be, from errors made before: a persistent part, a passing part, and known chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from crm_lab.arrays import Floats

_GRID = 40
_WIDEST = 5.0  # in units of the prior's scale


@dataclass(frozen=True, slots=True)
class NextError:
    """Predictive distribution of the next error, a mixture of normals.

    Attributes:
        weight: Of each component, shape (m,).
        centre: Its mean, shape (m,).
        spread: Its standard deviation, shape (m,).
    """

    weight: Floats
    centre: Floats
    spread: Floats

    @property
    def mean(self) -> float:
        """Expected error.

        >>> next_error(np.zeros(0), np.zeros(0), (0.1, 0.1)).mean
        0.0
        """
        return float(self.weight @ self.centre)

    def quantile(self, chance: float) -> float:
        """Value below which the next error lies with that chance.

        >>> round(next_error(np.zeros(0), np.zeros(0), (0.1, 0.1)).quantile(0.95), 2)
        0.23
        """
        low, high = float((self.centre - 12 * self.spread).min()), float((self.centre + 12 * self.spread).max())
        for _ in range(80):
            middle = (low + high) / 2
            if self.weight @ ndtr((middle - self.centre) / self.spread) < chance:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def next_error(
    errors: Floats,
    variances: Floats,
    scales: tuple[float, float],
    *,
    own_variance: float = 0.0,
    persistent: bool = True,
) -> NextError:
    """Predict the next error: errors are μ + ε_j + chance, with μ ~ N(0, p²) and ε_j ~ N(0, q²).

    Both p and q have half-normal priors of the given scales and are integrated over a grid: errors that agree, by more
    than chance, move the mean; errors that do not widen the interval and leave the mean near zero.

    >>> agree = next_error(np.array([0.2, 0.21, 0.19]), np.full(3, 1e-4), (0.12, 0.12))
    >>> apart = next_error(np.array([0.2, -0.21, 0.19]), np.full(3, 1e-4), (0.12, 0.12))
    >>> round(agree.mean, 1), abs(apart.mean) < 0.06
    (0.2, True)

    Args:
        errors: Errors made, shape (n,).
        variances: Variance by chance of each, known, shape (n,).
        scales: Of the half-normal priors of p and of q.
        own_variance: Variance by chance of the next error.
        persistent: Whether errors may move the mean; else they only tell the spread, and the mean is zero.

    Returns:
        The predictive distribution.

    Source:
        Gelman (2006), Prior distributions for variance parameters in hierarchical models; Higgins, Thompson &
        Spiegelhalter (2009), A re-evaluation of random-effects meta-analysis, for the predictive distribution.
    """
    axis = (np.arange(_GRID) + 0.5) / _GRID * _WIDEST
    p2, q2 = (v.ravel() ** 2 for v in np.meshgrid(axis, axis))
    log_weight = -(p2 + q2) / 2
    p2, q2 = p2 * scales[0] ** 2, q2 * scales[1] ** 2
    if not persistent:
        p2, q2 = np.zeros_like(p2), p2 + q2
    noise = q2[:, None] + variances[None, :]
    precision = (1 / noise).sum(axis=1) if len(errors) else np.zeros_like(q2)
    pulled = (errors / noise).sum(axis=1) if len(errors) else np.zeros_like(q2)
    shrink = p2 / (1 + p2 * precision)
    fit = (errors**2 / noise).sum(axis=1) - shrink * pulled**2 if len(errors) else np.zeros_like(q2)
    log_weight = log_weight - 0.5 * (np.log(noise).sum(axis=1) + np.log1p(p2 * precision) + fit)
    weight = np.exp(log_weight - log_weight.max())
    return NextError(weight / weight.sum(), shrink * pulled, np.sqrt(shrink + q2 + own_variance))
