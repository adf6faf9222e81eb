"""Did the programme pay: margin, rewards, cost, ROI, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, Problems
from crm_lab.experiments.economics import FloatArray, Parts, Return, parts_of
from crm_lab.experiments.estimate import Adjust, JointMeans, joint_means
from crm_lab.experiments.experiment import Experiment
from crm_lab.experiments.metrics import mean_of, metric_problem
from crm_lab.experiments.soundness import Soundness
from crm_lab.experiments.wording import programme_readout
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value

Decision = Literal["ship", "extend", "stop"]
GAINS = ("margin",)
PARTS = ("margin", "rewards_new", "rewards_anyway", "contact", "running")


@dataclass(frozen=True, kw_only=True)
class Programme:
    """What a loyalty programme earns and costs per treated unit.

    Attributes:
        margin_share: Gross margin as a share of spend.
        reward_rate: Face value of points per unit of spend, at cost (0.01: one cent per dollar).
        redemption_share: Share of points redeemed in the end; the rest is breakage.
        redemption_sd: How uncertain that share is, as a standard deviation.
        contact_cost: Communication per treated unit.
        running_cost: Running cost of the programme over the outcome window, in all.
        roi_needed: ROI that the programme must beat (0: earn its cost back).
        ship_at: Probability of that from which the answer is ship.
        stop_at: Probability up to which the answer is stop.
        adjust: How the pre-period is used.
        level: Confidence level.
        currency: ISO code.
    """

    margin_share: float
    reward_rate: float
    redemption_share: float = 0.7
    redemption_sd: float = 0.05
    contact_cost: float = 0.0
    running_cost: float = 0.0
    roi_needed: float = 0.0
    ship_at: float = 0.9
    stop_at: float = 0.1
    adjust: Adjust = "lin"
    level: float = 0.95
    currency: str = "USD"

    def __post_init__(self) -> None:
        problems = Problems("programme settings")
        for name in ("margin_share", "reward_rate", "redemption_share"):
            value = getattr(self, name)
            problems.unless(0 <= value <= 1, f"{name} is {value}; it is a share between 0 and 1.")
        for name in ("redemption_sd", "contact_cost", "running_cost"):
            value = getattr(self, name)
            problems.unless(value >= 0, f"{name} is {value}; it must not be negative.")
        problems.unless(
            0 < self.stop_at < self.ship_at < 1,
            f"stop_at is {self.stop_at} and ship_at {self.ship_at}; they must rise between 0 and 1.",
        )
        problems.unless(self.roi_needed > -1, f"roi_needed is {self.roi_needed}; it must be above -1.")
        problems.raise_any()

    def analyze(self, experiment: Experiment, outcome: str, soundness: Soundness | None = None) -> ProgrammeReturn:
        """Return of the programme from a test with two arms.

        Args:
            experiment: The test.
            outcome: Spend per unit in the outcome window.
            soundness: Its check; a broken sample ratio refuses the decision.

        Raises:
            BadInput: If the test has more than two arms.
        """
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; a programme's return needs two. Keep two.")
        refusal = soundness.refusal() if soundness else None
        refusal = refusal or metric_problem(mean_of(outcome), experiment)
        means = parts = None
        treated = experiment.counts()[experiment.treatments[0]]
        if refusal is None:
            covariates = experiment.covariates
            moments = experiment.moments([outcome, *covariates])
            means = joint_means(moments, [(outcome, None)], covariates, self.adjust if covariates else "none")
            parts = self.parts(means, treated)
        truth = experiment.truth.get(outcome)
        return ProgrammeReturn(self, outcome, treated, len(experiment.frame), means, parts, truth, refusal)

    def parts(self, means: JointMeans, treated: int) -> Parts:
        """Amounts per treated unit from the arms' mean spend (control first)."""
        theta = np.array([means.mean[0, 0], means.mean[1, 0], self.redemption_share])
        cov = np.zeros((3, 3))
        cov[:2, :2] = means.cov[:, 0, :, 0]
        cov[2, 2] = self.redemption_sd**2
        return parts_of(PARTS, lambda t: self._amounts(t, treated), theta, cov)

    def _amounts(self, theta: FloatArray, treated: int) -> FloatArray:
        control, treatment, redeemed = theta
        reward = self.reward_rate * redeemed
        return np.array(
            [
                self.margin_share * (treatment - control),
                -reward * (treatment - control),
                -reward * control,
                -self.contact_cost,
                -self.running_cost / treated,
            ]
        )


