"""Power for the decision: units needed until a programme that pays is shipped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy import stats

from crm_lab.checks import check_settings, need_columns, not_inside, not_positive
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.experiments.core.estimate import JointMeans, joint_means
from crm_lab.experiments.core.outcome_metrics import no_money, outcome_label
from crm_lab.experiments.payoff.loyalty_programme import Programme
from crm_lab.experiments.payoff.money_parts import Return
from crm_lab.experiments.payoff.terms import GAINS, MOST_TIMES
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.moments import Moments

_MOST_UNITS = 2**40


@dataclass(frozen=True, kw_only=True)
class RoiDesign:
    """Sample size for a decision: units needed until a programme that pays is shipped.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> from crm_lab.experiments import Programme
    >>> programme = Programme(margin_share=0.3, reward_rate=0.01, currency="USD")
    >>> design = RoiDesign(programme=programme, lift=0.1).analyze(history, "spend", ["before"])
    >>> 0 <= design.p_ship(400) <= 1
    True

    Attributes:
        programme: Its terms and decision rule.
        lift: True relative lift of treated units' spend to plan for.
        power: Wanted probability that the test ends in ship if the lift is true.
    """

    programme: Programme
    lift: float
    power: float = 0.8

    def __post_init__(self) -> None:
        check_settings(self, not_positive(self, "lift"), not_inside(self, "power"))

    def analyze(
        self, units: IntoFrame, outcome: str, covariates: Sequence[str] = (), available: int | None = None
    ) -> RoiDesignResult:
        """Probability that the test ends in ship, by its number of units (half of them treated).

        >>> RoiDesign(programme=programme, lift=0.2).analyze(history, "spend", available=1000).available
        1000

        Args:
            units: One row per unit of the history.
            outcome: Spend in a window as long as the test's.
            covariates: Columns from before the window.
            available: Units that could take part; the rows of the history unless given.

        Returns:
            The probability by size, and the size needed.
        """
        units = as_pandas(units, "The history")
        need_columns(units.columns, [outcome, *covariates], "The history")
        history = Moments.from_frame(units, [outcome, *covariates])
        way = self.programme.adjust if covariates else "none"
        means = joint_means([history], [(outcome, None)], covariates, way)
        level, variance = float(means.mean[0, 0]), float(means.own[0, 0]) * history.n
        at_hand = len(units) if available is None else available
        worth = self.programme.value_per_success
        level, variance = level * (worth or 1.0), variance * (worth or 1.0) ** 2
        money = bool(worth) or not no_money(units[outcome], outcome)
        problem = None if money else Message("experiments.refused.no_amount", {"metric": outcome_label(outcome)})
        return RoiDesignResult(self, level, variance, at_hand, len(units), problem)


@dataclass(frozen=True)
class RoiDesignResult(Result):
    """Probability of ship by number of units, if the planned lift is true.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> from crm_lab.experiments import Programme
    >>> programme = Programme(margin_share=0.3, reward_rate=0.01, currency="USD")
    >>> design = RoiDesign(programme=programme, lift=0.1).analyze(history, "spend", ["before"])

    Attributes:
        spec: What was asked.
        level: Mean spend of a unit, in currency.
        variance: Variance of spend after adjusting.
        available: Units that could take part.
        history: Units of the history.
    """

    spec: RoiDesign
    level: float
    variance: float
    available: int
    history: int
    problem: Message | None = None

    name: ClassVar[str] = "roi_design"
    formats: ClassVar[dict[str, str]] = {"units": ",.0f", "roi": "+.0%", "p_ship": ".0%"}

    def p_ship(self, units: float) -> float:
        """Probability (0-1) that a test with this many units, half treated, ends in ship.

        >>> design.p_ship(100) < design.p_ship(10_000)
        True

        Args:
            units: Units in all.

        Returns:
            A probability.
        """
        p = self.spec.programme
        distance, se = self._returns(units).distance(p.roi_needed)
        return float(stats.norm.sf(stats.norm.ppf(p.ship_at) - distance / se))

    def _returns(self, units: float) -> Return:
        """The programme's return if the planned lift is true: its own arithmetic on the means of such a test."""
        p, roles = self.spec.programme, ("spend", "margin")[: 2 if self.spec.programme.value_per_success else 1]
        stretch = np.array([1.0, 1 + self.spec.lift])
        mean = np.outer(self.level * stretch, np.ones(len(roles)))
        own = np.diag(self.variance * stretch**2 / (units / 2))
        cov = own[:, None, :, None] * np.ones((1, len(roles), 1, len(roles)))
        means = JointMeans(mean, cov, np.einsum("akak->ak", cov), np.full(2, units / 2 - 1))
        return Return.of(p.parts(means, units / 2, roles), GAINS)

    def true_roi(self, units: float) -> float:
        """ROI of the programme if the planned lift is true.

        >>> round(design.true_roi(400), 2)
        2.9

        Args:
            units: Units in all; running cost is divided among the treated half.

        Returns:
            ROI: 0.5 is 50 %.
        """
        returns = self._returns(units)
        return returns.roi if returns.cost > 0 else math.inf

    @property
    def units_needed(self) -> float:
        """Units in all for the wanted probability; infinite if no number reaches it.

        >>> design.units_needed > 0
        True
        """
        if self.p_ship(_MOST_UNITS) < self.spec.power:
            return math.inf
        lo, hi = 1.0, float(_MOST_UNITS)
        while hi / lo > 1 + 1e-9:
            middle = math.sqrt(lo * hi)
            lo, hi = (lo, middle) if self.p_ship(middle) >= self.spec.power else (middle, hi)
        return hi

    def to_frame(self) -> pd.DataFrame:
        """Units, the true ROI at that size, and the probability of ship, for a handful of sizes.

        >>> list(design.to_frame())
        ['units', 'roi', 'p_ship']
        """
        if self.problem is not None or self.level <= 0 or self.variance <= 0:
            return pd.DataFrame(columns=["units", "roi", "p_ship"])
        needed = self.units_needed
        sizes = [self.available * k for k in (0.5, 1, 2, 5)] + ([needed] if math.isfinite(needed) else [])
        return self._at(np.unique(np.ceil(sizes)))

    def curve(self, points: int = 60) -> pd.DataFrame:
        """`to_frame` for evenly spaced sizes.

        >>> len(design.curve(points=5))
        5

        Args:
            points: Number of sizes.

        Returns:
            One row per size.
        """
        needed = self.units_needed
        top = 1.3 * max(self.available, needed) if math.isfinite(needed) else 20.0 * self.available
        return self._at(np.linspace(top / points, top, points))

    def _at(self, units: np.ndarray) -> pd.DataFrame:
        rows = [(n, self.true_roi(n), self.p_ship(n)) for n in units]
        return pd.DataFrame(rows, columns=["units", "roi", "p_ship"])

    def refusal(self) -> Message | None:
        """A sentence if no size reaches the decision, else ``None``.

        >>> design.refusal() is None
        True
        """
        if self.problem is not None:
            return self.problem
        if self.level <= 0 or self.variance <= 0:
            return Message("experiments.roi_design.no_level", {"level": self.level})
        if math.isfinite(self.units_needed):
            return None
        values = {"lift": self.spec.lift, "needed": self.spec.programme.roi_needed, "roi": self.true_roi(_MOST_UNITS)}
        pays = self._returns(_MOST_UNITS).distance(self.spec.programme.roi_needed)[0] > 0
        return Message(f"experiments.roi_design.{'too_vague' if pays else 'does_not_pay'}", values)

    def readout(self) -> Readout:
        """Units until ship, the chance with the units at hand, what would fit.

        >>> print(design.readout().finding)
        If the programme really lifts spend by 10.0% (a true ROI of +290%), 895 units in all are ...
        """
        refused = self.refusal()
        if refused is not None and self.to_frame().empty:
            key = "effect.action_refused" if self.problem is None else "roi_design.no_amount_action"
            return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{key}")
        programme, needed = self.spec.programme, self.units_needed
        values = {
            "lift": self.spec.lift, "power": self.spec.power, "available": self.available,
            "p": self.p_ship(self.available), "ship_at": programme.ship_at, "needed": programme.roi_needed,
            "roi": self.true_roi(self.available), "n": math.ceil(needed) if math.isfinite(needed) else 0,
        }  # fmt: skip
        terms = {"terms": Message("experiments.roi_design.at_assumed") if programme.assumed else ""}
        certainty = Message("experiments.roi_design.certainty", values)
        if refused is not None:
            return Readout(refused, certainty, "experiments.roi_design.rethink")
        values["times"] = needed / self.available
        no_fit = "no_fit" if values["times"] <= MOST_TIMES else "no_fit_far"
        said = "fits" if needed <= self.available else no_fit
        found = "finding" if values["roi"] > programme.roi_needed else "finding_unpaid"
        finding, action = (Message(f"experiments.roi_design.{key}", values | terms) for key in (found, said))
        return Readout(finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """Units needed and the probability of ship with the units at hand.

        >>> {fact.id: fact.unit for fact in design.facts()[:2]}
        {'roi_design.units': 'units', 'roi_design.p_ship': 'share'}
        """
        refused, none = self.refusal(), self.to_frame().empty
        needed = None if refused else math.ceil(self.units_needed)
        p_ship = None if none else self.p_ship(self.available)
        size = partial(Fact, kind="forecast")
        return (
            size("roi_design.units", "experiments.fact.roi_units", needed, "units", n=self.history, refusal=refused),
            size(
                "roi_design.p_ship", "experiments.fact.p_ship", p_ship, "share", n=self.available, better="up",
                refusal=refused if none else None,
            ),
        )  # fmt: skip
