"""What a pilot changed, by several methods that read it for what it is: a handful of cities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_inside
from crm_lab.experiments.pilots.answers.pilot_checks import PilotCheck, pilot_checks
from crm_lab.experiments.pilots.answers.pilot_statistic import restlessness_pays
from crm_lab.experiments.pilots.answers.pilot_tests import (
    METHODS,
    MOST_SEARCHED,
    LiftTest,
    claimed_error,
    lift_test,
    past_noise,
    pvalues_over_time,
    units_of,
)
from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.experiments.pilots.pilot_words import counted
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result

Agreement = Literal["agree", "differ", "alone"]


@dataclass(frozen=True, kw_only=True)
class PilotEffect:
    """How a pilot is read.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> from crm_lab.stats.panel.panel import Panel
    >>> pilot = Pilot(Panel(values, tuple("abcdefghij"), tuple(range(30))), tuple("abcde"), 22)
    >>> result = PilotEffect(methods=("did",)).analyze(pilot)
    >>> result.main, round(result.answer.pvalue, 4)
    ('did', 0.0079)

    Attributes:
        methods: Those that are used: ``did``, ``synthetic_control``, ``synthetic_difference`` (with up to 100 cities,
            unless it is `main`), ``regression``.
        main: The one that answers, named beforehand; empty for the one that was quietest on the past, before the start.
        level: Confidence level.
        seed: Of the samples of assignments.

    Source:
        Permutation: Rosenbaum (2002). Synthetic control: Abadie, Diamond & Hainmueller (2010), demeaned as in Ferman &
        Pinto (2021). SDID: Arkhangelsky et al. (2021). Time-based regression: Kerman, Wang & Vaver (2017).
    """

    methods: tuple[str, ...] = tuple(METHODS)
    main: str = ""
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted({*self.methods, *([self.main] if self.main else [])} - set(METHODS))
        check_settings(
            self,
            not_inside(self, "level"),
            methods=bool(unknown or not self.methods)
            and f"{unknown or 'none'} given; they are among {', '.join(METHODS)}",
            main=bool(self.main) and self.main not in self.methods and "it is one of the methods",
        )

    def analyze(self, pilot: Pilot) -> PilotEffectResult:
        """Read a pilot.

        >>> PilotEffect(methods=("did",)).analyze(pilot.without(["f"])).can_decide
        True

        Args:
            pilot: The pilot.

        Returns:
            The lift by each method, the one that answers, what speaks against it, and whether the methods agree.
        """
        many = len(pilot.panel.units) > MOST_SEARCHED
        few = [
            name
            for name in self.methods
            if METHODS[name].fewest_before <= pilot.first and (METHODS[name].affine or not many or name == self.main)
        ]
        if not few:
            raise BadInput(f"{pilot.first} periods lie before the start, too few for {', '.join(self.methods)}.")
        noises, scaled = {name: past_noise(pilot, name) for name in few}, restlessness_pays(pilot)
        tests = {name: lift_test(pilot, name, self.level, self.seed, scaled=scaled) for name in few}
        main = self.main if self.main in few else _quietest(tests, noises)
        periods = {name: pvalues_over_time(pilot, name) for name in few}
        claims = {name: claimed_error(pilot, name) for name in few}
        return PilotEffectResult(self, pilot, tests, noises, main, pilot_checks(pilot), scaled, periods, claims)


def _quietest(tests: Mapping[str, LiftTest], noises: Mapping[str, float]) -> str:
    """The method that was quietest on the past, among those that are tested over time if any is."""
    able = [name for name, test in tests.items() if test.over == "blocks"] or list(tests)
    return min(able, key=lambda name: noises[name] if math.isfinite(noises[name]) else math.inf)


@dataclass(frozen=True, eq=False)
class PilotEffectResult(Result):
    """The lift of a pilot by several methods.

    >>> from crm_lab.stats.panel.panel import Panel
    >>> values = np.random.default_rng(1).gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> panel = Panel(values, tuple("abcdefghij"), tuple(range(30)))
    >>> pilot = Pilot(panel, tuple("abcde"), 22)
    >>> result = PilotEffect(methods=("did",)).analyze(pilot)
    >>> round(result.lift("did"), 2)
    0.21

    Attributes:
        spec: How it was read.
        pilot: The pilot.
        tests: The lift by each method, with its test and interval.
        noises: What each method finds on the past where nothing was done: its real standard error.
        main: The method that answers.
        checks: What speaks against reading it.
        scaled: Whether effects are read in units of how restless each set of cities was before.
        over_time: P values over time of each method: with periods that change places freely, and in moving blocks.
        claimed: Standard error that each method's own model claims, in shares of usual sales.
    """

    spec: PilotEffect
    pilot: Pilot
    tests: dict[str, LiftTest]
    noises: dict[str, float]
    main: str
    checks: tuple[PilotCheck, ...]
    scaled: bool = False
    over_time: dict[str, tuple[float, float]] = field(default_factory=dict)
    claimed: dict[str, float] = field(default_factory=dict)

    name: ClassVar[str] = "pilot_effect"
    words: ClassVar[dict[str, str]] = {"method": "experiments.pilots.method_"}
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("rel_effect", "lo", "hi"), "+.1%"),
        **dict.fromkeys(("past_noise", "claimed_se"), ".1%"),
        **dict.fromkeys(("pvalue", "p_periods", "p_blocks"), ".3g"),
        "interval_level": ".1%",
    }

    @property
    def answer(self) -> LiftTest:
        """The test of the method that answers."""
        return self.tests[self.main]

    @property
    def can_decide(self) -> bool:
        """Whether the design can reject anything at the level."""
        return self.answer.floor <= 1 - self.spec.level + 1e-12

    def lift(self, method: str) -> float:
        """Lift by a method: the effect as a share of what the treated cities would have sold without it.

        >>> round(result.lift("did"), 2)
        0.21

        Args:
            method: One of the methods used.

        Returns:
            As a share: 0.1 for 10 % more.
        """
        return self.tests[method].lift

    def to_frame(self) -> pd.DataFrame:
        """One row a method, the one that answers first: lift with its interval, p values, real and claimed noise.

        >>> result.to_frame()[["method", "rel_effect", "pvalue"]].round(3).to_dict("records")
        [{'method': 'did', 'rel_effect': 0.214, 'pvalue': 0.008}]

        Returns:
            Columns ``method``, ``rel_effect``, ``lo``, ``hi``, ``pvalue`` (of the mean lift, which the interval
            inverts), ``p_periods`` and ``p_blocks`` (of any change, over time: periods that change places, and moving
            blocks), ``interval_level``, ``past_noise``, ``claimed_se``.
        """
        order = [self.main, *(name for name in self.tests if name != self.main)]
        rows = []
        for name in order:
            test = self.tests[name]
            rows.append(
                {
                    "method": name, "rel_effect": self.lift(name), "lo": test.interval.lo, "hi": test.interval.hi,
                    "pvalue": test.pvalue, **dict(zip(("p_periods", "p_blocks"), self.over_time[name], strict=True)),
                    "interval_level": test.interval.level, "past_noise": self.noises[name],
                    "claimed_se": self.claimed.get(name, math.nan),
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def path(self) -> pd.DataFrame:
        """The treated cities' mean by period, and what the answering method says it would have been.

        >>> result.path().query("period >= 22").mean().round(2).tolist()[1:]
        [1.2, 0.99]

        Returns:
            Columns ``period``, ``seen``, ``without``, in units of the mean before the start.
        """
        mask, first = self.pilot.mask, self.pilot.first
        values = units_of(self.main, self.pilot.panel.values, first)
        level = values[mask, :first].mean()
        course = METHODS[self.main].course(values, mask, first).counterfactual / level
        seen = values[mask].mean(axis=0) / level
        return pd.DataFrame({"period": self.pilot.panel.periods, "seen": seen, "without": course})

    @property
    def agreement(self) -> Agreement:
        """Whether each method's lift lies in the interval of the one that answers, and the other way round.

        >>> result.agreement
        'alone'
        """
        if len(self.tests) == 1:
            return "alone"
        own, ours = self.answer.interval, self.lift(self.main)
        both = (
            own.lo <= self.lift(name) <= own.hi and test.interval.lo <= ours <= test.interval.hi
            for name, test in self.tests.items()
            if name != self.main
        )
        return "agree" if all(both) else "differ"

    @property
    def doubtful(self) -> bool:
        """Whether nothing can be decided on the lift.

        The methods contradict each other; or nobody drew the cities, and a check speaks against the comparison.

        >>> result.doubtful
        False
        """
        return self.agreement == "differ" or (self.pilot.drawn == "chosen" and any(map(self._weighs, self.checks)))

    def _weighs(self, check: PilotCheck) -> bool:
        """Whether a check fails that speaks against the answer: reach of weights, one city of a lift that is seen."""
        seen = self.answer.pvalue <= 1 - self.spec.level
        counts = {"reach": self.main.startswith("synthetic"), "one": seen}
        return not check.holds and counts.get(check.name, True)

    def doubts(self) -> pd.DataFrame:
        """What was looked at that can make the comparison wrong, in words.

        >>> result.doubts()["in_order"].tolist()
        [True, False, True]

        Returns:
            Columns ``looked_at`` and ``in_order``.
        """
        rows = [(check.sentence.text(), check.holds) for check in self.checks]
        return pd.DataFrame(rows, columns=["looked_at", "in_order"])

    def readout(self) -> Readout:
        """The lift, how sure it is, and what follows.

        >>> print(result.readout().finding)
        The pilot in 5 cities changed sales by +21.4% over 8 weeks (95.2% interval +19.1% to +24.1%; p = 0.00794).
        """
        test, pilot = self.answer, self.pilot
        values = {
            "unit": counted(pilot.unit, len(pilot.treated)), "length": counted(pilot.every, pilot.periods),
            "others": counted(pilot.unit, len(pilot.panel.units) - len(pilot.treated)),
            "what": pilot.what, "lift": self.lift(self.main), "lo": test.interval.lo, "hi": test.interval.hi,
            "level": test.interval.level,
            "p": test.pvalue, "floor": test.floor, "alpha": 1 - self.spec.level, "sets": test.count,
            "method": Message(f"experiments.pilots.method_{self.main}"), "noise": self.noises[self.main],
            "over": Message(f"experiments.pilots.over_{test.over}", {"n": test.count}),
            "drawn": Message(f"experiments.pilots.drawn_{pilot.drawn}{'' if test.over == 'draws' else '_blocks'}"),
            "statistic": Message(f"experiments.pilots.statistic_{self._statistic}"),
            "agreement": Message(f"experiments.pilots.agreement_{self.agreement}", {"n": len(self.tests)}),
        }  # fmt: skip
        bad = [check for check in self.checks if not check.holds]
        action = "effect_action_floor" if not self.can_decide else "effect_action_checks" if bad else "effect_action"
        said = {**values, "checks": bad[0].sentence if bad else ""}
        return Readout.of("experiments.pilots", said, self._finding(), "effect_certainty", action)

    @property
    def _statistic(self) -> str:
        """How lifts of other draws, or of other times, are compared."""
        return "blocks" if self.answer.over == "blocks" else "scaled" if self.scaled else "raw"

    def _finding(self) -> str:
        """Which sentence is said of the lift."""
        if not self.can_decide:
            return "effect_floor"
        return "effect_seen" if self.answer.pvalue <= 1 - self.spec.level else "effect_none"

    def facts(self) -> tuple[Fact, ...]:
        """The lift by each method.

        >>> [fact.id for fact in result.facts()]
        ['pilot.did.lift']
        """
        kind: Kind = "simulated" if self.pilot.simulated else "estimate"
        frame = self.to_frame().replace([np.inf, -np.inf], np.nan)
        found = partial(
            facts_of,
            frame,
            ends=("lo", "hi"),
            level=self.answer.interval.level,
            n=len(self.pilot.panel.units),
            kind=kind,
        )
        return found("pilot.{method}.lift", _label, "rel_effect", "share", better="up")


def _label(row: object) -> Message:
    return Message("experiments.pilots.fact_lift", {"method": Message(f"experiments.pilots.method_{row['method']}")})  # type: ignore[index]