@dataclass(frozen=True)
class ProgrammeReturn(Result):
    """Waterfall, ROI and decision of a programme."""

    spec: Programme
    outcome: str
    treated: int
    units: int
    means: JointMeans | None
    parts: Parts | None
    truth: float | None
    refused: Message | None = None

    name: ClassVar[str] = "roi"
    formats: ClassVar[dict[str, str]] = {
        "per_unit": "+,.2f", "low": "+,.2f", "high": "+,.2f", "total": "+,.0f",
    }  # fmt: skip

    @property
    def returns(self) -> Return:
        """Gain and cost per treated unit.

        Raises:
            BadInput: If the result is a refusal.
        """
        if self.parts is None:
            raise BadInput(f"There is no return: {self.refused}")
        return Return.of(self.parts, GAINS)

    @property
    def p_needed(self) -> float:
        """Probability that the ROI is above what is needed."""
        return self.returns.p_roi_above(self.spec.roi_needed)

    @property
    def decision(self) -> Decision | None:
        """ship, extend or stop; ``None`` if refused."""
        if self.parts is None:
            return None
        p = self.p_needed
        if p >= self.spec.ship_at:
            return "ship"
        return "stop" if p <= self.spec.stop_at else "extend"

    @property
    def units_needed(self) -> float:
        """Units with which the same estimates would reach `ship_at`; infinite if they point down."""
        weight = 1 + self.spec.roi_needed
        r = self.returns
        distance = r.gain - weight * r.cost
        if distance <= 0:
            return math.inf
        se = math.sqrt(max(r.var_gain - 2 * weight * r.cov + weight**2 * r.var_cost, 0.0))
        return self.units * (z_value(2 * self.spec.ship_at - 1) * se / distance) ** 2

    def to_frame(self) -> pd.DataFrame:
        """The waterfall: one row per part and the net, per treated unit and for all of them."""
        columns = ["part", "per_unit", "low", "high", "total"]
        if self.parts is None:
            return pd.DataFrame(columns=columns)
        z = z_value(self.spec.level)
        rows = [(n, *self.parts.total([n])) for n in self.parts.names] + [("net", *self.parts.total())]
        return pd.DataFrame(
            [
                (Message(f"experiments.part.{n}").text(), v, v - z * se, v + z * se, v * self.treated)
                for n, v, se in rows
            ],
            columns=columns,
        )

    def probabilities(self, points: int = 81) -> pd.DataFrame:
        """Probability that the multiple is above each of some values: multiple, roi, probability."""
        r = self.returns
        _, se = r.net()
        reach = 3.5 * se / r.cost if r.cost > 0 else 1.0
        grid = np.linspace(min(0.0, r.multiple - reach), r.multiple + reach, points)
        frame = pd.DataFrame({"multiple": grid, "roi": grid - 1})
        return frame.assign(probability=[r.p_roi_above(x) for x in frame["roi"]])

    def refusal(self) -> Message | None:
        """Why there is no return, if so."""
        return self.refused

    def readout(self) -> Readout:
        """What the programme returned, how sure that is, ship, extend or stop."""
        return programme_readout(self)

    def facts(self) -> tuple[Fact, ...]:
        """ROI in both definitions, net per unit and in all, probability, decision."""
        kind: Kind = "simulated" if self.truth is not None else "estimate"
        label = {
            k: Message(f"experiments.fact.{k}") for k in ("roi", "multiple", "net", "net_total", "p_needed", "decision")
        }
        if self.parts is None:
            return (Fact(id="roi.net", label=label["roi"], value=None, kind=kind, n=self.units, refusal=self.refused),)
        r, level, n = self.returns, self.spec.level, self.units
        span = r.multiple_set(level).interval()
        roi = None if span is None else Interval(span.lo - 1, span.hi - 1, level)
        net, se = r.net()
        z, all_of_them = z_value(level), self.treated
        money = partial(Fact, unit=self.spec.currency, kind=kind, n=n)
        per_unit = Message("experiments.fact.per_treated").text()
        return (
            Fact(id="roi.net", label=label["roi"], value=r.roi, unit="share", ci=roi, kind=kind, n=n,
                 definition=Message("experiments.fact.roi_definition").text(), better="up"),
            Fact(id="roi.multiple", label=label["multiple"], value=r.multiple, ci=span, kind=kind, n=n,
                 definition=Message("experiments.fact.multiple_definition").text(), better="up"),
            money(id="roi.net_per_unit", label=label["net"], value=net, ci=Interval(net - z * se, net + z * se, level),
                 denominator=per_unit, better="up"),
            money(id="roi.net_total", label=label["net_total"], value=net * all_of_them,
                 ci=Interval((net - z * se) * all_of_them, (net + z * se) * all_of_them, level), better="up"),
            Fact(id="roi.p_needed", label=label["p_needed"], value=self.p_needed, unit="share", kind=kind, n=n,
                 better="up"),
            Fact(id="roi.decision", label=label["decision"], value=self.decision, kind=kind, n=n),
        )  # fmt: skip
