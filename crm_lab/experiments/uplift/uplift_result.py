"""What an uplift analysis found: whether units differ, strategies in money, and whom to treat next time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.experiments.core.guards import MISSING
from crm_lab.experiments.core.outcome_metrics import arm_label
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold, Units
from crm_lab.experiments.uplift.effect_differences import EffectDifferencesResult
from crm_lab.experiments.uplift.effect_learners import Base
from crm_lab.experiments.uplift.heterogeneity import LinearPredictor, sorted_groups
from crm_lab.experiments.uplift.policy.targeting_policy import TargetingPolicy
from crm_lab.experiments.uplift.policy_value import Worth
from crm_lab.experiments.uplift.uplift_curve import UpliftCurve
from crm_lab.fact_rows import facts_of, id_part
from crm_lab.messages import Message, catalogue, language, named
from crm_lab.results import Fact, Kind, Readout, Result

Decision = Literal["target", "all", "none", "unclear"]
TOP = 0.3  # of the ranking whose effect is stated
_MONEY = ("gain", "gain_lo", "gain_hi", "ipw", "ipw_lo", "ipw_hi", "ahead", "ahead_lo", "ahead_hi")


@dataclass(frozen=True)
class Strategy:
    """One way to choose whom to treat, in money for the units of the test.

    Attributes:
        name: ``rule``, ``all 1`` (everybody gets the first treatment), ``lot 1`` (as many by lot as the bounds allow),
            ``top_risk``, ``top_value``.
        treated: Units that it treats.
        gain: Profit a unit above treating nobody.
        lo: Lower end of its interval.
        hi: Upper end.
        ahead: Profit a unit by which the rule is above it.
        ahead_lo: Lower end of its interval.
        ahead_hi: Upper end.
        ipw: The gain by weights alone, which needs no model.
        ipw_lo: Lower end of its interval.
        ipw_hi: Upper end.
    """

    name: str
    treated: int
    gain: float
    lo: float
    hi: float
    ahead: float
    ahead_lo: float
    ahead_hi: float
    ipw: float
    ipw_lo: float
    ipw_hi: float

    @property
    def by_lot(self) -> bool:
        """Whether bounds keep it from treating everybody."""
        return self.name.startswith("lot")

    def whom(self) -> Message:
        """Everybody, or how many by lot, as a part of a sentence."""
        return whom(self.treated if self.by_lot else None)


@dataclass(frozen=True, eq=False)
class Known:
    """What was learned from: the test as arrays with the names of its features.

    Attributes:
        names: Column and level (empty for a number) of each feature.
        units: The test.
        base: What the learner stood on.
    """

    names: tuple[tuple[str, str], ...]
    units: Units
    base: Base


@dataclass(frozen=True, eq=False)
class UpliftResult(Result):
    """Whom to treat next time, and what that earns.

    >>> from crm_lab.experiments import Experiment
    >>> from crm_lab.experiments.uplift import Uplift
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 3_000, "visits": rng.poisson(3.0, 6_000).astype(float)})
    >>> chance = 0.1 + 0.08 * (frame["visits"] > 3) * (frame["arm"] == "offer")
    >>> frame["bought"] = (rng.random(6_000) < chance).astype(float)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=["visits"])
    >>> result = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test)

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
        learner: The learner, named before the outcome was seen.
        examples: Terms that are examples.
        left_out: Why columns were not learned from.
        known: What was learned from.
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
    learner: str = "t"
    examples: tuple[str, ...] = ()
    left_out: tuple[Message, ...] = ()
    known: Known | None = None

    name: ClassVar[str] = "uplift"
    words: ClassVar[dict[str, str]] = {"package": "experiments.uplift.package."}
    formats: ClassVar[dict[str, str]] = {**dict.fromkeys(_MONEY, "+,.0f"), "treated": ",d"}

    def to_frame(self) -> pd.DataFrame:
        """One row a strategy, in money for all units of the test: treated, gain against nobody, ahead of it.

        `gain` is doubly robust, `ipw` by weights alone.

        >>> result.to_frame()["strategy"].tolist()
        ['rule', 'all 1', 'top_risk', 'top_value']
        """
        rows = [
            (s.name, s.treated, *(self.units * x for x in (s.gain, s.lo, s.hi, s.ipw, s.ipw_lo, s.ipw_hi)),
             *(self.units * x for x in (s.ahead, s.ahead_lo, s.ahead_hi)))
            for s in self.strategies
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["strategy", "treated", *_MONEY])

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the strategies in words.

        >>> result.shown()["strategy"].iloc[0]
        'the rule'
        """
        frame = self.to_frame()
        return frame.assign(strategy=[self._strategy(name).text() for name in frame["strategy"]])

    def fair_shares(self) -> pd.DataFrame:
        """Share of the units that the rule treats, by level of the declared columns, side by side.

        >>> result.fair_shares().empty  # no group was declared
        True

        Returns:
            One row a level: segment_column, segment, units, treated_share.
        """
        if self.fairness is None:
            return pd.DataFrame(columns=["segment_column", "segment", "units", "treated_share"])
        return self.fairness.assign(segment_column=[named("column", c) for c in self.fairness["segment_column"]])

    def _strategy(self, name: str) -> Message:
        """A strategy in words."""
        kind, _, arm = name.partition(" ")
        values = {"arm": arm_label(self.arms[int(arm)])} if arm else {}
        return Message(f"experiments.uplift.strategy.{kind}", values)

    @property
    def differ(self) -> bool:
        """Whether units are shown to respond differently to any treatment.

        >>> result.differ
        True
        """
        return self.pvalues is not None and bool((self.pvalues <= 1 - self.level).any())

    @property
    def decision(self) -> Decision | None:
        """Treat by the rule, all, or nobody; ``unclear`` where the money of treating all is not shown either way.

        Where units differ and the rule treats nobody, since for none the effect is worth the cost, it is nobody.

        >>> result.decision
        'target'
        """
        if not self.strategies:
            return None
        if self.differ:
            return "target" if self.strategies[0].treated else "none"
        best = self.best_for_all
        return "all" if best.lo > 0 else "none" if best.hi < 0 else "unclear"

    @property
    def best_for_all(self) -> Strategy:
        """The treatment that earns most if everybody gets it, or as many by lot as the bounds allow.

        >>> result.best_for_all.name
        'all 1'
        """
        return max((s for s in self.strategies if s.name.startswith(("all", "lot"))), key=lambda s: s.gain)

    def differences(self) -> EffectDifferencesResult:
        """Whether units differ at all: the question that comes before any list.

        >>> result.differences().to_frame()["arm"].tolist()
        ['offer']

        Returns:
            Mean effect, slope on the predicted effect and p value, one row a treatment.
        """
        pvalues = () if self.pvalues is None else tuple(map(float, self.pvalues))
        asked = (self.units, self.learner, self.level, self.simulated, self.refused, self.left_out)
        return EffectDifferencesResult(self.arms[1:] if pvalues else (), self.predictors, pvalues, *asked)

    def tenths(self, arm: int = 1, groups: int = 10) -> pd.DataFrame:
        """Effect by groups of the predicted effect, highest first, with intervals (`sorted_groups`).

        >>> len(result.tenths(groups=5))
        5

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
        """The uplift curve of the first treatment by out-of-fold effects.

        >>> result.curve.qini > 0
        True
        """
        if self.found is None:
            return None
        pair = np.isin(self.found.dealt, (0, 1))
        effects, dealt = self.found.effects[pair, 0], self.found.dealt[pair] == 1
        return UpliftCurve(effects, dealt, self.found.outcome[pair])

    def refusal(self) -> Message | None:
        """Why there is no rule, or ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Whether to choose at all, what choosing earns, and what to do next time.

        >>> print(result.readout().finding)
        Units respond differently (p = ...). Treating the ...
        """
        if self.decision is None or self.pvalues is None:
            refused = self.refused or Message("experiments.effect.action_refused")
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.uplift.action_refused")
        rule, everybody = self.strategies[0], self.best_for_all
        money = {f"rule_{k}": self.units * getattr(rule, k) for k in ("gain", "lo", "hi")}
        money |= {f"all_{k}": self.units * getattr(everybody, k) for k in ("gain", "lo", "hi")}
        money |= {k: self.units * getattr(everybody, k) for k in ("ahead", "ahead_lo", "ahead_hi")}
        values = {
            **money, "n": self.units, "treated": rule.treated, "share": rule.treated / self.units,
            "arm": arm_label(self.arms[int(everybody.name.partition(" ")[2])]), "p": float(self.pvalues.min()),
            "slope": max(p.slope for p in self.predictors), "folds": self.folds, "level": self.level,
            "currency": self.currency, "terms": _listed(self.examples), "whom": everybody.whom(),
        }  # fmt: skip
        unsure = self.decision == "target" and rule.lo <= 0
        action = "simulated" if self.simulated else "terms" if self.examples else "unsure" if unsure else self.decision
        finding = "finding_dear" if self.differ and not rule.treated else f"finding_{self.decision}"
        return Readout.of("experiments.uplift", values, finding, "certainty", f"action_{action}")

    def facts(self) -> tuple[Fact, ...]:
        """P value of no difference, money of each strategy, Qini and effect at the top of the ranking.

        >>> [fact.id for fact in result.facts()][:2]
        ['uplift.offer.differ', 'uplift.gain.rule']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        if self.pvalues is None or self.curve is None:
            label = Message("experiments.uplift.fact_gain", {"strategy": ""})
            return (Fact("uplift", label, None, kind=kind, n=self.units, refusal=self.refused),)
        differ = [
            Fact(f"uplift.{id_part(arm)}.differ", Message("experiments.uplift.fact_differ", {"arm": arm_label(arm)}),
                 float(p), kind=kind, n=self.units)
            for arm, p in zip(self.arms[1:], self.pvalues, strict=True)
        ]  # fmt: skip
        gains = facts_of(
            self.to_frame(), "uplift.gain.{strategy}",
            lambda row: Message("experiments.uplift.fact_gain", {"strategy": self._strategy(str(row["strategy"]))}),
            "gain", self.currency, ends=("gain_lo", "gain_hi"), level=self.level, n=self.units, kind=kind, better="up",
        )  # fmt: skip
        top = self.tenths(1, 10).head(round(TOP * 10))
        curve = (
            Fact("uplift.qini", "experiments.uplift.fact_qini", self.curve.qini, kind=kind, n=self.units),
            Fact("uplift.top", Message("experiments.uplift.fact_top", {"share": TOP}), self.curve.top(TOP), kind=kind,
                 n=int(top["units"].sum())),
        )  # fmt: skip
        return (*differ, *gains, *curve)


def whom(many: int | None) -> Message:
    """Everybody, or so many by lot, as a part of a sentence."""
    return Message("experiments.uplift.whom_lot", {"many": many}) if many else Message("experiments.uplift.whom_all")


class PlainWords(Message):
    """A rule or reasons in a sentence, in the words of whoever reads it.

    >>> PlainWords.of("orders_before_missing = 1", ["orders_before_missing"]).text("en")
    'orders before unknown'
    """

    @classmethod
    def of(cls, text: str, columns: Sequence[str]) -> PlainWords:
        """A text that names columns.

        Args:
            text: A rule or reasons.
            columns: Names that may stand in it.

        Returns:
            A value for a sentence.
        """
        return cls("experiments.uplift.gap", {"text": text, "columns": tuple(columns)})

    def text(self, lang: str | None = None) -> str:
        """The text in a language."""
        return plain_words(self.values["text"], self.values["columns"], lang)


def plain_words(text: str, columns: Sequence[str], lang: str | None = None) -> str:
    """A text with columns' names as people read them, gaps of a column in words.

    >>> plain_words("orders_before_missing = 1 & my_own > 2", ["orders_before", "orders_before_missing", "my_own"])
    'orders before unknown & my_own > 2'

    Args:
        text: A rule or reasons.
        columns: Names that may stand in it.
        lang: Language; that of the moment unless given.

    Returns:
        The text in words.
    """
    said: dict[str, str] = {}
    words = catalogue(lang or language())
    for name in columns:
        gap, column = name.endswith(MISSING), name.removesuffix(MISSING)
        label = words.get(f"column.{column}", column)
        said[name] = Message("experiments.uplift.gap", {"column": label}).text(lang) if gap else label
        if gap:
            known = Message("experiments.uplift.gap_none", {"column": label}).text(lang)
            said |= {f"{name} = 1": said[name], f"{name} = 0": known}
    names = "|".join(re.escape(name) for name in sorted(said, key=len, reverse=True))
    return re.sub(rf"(?<!\w)({names})(?!\w)", lambda found: said[found[0]], text) if said else text


def _listed(terms: tuple[str, ...]) -> Message | str:
    """Terms in words, as one part of a sentence."""
    if not terms:
        return ""
    return reduce(
        lambda first, second: Message("experiments.uplift.and", {"first": first, "second": second}),
        (Message(f"experiments.uplift.term.{t}") for t in terms),
    )
