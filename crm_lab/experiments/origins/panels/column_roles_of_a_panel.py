"""Guess which column of a panel's file holds what, and its layout; ask when two columns fit one role."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

import pandas as pd

from crm_lab.checks import BadInput, Problems
from crm_lab.data.sources.first_look.column_vocabulary import names_of, plain_name, without_unit
from crm_lab.data.sources.refusal import refused
from crm_lab.experiments.origins.panels.panel_periods import reading_of
from crm_lab.experiments.origins.panels.panel_rows import GAPS, Columns, TextTable, numbers_of
from crm_lab.messages import Message

ROLES = ("unit", "date", "value", "treated_from", "treated", "after")
_FEWEST_PERIODS, _FEWEST_UNITS, _FEWEST_COLUMNS = 3, 2, 4
_DENSE = 0.7  # share of unit and period pairs that a panel has a row for
_UNIQUE = 0.98
_MOST_GROUPS = 10
_COUNTERS = ("", "index", "unnamed0", "rownames", "x", "row", "rownum", "序号")


@cache
def words(group: str) -> dict[str, frozenset[str]]:
    """Role to the words for it, by ``column_words_of_a_panel.toml``."""
    text = resources.files(__package__).joinpath("column_words_of_a_panel.toml").read_text(encoding="utf-8")
    return {role: frozenset(names) for role, names in tomllib.loads(text)[group].items()}


@dataclass(frozen=True)
class PanelColumns:
    """What the columns of a panel's file seem to be.

    Attributes:
        columns: Layout and columns.
        treated_from: Column with the first treated period of a unit; empty for none.
        treated: Column that says who is treated, or was in that period; empty for none.
        after: Column that says whether a period lies after the start of all treated units; empty for none.
        unused: Columns without a role.
    """

    columns: Columns
    treated_from: str = ""
    treated: str = ""
    after: str = ""
    unused: tuple[str, ...] = field(default=())


def looks_like_a_panel(
    table: TextTable, chosen: Mapping[str, str], ignored: Sequence[str] = (), *, purchases: bool = False
) -> bool:
    """Whether a file holds units over time: places by name, each in several periods, nearly one row a unit and period.

    Args:
        table: Its first rows.
        chosen: Role to column as the user said.
        ignored: Columns that are not to be read.
        purchases: Whether it could be read as purchases too; then each place and period must have a row.

    Raises:
        BadInput: If it can be read as either, with the options that answer.
    """
    if {plain_name(name) for name in table.header} & _identities():
        return False
    try:
        found = recognise(table, chosen, ignored=ignored)
    except _OpenQuestion:
        return not purchases
    except BadInput:
        return False
    if found.columns.layout != "long":
        return bool(chosen) or not purchases
    return _is_grid(table, found.columns, purchases=purchases)


@cache
def _identities() -> frozenset[str]:
    """Names of columns that say who bought or in which order: a file that has one holds purchases."""
    known = {*names_of("customer_id"), *names_of("order_id"), *words("names")["identity"]}
    return frozenset(known - words("names")["unit"] - words("names")["value"] - words("names")["money"])


def _is_grid(table: TextTable, columns: Columns, *, purchases: bool) -> bool:
    """Whether units have several periods each, and nearly one row a unit and period."""
    pairs = table.frame[[columns.unit, columns.date]]
    units, periods = (pairs[name].nunique() for name in pairs)
    once = len(pairs.drop_duplicates()) >= _UNIQUE * len(pairs)
    dense = len(pairs.drop_duplicates()) >= _DENSE * units * periods
    few = units < _FEWEST_UNITS or periods < _FEWEST_PERIODS or len(pairs) < _FEWEST_PERIODS * units
    if few or not purchases:
        return not few and (dense or once)
    if once and not dense:
        raise refused("panel_or_purchases", unit=columns.unit, date=columns.date)
    return once and dense


def recognise(
    table: TextTable,
    chosen: Mapping[str, str],
    date_format: str = "",
    *,
    sure: bool = False,
    ignored: Sequence[str] = (),
) -> PanelColumns:
    """Roles of the columns of a panel; what the user said comes first.

    Args:
        table: Its rows.
        chosen: Role to column as the user said.
        date_format: Of the periods, as the user said.
        ignored: Columns that are not to be read.
        sure: Whether it is known to be a panel; then columns called week 1, week 2, ... are periods, too.

    Raises:
        BadInput: If something can be read in two ways, or is missing: with the choices and the option that answers.
    """
    _check(table, chosen)
    table = replace(table, header=tuple(n for n in table.header if n not in ignored and not _counts_rows(table, n)))
    periods = _period_columns(table, date_format, sure)
    if len(periods) >= _FEWEST_PERIODS and "date" not in chosen and "value" not in chosen:
        return _rows_layout(table, chosen, periods)
    date = chosen.get("date") or _date(table, date_format)
    unit = chosen.get("unit") or _unit(table, date)
    if not unit:
        return _columns_layout(table, date)
    marks = _marks(table, chosen, {unit, date, chosen.get("value", "")})
    value = chosen.get("value") or _value(table, unit, {unit, date, *marks.values()})
    taken = {unit, date, value, *marks.values()}
    columns = Columns("long", unit, date, value, tuple(marks.values()))
    return PanelColumns(columns, **marks, unused=tuple(name for name in table.header if name not in taken))


class _OpenQuestion(BadInput):
    """What is open of a file that is a panel: which column is its value, or what its groups mean."""


def _check(table: TextTable, chosen: Mapping[str, str]) -> None:
    problems = Problems(Message("door.test.column_options").text())
    for role, name in chosen.items():
        known = Message("door.panel.no_role", {"role": role, "roles": ", ".join(ROLES)}).text()
        problems.unless(role in ROLES, known)
        there = Message("door.test.no_column", {"name": name, "header": ", ".join(table.header)}).text()
        problems.unless(name in table.header, there)
    problems.raise_any()


def _called(table: TextTable, role: str) -> list[str]:
    names = words("names")[role]
    return [name for name in table.header if {plain_name(name), plain_name(without_unit(name))} & names]


def _given(table: TextTable, name: str) -> pd.Series:
    """What a column says, gaps left out."""
    column = table.frame[name].str.strip()
    return column[~column.str.lower().isin(GAPS)]


def _texts(column: pd.Series) -> list[str]:
    return [str(text) for text in column.unique()]


def _reads_as_periods(seen: Sequence[str], date_format: str = "") -> bool:
    try:
        reading = reading_of(seen, date_format)
    except BadInput as error:
        return "%d" in str(error)  # dates whose day and month cannot be told apart are dates
    return reading.all(pd.Series(seen, dtype=str)).notna().mean() > _UNIQUE - 0.03


def _period_columns(table: TextTable, date_format: str, sure: bool) -> list[str]:
    """Columns whose names are periods; numbered ones (week_01, which a test has, too) only where that is known."""
    named = [name for name in table.header if any(c.isdigit() for c in name) and not name.strip().isdigit()]
    years = [name for name in table.header if name.strip().isdigit() and 1900 <= int(name) <= 2100]
    for names in (named, years):
        if len(names) >= _FEWEST_PERIODS and _reads_as_periods(names, date_format):
            kind = reading_of(names, date_format).kind
            return names if sure or kind != "number" else []
    return []


def _rows_layout(table: TextTable, chosen: Mapping[str, str], periods: list[str]) -> PanelColumns:
    rest = [name for name in table.header if name not in periods]
    marks = _marks(table, chosen, {*periods, chosen.get("unit", "")})
    could = [name for name in rest if name not in marks.values()]
    named = [name for name in could if name in _called(table, "unit")]
    one_each = [name for name in named or could if _given(table, name).is_unique]
    unit = chosen.get("unit") or _one("unit", one_each)
    taken = {unit, *marks.values()}
    columns = Columns("rows", unit, marks=tuple(marks.values()), of=tuple(periods))
    return PanelColumns(columns, **marks, unused=tuple(name for name in rest if name not in taken))


def _columns_layout(table: TextTable, date: str) -> PanelColumns:
    """A column a unit: names that are no measures, all of them with numbers, one row a period."""
    known = {name for role in ("money", "value", "treated", "treated_from") for name in _called(table, role)}
    units = [name for name in table.header if name != date and _is_number(table, name)]
    if known & set(units) or len(units) < _FEWEST_COLUMNS or not _given(table, date).is_unique:
        raise refused("panel_no_unit", columns=", ".join(name for name in table.header if name != date))
    others = tuple(name for name in table.header if name not in (date, *units))
    return PanelColumns(Columns("columns", date=date, of=tuple(units)), unused=others)


def _date(table: TextTable, date_format: str) -> str:
    named = [name for name in _called(table, "date") if _reads_as_periods(_texts(_given(table, name)), date_format)]
    dated = [name for name in named if _has_dates(table, name)]
    could = dated if len(named) > 1 and dated else named
    if not could:
        starts = _called(table, "treated_from")
        could = [name for name in table.header if name not in starts and _has_dates(table, name)]
    finest = max((_given(table, name).nunique() for name in could), default=0)
    return _one("date", [name for name in could if _given(table, name).nunique() == finest][: len(could)])


def _has_dates(table: TextTable, name: str) -> bool:
    seen = _given(table, name)
    try:
        return len(seen) > 0 and reading_of(_texts(seen)).kind not in ("number", "year")
    except BadInput as error:
        return "%d" in str(error)


def _unit(table: TextTable, date: str) -> str:
    """The column of the unit; empty where none is called so."""
    could = [name for name in _called(table, "unit") if name != date]
    one_each = [name for name in could if not table.frame.duplicated([name, date]).any()]
    could = one_each or could
    if len(could) > 1:
        most = max(table.frame[name].nunique() for name in could)
        could = [name for name in could if table.frame[name].nunique() == most]
    if len(could) > 1 and len(table.frame[could].drop_duplicates()) == table.frame[could[0]].nunique():
        could = [name for name in could if not _is_number(table, name)][:1] or could[:1]  # an id and its name
    return _one("unit", could) if could else ""


def _marks(table: TextTable, chosen: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """Columns that say who was treated; those that do not read so have no role."""
    out = {role: chosen[role] for role in ("treated_from", "treated", "after") if role in chosen}
    taken = {*taken, *out.values()}
    if not out:
        starts = [name for name in _called(table, "treated_from") if name not in taken and _is_start(table, name)]
        if starts:
            return {"treated_from": _one("treated_from", starts)}
        flags = [name for name in _called(table, "treated") if name not in taken and _is_flag(table, name)]
        if not flags and not starts:
            _ask_of_groups(table, taken)
        if flags:
            after = [name for name in _called(table, "after") if name not in taken and _is_flag(table, name)]
            return {"treated": _one("treated", flags), **({"after": after[0]} if len(after) == 1 else {})}
    return out


def _ask_of_groups(table: TextTable, taken: set[str]) -> None:
    """Ask where a column called like a treatment has several levels, each unit in one of them.

    Raises:
        BadInput: If there is one.
    """
    for name in _called(table, "treated"):
        levels = sorted(_given(table, name).unique())
        if name not in taken and 2 <= len(levels) <= _MOST_GROUPS and not _is_number_that_moves(table, name, taken):
            raise _open("panel_groups", column=name, levels=", ".join(levels))


def _is_number_that_moves(table: TextTable, name: str, taken: set[str]) -> bool:
    units = [one for one in _called(table, "unit") if one in taken]
    return any(table.frame.groupby(unit)[name].nunique().gt(1).any() for unit in units)


def _counts_rows(table: TextTable, name: str) -> bool:
    """Whether a column is the number of the row, as programs write it before the others."""
    column = table.frame[name]
    if plain_name(name) not in _COUNTERS and not name.startswith(("column_", "__index")):
        return False
    return bool(column.is_unique and column.str.fullmatch(r"\d+").all())


def _is_start(table: TextTable, name: str) -> bool:
    seen = table.frame[name].str.strip()
    seen = seen[~seen.str.lower().isin(words("levels")["never"])]
    return len(seen) > 0 and _reads_as_periods(_texts(seen))


def _is_flag(table: TextTable, name: str) -> bool:
    levels = {value.lower() for value in _given(table, name).unique()}
    return len(levels) == 2 and all(levels & words("levels")[kind] for kind in ("treated", "untreated"))


def _is_number(table: TextTable, name: str) -> bool:
    values, wrong = numbers_of(table.frame[name], table.decimal)
    return bool(values.notna().any()) and float(wrong.mean()) <= 1 - _UNIQUE


def _value(table: TextTable, unit: str, taken: set[str]) -> str:
    """The one column of numbers that can be the outcome: it moves within units."""
    numbers = [
        name for name in table.header
        if name not in taken and _is_number(table, name) and table.frame.groupby(unit)[name].nunique().gt(1).any()
    ]  # fmt: skip
    for role in ("money", "value"):
        named = [name for name in numbers if name in _called(table, role)]
        if len(named) == 1:
            return named[0]
        if named:
            numbers = named
            break
    if len(numbers) == 1:
        return numbers[0]
    if not numbers:
        raise refused("panel_no_value")
    first = numbers[0]
    raise _open("panel_several_values", choices=", ".join(numbers), first=first)


def _open(key: str, **values: object) -> _OpenQuestion:
    return _OpenQuestion(Message(f"door.refused.{key}", values).text())


def _one(role: str, could: Sequence[str]) -> str:
    if len(could) == 1:
        return could[0]
    what = Message(f"door.panel.role.{role}")
    if not could:
        raise refused("panel_no_column", what=what, role=role)
    raise refused("panel_several", what=what, choices=", ".join(could), role=role, first=could[0])
