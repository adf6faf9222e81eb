"""Preregistration: the plan is written and hashed before the data; deviations are listed afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guards import MISSING
from crm_lab.experiments.core.weeks import week_columns
from crm_lab.experiments.payoff.loyalty_programme import Programme
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.exports import write_json
from crm_lab.messages import Message
from crm_lab.project import project_root
from crm_lab.results import Fact, Readout, Result

_LATER = ("value_per_success", "assumed")  # terms that older plans do not have: their hash stays what it was


@dataclass(frozen=True, kw_only=True)
class Preregistration:
    """A preregistered analysis plan: what was agreed before the first unit was assigned.

    >>> from crm_lab.experiments import Programme
    >>> terms = Programme(margin_share=0.3, reward_rate=0.01)
    >>> days = {"written_on": "2024-01-02", "first_day": "2024-02-01", "last_day": "2024-04-30"}
    >>> plan = Preregistration(name="spring", outcome="spend", programme=terms, **days)

    Attributes:
        name: The test's name; also the salt of its split.
        written_on: Day it was written, ``YYYY-MM-DD``.
        first_day: First day of the test; the plan must be older.
        last_day: Last day of the outcome window: the one look at the result.
        outcome: The primary metric.
        covariates: Pre-period columns used for adjusting.
        guardrails: Further metrics that must not get worse, with their margins.
        filters: Declared filters: name -> what they remove, in words.
        shares: Planned share of each arm.
        units: Planned number of units.
        programme: Terms and decision rule.
        looks: Weeks after which the running test is looked at, the last one its end; none for one reading at the end.
    """

    name: str
    written_on: str
    first_day: str
    last_day: str
    outcome: str
    programme: Programme
    covariates: tuple[str, ...] = ()
    guardrails: Mapping[str, float] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=lambda: {"control": 0.5, "treatment": 0.5})
    units: int = 0
    looks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        problems = Problems("plan")
        written, first, last = (as_date(getattr(self, n), n) for n in ("written_on", "first_day", "last_day"))
        problems.unless(written < first, f"it was written on {written}, not before the first day {first}.")
        problems.unless(first <= last, f"the window ends on {last}, before it begins on {first}.")
        problems.unless(self.name, "it has no name.")
        problems.raise_any()

    @classmethod
    def made_up(cls, experiment: Experiment, programme: Programme) -> Preregistration:
        """A plan for show, such as a planted test could have had: written before it, with looks at a quarter and half.

        >>> from crm_lab import open_workspace
        >>> from crm_lab.experiments import PlantedTest
        >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
        >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
        >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
        >>> Preregistration.made_up(test, terms).looks
        (6, 13, 26)

        Args:
            experiment: A test that knows its window.
            programme: Terms and decision rule.

        Returns:
            The plan.

        Raises:
            BadInput: If the window is not known.
        """
        if experiment.window is None:
            raise BadInput("The test does not say when it was, so no plan of it can be made up.")
        first, last = experiment.window
        weeks = len(week_columns(experiment))
        return cls(
            name="for show", written_on=f"{pd.Timestamp(first) - pd.Timedelta(days=11):%Y-%m-%d}", first_day=first,
            last_day=last, outcome=experiment.outcomes[0], covariates=_measured(experiment), programme=programme,
            shares=dict(experiment.shares), looks=(weeks // 4, weeks // 2, weeks) if weeks >= 4 else (),
        )  # fmt: skip

    def content(self) -> dict[str, Any]:
        """The plan as plain JSON, without its hash.

        >>> sorted(plan.content())[:3]
        ['covariates', 'filters', 'first_day']
        """
        plan = asdict(self)
        plan["programme"] = {k: v for k, v in plan["programme"].items() if k not in _LATER or v}
        plan = {k: v for k, v in plan.items() if k != "looks" or v}
        return json.loads(json.dumps(plan))  # type: ignore[no-any-return]  # tuples become lists

    @property
    def sha256(self) -> str:
        """SHA-256 hash of the plan's content; it changes with every word of it.

        >>> len(plan.sha256)
        64
        """
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, name: str = "plan.json") -> Path:
        """Write the plan with its hash beside the notebook's other files.

        >>> path = plan.write("plan_example.json")
        >>> Preregistration.read(path) == plan
        True
        >>> path.unlink()

        Args:
            name: Name of the file in the page's output folder.

        Returns:
            The path written.
        """
        return write_json({**self.content(), "sha256": self.sha256}, name)

    @classmethod
    def read(cls, path: str | Path) -> Preregistration:
        """Read a plan and check its hash.

        >>> path = plan.write("plan_example.json")
        >>> Preregistration.read(path).name
        'spring'
        >>> path.unlink()

        Args:
            path: A file that `write` wrote.

        Returns:
            The plan.

        Raises:
            BadInput: If the file was changed after it was written, or is no plan.
        """
        try:
            file = Path(path)
            file = file if file.is_absolute() or file.exists() else project_root() / file
            content = json.loads(file.read_text(encoding="utf-8"))
            given = content.pop("sha256")
            terms = content["programme"]
            terms["assumed"] = tuple(terms.get("assumed", ()))
            content["programme"] = Programme(**terms)
            content["covariates"] = tuple(content["covariates"])
            content["looks"] = tuple(content.get("looks", ()))
            plan = cls(**content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path} is no plan that can be read ({error}); write it with Preregistration.write()."
            ) from error
        if plan.sha256 != given:
            raise BadInput(f"{path} was changed after it was written: its hash is {plan.sha256[:9]}, not {given[:9]}.")
        return plan

    def hold_against(
        self, experiment: Experiment, answer: ProgrammeResult, filters: tuple[str, ...] = (), *, terms: bool = True
    ) -> DeviationsResult:
        """Deviations from the plan in what can be compared, and the decision under the plan's rule.

        The window is compared where the test knows its days, looks where it has its outcome by week: weeks beyond
        the last planned look are a deviation.

        >>> import numpy as np
        >>> import pandas as pd
        >>> from crm_lab.experiments import Experiment
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
        >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
        >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
        >>> answer = terms.analyze(test, "spend")
        >>> plan.hold_against(test, answer).to_frame().columns.tolist()
        ['what', 'planned', 'done']

        Args:
            experiment: The test as analysed.
            answer: The return as analysed.
            filters: Names of the filters used.
            terms: Whether the terms of the return are compared; they are not where it was computed with the plan's.

        Returns:
            One row per deviation.
        """
        pairs = {**self._test_pairs(experiment, answer, filters), **(self._term_pairs(answer) if terms else {})}
        rows = tuple((what, planned, done) for what, (planned, done) in pairs.items() if planned != done)
        missed = self._guardrails_missed(experiment)
        known = self.outcome in experiment.outcomes and not missed
        again = self.programme.analyze(experiment, self.outcome, None, **answer.money) if known else None
        compared = {"window": "first_day" in pairs, "looks": not self.looks or "looks" in pairs, "terms": terms}
        left = tuple(part for part, done in compared.items() if not done)
        return DeviationsResult(self, rows, answer, again, left, missed)

    def _guardrails_missed(self, experiment: Experiment) -> tuple[str, ...]:
        """Planned guardrails that the test has not, or with another margin."""
        done = _margins(experiment)
        return tuple(name for name, margin in self.guardrails.items() if done.get(name) != margin)

    def _test_pairs(
        self, experiment: Experiment, answer: ProgrammeResult, filters: tuple[str, ...]
    ) -> dict[str, tuple[Any, Any]]:
        """Planned and done of the test itself."""
        window, weeks = experiment.window, len(week_columns(experiment))
        return {
            "outcome": (self.outcome, answer.outcome),
            **({"first_day": (self.first_day, window[0]), "last_day": (self.last_day, window[1])} if window else {}),
            **({"looks": (self.looks[-1], weeks)} if self.looks and weeks else {}),
            "covariates": (list(self.covariates), list(_measured(experiment))),
            **({"guardrails": (dict(self.guardrails), _margins(experiment))} if self.guardrails else {}),
            "filters": (sorted(self.filters), sorted(filters)),
            "shares": (dict(self.shares), dict(experiment.shares)),
            "units": (self.units or len(experiment.frame), len(experiment.frame)),
        }

    def _term_pairs(self, answer: ProgrammeResult) -> dict[str, tuple[Any, Any]]:
        """Planned and done of the programme's terms and the rule."""
        return {
            f"programme.{f.name}": (getattr(self.programme, f.name), getattr(answer.spec, f.name))
            for f in fields(self.programme)
        }


