"""A retailer's own test in a file with one row per unit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from crm_lab.checks import BadInput, Problems, as_date, need_columns
from crm_lab.data.settings_text import settings_in
from crm_lab.experiments.core.column_words import NO, YES, chosen_by_units
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import judged
from crm_lab.experiments.origins.packaged_test import packaged_settings
from crm_lab.experiments.origins.spend_windows import History
from crm_lab.experiments.origins.stated_settings import Assignment, Levers, Maybe, Missing, Names, Pasts, Rails
from crm_lab.experiments.origins.unit_file import (
    EVERY,
    LATEST,
    FileTables,
    check_dates,
    first_day,
    late_columns,
    one_treatment,
    read_units,
    window_of,
)  # fmt: skip
from crm_lab.messages import Message
from crm_lab.project import project_root

KIND = "test"
MONEY = ("later", "elsewhere", "margin", "rewards")


class OwnTest(BaseModel):
    """A retailer's own test in a file with one row per unit.

    >>> columns = {"arm": "group", "control": "hold-out", "unit": "member_id", "covariates": "spend_before"}
    >>> own = OwnTest(file="data/samples/loyalty_test.csv", **columns)

    Attributes:
        file: CSV, Parquet or Excel, or the suite (.toml) that `crm-lab init` wrote for one; none if empty.
            ``hair_care`` is a test that a package brings (`packaged_test`). Relative paths start at the project. A
            suite's ``[source]`` says the rest of what is below.
        arm: Column with the arm.
        outcome: Column with the outcome, 0 where nothing happened.
        metrics: Further outcomes; lists of columns may be text with commas, as the notebooks' parameters are.
        covariates: Columns from before the start; a table, or ``spend: spend_before; orders: orders_before``,
            gives each outcome its own.
        unit: Column with the unit's id; without one every row is kept.
        cluster: Column with what was assigned where that is not the unit (store, city, household); found without it.
        assignment: How units came into their arm: ``random`` (by lot) or ``chosen``; asked where a name such as
            responded or member says that they chose.
        control: Name of the control arm.
        treatment: Name of the arm that is read against it; needed where there are several.
        control_share: Planned share of the control arm in the whole test, the other arms being of equal size; none (or
            0) for arms that all are.
        segments: Columns fixed before the start within which the sample ratio is looked at.
        funnel: Columns with 0 or 1 after the assignment, in order: who took the offer, who was active, ...
        assigned_on: Column with the day of the assignment, or one date.
        outcome_from: Column with the first day of the outcome window, or one date.
        outcome_until: Column with its last day, or one date.
        date_format: strptime format of dates that are text; none for YYYY-MM-DD.
        later: Column with the outcome in a window after the programme's end.
        elsewhere: Column with spend in the retailer's other shops in the outcome window.
        margin: Column with gross margin in the outcome window.
        rewards: Column with the cost of rewards in it.
        guardrails: Outcomes that must be shown to be no worse before anything is shipped: tables with metric, direction
            (``up`` or ``down`` is good) and margin (a number in the outcome's unit, or ``"2 %"`` of the control's
            level), or text: ``complaints down 0.01; basket up 2%``.
        levers: Of a factorial test: each lever with the arms in which it was on, in a table or as text
            (``birthday: birthday, both; care: care, both``).
        missing_outcome: What a unit without an outcome is: ``zero`` (nothing happened), ``drop`` (not known: it is
            left out, and the sample ratio looks at those who are left); without it such a file is refused.
        currency: ISO code of its amounts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    file: Maybe
    arm: str = "arm"
    outcome: str = "spend"
    metrics: Names = ()
    covariates: Pasts = ()
    unit: Maybe = None
    cluster: Maybe = None
    assignment: Assignment = None
    control: str = "control"
    treatment: Maybe = None
    control_share: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | None,
        BeforeValidator(lambda given: None if given in (0, "0", "") else given),
        Field(description="share"),
    ] = None
    segments: Names = ()
    funnel: Names = ()
    assigned_on: Maybe = None
    outcome_from: Maybe = None
    outcome_until: Maybe = None
    date_format: Maybe = None
    later: Maybe = None
    elsewhere: Maybe = None
    margin: Maybe = None
    rewards: Maybe = None
    guardrails: Rails = ()
    levers: Levers = Field(default_factory=dict)
    missing_outcome: Missing = None
    currency: str = "EUR"

    def __init__(self, **given: Any) -> None:
        """Read the settings.

        Raises:
            BadInput: With every setting that cannot be used.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise BadInput(
                Message("door.test.setting.whole").text(),
                list(dict.fromkeys(_sentence(dict(e)) for e in error.errors())),
            ) from None

    @classmethod
    def stated(cls, file: str, settings: str = "") -> OwnTest:
        """A test in a file with its settings in one line of text, as a page's parameters have them.

        >>> own = OwnTest.stated("units.csv", "arm = group; guardrails = complaints down 0.01; returns down 2%")
        >>> own.arm, len(own.guardrails)
        ('group', 2)

        Args:
            file: The file, or a suite, which says all of it itself; empty for none.
            settings: ``NAME = VALUE; ...`` with the names of this class; a part without ``=`` belongs to the one
                before it.

        Returns:
            The test.

        Raises:
            BadInput: With every setting that cannot be used.
        """
        return cls(file=file, **settings_in(settings))

    @property
    def given(self) -> bool:
        """Whether a file is named.

        >>> own.given, OwnTest(file="").given
        (True, False)
        """
        return self.file is not None

    def described(self) -> OwnTest:
        """The description itself, or what a suite's ``[source]`` says, with the file's full path.

        >>> own.described().arm
        'group'

        Raises:
            BadInput: If there is no such file, or the suite describes no test.
        """
        packaged = packaged_settings(self.file or "")
        if packaged is not None:
            return OwnTest(**{**packaged, **self.model_dump(exclude_unset=True, exclude={"file"})})
        path = Path(self.file or "")
        path = path if path.is_absolute() or path.exists() else project_root() / path
        if not self.file or not path.exists():
            raise BadInput(f"There is no file {self.file}; give its path from the project's folder.")
        return _from_suite(path) if path.suffix == ".toml" else self.model_copy(update={"file": str(path)})

    def tables(self, as_of: str = LATEST) -> FileTables:
        """The file's provenance for `publish`; `as_of` is the day it was written.

        >>> own.tables("2024-09-01").rows
        740

        Args:
            as_of: The day the file was written.

        Returns:
            The file's provenance, with an `as_of` and a `currency`.
        """
        own = self.described()
        path = Path(str(own.file))
        units = read_units(path)
        made_up = "simulated" in units and bool(units["simulated"].astype("string").str.lower().isin(_TRUE).all())
        return FileTables(path, None if as_of == LATEST else as_date(as_of), own.currency, len(units), made_up)

    def open(self, tables: FileTables | Any = None) -> Experiment:
        """Read the file and check it, its dates against `tables.as_of` too.

        >>> own.open().counts()
        {'hold-out': 373, 'offer': 367}

        Args:
            tables: What `OwnTest.tables` gave; read from the file if it is missing.

        Returns:
            The test.

        Raises:
            BadInput: With every problem of the file at once.
        """
        own = self.described()
        frame = read_units(Path(str(own.file)), [own.arm, *([own.unit] if own.unit else [])])
        if own.arm in frame:
            frame[own.arm] = frame[own.arm].astype("string").str.strip()
        check_dates(frame, own, tables)
        money = {role: column for role in MONEY if (column := getattr(own, role))}
        judged_names = tuple(dict.fromkeys([own.outcome, *own.metrics]))
        railed = [name for rail in own.guardrails for name in rail.columns]
        outcomes = list(dict.fromkeys([*judged_names, *own.funnel, *money.values(), *railed]))
        need_columns(frame.columns, [own.arm, *own.segments], "The file")
        shares = own.shares(frame[own.arm])
        frame = _known_outcomes(
            one_treatment(_flags_as_numbers(frame, outcomes), own.arm, own.control, own.treatment), own, outcomes
        )
        test = Experiment.from_frame(
            frame, arm=own.arm, outcomes=outcomes, covariates=own.covariates, unit=own.unit, control=own.control,
            shares=None if shares is None else among(shares, frame[own.arm]),
        )  # fmt: skip
        days = [own.assigned_on] if own.assigned_on and own.assigned_on in frame else []
        if own.cluster:
            test = test.assigned_by(own.cluster)
        return replace(
            test, judged=judged_names, segments=(*own.segments, *days), funnel=own.funnel, money=money,
            late=late_columns(test.covariates, first_day(frame, own)), doubt=own.doubt(test),
            window=window_of(frame, own),
            guardrails=own.guardrails, levers=own.levers,
        )  # fmt: skip

    def open_all(self, tables: FileTables | Any = None) -> Experiment:
        """The test with every treatment of the file, whichever is read against the control elsewhere.

        >>> own.open_all().treatments
        ('offer',)

        Args:
            tables: What `OwnTest.tables` gave; read from the file if it is missing.

        Returns:
            The test.
        """
        return self.described().model_copy(update={"treatment": EVERY}).open(tables)

    def history(self, tables: FileTables | Any = None) -> History:
        """The control units, to whom nothing was done, as the history from which the next test is planned.

        >>> own.history().available
        740

        Args:
            tables: What `OwnTest.tables` gave; read from the file if it is missing.

        Returns:
            Units with their outcome and pre-period.
        """
        test = self.open(tables)
        untouched = test.frame[test.frame[test.arm] == test.control].reset_index(drop=True)
        arms = test.control, test.treatments[0]
        return History(untouched, judged(test), test.covariates, len(test.frame), arms=arms)

    def doubt(self, test: Experiment) -> Message | None:
        """Why nobody can say that the arm was drawn by lot; ``None`` where it was said or no name speaks against it.

        >>> own.doubt(own.open()) is None
        True

        Args:
            test: The test.

        Returns:
            A sentence, or ``None``.
        """
        if self.assignment == "chosen":
            return Message("experiments.refused.chosen_said")
        name = "" if self.assignment == "random" else chosen_by_units(self.arm, test.arms)
        return Message("experiments.refused.chosen", {"name": name}) if name else None

    def shares(self, arms: pd.Series) -> Mapping[str, float] | None:
        """Planned share per arm; ``None`` for equal ones.

        >>> own.shares(pd.Series(["offer", "hold-out"])) is None
        True

        Args:
            arms: The arm of each unit.

        Returns:
            Arm to planned share, or ``None``.
        """
        others = sorted(set(arms.dropna().astype(str)) - {self.control})
        if self.control_share is None or not others:
            return None
        return {self.control: self.control_share} | dict.fromkeys(others, (1 - self.control_share) / len(others))


def among(shares: Mapping[str, float], arms: pd.Series) -> Mapping[str, float]:
    """Planned shares of those arms that are read.

    >>> among({"control": 0.2, "card": 0.4, "mail": 0.4}, pd.Series(["card", "control"]))["card"]
    0.6666666666666666

    Args:
        shares: Arm to planned share of the whole test.
        arms: The arm of each unit that is read.

    Returns:
        Arm to share of those arms together.
    """
    kept = {name: share for name, share in shares.items() if name in set(arms.dropna().astype(str))}
    return {name: share / sum(kept.values()) for name, share in kept.items()}


_TRUE = (*YES, "1")


def _flags_as_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with 1 and 0 where columns say yes and no, or true and false."""
    said = {**dict.fromkeys(YES, 1.0), **dict.fromkeys(NO, 0.0)}
    found = {}
    for name in columns:
        if name in frame and (frame[name].dtype == bool or not is_numeric_dtype(frame[name])):
            words = frame[name].astype("string").str.strip().str.lower()
            if words.dropna().isin(list(said)).all():
                found[name] = words.map(said).astype(float)
    return frame.assign(**found)


