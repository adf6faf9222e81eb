"""Spend per purchase by credibility: a customer's own mean, drawn towards everybody's (Bühlmann & Straub 1970).

It needs no distribution, so it answers where Gamma-Gamma does not: where everybody spends alike, and where a few
purchases are so large that the mean of Gamma-Gamma is infinite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from crm_lab.arrays import Floats
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import z_value

LEVEL = 0.9
_MOST = 4.0  # purchases that a mean may count for beside others: customers differ, however many each makes


@dataclass(frozen=True, eq=False)
class CredibilitySpend(Result):
    """Expected spend = everybody's mean + weight x (own mean - everybody's mean), weight = x / (x + within / between).

    >>> import numpy as np
    >>> spend = credibility_spend(np.array([1.0, 4.0, 9.0]), np.array([10.0, 10.0, 10.0]))
    >>> spend.expected_spend([0, 3], [0.0, 10.0]).tolist()
    [10.0, 10.0]

    Attributes:
        centre: Mean of the customers' mean spends, each weighted by its credibility, in currency.
        standard_error: Of the centre.
        within: Variance of a purchase about the customer's own mean.
        between: Variance of the customers' own means.
        n: Repeat buyers with positive spend.
        left_out: Repeat buyers whose repeat purchases sum to zero.
        correlation: Of frequency and mean spend.
        reason: Why Gamma-Gamma was not used.
    """

    centre: float
    standard_error: float
    within: float
    between: float
    n: int
    left_out: int = 0
    correlation: float = 0.0
    reason: Message | None = None

    name = "spend_by_credibility"
    formats = dict.fromkeys(("estimate", "lo", "hi"), ",.2f")

    @property
    def mean_spend(self) -> float:
        """Expected spend per purchase of a customer not seen before, in currency.

        >>> spend.mean_spend
        10.0
        """
        return self.centre

    def _weight(self, x: Floats) -> Floats:
        if self.between <= 0:
            return np.zeros(np.shape(x))
        weight: Floats = np.where(x > 0, x / np.maximum(x + self.within / self.between, 1e-300), 0.0)
        return weight

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Expected spend per future purchase of customers seen, in currency.

        >>> spend.expected_spend(3, 10.0).tolist()
        10.0

        Args:
            frequency: Repeat purchases x.
            monetary_value: Mean spend per repeat purchase; 0 tells nothing.

        Returns:
            Amounts in currency, in the broadcast shape.
        """
        x, mean = np.asarray(frequency, dtype=float), np.asarray(monetary_value, dtype=float)
        expected: Floats = self.centre + self._weight(np.where(mean > 0, x, 0.0)) * (mean - self.centre)
        return expected

    def drawn(self, size: int, rng: np.random.Generator) -> list[Self]:
        """The same at `size` draws of the centre.

        >>> len(spend.drawn(3, np.random.default_rng(0)))
        3

        Args:
            size: Number of draws.
            rng: Generator.

        Returns:
            As many models.
        """
        centres = np.maximum(rng.normal(self.centre, self.standard_error, size), 0.0)
        return [replace(self, centre=float(centre)) for centre in centres]

    def draw_spend(
        self, purchases: Floats, frequency: Floats, monetary_value: Floats, rng: np.random.Generator
    ) -> Floats:
        """Total spend of future purchases, one gamma draw a customer with the mean and variance that credibility gives.

        >>> spend.draw_spend(np.ones(1), np.ones(1), np.full(1, 10.0), np.random.default_rng(0)).tolist()
        [10.0]

        Args:
            purchases: Number of future purchases, shape (n,).
            frequency: Repeat purchases so far, shape (n,).
            monetary_value: Mean spend per repeat purchase so far, shape (n,).
            rng: Generator.

        Returns:
            Amounts in currency, shape (n,).
        """
        some = purchases > 0
        count, x = purchases[some], np.where(monetary_value > 0, frequency, 0.0)[some]
        mean = count * self.expected_spend(x, monetary_value[some])
        unsure = (1 - self._weight(x)) * max(self.between, 0.0)
        variance = count * self.within + count**2 * unsure
        total = np.zeros(len(purchases))
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(variance > 0, variance / np.maximum(mean, 1e-12), 0.0)
            total[some] = np.where(scale > 0, rng.standard_gamma(np.maximum(mean, 1e-12) / scale) * scale, mean)
        return total

    def refusal(self) -> Message | None:
        """``None``: a mean exists for every base.

        >>> spend.refusal() is None
        True
        """
        return None

    def to_frame(self) -> pd.DataFrame:
        """One row: expected spend of a customer not seen before, with its 90 % interval.

        >>> list(spend.to_frame())
        ['parameter', 'estimate', 'standard_error', 'lo', 'hi']
        """
        half = z_value(LEVEL) * self.standard_error
        row = ("mean spend", self.centre, self.standard_error, self.centre - half, self.centre + half)
        return pd.DataFrame([row], columns=["parameter", "estimate", "standard_error", "lo", "hi"])

    def readout(self) -> Readout:
        """Mean spend, how much a customer's own history counts, and why it is not Gamma-Gamma.

        >>> print(spend.readout().finding)
        3 repeat buyers are expected to spend 10.00 per purchase on average; ...
        """
        values = {"n": self.n, "mean": self.centre, "weight": float(self._weight(np.array(3.0)))}
        return Readout.of("clv.credibility", values, certainty=self.reason or "certainty")

    def facts(self) -> tuple[Fact, ...]:
        """Expected spend per purchase of a customer not seen before.

        >>> spend.facts()[0].id
        'clv.credibility.mean'
        """
        row = self.to_frame().iloc[0]
        ci = Interval(float(row["lo"]), float(row["hi"]), LEVEL)
        return (Fact("clv.credibility.mean", "clv.credibility.mean", self.centre, ci=ci, kind="estimate", n=self.n),)


