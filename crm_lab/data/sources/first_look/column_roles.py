"""A first look at an unknown file: format, encoding, delimiter, marks, and which column holds what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from crm_lab.data.sources.first_look.column_vocabulary import names_by_role, names_of, plain_name, without_unit
from crm_lab.data.sources.first_look.first_rows import Values, decimal_mark, looked_at
from crm_lab.data.sources.first_look.table_vocabulary import names_in_table
from crm_lab.data.sources.first_look.value_looks import looks_like_days, looks_like_numbers, reads_as_date
from crm_lab.data.sources.lines.unit_price import without_per
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.tables import Table

_DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y",
    "%m-%d-%Y", "%Y年%m月%d日",
)  # fmt: skip

_NUMBERED = re.compile(
    r"(?:id|no|nr|nif|cif)$|^(?:id|no|n)(?=client|kunde)|num|code|codigo|mail|card|karte|号|編號|番号"
)
"""What names of columns say that hold a number rather than a name."""

_USERS = re.compile(r"(?:user|account|benutzer|utilisateur|usuario|用户)(?:id|name|no|nr|email)?")
_FEWER = 4

_NUMBERS = ("quantity", "amount", "price", "price_unit", "discount", "refund", "tax", "cost", "line_cost")
_YEAR = re.compile(
    r"(?:19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2}|^\d{5}(?:[.,]\d+)?$|^\d{10}$|^\d{13}$|^\d{18}$"
    r"|年|^1\d\d[0-3]\d\d$|[\u0660-\u0669\uff10-\uff19]{2}"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file seems to be.

    Attributes:
        reading: Format, delimiter and encoding.
        columns: Role to column; roles that no column fits are absent.
        decimal: Decimal mark.
        date_formats: Formats that fit all dates looked at; two or more are a question for the user.
        rows: Rows looked at.
        examples: Column to its first value.
        header: All columns.
    """

    reading: Reading
    columns: Mapping[str, str]
    decimal: str
    date_formats: tuple[str, ...]
    rows: int
    examples: Mapping[str, str]
    header: tuple[str, ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns without a role."""
        return tuple(name for name in self.header if name not in self.columns.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that the lab cannot do without and that no column seems to fit (a price will do for the amount)."""
        needed = [role for role in ("date", "customer_id") if role not in self.columns]
        return (*needed, *(() if "amount" in self.columns or "price" in self.columns else ("amount",)))


def propose(path: Path, given: Mapping[str, str] | None = None, sheets: Sequence[str] = ()) -> Proposal:
    """Look at the first rows of a file and say how to read it.

    Args:
        path: The file.
        given: Role to column where the user knows better.
        sheets: Of a workbook the sheets to read, where the user knows better.

    Raises:
        BadInput: If there is no such file or it is empty.
    """
    return propose_from(*looked_at(path, sheets), given or {})


def propose_from(
    reading: Reading, header: list[str], values: Values, rows: int, given: Mapping[str, str], *, by_name: bool = True
) -> Proposal:
    """A proposal from rows that were looked at already.

    Args:
        reading: How the file is read.
        header: Its columns.
        values: Column to its values in the rows.
        rows: How many rows.
        given: Role to column where it is known; its columns have no other role.
        by_name: Whether roles that are not given go by the columns' names.
    """
    guessed = _roles(header, values) if by_name else {}
    kept = {role: column for role, column in guessed.items() if column not in given.values()}
    columns = {**kept, **given}
    numbers = [v for role in ("amount", "price", "quantity", "discount") for v in values.get(columns.get(role, ""), [])]
    return _proposal(reading, header, values, rows, columns, values.get(columns.get("date", ""), []), numbers)


def _proposal(
    reading: Reading,
    header: list[str],
    values: Values,
    rows: int,
    columns: dict[str, str],
    dates: Sequence[str],
    numbers: Sequence[str],
) -> Proposal:
    return Proposal(
        reading=reading,
        columns=columns,
        decimal=decimal_mark(numbers),
        date_formats=date_formats(dates),
        rows=rows,
        examples={name: seen[0] for name, seen in values.items() if seen},
        header=tuple(header),
    )


def propose_table(path: Path, table: Table) -> Proposal:
    """Look at a file that should hold a further table of the contract; roles are the table's columns.

    Raises:
        BadInput: If there is no such file or it is empty.
    """
    reading, header, values, rows = looked_at(path)
    plain = {plain_name(name): name for name in header}
    known = {**names_by_role(), **({table.known_on: names_by_role()["date"]} if table.known_on else {})}
    columns: dict[str, str] = {}
    for column in table.columns:
        called = (*names_in_table(table.name, column.name), column.name, *known.get(column.name, ()))
        names = tuple(map(plain_name, called))
        found = next((plain[name] for name in names if name in plain), None)
        if found is not None and found not in columns.values():
            columns[column.name] = found
    dates = [v for c in table.columns if c.dtype == "date" for v in values.get(columns.get(c.name, ""), [])]
    money = [v for c in table.columns if c.dtype == "money" for v in values.get(columns.get(c.name, ""), [])]
    return _proposal(reading, header, values, rows, columns, dates, money)


def _roles(header: Sequence[str], values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each role's best column by name, or the only one with dates; amounts must hold numbers, dates dates."""
    fits: Mapping[str, Callable[[Sequence[str]], bool]] = {
        **dict.fromkeys(_NUMBERS, looks_like_numbers),
        "date": lambda seen: (
            any(_YEAR.search(value) for value in seen[:50]) or reads_as_date(seen[:200]) or looks_like_days(seen[:200])
        ),
        "time": lambda seen: all(":" in value for value in seen[:50]),
    }
    plain = {plain_name(name.rpartition("/")[2]): name for name in reversed(header)}  # "Order Lines/Product" of Odoo
    plain |= {plain_name(bare(name)): name for name in reversed(header) for bare in (without_per, without_unit)}
    plain |= {plain_name(name): name for name in reversed(header)}
    chosen: dict[str, str] = {}
    for role, names in names_by_role().items():
        called = [plain[plain_name(name)] for name in names if plain_name(name) in plain]
        could = [c for c in called if c not in chosen.values() and fits.get(role, bool)(values[c])]
        if role == "customer_id":
            could = _who_buys(could, values)
        if could:
            numbered = [c for c in could if role == "customer_id" and _NUMBERED.search(plain_name(c))]
            chosen[role] = (numbered or could)[0]
    if "date" not in chosen:
        chosen.update(_only_date(header, values, chosen))
    if "date" in chosen and "time" in chosen and any(":" in value for value in values[chosen["date"]][:50]):
        del chosen["time"]
    return chosen


def _who_buys(could: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[str]:
    """Columns that may name who buys: users of the till are fewer than the customers that stand beside them."""
    most = max((len(set(values[column])) for column in could), default=0)
    users = [c for c in could if _USERS.fullmatch(plain_name(c)) and _FEWER * len(set(values[c])) < most]
    return [column for column in could if column not in users]


def _only_date(header: Sequence[str], values: Mapping[str, Sequence[str]], chosen: Mapping[str, str]) -> dict[str, str]:
    """The one column with dates that is nobody's birthday and no day of delivery."""
    dated = [name for name in header if name not in chosen.values() and date_formats(values[name])]
    kept = [name for name in dated if not any(word in plain_name(name) for word in names_of("not_the_date"))]
    return {"date": kept[0]} if len(kept) == 1 else {}


def date_formats(seen: Sequence[str]) -> tuple[str, ...]:
    """The formats that read at least 95 % of the values; only those that read most are kept."""
    sample = [value.strip() for value in seen]
    if not sample:
        return ()
    counts = {fmt: sum(_is_date(value, fmt) for value in sample) for fmt in _DATE_FORMATS if _is_any(sample[:20], fmt)}
    best = max(counts.values(), default=0)
    return tuple(fmt for fmt, n in counts.items() if n == best and n >= 0.95 * len(sample))


def _is_any(sample: Sequence[str], fmt: str) -> bool:
    return any(_is_date(value, fmt) for value in sample)


@lru_cache(maxsize=1 << 16)
def _is_date(value: str, fmt: str) -> bool:
    try:
        return 1900 <= datetime.strptime(value, fmt).year <= 2100  # noqa: DTZ007 - the zone is asked for apart
    except ValueError:
        return False
