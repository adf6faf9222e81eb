"""Values as arrays: expected purchases, their value, and draws of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Positions
from crm_lab.checks import BadInput
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.sampling.posterior_draws import Base, Drawn, draw, exact_interval
from crm_lab.clv.spend.spend_model import SpendFit
from crm_lab.results import Interval


@dataclass(frozen=True, slots=True)
class Draws:
    """How many futures are drawn, the level of the intervals made from them, and the seed."""

    number: int
    level: float
    seed: int


@dataclass(frozen=True, eq=False)
class Valuation:
    """What customers are worth, shape (n,) each.

    Attributes:
        fit: Purchase model.
        spend: Spend model.
        base: The customers, and what a unit of their spend is worth (margin times mean discount).
        expected: Expected purchases in the window.
        window: Start and end of the future counted, in the model's unit of time.
        draws: How the intervals are drawn.
    """

    fit: PurchaseFit
    spend: SpendFit
    base: Base
    expected: Floats
    window: tuple[float, float]
    draws: Draws

    @property
    def purchases_worth(self) -> Floats:
        """What a unit of expected spend adds to value."""
        return self.expected * self.base.factor

    @property
    def value(self) -> Floats:
        """Margin x expected purchases x expected spend, discounted."""
        return self.purchases_worth * self.spend.expected_spend(self.base.frequency, self.base.monetary_value)

    @property
    def ahead(self) -> float:
        """Length of the future counted, in the model's unit of time."""
        return self.window[1] - self.window[0]

    def lost_with(self, at_risk: Floats) -> Floats:
        """Value that goes with the purchases at risk: their share of the purchases expected."""
        return self.value * np.divide(at_risk, self.expected, out=np.zeros_like(at_risk), where=self.expected > 0)

    def times(self, factor: float | Floats) -> Valuation:
        """The same customers with values multiplied: all alike, or each by its own."""
        return replace(self, base=replace(self.base, factor=self.base.factor * factor))

    @cached_property
    def drawn(self) -> Drawn:
        """Draws of the whole base as one group; made when first asked for, since a refused value needs none."""
        return self.in_groups(np.zeros(len(self.expected), dtype=np.intp))

    def in_groups(self, group: Positions) -> Drawn:
        """Draws with totals by group (its number for each customer)."""
        how = self.draws
        return draw(
            self.fit, self.spend, self.base, self.window, group, draws=how.number, level=how.level, seed=how.seed
        )

    def at_margins(self, margins: pd.Series, customers: pd.Series, alike: float) -> Valuation:
        """The same customers at margins of their own, by id, where one for all had been counted.

        Raises:
            BadInput: If customers have none.
        """
        own = margins.reindex(customers)
        if own.isna().any():
            raise BadInput(f"{own.isna().sum():,} customers have no margin; give every customer one.")
        return self.times(own.to_numpy(dtype=float) / alike)

    def interval(self, drawn: Floats) -> Interval:
        """Central interval of a drawn total, of exact level for any number of draws."""
        return exact_interval(drawn, self.draws.level)


def valuation(
    summary: pd.DataFrame,
    fit: PurchaseFit,
    spend: SpendFit,
    window: tuple[float, float],
    annual_discount_rate: float,
    margin: float,
    draws: Draws,
) -> Valuation:
    """Value the customers of a purchase summary; see `CustomerValue` for the settings."""
    x, t_x, T, mean = (summary[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T", "monetary_value"))

    def purchases(rate: float) -> Floats:
        return fit.conditional_purchases(window[1], x, t_x, T, start=window[0], annual_discount_rate=rate)

    expected = purchases(0.0)
    share = np.divide(purchases(annual_discount_rate), expected, out=np.ones_like(expected), where=expected > 0)
    return Valuation(fit, spend, Base(x, t_x, T, mean, margin * share), expected, window, draws)