def _from_suite(path: Path) -> OwnTest:
    """The test that a suite's ``[source]`` describes; its file is relative to the suite."""
    try:
        given = dict(tomllib.loads(path.read_text(encoding="utf-8")).get("source", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is no TOML: {error}.") from error
    problems = Problems(f"The test in {path.name}")
    problems.unless(given.pop("kind", "") == KIND, 'its [source] has no kind = "test"; write it with crm-lab init.')
    problems.unless("path" in given, "its [source] has no path of a file.")
    file = path.parent / str(given.pop("path", ""))
    problems.unless(file.is_file(), f"there is no file {file.name} at {file.parent}.")
    try:
        own = OwnTest(**{**given, "file": str(file)})
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_any()
    return own


def _sentence(error: Mapping[str, Any]) -> str:
    """One mistake that pydantic found, in our words."""
    name, fields = str(error["loc"][0]), OwnTest.model_fields
    if name not in fields:
        known = ", ".join(sorted(set(fields) - {"file"}))
        return Message("door.test.setting.unknown", {"name": name, "known": known}).text()
    if error["type"] == "missing":
        return Message("door.test.setting.left_out", {"name": name}).text()
    should = Message(f"door.test.setting.{fields[name].description or 'text'}")
    return Message("door.test.setting.wrong", {"name": name, "given": repr(error["input"]), "should": should}).text()


def _known_outcomes(frame: pd.DataFrame, own: OwnTest, outcomes: Sequence[str]) -> pd.DataFrame:
    """The frame without gaps in its outcomes: what a gap means is the user's to say."""
    numbers = [name for name in dict.fromkeys(outcomes) if name in frame and is_numeric_dtype(frame[name])]
    gaps = {name: ~np.isfinite(frame[name].to_numpy(dtype=float, na_value=np.nan)) for name in numbers}
    gaps = {name: lost for name, lost in gaps.items() if lost.any()}
    if not gaps:
        return frame
    if own.missing_outcome == "zero":
        return frame.assign(**{name: frame[name].mask(lost, 0) for name, lost in gaps.items()})
    if own.missing_outcome == "drop":
        whole = ~np.any(list(gaps.values()), axis=0)
        kept: pd.DataFrame = frame.loc[whole].reset_index(drop=True)
        return kept
    problems = Problems(Message("door.test.no_outcome").text())
    for name, lost in gaps.items():
        by_arm = ", ".join(f"{arm} {n:,}" for arm, n in frame.loc[lost, own.arm].value_counts(sort=False).items())
        values = {"name": name, "n": int(lost.sum()), "of": len(frame), "by_arm": by_arm}
        problems.extend([Message("door.test.missing", values).text()])
    problems.extend([Message("door.test.gap_question").text()])
    problems.raise_any()
    return frame
