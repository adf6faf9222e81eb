"""The return of a programme where normal theory does not hold: the net result by permutation, for any ROI needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.small_samples import Pair, permuted_ratio
from crm_lab.experiments.payoff.terms import Terms
from crm_lab.stats.intervals import RatioSet
from crm_lab.stats.permutation import Shifts

_SEED = 20_240_102  # of the redeemed share


@dataclass(frozen=True, eq=False)
class ReturnDraws:
    """The net result of a test by permutation.

    Attributes:
        pair: The two arms.
        gain: What each row earns, shape (n,); totals where rows are clusters.
        cost: What it costs beside the fixed cost.
        fixed: Communication and running cost per treated unit.
        redeemed: How uncertain the rewards per treated unit are, as a standard deviation.
        past: Covariates.
    """

    pair: Pair
    gain: Floats
    cost: Floats
    fixed: float
    redeemed: float
    past: tuple[str, ...]

    def net(self, roi: float) -> Shifts:
        """Gain less (1 + roi) cost per treated unit; above 0 if the ROI is above that."""
        if roi not in self._known:
            self._known[roi] = self._net(roi)
        return self._known[roi]

    @cached_property
    def _known(self) -> dict[float, Shifts]:
        return {}

    def _net(self, roi: float) -> Shifts:
        size = self.pair.experiment.size
        values = self.pair.adjusted(self.gain - (1 + roi) * self.cost, self.past)
        found = self.pair.shifts(values, self.pair.values(size) if size else None)
        noise = np.random.default_rng(_SEED).standard_normal(len(found.at)) * self.redeemed
        fixed = (1 + roi) * self.fixed
        return replace(found, effect=found.effect - fixed, at=found.at - fixed + (1 + roi) * noise)

    def adjusted_rows(self, columns: Sequence[str]) -> Experiment:
        """The test with outcomes adjusted as they are in the net result, and no covariates left."""
        test = self.pair.experiment
        frame = test.frame[self.pair.rows]
        found = {name: self.pair.adjusted(self.pair.values(name), self.past) for name in columns}
        return replace(test, frame=frame.assign(**found), covariates=(), pasts={})

    def p_above(self, roi: float) -> float:
        """Probability that the ROI is above a threshold: one less the p value of no more than that."""
        return self.net(roi).probability_above(0.0)

    def multiple_set(self, level: float, multiple: float, cost: float) -> RatioSet:
        """Multiples (ROI + 1) that the test does not reject.

        Args:
            level: Confidence level.
            multiple: The estimate, where the search begins.
            cost: Cost per treated unit.
        """
        if not (math.isfinite(multiple) and cost > 0):
            return RatioSet("all", -math.inf, math.inf, level)
        return permuted_ratio(lambda m: self.net(m - 1), multiple, cost, level)


def return_draws(terms: Terms, experiment: Experiment, columns: Mapping[str, str], treated: int) -> ReturnDraws | None:
    """The net result by permutation where normal theory does not hold for it, else ``None``.

    Args:
        terms: The programme's terms.
        experiment: A test with two arms, in the rows that were assigned.
        columns: What the outcomes are (spend, margin, ...) -> column.
        treated: Treated units.
    """
    pair = Pair.of(experiment, experiment.treatments[0])
    money = {role: pair.values(column) for role, column in columns.items()}
    share = 1.0 if "margin" in money else terms.margin_share
    gain = share * money.get("margin", money["spend"])
    gain = gain + sum(share * money[role] for role in ("later", "elsewhere") if role in money)
    rate = terms.reward_rate * terms.redemption_share
    cost = money["rewards"] if "rewards" in money else np.where(pair.treated, rate * money["spend"], 0.0)
    if pair.normal_holds(gain - (1 + terms.roi_needed) * cost):
        return None
    units = pair.values(experiment.size)[pair.treated].sum() if experiment.size else pair.treated.sum()
    spent = money["spend"][pair.treated].sum() / units
    redeemed = 0.0 if "rewards" in money else terms.reward_rate * terms.redemption_sd * spent
    past = experiment.past_of(list(columns.values())) if terms.adjust != "none" else ()
    fixed = terms.contact_cost + terms.running_cost / treated
    return ReturnDraws(pair, gain, cost, fixed, redeemed, past)
