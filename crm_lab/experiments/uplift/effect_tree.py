"""A small tree over the effect, for people who have to explain who gets the offer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_inside
from crm_lab.experiments.core.outcome_metrics import arm_label
from crm_lab.experiments.uplift.cross_fitting import learned
from crm_lab.experiments.uplift.effect_learners import Bools
from crm_lab.experiments.uplift.policy_value import mean_interval
from crm_lab.experiments.uplift.uplift_result import Known, PlainWords, UpliftResult
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

DEEPEST = 3
_LEAST_SHARE, _LEAST_UNITS = 0.05, 50  # of the units of a part, in one leaf


@dataclass(frozen=True, kw_only=True)
class EffectTree:
    """Splits units by what was known before, on some folds, and measures each group's effect on the others.

    The learner is fitted to the first folds alone and the tree to its effects there, so that the units on which a
    group's effect is measured had no part in making the group.

    >>> EffectTree(depth=2).depth
    2

    Attributes:
        depth: Questions in a row at most, 1 to 3.
        arm: Which treatment, from 1.
        level: Confidence level of all intervals together.

    Source:
        Athey & Imbens (2016), PNAS 113: honest estimation.
    """

    depth: int = DEEPEST
    arm: int = 1
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_inside(self, "level"),
            depth=not 1 <= self.depth <= DEEPEST and f"between 1 and {DEEPEST}: a deeper tree explains nothing",
            arm=self.arm < 1 and "treatments are numbered from 1",
        )  # fmt: skip

    def analyze(self, result: UpliftResult) -> EffectTreeResult:
        """Grow the tree and measure its groups.

        Args:
            result: What `Uplift` found.

        Returns:
            One row a group: its rule, units, effect and profit with intervals.

        Raises:
            BadInput: If the test has no such treatment.
        """
        if self.arm >= len(result.arms):
            raise BadInput(f"arm is {self.arm}; the test has {len(result.arms) - 1} treatments, numbered from 1.")
        asked = (result.arms[self.arm], self.level, result.currency, result.simulated)
        if result.known is None or result.found is None or result.worth is None:
            return EffectTreeResult(*asked, refused=result.refused)
        if not result.differ:
            return EffectTreeResult(*asked, refused=Message("experiments.uplift.tree.refused_alike"))
        folds = result.found.folds
        grown = folds < (folds.max() + 1) / 2
        tree = self._grown(result.known, result.learner, grown)
        features, rules = result.known.units.features[~grown], _rules(tree, result.known)
        leaves, gains = tree.apply(features), result.found.gains(self.arm)[~grown]
        level = 1 - (1 - self.level) / len(rules)
        value, cost = result.worth.value, result.worth.costs[self.arm]
        rows = [
            (rule, int((leaves == leaf).sum()), *mean_interval(gains[leaves == leaf], level))
            for leaf, rule in rules.items()
        ]
        frame = pd.DataFrame(rows, columns=["rule", "units", "effect", "effect_lo", "effect_hi"])
        net = {f"net{end}": value * frame[f"effect{end}"] - cost for end in ("", "_lo", "_hi")}
        frame = frame.assign(**net).sort_values("effect", ascending=False, ignore_index=True)
        columns = tuple(name for name, _ in result.known.names)
        return EffectTreeResult(*asked, frame, int(grown.sum()), int((~grown).sum()), columns)

    def _grown(self, known: Known, learner: str, grown: Bools) -> DecisionTreeRegressor:
        units = known.units.rows(grown)
        _, effects = learned(units, units.features, learner, known.base)
        least = max(_LEAST_UNITS, round(_LEAST_SHARE * len(units.dealt)))
        tree = DecisionTreeRegressor(max_depth=self.depth, min_samples_leaf=least, random_state=0)
        return tree.fit(units.features, effects[:, self.arm - 1])


@dataclass(frozen=True, eq=False)
class EffectTreeResult(Result):
    """Groups of customers in plain rules, with the effect that each showed.

    Attributes:
        arm: The treatment.
        level: Confidence level of all intervals together.
        currency: ISO code of the money.
        simulated: Whether the effect was planted.
        frame: One row a group: rule, units, effect and profit of treating one with their intervals.
        grown_on: Units that made the groups.
        measured_on: Units that measured them.
        columns: What its rules may name.
        refused: Why there is no tree, or ``None``.
    """

    arm: str
    level: float
    currency: str
    simulated: bool
    frame: pd.DataFrame | None = None
    grown_on: int = 0
    measured_on: int = 0
    columns: tuple[str, ...] = ()
    refused: Message | None = None

    name: ClassVar[str] = "effect_tree"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("effect", "effect_lo", "effect_hi"), "+.3g"),
        **dict.fromkeys(("net", "net_lo", "net_hi"), "+,.2f"),
        "units": ",d",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a group, the highest effect first: rule, units, effect, profit of treating one."""
        ends = [f"{name}{end}" for name in ("effect", "net") for end in ("", "_lo", "_hi")]
        return pd.DataFrame(columns=["rule", "units", *ends]) if self.frame is None else self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with a group of everybody in words."""
        frame = self.to_frame()
        return frame.assign(rule=[self._words(rule).text() for rule in frame["rule"]])

    def _words(self, rule: str) -> Message:
        return PlainWords.of(rule, self.columns) if rule else Message("experiments.uplift.tree.everybody")

    def refusal(self) -> Message | None:
        """Why there is no tree, or ``None``."""
        return self.refused

    def readout(self) -> Readout:
        """Who gains most and least, how honest that is, and what the tree is for."""
        if self.frame is None:
            refused = self.refused or Message("experiments.uplift.tree.refused_alike")
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.uplift.tree.action_refused")
        first, last = self.frame.iloc[0], self.frame.iloc[-1]
        values = {
            "arm": arm_label(self.arm), "groups": len(self.frame), "grown": self.grown_on, "measured": self.measured_on,
            "level": self.level, "currency": self.currency, "paying": int((self.frame["net_lo"] > 0).sum()),
            "best": self._words(first["rule"]), "net": first["net"], "lo": first["net_lo"], "hi": first["net_hi"],
            "least": self._words(last["rule"]), "least_net": last["net"], "least_lo": last["net_lo"],
            "least_hi": last["net_hi"],
        }  # fmt: skip
        finding = "finding" if len(self.frame) > 1 else "finding_one"
        return Readout.of("experiments.uplift.tree", values, finding)

    def facts(self) -> tuple[Fact, ...]:
        """Profit of treating one customer of each group."""
        kind = "simulated" if self.simulated else "estimate"
        if self.frame is None:
            label = Message("experiments.uplift.tree.fact_none")
            return (Fact("effect_tree", label, None, refusal=self.refused),)
        return facts_of(
            self.frame.assign(group=range(1, len(self.frame) + 1)), "effect_tree.{group}",
            lambda row: Message("experiments.uplift.tree.fact", {"rule": self._words(str(row["rule"]))}),
            "net", self.currency, ends=("net_lo", "net_hi"), level=self.level, n="units", kind=kind, better="up",
        )  # fmt: skip


def _rules(tree: DecisionTreeRegressor, known: Known) -> dict[int, str]:
    """Rule of each leaf, as short as it can be said; empty where there is one leaf."""
    inside = tree.tree_
    found: dict[int, str] = {}
    waiting: list[tuple[int, tuple[tuple[int, bool, float], ...]]] = [(0, ())]
    while waiting:
        node, asked = waiting.pop()
        if inside.children_left[node] < 0:
            found[node] = _rule(asked, known)
            continue
        j, cut = int(inside.feature[node]), float(inside.threshold[node])
        waiting.append((int(inside.children_left[node]), (*asked, (j, True, cut))))
        waiting.append((int(inside.children_right[node]), (*asked, (j, False, cut))))
    return found


def _rule(asked: tuple[tuple[int, bool, float], ...], known: Known) -> str:
    """Conditions in signs that are the same in every language, the tightest of each side of a feature.

    A column that has one level is not another one, so that needs no words.
    """
    bounds: dict[tuple[int, bool], float] = {}
    for j, below, cut in asked:
        other = bounds.get((j, below), cut)
        bounds[j, below] = min(other, cut) if below else max(other, cut)
    has = {known.names[j][0] for j, below in bounds if known.names[j][1] and not below}
    said: dict[str, None] = {}
    for (j, below), cut in bounds.items():
        column, level = known.names[j]
        if not level or not below:
            said[_condition(j, below, cut, known)] = None
        elif column not in has:
            said |= dict.fromkeys(_other_levels(column, bounds, known) or [_condition(j, below, cut, known)])
    return " & ".join(said)


def _other_levels(column: str, bounds: Collection[tuple[int, bool]], known: Known) -> list[str]:
    """``column = level`` where all other levels are ruled out and every unit has one; else nothing."""
    levels = [j for j, (name, level) in enumerate(known.names) if name == column and level]
    left = [j for j in levels if (j, True) not in bounds]
    whole = bool((known.units.features[:, levels].sum(axis=1) == 1).all())
    return [f"{column} = {known.names[left[0]][1]}"] if whole and len(left) == 1 else []


def _condition(j: int, below: bool, cut: float, known: Known) -> str:
    (name, level), values = known.names[j], known.units.features[:, j]
    if level:
        return f"{name} {'≠' if below else '='} {level}"
    own: Floats = np.unique(values)
    if len(own) == 2:
        return f"{name} = {own[0] if below else own[1]:g}"
    return f"{name} {'≤' if below else '>'} {cut:.4g}"
