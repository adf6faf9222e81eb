"""Where arms were not drawn by lot: not a test, and what can be said of the two groups all the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput, CannotAnswer, check_settings, not_inside
from crm_lab.experiments.core.column_words import known_after, same_measure
from crm_lab.experiments.core.experiment import Experiment, need_experiment
from crm_lab.experiments.core.outcome_metrics import arm_label, mean_of, outcome_label, unknown_outcome
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.observational import Comparison, compare

NOT_BY_LOT = tuple(f"experiments.refused.{why}" for why in ("chosen", "chosen_said", "imbalance"))
ALIKE = 0.1  # standardised difference up to which groups count as alike (Austin 2009)
_GROUP = "in the group"


def drawn_by_lot(experiment: Experiment) -> bool:
    """Whether nothing speaks against the arms having been drawn by lot.

    >>> from crm_lab.experiments import Experiment
    >>> frame = pd.DataFrame({"member": ["no", "yes"] * 30, "spend": range(60)})
    >>> drawn_by_lot(Experiment.from_frame(frame, arm="member", control="no", outcomes=["spend"]))
    True

    Args:
        experiment: The test, or what looks like one.

    Returns:
        False where the file says that units chose, or the arms differ before the start as no lot would make them.
    """
    refused = experiment.guards.refused
    return refused is None or refused.key not in NOT_BY_LOT


@dataclass(frozen=True, kw_only=True)
class Association:
    """What two groups differ by that nobody drew by lot, among units that could be in either of them.

    It is an association and never a reason to ship: what nobody measured is not adjusted for.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> past = rng.gamma(2, 50, 2_000)
    >>> frame = pd.DataFrame({"member": np.where(rng.random(2_000) < past / (past + 100), "yes", "no"), "before": past})
    >>> frame["spend"] = past * rng.gamma(9, 1 / 9, 2_000)
    >>> groups = Experiment.from_frame(frame, arm="member", control="no", outcomes=["spend"], covariates=["before"])
    >>> found = Association(outcome="spend").analyze(groups)
    >>> found.plain > 40, abs(found.found.value) < 5
    (True, True)

    Attributes:
        outcome: Column with the outcome.
        negative_control: Column of the past that the groups cannot have changed, read as if it were the outcome and
            adjusted by all others; the outcome's own past unless given.
        level: Confidence level.
        unit: Unit of the outcome.

    Source:
        Li, Morgan & Zaslavsky (2018) for overlap weights; VanderWeele & Ding (2017) for the E-value; Lipsitch,
        Tchetgen Tchetgen & Cohen (2010) for negative controls.
    """

    outcome: str
    negative_control: str = ""
    level: float = 0.95
    unit: str = ""

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level"))

    def analyze(self, experiment: Experiment) -> AssociationResult:
        """The two groups as they are, among comparable units, and on the negative control.

        >>> Association(outcome="spend", level=0.9).analyze(groups).found.interval.level
        0.9

        Args:
            experiment: Two groups with the outcome, and what was known before.

        Returns:
            Differences with intervals, balance before and after, overlap and E-value.

        Raises:
            BadInput: If there are more than two groups.
        """
        need_experiment(experiment, "Association")
        if len(experiment.arms) != 2:
            raise BadInput(f"There are {len(experiment.arms)} groups; an association is read for two. Keep two.")
        rows = experiment.as_assigned() if experiment.guards.refused is None else experiment
        past = [c for c in rows.covariates if not known_after(c) and c not in experiment.late]
        frame = rows.frame.assign(**{_GROUP: (rows.frame[rows.arm] != rows.control).astype(int)})
        groups = dict(zip(("control", "treatment"), experiment.arms, strict=True))
        result = partial(AssociationResult, self, groups, len(frame), experiment.simulated)
        gaps = unknown_outcome(mean_of(self.outcome), experiment)
        if gaps is not None or not past:
            return result(refused=gaps or Message("experiments.association.no_past"))
        values = frame[self.outcome].groupby(frame[_GROUP]).mean()
        plain = float(values[1] - values[0])
        try:
            found = compare(frame, treated=_GROUP, outcome=self.outcome, covariates=past, level=self.level)
        except CannotAnswer:
            return result(plain=plain, refused=Message("experiments.association.no_overlap", {"plain": plain}))
        name = self.negative_control or next((c for c in past if same_measure(c, self.outcome)), past[0])
        return result(found=found, plain=plain, past=name, negative=self._negative(frame, name, past))

    def _negative(self, frame: pd.DataFrame, name: str, past: list[str]) -> Comparison | None:
        """The same comparison of something that the groups cannot have changed; ``None`` if nothing adjusts it."""
        others = [c for c in past if not c.startswith(name)]
        try:
            return compare(frame, treated=_GROUP, outcome=name, covariates=others, level=self.level) if others else None
        except CannotAnswer:
            return None


@dataclass(frozen=True)
class AssociationResult(Result):
    """Two groups that nobody drew by lot, as they are and among comparable units.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> past = rng.gamma(2, 50, 2_000)
    >>> frame = pd.DataFrame({"member": np.where(rng.random(2_000) < past / (past + 100), "yes", "no"), "before": past})
    >>> frame["spend"] = past * rng.gamma(9, 1 / 9, 2_000)
    >>> groups = Experiment.from_frame(frame, arm="member", control="no", outcomes=["spend"], covariates=["before"])
    >>> result = Association(outcome="spend", unit="EUR").analyze(groups)

    Attributes:
        spec: What was asked.
        groups: Which group is read as ``control`` and as ``treatment``.
        units: Units in all.
        simulated: Whether the data are made up.
        plain: Difference of the means as they are.
        found: Among comparable units, or ``None``.
        past: Column of the negative control.
        negative: The negative control's difference, or ``None`` where nothing else is known to adjust it.
        refused: Why nothing is said of comparable units, or ``None``.
    """

    spec: Association
    groups: dict[str, str]
    units: int
    simulated: bool
    plain: float = math.nan
    found: Comparison | None = None
    past: str = ""
    negative: Comparison | None = None
    refused: Message | None = None

    name: ClassVar[str] = "association"
    words: ClassVar[dict[str, str]] = {"comparison": "experiments.association.row."}
    formats: ClassVar[dict[str, str]] = {
        "difference": "+,.2f", "low": "+,.2f", "high": "+,.2f", "e_value": ".2f", "e_value_end": ".2f",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison: the groups as they are, comparable units, the negative control.

        >>> result.to_frame()["comparison"].tolist()
        ['plain', 'comparable']
        """
        columns = ["comparison", "difference", "low", "high", "e_value", "e_value_end"]
        rows: list[tuple[object, ...]] = [("plain", self.plain, *[math.nan] * 4)]
        for label, found in (("comparable", self.found), ("negative", self.negative)):
            if found is not None:
                span, strength = found.interval, found.e_value
                rows.append((label, found.value, span.lo, span.hi, strength.point, strength.end))
        return pd.DataFrame(rows, columns=columns)

    @property
    def balance(self) -> pd.DataFrame:
        """Standardised difference of each column of the past, before and after the weighting.

        >>> list(result.balance)
        ['covariate', 'std_diff', 'std_diff_weighted']
        """
        columns = ["covariate", "std_diff", "std_diff_weighted"]
        return pd.DataFrame(columns=columns) if self.found is None else self.found.balance[columns]

    @property
    def overlap(self) -> pd.DataFrame:
        """Of each group: units, comparable ones, and quantiles of the propensity to be in the second group.

        >>> result.overlap["group"].tolist()
        ['no', 'yes']
        """
        if self.found is None:
            return pd.DataFrame(columns=["group", "units", "effective", "p05", "median", "p95"])
        frame = self.found.overlap.drop(columns="treated")
        frame.insert(0, "group", list(self.groups.values()))
        return frame

    @property
    def hidden(self) -> bool:
        """Whether the groups differ in the negative control, which neither of them can have changed.

        >>> result.hidden
        False
        """
        return self.negative is not None and not self.negative.interval.lo <= 0 <= self.negative.interval.hi

    def refusal(self) -> Message | None:
        """Why nothing is said of comparable units, or ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Not a test; what the groups differ by; how strong something unmeasured would have to be.

        >>> print(result.readout().finding)
        Not a test: nobody drew “yes” and “no” by lot. Among units that could be in either group, spend differs by ...
        """
        said = partial(Readout.of, "experiments.association")
        if self.found is None:
            return said({}, self.refused or "finding", "certainty_refused", "action")
        span, strength = self.found.interval, self.found.e_value
        values = {
            "control": arm_label(self.groups["control"]), "treatment": arm_label(self.groups["treatment"]),
            "outcome": outcome_label(self.spec.outcome), "unit": spaced(self.spec.unit), "plain": self.plain,
            "value": self.found.value, "lo": span.lo, "hi": span.hi, "level": span.level,
            "before": float(self.found.balance["std_diff"].abs().max()),
            "after": float(self.found.balance["std_diff_weighted"].abs().max()),
            "columns": len(self.found.balance), "point": strength.point, "end": strength.end, "past": self.past,
        }  # fmt: skip
        values["negative"] = self._of_negative()
        open_end = span.lo <= 0 <= span.hi
        return said(values, "finding_none" if open_end else "finding", f"certainty{'_none' if open_end else ''}")

    def _of_negative(self) -> Message:
        if self.negative is None:
            return Message("experiments.association.no_negative")
        span = self.negative.interval
        values = {"past": self.past, "value": self.negative.value, "lo": span.lo, "hi": span.hi}
        return Message(f"experiments.association.{'hidden' if self.hidden else 'nothing_hidden'}", values)

    def facts(self) -> tuple[Fact, ...]:
        """The differences and the E-value, named as associations.

        >>> [fact.id for fact in result.facts()]
        ['association.spend.comparable', 'association.spend.e_value']
        """
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate", n=self.units)
        about = f"association.{id_part(self.spec.outcome)}"
        label = Message("experiments.association.fact", {"outcome": outcome_label(self.spec.outcome)})
        if self.found is None:
            return (estimate(f"{about}.comparable", label, None, refusal=self.refused),)
        facts = [
            estimate(f"{about}.comparable", label, self.found.value, self.spec.unit, ci=self.found.interval),
            estimate(f"{about}.e_value", "experiments.association.fact_e_value", self.found.e_value.end),
        ]
        if self.negative is not None:
            said = Message("experiments.association.fact_negative", {"past": self.past})
            facts.append(estimate(f"{about}.negative", said, self.negative.value, ci=self.negative.interval))
        return tuple(facts)
