"""The likelihood of groups whose parameters are multiples of common ones, with derivatives."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.newton import LogLikelihood


def grouped_likelihood(parts: list[LogLikelihood], design: Floats) -> LogLikelihood:
    """Log-likelihood of (common parameters, multiples) when group g has log-parameters ``design[g] @ log(all)``.

    A multiple is the exponential of a coefficient, so that all parameters are positive and the core fits them.

    >>> import numpy as np
    >>> square = lambda v: (-float(((v - 2) ** 2).sum()), -2 * (v - 2), -2 * np.eye(len(v)))
    >>> both = grouped_likelihood([square, square], np.array([[[1.0, 0.0]], [[1.0, 1.0]]]))
    >>> both(np.array([1.0, 2.0]))[0]
    -1.0

    Args:
        parts: Log-likelihood of each group in its own k parameters.
        design: Shape (groups, k, k + coefficients).

    Returns:
        A function of all positive parameters that gives value, gradient and Hessian.
    """

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        total, size = 0.0, len(params)
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        for part, by in zip(parts, design, strict=True):
            own = np.exp(by @ np.log(params))
            value, slope, curve = part(own)
            slope = slope * own
            total += value
            gradient += by.T @ slope
            hessian += by.T @ (curve * np.outer(own, own) + np.diag(slope)) @ by
        return total, gradient / params, (hessian - np.diag(gradient)) / np.outer(params, params)

    return evaluate
