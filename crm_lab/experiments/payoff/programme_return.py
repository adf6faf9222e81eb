"""Did the programme pay: waterfall, ROI in both definitions, break-evens, decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from crm_lab.checks import BadInput
from crm_lab.experiments.core.estimate import JointMeans
from crm_lab.experiments.payoff.deciding.guardrails import GuardrailsResult
from crm_lab.experiments.payoff.money_parts import Parts, Return
from crm_lab.experiments.payoff.return_draws import ReturnDraws
from crm_lab.experiments.payoff.terms import COSTS, GAINS, MOST_TIMES, Decision, Terms, needs_terms
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import RatioSet, normal_interval, z_value

_ACTIONS = {"no_amount": "no_amount_action", "few_buyers": "small_action", "few_clusters": "small_action"}
_FOR_THE_WINDOW = ("contact", "running")  # terms that are of the whole window, not per unit of spend
_KNOTS = 13  # returns at which a permutation is made for the curve of probabilities; between them it is drawn straight


@dataclass(frozen=True)
class ProgrammeResult(Result):
    """Waterfall, ROI and decision of a programme.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> result = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, currency="USD").analyze(test, "spend")

    Attributes:
        spec: Terms and decision rule.
        outcome: Column with spend.
        money: Part of the money to its column.
        treated: Treated units.
        units: Units in all.
        means: Mean of each outcome and arm with their covariance, or ``None``.
        parts: Amounts per treated unit, or ``None``.
        truth: The true effect on spend, if it was planted.
        refused: Why there is no return, or ``None``.
        draws: The net result by permutation, where normal theory does not hold for it.
        of_window: Share (0-1) of the whole window that the result is of; cost of the spec is that of this share.
        guardrails: What must not get worse, or ``None`` where nothing was stated.
    """

    spec: Terms
    outcome: str
    money: Mapping[str, str]
    treated: int
    units: int
    means: JointMeans | None
    parts: Parts | None
    truth: float | None
    refused: Message | None = None
    draws: ReturnDraws | None = None
    of_window: float = 1.0
    guardrails: GuardrailsResult | None = None

    name: ClassVar[str] = "roi"
    words: ClassVar[dict[str, str]] = {
        "part": "experiments.part.", "quantity": "experiments.break_even.", "basis": "experiments.basis.",
    }  # fmt: skip
    formats: ClassVar[dict[str, str]] = {
        "per_unit": "+,.2f", "low": "+,.2f", "high": "+,.2f", "total": "+,.0f",
    }  # fmt: skip

    @property
    def returns(self) -> Return:
        """Gain and cost per treated unit.

        >>> round(result.returns.roi, 2)
        2.83

        Raises:
            BadInput: If the result is a refusal.
        """
        if self.parts is None:
            raise BadInput(f"There is no return: {self.refused}")
        return Return.of(self.parts, GAINS)

    @property
    def p_needed(self) -> float:
        """Probability (0-1) that the ROI is above what is needed.

        >>> 0 <= result.p_needed <= 1
        True
        """
        return self.p_above(self.spec.roi_needed)

    def p_above(self, roi: float) -> float:
        """Probability that the ROI is above a threshold: by normal theory, or by permutation where that does not hold.

        >>> result.p_above(0.0) > result.p_above(4.0)
        True

        Args:
            roi: The threshold.

        Returns:
            A probability, 0 to 1.
        """
        return self.returns.p_roi_above(roi) if self.draws is None else self.draws.p_above(roi)

    def multiple_set(self) -> RatioSet:
        """Confidence set of the multiple: Fieller's, or by permutation.

        >>> result.multiple_set().kind
        'bounded'
        """
        r, level = self.returns, self.spec.level
        return r.multiple_set(level) if self.draws is None else self.draws.multiple_set(level, r.multiple, r.cost)

    def net_interval(self) -> Interval:
        """Interval of the net result per treated unit.

        >>> result.net_interval().lo < result.returns.net()[0]
        True
        """
        if self.draws is None:
            return normal_interval(*self.returns.net(), self.spec.level)
        return Interval(*self.draws.net(0.0).interval(self.spec.level), self.spec.level)

    @property
    def decision(self) -> Decision | None:
        """One of ship, extend, stop, terms (they are not yet the retailer's); ``None`` if refused.

        >>> result.decision
        'ship'
        """
        if self.parts is None:
            return None
        return "terms" if self.open_terms else self.under_terms

    @property
    def open_terms(self) -> tuple[str, ...]:
        """Terms that are neither the retailer's nor measured; none for a planted effect, which is an example itself.

        >>> result.open_terms
        ()
        """
        return () if self.truth is not None else self.spec.open_terms(list(self.money))

    @property
    def under_terms(self) -> Decision:
        """What the decision would be if the terms were the retailer's; no return outweighs a broken guardrail.

        >>> result.under_terms
        'ship'
        """
        return self.decided_at(self.p_needed)

    def decided_at(self, shipping: float) -> Decision:
        """The decision with a probability corrected for the number of treatments.

        >>> result.decided_at(0.5)
        'extend'

        Args:
            shipping: Probability that must reach `ship_at`; that for `stop_at` is the result's own.

        Returns:
            ship, extend or stop.
        """
        allowed = "ship" if self.guardrails is None else self.guardrails.allows
        if allowed == "stop" or self.p_needed <= self.spec.stop_at:
            return "stop"
        return allowed if shipping >= self.spec.ship_at else "extend"

    @property
    def units_needed(self) -> float:
        """Units with which the same estimates would reach `ship_at`; `inf` when they point to a loss.

        >>> result.units_needed > 0
        True
        """
        needed = self.spec.roi_needed
        distance, se = self.returns.distance(needed)
        sure = distance / se if self.draws is None and se else float(norm.ppf(self.p_needed))
        if sure <= 0:
            return math.inf
        return self.units * (z_value(2 * self.spec.ship_at - 1) / sure) ** 2

    def to_frame(self) -> pd.DataFrame:
        """The waterfall: one row per part and the net result, per treated unit and in total (currency).

        >>> list(result.to_frame())
        ['part', 'per_unit', 'low', 'high', 'total']
        """
        rows = []
        if self.parts is not None:
            amounts = {**{n: self.parts.total([n]) for n in self.parts.names}, "net": self.parts.total()}
            for name, (value, se) in amounts.items():
                ci = self.net_interval() if name == "net" else normal_interval(value, se, self.spec.level)
                rows.append((name, value, ci.lo, ci.hi, value * self.treated))
        return pd.DataFrame(rows, columns=["part", "per_unit", "low", "high", "total"])

    def probabilities(self, points: int = 81) -> pd.DataFrame:
        """Probability that the multiple is above each of some values: multiple, roi, probability.

        >>> list(result.probabilities(points=3))
        ['multiple', 'roi', 'probability']

        Args:
            points: Number of values.

        Returns:
            One row per value.
        """
        r = self.returns
        _, se = r.net()
        reach = 3.5 * se / r.cost if r.cost > 0 else 1.0
        grid = np.linspace(min(0.0, r.multiple - reach), r.multiple + reach, points)
        frame = pd.DataFrame({"multiple": grid, "roi": grid - 1})
        knots = grid - 1 if self.draws is None else np.linspace(grid[0], grid[-1], _KNOTS) - 1
        return frame.assign(probability=np.interp(grid - 1, knots, [self.p_above(x) for x in knots]))

    def break_evens(self) -> pd.DataFrame:
        """Lift, rewards, margin and cost at which the programme just reaches what is needed, the others held fixed.

        Rewards are the redeemed share of points, or their cost per treated unit if that was measured. A break-even
        outside what is possible (a margin above 1) is shown as it is: it cannot be reached. A refusal has no rows.

        >>> result.break_evens()["quantity"].tolist()
        ['lift', 'redemption', 'margin', 'reward_rate', 'contact', 'running']
        """
        columns = ["quantity", "now", "break_even"]
        if self.means is None or self.parts is None:
            return pd.DataFrame(columns=columns)
        amount = dict(zip(self.parts.names, map(float, self.parts.value), strict=True))
        weight = 1 + self.spec.roi_needed
        new, anyway = weight * amount["rewards_new"], weight * amount["rewards_anyway"]
        net = self.parts.total(GAINS)[0] + weight * self.parts.total(COSTS)[0]
        gains = self.parts.total(GAINS)[0]
        control = self.mean("spend", 0)
        lift = self.mean("spend", 1) / control - 1 if control else math.nan
        rewards = ("rewards", self.mean("rewards", 1)) if "rewards" in self.money else \
                  ("redemption", self.spec.redemption_share)  # fmt: skip
        # the net result is linear in each; its slope per times of what each is now
        per_sale = (new + anyway) / self._earning() if self._earning() else 0.0
        up = amount["margin"] + per_sale * (self.mean("spend", 1) - self.mean("spend", 0))
        up = up if up * lift > 0 else 0.0  # where more sold earned less as measured, no lift breaks even
        now = [("lift", lift, up), (*rewards, new + anyway), ("margin", self.margin, gains)]
        if "rewards" not in self.money:
            now.append(("reward_rate", self.spec.reward_rate, new + anyway))
        rows = [(name, value, value * (1 - net / slope) if slope else math.nan) for name, value, slope in now]
        contact, running = self.spec.contact_cost, self.spec.running_cost
        rows.append(("contact", contact, contact + net / weight))
        rows.append(("running", running, running + net / weight * self.treated))
        return pd.DataFrame(rows, columns=columns)

    def bases(self) -> pd.DataFrame:
        """The multiple under every base that a "1:4" may rest on: amount per unit of cost.

        Gross bases count sales that would have happened anyway; only the incremental ones say what the programme
        earned. A refusal has no rows.

        >>> result.bases().columns.tolist()
        ['basis', 'value']
        """
        if self.means is None:
            return pd.DataFrame(columns=["basis", "value"])
        r, (control, treatment) = self.returns, self.means.mean[:, 0]
        margin, cost = self.margin, r.cost if r.cost > 0 else math.nan
        rows = {
            "roas_gross": treatment / cost,
            "roas_incremental": (treatment - control) / cost,
            "margin_gross": margin * treatment / cost,
            "margin_incremental": r.gain / cost,
            "roi": r.gain / cost - 1,
        }
        return pd.DataFrame(list(rows.items()), columns=["basis", "value"])

    def mean(self, role: str, arm: int) -> float:
        """An arm's mean of spend, or of another part of the money that was given.

        >>> round(result.mean("spend", 1), 1)
        108.0

        Args:
            role: ``spend``, ``later``, ``elsewhere``, ``margin``, ``rewards`` or ``member_spend``.
            arm: 0 for control, 1 for treatment.

        Returns:
            Currency per unit.
        """
        if self.means is None:
            raise BadInput(f"There are no means: {self.refused}")
        return float(self.means.mean[arm, ["spend", *self.money].index(role)])

    def _earning(self) -> float:
        """Spend per treated unit on which rewards are earned."""
        if {"rewards", "member_spend"} <= set(self.money):
            return self.mean("member_spend", 1) - self.mean("member_spend", 0)
        return self.mean("spend", 1)

    @property
    def margin(self) -> float:
        """Margin as a share of treated units' spend: as stated, or as measured.

        >>> result.margin
        0.3
        """
        if "margin" not in self.money:
            return self.spec.margin_share
        return self.mean("margin", 1) / self.mean("spend", 1)

    def refusal(self) -> Message | None:
        """A sentence if there is no return to report, else ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """What the programme returned, how precise that is, and the decision: ship, extend or stop.

        >>> print(result.readout().finding)
        Over the whole window the programme earned, per treated unit, 4.81 USD of extra margin ...
        """
        return _readout(self)

    def facts(self) -> tuple[Fact, ...]:
        """ROI in both definitions, net per unit and in all, probability; the decision is of the deciding weeks.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'roi.net': 'share', 'roi.multiple': ''}
        """
        found = partial(Fact, kind="simulated" if self.truth is not None else "estimate", n=self.units)
        if self.parts is None:
            return (found("roi.net", "experiments.fact.roi", None, refusal=self.refused),)
        r, level, treated = self.returns, self.spec.level, self.treated
        net = self.net_interval()
        span = self.multiple_set().interval() if math.isfinite(r.multiple) else None
        ratio = partial(found, better="up", refusal=None if span else Message("experiments.roi.no_ratio"))
        roi = Interval(span.lo - 1, span.hi - 1, level) if span else None
        money = partial(found, unit=self.spec.currency, better="up")
        said = {
            key: Message(f"experiments.fact.{key}").text()
            for key in ("roi_definition", "multiple_definition", "per_treated")
        }
        return (
            ratio(
                "roi.net",
                "experiments.fact.roi",
                r.roi if span else None,
                "share",
                ci=roi,
                definition=said["roi_definition"],
            ),
            ratio(
                "roi.multiple",
                "experiments.fact.multiple",
                r.multiple if span else None,
                ci=span,
                definition=said["multiple_definition"],
            ),
            money("roi.net_per_unit", "experiments.fact.net", r.net()[0], ci=net, denominator=said["per_treated"]),
            money(
                "roi.net_total",
                "experiments.fact.net_total",
                r.net()[0] * treated,
                ci=Interval(net.lo * treated, net.hi * treated, level),
            ),
            found("roi.p_needed", "experiments.fact.p_needed", self.p_needed, "share", better="up"),
        )


def _readout(result: ProgrammeResult) -> Readout:
    """Readout of a programme's return, in currency, for a reader who sees nothing else."""
    if result.parts is None:
        refused = result.refused or Message("experiments.roi.action_refused")
        return Readout(refused, "experiments.roi.certainty_refused", refused_action(result))
    r, spec = result.returns, result.spec
    net, _ = r.net()
    money = {"currency": spec.currency, "gain": r.gain, "cost": r.cost, "net": net, "total": net * result.treated}
    span = result.multiple_set()
    if span.kind == "bounded" and r.cost > 0:
        values = {**money, "roi": r.roi, "lo": span.lo - 1, "hi": span.hi - 1, "level": spec.level}
        finding = Message("experiments.roi.finding", values)
    else:
        finding = Message("experiments.roi.finding_no_ratio", money)
    measured = [role for role in ("margin", "rewards") if role in result.money]
    kind = "planted" if result.truth is not None else "measured" if measured else "real"
    kind = kind if result.draws is None or kind == "planted" else f"{kind}_permuted"
    terms = {"p": result.p_needed, "needed": spec.roi_needed, "measured": _measured(measured)}
    certainty = Message(f"experiments.roi.certainty_{kind}", terms)
    return Readout(finding, certainty, action_of(result))


def refused_action(result: ProgrammeResult) -> Message:
    """What to do where there is no return: a test whose outcome is no money is not broken."""
    why = "" if result.refused is None else result.refused.key.rpartition(".")[2]
    return Message(f"experiments.roi.{_ACTIONS.get(why, 'action_refused')}")


def _measured(roles: list[str]) -> Message | str:
    """Margin, rewards or both in words; nothing for none."""
    return Message(f"experiments.money.{'both' if len(roles) > 1 else roles[0]}") if roles else ""


def action_of(result: ProgrammeResult) -> Message:
    """Ship, extend or stop in words; more units are named only where they can be had."""
    if result.decision == "terms":
        whole = result.break_evens()
        whole["break_even"] /= whole["quantity"].map(dict.fromkeys(_FOR_THE_WINDOW, result.of_window)).fillna(1.0)
        return needs_terms(result.open_terms, whole, str(result.under_terms), result.spec.currency)
    spec, needed = result.spec, result.units_needed
    if result.guardrails is not None and (said := result.guardrails.in_the_way(result.p_needed, spec)):
        return said
    values = {"p": result.p_needed, "ship_at": spec.ship_at, "stop_at": spec.stop_at, "needed": spec.roi_needed}
    if result.decision == "extend" and math.isfinite(needed):
        if needed > MOST_TIMES * result.units:
            return Message("experiments.roi.extend_far", {**values, "times": needed / result.units})
        return Message("experiments.roi.extend", {**values, "n": math.ceil(needed), "units": result.units})
    if result.decision == "extend":
        return Message("experiments.roi.extend_blind", values)
    return Message(f"experiments.roi.{result.decision}", values)
