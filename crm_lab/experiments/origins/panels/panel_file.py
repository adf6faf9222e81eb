"""A retailer's own panel of cities or stores in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.experiments.core.column_words import YES
from crm_lab.experiments.origins.panels.panel_checks import PanelChecks, checked
from crm_lab.experiments.origins.panels.panel_periods import EVERY, Every
from crm_lab.experiments.origins.panels.panel_rows import Columns, Layout, TextTable, panel_rows, text_table
from crm_lab.experiments.origins.panels.panel_treatment import Said, treatment_of
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.experiments.origins.stated_settings import Maybe
from crm_lab.experiments.origins.unit_file import LATEST, FileTables
from crm_lab.messages import Message
from crm_lab.project import project_root

TABLE = "panel"
"""The table of a suite that describes a panel."""


def _who(given: object) -> str | tuple[str, ...] | None:
    """A column, or a list of units."""
    if isinstance(given, list | tuple):
        return tuple(str(name) for name in given)
    return None if given in (None, "") else str(given)


def _when(given: object) -> str | dict[str, str] | None:
    """A column, or a table of units with their starts."""
    if isinstance(given, Mapping):
        return {str(unit): str(day) for unit, day in given.items()}
    return None if given in (None, "") else str(given)


class PanelFile(BaseModel):
    """A retailer's own panel of cities or stores in a file.

    >>> own = PanelFile(file="data/samples/city_sales.csv", unit="city", date="week", value="sales",
    ...                 treated=["Delva", "Estra"], start="2023-07-03")
    >>> own.open().treated
    ('Delva', 'Estra')

    Attributes:
        file: CSV, Parquet or Excel, or the suite (.toml) that `crm-lab init` wrote for one; none if empty. Relative
            paths start at the project. A suite's ``[panel]`` says the rest of what is below.
        layout: ``long`` (a row a unit and period), ``columns`` (a column a unit) or ``rows`` (a row a unit, a column a
            period).
        unit: Column with the unit.
        date: Column with the period: a day, week, month, quarter, year or a number.
        value: Column with the value.
        ignored: In wide layouts columns that are neither units nor periods.
        treated_from: Column with the first treated period of a unit, or a table of units with theirs.
        treated: The treated units; or a column that says who is treated, or was in that period.
        after: Column that says whether a period lies after the start of all treated units.
        start: First day of the treatment, where all began together.
        until: Last day of it, where it ended before the file does.
        every: What a period is to be; days may be put together to weeks, months or quarters. As in the file if empty.
        date_format: strptime format of dates.
        decimal: Decimal mark; seen by itself if empty.
        same_period: What several rows of a unit and period are: ``sum`` adds them (departments of a store), ``copies``
            keeps one of equal ones.
        missing: What a period without a row is, between a unit's first and last: ``zero`` (nothing was sold) or
            ``drop`` (not known: the unit is left out).
        currency: ISO code of its amounts; empty where the value is no money.
        margin_share: Gross margin as a share of the value; without it there is no return on investment.
        cost: What the programme cost, as `cost_of` says.
        cost_of: ``total``, ``unit`` (each treated unit) or ``unit_period`` (each treated unit and period).
        roi_target: The return on investment that was asked for.
    """  # fmt: skip

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    file: Maybe
    layout: Annotated[Layout, Field(description="layout")] = "long"
    unit: Maybe = None
    date: Maybe = None
    value: Maybe = None
    ignored: Annotated[tuple[str, ...], Field(description="list")] = ()
    treated_from: Annotated[str | dict[str, str] | None, BeforeValidator(_when), Field(description="when")] = None
    treated: Annotated[str | tuple[str, ...] | None, BeforeValidator(_who), Field(description="who")] = None
    after: Maybe = None
    start: Maybe = None
    until: Maybe = None
    every: Annotated[Literal[Every, ""], Field(description="every")] = ""
    date_format: Maybe = None
    decimal: Annotated[Literal[".", ",", ""], Field(description="decimal")] = ""
    same_period: Annotated[Literal["sum", "copies", ""], Field(description="same_period")] = ""
    missing: Annotated[Literal["zero", "drop", ""], Field(description="missing")] = ""
    currency: Maybe = None
    margin_share: Annotated[float | None, Field(gt=0, le=1, description="margin_share")] = None
    cost: Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="cost")] = None
    cost_of: Annotated[Literal["total", "unit", "unit_period"], Field(description="cost_of")] = "total"
    roi_target: Annotated[float | None, Field(gt=-1, allow_inf_nan=False, description="roi_target")] = None

    def __init__(self, **given: Any) -> None:
        """Read the settings.

        Raises:
            BadInput: With every setting that cannot be used.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise BadInput(
                Message("door.panel.setting.whole").text(),
                list(dict.fromkeys(_sentence(dict(e)) for e in error.errors())),
            ) from None

    @property
    def given(self) -> bool:
        """Whether a file is named.

        >>> own.given, PanelFile(file="").given
        (True, False)
        """
        return self.file is not None

    def described(self) -> PanelFile:
        """The description itself, or what a suite's ``[panel]`` says, with the file's full path.

        >>> own.described().unit
        'city'

        Raises:
            BadInput: If there is no such file, or the suite describes no panel.
        """
        path = Path(self.file or "")
        path = path if path.is_absolute() or path.exists() else project_root() / path
        if not self.file or not path.exists():
            raise BadInput(Message("door.panel.no_file", {"file": self.file or ""}).text())
        return _from_suite(path) if path.suffix == ".toml" else self.model_copy(update={"file": str(path)})

    def tables(self, as_of: str = LATEST) -> FileTables:
        """The file's provenance for `publish`; `as_of` is the day it was written.

        >>> own.tables("2024-01-31").rows
        1320

        Args:
            as_of: The day the file was written.
        """
        own = self.described()
        path = Path(str(own.file))
        table = text_table(path)
        made_up = "simulated" in table.header and bool(table.frame["simulated"].str.lower().isin([*YES, "1"]).all())
        day = None if as_of == LATEST else as_date(as_of)
        return FileTables(path, day, own.currency or "", len(table.frame), made_up)

    def checked(self) -> PanelChecks:
        """The panel with its books: rows in are rows used and rows left out, each with its reason.

        >>> own.checked().books()["rows"].tolist()
        [1320, 1320]

        Raises:
            BadInput: With every problem of the file at once.
            CannotAnswer: If no treated unit has a period before its start, or nothing is left to compare with.
        """
        own = self.described()
        table = text_table(Path(str(own.file)))
        columns = own.columns(table)
        rows = panel_rows(
            table, columns, date_format=own.date_format or "", same_period=own.same_period, decimal=own.decimal
        )  # fmt: skip
        said = Said(
            own.treated_from or "", own.treated or "", own.after or "", own.start or "", own.until or ""
        )  # fmt: skip
        return checked(rows, treatment_of(rows, said), own.missing, own.every or None)

    def columns(self, table: TextTable) -> Columns:
        """The columns that are read.

        >>> own.columns(text_table(Path("data/samples/city_sales.csv"))).layout
        'long'

        Args:
            table: The file's rows.

        Raises:
            BadInput: If a column is not named, or not there.
        """
        problems = Problems(Message("door.panel.setting.whole").text())
        needed = {"long": ("unit", "date", "value"), "columns": ("date",), "rows": ("unit",)}[self.layout]
        marks = tuple(name for name in (self.treated_from, self.treated, self.after) if isinstance(name, str))
        for role in needed:
            values = {"name": role, "layout": self.layout}
            problems.unless(getattr(self, role), Message("door.panel.setting.needed", values).text())
        names = [name for role in needed if (name := getattr(self, role))]
        header = ", ".join(table.header)
        for name in (*names, *marks, *self.ignored):
            there = Message("door.test.no_column", {"name": name, "header": header}).text()
            problems.unless(name in table.header, there)
        problems.raise_any()
        rest = tuple(name for name in table.header if name not in (*names, *marks, *self.ignored))
        of = () if self.layout == "long" else rest
        return Columns(self.layout, self.unit or "", self.date or "", self.value or "", marks, of)

    def open(self) -> PilotPanel:
        """Read the file and check it.

        >>> own.open().every
        'week'

        Returns:
            The panel, each unit with a value in each period.

        Raises:
            BadInput: With every problem of the file at once.
            CannotAnswer: If no treated unit has a period before its start, or nothing is left to compare with.
        """
        own, found = self.described(), self.checked()
        return PilotPanel(
            frame=found.frame,
            every=found.every,
            treated_from=found.treatment.since,
            treated_until=found.treatment.until,
            measure=own.value or "value",
            currency=own.currency or "",
            margin_share=own.margin_share,
            cost=own.total_cost(found) if found.treatment.since else own.cost,
            cost_of=own.cost_of,
            roi_target=own.roi_target,
            notes=found.notes,
        )

    def panel(self) -> pd.DataFrame:
        """``unit``, ``period``, ``value``: each unit with a value in each period.

        >>> own.panel().head(1).to_numpy().tolist()
        [['Alba', Timestamp('2022-07-04 00:00:00'), 7924.23]]
        """
        return self.open().frame

    def since(self) -> dict[str, Any]:
        """Unit to its first treated period.

        >>> sorted(own.since())
        ['Delva', 'Estra']
        """
        return dict(self.open().treated_from)

    def total_cost(self, found: PanelChecks) -> float | None:
        """What the programme cost in all.

        >>> own.total_cost(own.checked()) is None
        True

        Args:
            found: The panel.
        """
        if self.cost is None:
            return None
        times = {"total": 1, "unit": len(found.treatment.since), "unit_period": found.treated_periods()}
        return self.cost * times[self.cost_of]


