"""Money arithmetic of a programme: parts that add up, their covariance, return on cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.stats.intervals import RatioSet, fieller


@dataclass(frozen=True, slots=True)
class Parts:
    """Amounts per treated unit that add up to the net result, and how they vary together.

    Attributes:
        names: What each is.
        value: Amounts, income above 0 and cost below, shape (k,).
        cov: Their sampling covariance, shape (k, k).
        slopes: By how much each grows with each of the p estimates that they come from, shape (k, p).
    """

    names: tuple[str, ...]
    value: Floats
    cov: Floats
    slopes: Floats

    def total(self, names: Sequence[str] | None = None) -> tuple[float, float]:
        """Sum of some parts (default: all) and its standard error."""
        w = self.weights(self.names if names is None else names)
        return float(w @ self.value), math.sqrt(max(float(w @ self.cov @ w), 0.0))

    def weights(self, names: Sequence[str]) -> Floats:
        """1 for the named parts, else 0, shape (k,)."""
        return np.array([float(n in names) for n in self.names])


def parts_of(names: Sequence[str], function: Callable[[Floats], Floats], theta: Floats, cov: Floats) -> Parts:
    """Parts as a smooth function of estimates, with their covariance (delta method, central differences).

    Most functions used here are bilinear in each pair of estimates, for which central differences are exact
    up to rounding; where they divide by a mean, the error is of the order of the squared step, 1e-8.

    Args:
        names: Names of the k parts.
        function: From estimates (p,) to parts (k,).
        theta: Estimates, shape (p,).
        cov: Their covariance, shape (p, p).
    """
    step = 1e-4 * np.maximum(np.abs(theta), 1.0)
    columns = [(function(theta + h) - function(theta - h)) / (2 * h.sum()) for h in np.diag(step)]
    jacobian = np.column_stack(columns)
    return Parts(tuple(names), function(theta), jacobian @ cov @ jacobian.T, jacobian)


@dataclass(frozen=True, slots=True)
class Return:
    """Return of a programme per unit of cost.

    Attributes:
        gain: Incremental margin per treated unit, before cost.
        cost: Cost per treated unit.
        var_gain: Squared standard error of the gain.
        var_cost: The same of the cost.
        cov: Their covariance.
    """

    gain: float
    cost: float
    var_gain: float
    var_cost: float
    cov: float

    @classmethod
    def of(cls, parts: Parts, gains: Sequence[str]) -> Return:
        """Return with the named parts as gain and all others as cost."""
        up = parts.weights(gains)
        down = up - 1.0
        value, cov = parts.value, parts.cov
        return cls(
            float(up @ value),
            float(down @ value),
            float(up @ cov @ up),
            float(down @ cov @ down),
            float(up @ cov @ down),
        )

    @property
    def multiple(self) -> float:
        """Incremental margin per unit of cost (1:4 is a multiple of 4); nan without cost."""
        return self.gain / self.cost if self.cost > 0 else math.nan

    @property
    def roi(self) -> float:
        """(Incremental margin - cost) / cost: the multiple less one; nan without cost."""
        return self.multiple - 1

    def multiple_set(self, level: float = 0.95) -> RatioSet:
        """Fieller's confidence set of the multiple."""
        return fieller(self.gain, self.cost, self.var_gain, self.var_cost, self.cov, level)

    def net(self) -> tuple[float, float]:
        """Gain less cost, and its standard error."""
        return self.distance(0.0)

    def distance(self, threshold: float) -> tuple[float, float]:
        """Gain less (1 + threshold) cost, and its standard error."""
        weight = 1 + threshold
        variance = self.var_gain - 2 * weight * self.cov + weight**2 * self.var_cost
        return self.gain - weight * self.cost, math.sqrt(max(variance, 0.0))

    def p_roi_above(self, threshold: float) -> float:
        """Probability that the ROI is above a threshold: that gain - (1 + threshold) cost > 0.

        Normal approximation with a flat prior; exact in the sense of Fieller, no ratio is divided.
        """
        distance, se = self.distance(threshold)
        if se == 0:
            return float(distance > 0)
        return float(stats.norm.cdf(distance / se))
