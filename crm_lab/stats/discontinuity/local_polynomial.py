"""Local polynomials on one side of a threshold, weighted by a triangular kernel, with nearest-neighbour variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Integers

NEIGHBOURS = 3  # as in Calonico, Cattaneo & Titiunik (2014)


@dataclass(frozen=True)
class Side:
    """What lies on one side of a threshold, in rising order.

    Attributes:
        x: Distance from the threshold, signed, shape (n,).
        y: Outcomes, shape (n,) or (n, k).
        first: Place of the first value that is the same as each, shape (n,).
        last: Place after the last one, shape (n,).
    """

    x: Floats
    y: Floats
    first: Integers
    last: Integers

    @classmethod
    def of(cls, x: Floats, y: Floats) -> Side:
        """Sort what lies on one side.

        Args:
            x: Distance from the threshold, shape (n,).
            y: Outcomes, shape (n,) or (n, k).
        """
        order = np.argsort(x, kind="stable")
        return cls.sorted(x[order], y[order].reshape(len(x), -1))

    @classmethod
    def sorted(cls, x: Floats, y: Floats) -> Side:
        """A side whose values are in rising order already."""
        return cls(x, y, np.searchsorted(x, x, "left"), np.searchsorted(x, x, "right"))

    def within(self, reach: float) -> Side:
        """Those at most so far from the threshold whose triangular weight is above 0."""
        near = np.abs(self.x) < reach
        return Side.sorted(self.x[near], self.y[near])

    @property
    def support(self) -> int:
        """How many different values there are."""
        return int(np.unique(self.x).size)


def kernel(x: Floats, h: float) -> Floats:
    """Triangular weights, shape (n,)."""
    return np.asarray(np.clip(1 - np.abs(x) / h, 0, None) / h)


def powers(x: Floats, degree: int) -> Floats:
    """The polynomial's columns, shape (n, degree + 1)."""
    return np.vander(x, degree + 1, increasing=True)


def residuals(side: Side, neighbours: int = NEIGHBOURS) -> Floats:
    """Each outcome less the mean of its nearest neighbours, scaled to its own variance, shape (n, k).

    Whoever is as near as the last neighbour is one too.

    Args:
        side: What lies on one side.
        neighbours: How many.

    Source:
        Abadie & Imbens (2006); Calonico, Cattaneo & Titiunik (2014), section 5.

    Returns:
        Residuals, shape (n,).
    """
    n = len(side.x)
    low, high = side.first.copy(), side.last.copy()
    for _ in range(min(neighbours, n)):
        open_ = (high - low - 1 < min(neighbours, n - 1)).nonzero()[0]
        if not open_.size:
            break
        lo, hi, at = low[open_], high[open_], side.x[open_]
        left = np.where(lo > 0, at - side.x[np.maximum(lo - 1, 0)], np.inf)
        right = np.where(hi < n, side.x[np.minimum(hi, n - 1)] - at, np.inf)
        low[open_] = np.where(left <= right, side.first[np.maximum(lo - 1, 0)], lo)
        high[open_] = np.where(right <= left, side.last[np.minimum(hi, n - 1)], hi)
    sums = np.concatenate([np.zeros((1, side.y.shape[1])), np.cumsum(side.y, axis=0)])
    others = (high - low - 1).astype(float)[:, None]
    mean = (sums[high] - sums[low] - side.y) / np.maximum(others, 1)
    return np.asarray(np.sqrt(others / (others + 1)) * (side.y - mean))


@dataclass(frozen=True)
class LocalFit:
    """A weighted polynomial on one side.

    Attributes:
        beta: Coefficients, shape (degree + 1, k).
        inverse: Of the weighted cross product, shape (degree + 1, degree + 1).
        design: Columns, shape (n, degree + 1).
        weights: Kernel weights, shape (n,).
    """

    beta: Floats
    inverse: Floats
    design: Floats
    weights: Floats

    def variance(self, errors: Floats) -> Floats:
        """Covariance of the coefficients with these residuals, shape (degree + 1, degree + 1).

        Args:
            errors: Residuals, shape (n,).

        Returns:
            Variance of the coefficient.
        """
        part = (self.design * (self.weights * errors)[:, None]) @ self.inverse
        return np.asarray(part.T @ part)


def local_fit(side: Side, degree: int, h: float) -> LocalFit:
    """Fit a polynomial on one side by weighted least squares.

    Args:
        side: What lies there.
        degree: Of the polynomial.
        h: Bandwidth.

    Returns:
        Coefficients with their variance.

    Raises:
        numpy.linalg.LinAlgError: If there are fewer different values than coefficients.
    """
    weights = kernel(side.x, h)
    design = powers(side.x, degree)
    if np.unique(side.x[weights > 0]).size <= degree:
        raise np.linalg.LinAlgError("fewer different values than coefficients")
    root = np.sqrt(weights)[:, None]
    scale = h ** -np.arange(degree + 1.0)
    _, r = np.linalg.qr(root * design * scale)
    back = np.linalg.inv(r)
    inverse = (back @ back.T) * scale[:, None] * scale[None, :]
    return LocalFit(inverse @ (design.T @ (weights[:, None] * side.y)), inverse, design, weights)
