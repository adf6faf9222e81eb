"""What a rule of whom to treat would have earned, from a test in which everybody was dealt by lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold
from crm_lab.stats.intervals import z_value

Method = Literal["dr", "ipw"]
METHODS: tuple[Method, Method] = ("dr", "ipw")


@dataclass(frozen=True)
class Worth:
    """Money of an outcome and of a treatment.

    Attributes:
        value: Margin of one unit of the outcome.
        costs: Cost of treating a unit in each arm, the control's first, shape (A,).
    """

    value: float
    costs: tuple[float, ...]

    def net(self, scores: Floats) -> Floats:
        """Scores of arms in money less what they cost, shape (n, A)."""
        found: Floats = self.value * scores - np.array(self.costs)
        return found


def unit_values(found: OutOfFold, rule: Ints, worth: Worth, method: Method = "dr") -> Floats:
    """What each unit says of a rule's worth, shape (n,): their mean is the rule's profit a unit.

    Args:
        found: Scores out of fold.
        rule: The arm that the rule gives each unit, made without the unit's own outcome.
        worth: Money of outcome and treatment.
        method: Doubly robust, or weights alone (inverse probability), which needs no model and is wider.

    Returns:
        Values in money.
    """
    rows = np.arange(len(rule))
    if method == "dr":
        return worth.net(found.scores)[rows, rule]
    seen: Floats = (found.dealt == rule) / found.shares[rule]
    values: Floats = seen * worth.value * found.outcome - np.array(worth.costs)[rule]
    return values


def mean_interval(values: Floats, level: float) -> tuple[float, float, float]:
    """Mean of values and its normal interval: mean, lower end, upper end."""
    mean, half = float(values.mean()), z_value(level) * float(values.std(ddof=1)) / np.sqrt(len(values))
    return mean, mean - half, mean + half