def credibility_spend(
    x: Floats, mean: Floats, *, left_out: int = 0, correlation: float = 0.0, reason: Message | None = None
) -> CredibilitySpend:
    """Fit to repeat purchases and mean spend per purchase, both positive, shape (n,).

    A customer's mean of x purchases varies about everybody's by between + within / x; the two variances are those that
    fit the squared distances best, neither below zero.

    >>> round(credibility_spend(np.array([1.0, 1.0, 9.0, 9.0]), np.array([8.0, 12.0, 9.0, 11.0])).centre, 6)
    10.0

    Args:
        x: Repeat purchases.
        mean: Mean spend per repeat purchase, in currency.
        left_out: Customers left out before, for the record.
        correlation: Of the two, for the record.
        reason: Why this model and not Gamma-Gamma.

    Returns:
        The fitted model.

    Source:
        Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze.
    """
    first = float(np.average(mean, weights=x))
    within, between = variance_parts(x, (mean - first) ** 2)
    weight = x / (x * between + within) if within + between > 0 else x
    centre = float(np.average(mean, weights=weight))
    spread = float(np.sqrt(np.sum((weight * (mean - centre)) ** 2))) / float(weight.sum())
    return CredibilitySpend(centre, spread, within, between, len(x), left_out, correlation, reason)


def variance_parts(x: Floats, squares: Floats) -> tuple[float, float]:
    """Variances within and between that fit squared distances of means of x best, neither below zero.

    >>> [round(v, 6) for v in variance_parts(np.array([1.0, 2.0, 4.0]), np.array([5.0, 3.0, 2.0]))]
    [4.0, 1.0]

    Args:
        x: What each mean is of, shape (n,).
        squares: Squared distance of each mean from everybody's, shape (n,).
    """
    root = np.sqrt(np.minimum(x, _MOST))
    design = np.column_stack([1 / x, np.ones(len(x))]) * root[:, None]
    (within, between), _ = nnls(design, squares * root)
    return float(within), float(between)