@dataclass(frozen=True)
class DeviationsResult(Result):
    """Deviations from the plan, and the decision under the plan.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> terms = Programme(margin_share=0.3, reward_rate=0.01)
    >>> days = {"written_on": "2024-01-02", "first_day": "2024-02-01", "last_day": "2024-04-30"}
    >>> plan = Preregistration(name="spring", outcome="spend", programme=terms, **days)
    >>> held = plan.hold_against(test, terms.analyze(test, "spend"))

    Attributes:
        spec: The plan.
        rows: What, planned, done.
        answer: The return as analysed.
        under_plan: The return under the plan's terms, or ``None``.
        left: What was not compared, of window, looks and terms.
        missed: Planned guardrails that the test has not, or with another margin.
    """

    spec: Preregistration
    rows: tuple[tuple[str, Any, Any], ...]
    answer: ProgrammeResult
    under_plan: ProgrammeResult | None
    left: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()

    name: ClassVar[str] = "plan"

    def to_frame(self) -> pd.DataFrame:
        """One row per deviation: what, planned, done.

        >>> list(held.to_frame())
        ['what', 'planned', 'done']
        """
        rows = [(what, str(planned), str(done)) for what, planned, done in self.rows]
        return pd.DataFrame(rows, columns=["what", "planned", "done"], dtype=object)

    def refusal(self) -> Message | None:
        """A sentence if no decision under the plan can be computed, else ``None``.

        >>> held.refusal() is None
        True
        """
        if self.under_plan is not None:
            return None
        if self.missed:
            names = Message("format.comma").text().join(self.missed)
            return Message("experiments.plan.no_guardrails", {"names": names})
        return Message("experiments.plan.no_outcome", {"outcome": self.spec.outcome})

    def readout(self) -> Readout:
        """Number of deviations, decision as done and as planned.

        >>> print(held.readout().finding)
        Deviations from the plan: 1 (covariates). Over the whole window, decision as analysed: ship; under ...
        """
        refused, done, planned = self.refusal(), _named(self.answer), _named(self.under_plan)
        values = {
            "n": len(self.rows), "what": ", ".join(what for what, _, _ in self.rows), "sha": self.spec.sha256[:12],
            "written_on": self.spec.written_on, "done": done, "planned": planned,
        }  # fmt: skip
        same = refused is None and done == planned
        said = ("deviates" if self.rows else "kept", "certainty", f"action_{'same' if same else 'deviates'}")
        finding, certainty, action = (Message(f"experiments.plan.{key}", values) for key in said)
        for part in self.left:
            not_compared = Message(f"experiments.plan.left_{part}")
            certainty = Message("experiments.soundness.two", {"first": certainty, "second": not_compared})
        return Readout(refused or finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """Number of deviations, decision under the plan, hash of the plan.

        >>> {fact.id: fact.unit for fact in held.facts()[:2]}
        {'plan.deviations': '', 'plan.decision': ''}
        """
        part = "test_deviations" if "terms" in self.left else "deviations"
        found = partial(Fact, kind="simulated" if self.answer.truth is not None else "fact")
        decision = None if self.under_plan is None else self.under_plan.decision
        said = decision and Message(f"experiments.decision.{decision}").text()
        return (
            found(f"plan.{part}", f"experiments.fact.{part}", len(self.rows), better="down"),
            found("plan.decision", "experiments.fact.planned_decision", said, refusal=self.refusal(), decides=True),
            found("plan.sha256", "experiments.fact.plan_hash", self.spec.sha256),
        )


def held_against(
    plan: Preregistration | None, experiment: Experiment, answer: ProgrammeResult, *, terms: bool = True
) -> DeviationsResult | NoPreregistrationResult:
    """Deviations of an analysis from its plan; or that there is no plan.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> held_against(None, test, Programme(margin_share=0.3, reward_rate=0.01).analyze(test, "spend")).to_frame().empty
    True

    Args:
        plan: What was written before the start; ``None`` if nothing was.
        experiment: The test as analysed.
        answer: The return as analysed.
        terms: Whether the terms of the return are compared.

    Returns:
        The deviations, or a result that says that there is no plan.
    """
    if plan is None:
        return NoPreregistrationResult()
    return plan.hold_against(experiment, answer, terms=terms)


@dataclass(frozen=True)
class NoPreregistrationResult(Result):
    """There is no plan: nothing was preregistered.

    >>> nothing = NoPreregistrationResult()
    """

    name: ClassVar[str] = "plan"

    def to_frame(self) -> pd.DataFrame:
        """No rows: without a plan there are no deviations.

        >>> nothing.to_frame().empty
        True
        """
        return pd.DataFrame(columns=["what", "planned", "done"], dtype=object)

    def refusal(self) -> Message:
        """The sentence that there is no plan.

        >>> nothing.refusal() is None
        False
        """
        return Message("experiments.plan.none")

    def readout(self) -> Readout:
        """That there is no plan, and how to have one.

        >>> print(nothing.readout().finding)
        No plan was written down before the start, so nobody can say whether metric, window or ...
        """
        return Readout("experiments.plan.none", "experiments.plan.none_certainty", "experiments.plan.none_action")

    def facts(self) -> tuple[Fact, ...]:
        """The number of deviations, as a refused fact.

        >>> {fact.id: fact.unit for fact in nothing.facts()[:2]}
        {'plan.deviations': ''}
        """
        return (Fact("plan.deviations", "experiments.fact.deviations", None, refusal=self.refusal()),)


def _measured(experiment: Experiment) -> tuple[str, ...]:
    """Covariates without the flags of their gaps."""
    return tuple(c for c in experiment.covariates if not c.endswith(MISSING))


def _margins(experiment: Experiment) -> dict[str, float | str]:
    """Guardrails of a test with their margins; those of the control's level as text."""
    rails = experiment.guardrails
    return {rail.metric: f"{100 * rail.margin:g} %" if rail.relative else rail.margin for rail in rails}


def _named(answer: ProgrammeResult | None) -> Message | str:
    """A decision in words, or a dash."""
    decision = None if answer is None else answer.decision
    return "-" if decision is None else Message(f"experiments.decision.{decision}")
