"""What an uplift analysis found: whether units differ, strategies in money, and whom to treat next time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold
from crm_lab.experiments.uplift.heterogeneity import LinearPredictor, sorted_groups
from crm_lab.experiments.uplift.policy_value import Worth
from crm_lab.experiments.uplift.targeting_policy import TargetingPolicy
from crm_lab.experiments.uplift.uplift_curve import UpliftCurve
from crm_lab.fact_rows import facts_of, id_part
from crm_lab.messages import Message, named
from crm_lab.results import Fact, Kind, Readout, Result

Decision = Literal["target", "all", "none", "unclear"]
TOP = 0.3  # of the ranking whose effect is stated


@dataclass(frozen=True)
class Strategy:
    """One way to choose whom to treat, in money for the units of the test.

    Attributes:
        name: ``rule``, ``all 1`` (everybody gets the first treatment), ``top_risk``, ``top_value``.
        treated: Units that it treats.
        gain: Profit a unit above treating nobody.
        lo: Lower end of its interval.
        hi: Upper end.
        ahead: Profit a unit by which the rule is above it.
        ahead_lo: Lower end of its interval.
        ahead_hi: Upper end.
    """

    name: str
    treated: int
    gain: float
    lo: float
    hi: float
    ahead: float
    ahead_lo: float
    ahead_hi: float


@dataclass(frozen=True, eq=False)
class UpliftResult(Result):
    """Whom to treat next time, and what that earns.

    Attributes:
        level: Confidence level.
        folds: Parts that units were dealt into.
        currency: ISO code of the money.
        units: Units of the test.
        simulated: Whether the effect was planted.
        arms: The arms, control first.
        found: Effects and scores out of fold, or ``None``.
        worth: Money of outcome and treatments.
        rule: The arm that the rule gives each unit (0: none), made by the other folds, shape (n,).
        pvalues: P value of no difference between units, one a treatment (Holm), shape (A - 1,).
        predictors: Mean effect and slope on the predicted effect, one a treatment.
        strategies: The rule beside other lists.
        fairness: Share treated by level of declared columns.
        policy: The rule for customers to come, where it can be written down.
        refused: Why there is none of it, or ``None``.
    """

    level: float
    folds: int
    currency: str
    units: int
    simulated: bool
    arms: tuple[str, ...]
    found: OutOfFold | None = None
    worth: Worth | None = None
    rule: Ints | None = None
    pvalues: Floats | None = None
    predictors: tuple[LinearPredictor, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    fairness: pd.DataFrame | None = None
    policy: TargetingPolicy | None = None
    refused: Message | None = None

    name: ClassVar[str] = "uplift"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("gain", "lo", "hi", "ahead", "ahead_lo", "ahead_hi"), "+,.2f"),
        "treated": ",d",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a strategy, in money for all units of the test: treated, gain against nobody, ahead of it."""
        columns = ["strategy", "treated", "gain", "lo", "hi", "ahead", "ahead_lo", "ahead_hi"]
        rows = [
            (s.name, s.treated, *(self.units * x for x in (s.gain, s.lo, s.hi, s.ahead, s.ahead_lo, s.ahead_hi)))
            for s in self.strategies
        ]
        return pd.DataFrame(rows, columns=columns)

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the strategies in words."""
        frame = self.to_frame()
        return frame.assign(strategy=[self._in_words(name) for name in frame["strategy"]])

    def _in_words(self, name: str) -> str:
        """A strategy in words."""
        kind, _, arm = name.partition(" ")
        values = {"arm": self.arms[int(arm)]} if arm else {}
        return Message(f"experiments.uplift.strategy.{kind}", values).text()

    @property
    def differ(self) -> bool:
        """Whether units are shown to respond differently to any treatment."""
        return self.pvalues is not None and bool((self.pvalues <= 1 - self.level).any())

    @property
    def decision(self) -> Decision | None:
        """Treat by the rule, all, or nobody; ``unclear`` where the money of treating all is not shown either way."""
        if not self.strategies:
            return None
        if self.differ:
            return "target"
        best = self.best_for_all
        return "all" if best.lo > 0 else "none" if best.hi < 0 else "unclear"

    @property
    def best_for_all(self) -> Strategy:
        """The treatment that earns most if everybody gets it."""
        return max((s for s in self.strategies if s.name.startswith("all")), key=lambda s: s.gain)

    def tenths(self, arm: int = 1, groups: int = 10) -> pd.DataFrame:
        """Effect by groups of the predicted effect, highest first, with intervals (`sorted_groups`).

        Args:
            arm: Which treatment, from 1.
            groups: How many.

        Returns:
            One row a group: group, units, predicted, effect, lo, hi.
        """
        if self.found is None:
            return pd.DataFrame(columns=["group", "units", "predicted", "effect", "lo", "hi"])
        return sorted_groups(self.found, arm, groups, self.level)

    @cached_property
    def curve(self) -> UpliftCurve | None:
        """The uplift curve of the first treatment by out-of-fold effects."""
        if self.found is None:
            return None
        pair = np.isin(self.found.dealt, (0, 1))
        effects, dealt = self.found.effects[pair, 0], self.found.dealt[pair] == 1
        return UpliftCurve(effects, dealt, self.found.outcome[pair])

    def refusal(self) -> Message | None:
        """Why there is no rule, or ``None``."""
        return self.refused

    def readout(self) -> Readout:
        """Whether to choose at all, what choosing earns, and what to do next time."""
        if self.decision is None or self.pvalues is None:
            refused = self.refused or Message("experiments.effect.action_refused")
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.uplift.action_refused")
        rule, everybody = self.strategies[0], self.best_for_all
        money = {f"rule_{k}": self.units * getattr(rule, k) for k in ("gain", "lo", "hi")}
        money |= {f"all_{k}": self.units * getattr(everybody, k) for k in ("gain", "lo", "hi")}
        money |= {k: self.units * getattr(everybody, k) for k in ("ahead", "ahead_lo", "ahead_hi")}
        values = {
            **money, "n": self.units, "treated": rule.treated, "share": rule.treated / self.units,
            "arm": self.arms[int(everybody.name.partition(" ")[2])], "p": float(self.pvalues.min()),
            "slope": max(p.slope for p in self.predictors), "folds": self.folds, "level": self.level,
            "currency": self.currency,
        }  # fmt: skip
        return Readout.of(
            "experiments.uplift", values, f"finding_{self.decision}", "certainty", f"action_{self.decision}"
        )

    def facts(self) -> tuple[Fact, ...]:
        """P value of no difference, money of each strategy, Qini and effect at the top of the ranking."""
        kind: Kind = "simulated" if self.simulated else "estimate"
        if self.pvalues is None or self.curve is None:
            label = Message("experiments.uplift.fact_gain", {"strategy": ""})
            return (Fact("uplift", label, None, kind=kind, n=self.units, refusal=self.refused),)
        differ = [
            Fact(f"uplift.{id_part(arm)}.differ", Message("experiments.uplift.fact_differ", {"arm": named("arm", arm)}),
                 float(p), kind=kind, n=self.units)
            for arm, p in zip(self.arms[1:], self.pvalues, strict=True)
        ]  # fmt: skip
        gains = facts_of(
            self.to_frame(), "uplift.gain.{strategy}",
            lambda row: Message("experiments.uplift.fact_gain", {"strategy": self._in_words(str(row["strategy"]))}),
            "gain", self.currency, ends=("lo", "hi"), level=self.level, n=self.units, kind=kind, better="up",
        )  # fmt: skip
        top = self.tenths(1, 10).head(round(TOP * 10))
        curve = (
            Fact("uplift.qini", "experiments.uplift.fact_qini", self.curve.qini, kind=kind, n=self.units),
            Fact("uplift.top", Message("experiments.uplift.fact_top", {"share": TOP}), self.curve.top(TOP), kind=kind,
                 n=int(top["units"].sum())),
        )  # fmt: skip
        return (*differ, *gains, *curve)