def _from_suite(path: Path) -> PanelFile:
    """The panel that a suite's ``[panel]`` describes; its file is relative to the suite."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get(TABLE)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(Message("door.panel.no_toml", {"name": path.name, "error": str(error)}).text()) from error
    if not isinstance(given, dict):
        raise BadInput(Message("door.panel.no_table", {"name": path.name}).text())
    problems = Problems(Message("door.panel.in_suite", {"name": path.name}).text())
    file = path.parent / str(given.get("file", ""))
    problems.unless(file.is_file(), Message("door.panel.no_file", {"file": str(given.get("file", ""))}).text())
    try:
        own = PanelFile(**{**given, "file": str(file)})
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_any()
    return own


def _sentence(error: Mapping[str, Any]) -> str:
    """One mistake that pydantic found, in our words."""
    name, fields = str(error["loc"][0]), PanelFile.model_fields
    if name not in fields:
        known = ", ".join(sorted(set(fields) - {"file"}))
        return Message("door.panel.setting.unknown", {"name": name, "known": known}).text()
    if error["type"] == "missing":
        return Message("door.test.setting.left_out", {"name": name}).text()
    should = Message(f"door.panel.setting.{fields[name].description or 'text'}", {"every": ", ".join(EVERY)})
    return Message("door.test.setting.wrong", {"name": name, "given": repr(error["input"]), "should": should}).text()
