"""The file of a retailer's own test: rows, provenance, and checks of its dates."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, Protocol

import pandas as pd
from pandas.tseries.offsets import MonthEnd

from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.data.sources.first_look.first_rows import Look, look_at, text_rows
from crm_lab.data.sources.opening.text_file import open_text
from crm_lab.data.sources.refusal import refused
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

LATEST = "latest"
EVERY = "*"  # as treatment: all of them
_GAPS = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "-"]


class Days(Protocol):
    """Columns or dates that say when a test was; none where nobody said."""

    @property
    def assigned_on(self) -> str | None:
        """Day of the assignment."""
        ...

    @property
    def outcome_from(self) -> str | None:
        """First day of the outcome window."""
        ...

    @property
    def outcome_until(self) -> str | None:
        """Its last day."""
        ...

    @property
    def date_format(self) -> str | None:
        """Strptime format of days that are text."""
        ...


def read_units(path: Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV, Parquet or Excel file as a frame; delimiter, encoding and decimal mark as the file has them.

    Args:
        path: The file.
        text: Columns that stay text (ids keep their zeros).

    Raises:
        BadInput: If the file is not there, empty or of another kind.
    """
    return _frame(path, look_at(path), text)


def _frame(path: Path, look: Look, text: Sequence[str]) -> pd.DataFrame:
    kinds = {column: "string" for column in text if column in look.header}
    if look.reading.format == "parquet":
        return pd.read_parquet(path).astype(kinds)
    gaps = {name: [""] if name in kinds else _GAPS for name in look.header}  # an arm may be called None
    with _as_csv(look) as text_file:
        return pd.read_csv(
            text_file, sep=look.reading.delimiter, decimal=look.decimal, dtype=kinds, na_values=gaps,
            keep_default_na=False, names=list(look.header), header=0, index_col=False,
        )  # fmt: skip


def _as_csv(look: Look) -> IO[str]:
    """The rows below the header as one text file, whatever form they came in."""
    if look.reading.format == "csv":
        stream = open_text(look.reading)
        for _ in range(look.reading.skip_rows):
            stream.readline()
        return stream
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=look.reading.delimiter).writerows(text_rows(look.reading))
    text.seek(0)
    return text


@dataclass(frozen=True)
class FileTables:
    """Provenance of a test that is one file, in place of a workspace's tables.

    >>> import datetime
    >>> tables = FileTables(Path("spring.csv"), datetime.date(2024, 6, 30), "EUR", 1200, simulated=False)

    Attributes:
        path: The file.
        day: Day it was written; ``None`` where nobody said.
        currency: ISO code of its amounts.
        rows: Its rows.
        simulated: Whether every row says so in a column `simulated`.
    """

    path: Path
    day: date | None
    currency: str
    rows: int
    simulated: bool

    def __contains__(self, name: str) -> bool:
        return False

    def __getitem__(self, name: str) -> pd.DataFrame:
        raise cannot_answer("file_of_units", path=self.path.name, table=name)

    @property
    def as_of(self) -> date:
        """Day the file was written.

        >>> tables.as_of.isoformat()
        '2024-06-30'

        Raises:
            BadInput: If nobody said.
        """
        if self.day is None:
            raise BadInput(f"as_of is {LATEST}, but {self.path.name} does not say when it was written; give the day.")
        return self.day

    def provenance(self) -> dict[str, Any]:
        """Provenance of the file for reports: title, date, rows, currency.

        >>> from crm_lab.experiments import OwnTest
        >>> sample = OwnTest(file="data/samples/loyalty_test.csv", arm="group", control="hold-out").tables("2024-09-01")
        >>> sorted(sample.provenance())[:2]
        ['as_of', 'currency']
        """
        day = self.day.isoformat() if self.day else ""
        return {
            "source": self.path.name,
            "title": self.path.name,
            "currency": self.currency,
            "as_of": day,
            "last_day": day,
            "rows": self.rows,
            "key": hashlib.sha256(self.path.read_bytes()).hexdigest()[:16],
            "simulated": self.simulated,
        }


def check_dates(frame: pd.DataFrame, own: Days, tables: Any) -> None:
    """Refuse outcomes that began before the assignment, ended before it, or have not ended yet; with counts."""
    problems = Problems("The dates of the test")
    days = {
        name: _days(frame, getattr(own, name), name, own.date_format, problems)
        for name in ("assigned_on", "outcome_from", "outcome_until")
    }
    problems.raise_any()
    assigned, begin, end = days.values()
    early = int((begin < assigned).sum())
    problems.unless(
        not early, f"{early:,} units have an outcome that begins before their assignment; count it from that day on."
    )
    late = int((assigned > end).sum())
    problems.unless(
        not late, f"{late:,} units were assigned after their outcome had ended; drop them, or mend the dates."
    )
    if end.notna().any() and tables is not None:
        open_ends = int((end > pd.Timestamp(tables.as_of)).sum())
        problems.unless(
            not open_ends,
            f"the outcome window of {open_ends:,} of {len(frame):,} units ends after {tables.as_of} (the last is"
            f" {end.max():%Y-%m-%d}); an unfinished window reads as lost spend: wait, or set as_of to the day on which"
            " the file was written.",
        )
    problems.raise_any()


def _days(frame: pd.DataFrame, given: str | None, name: str, form: str | None, problems: Problems) -> pd.Series:
    """Days of a column or of one date for all units; all missing where nothing is given."""
    if not given:
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    if given not in frame.columns:
        if not given[:1].isdigit():
            problems.extend([f"{name} is {given!r}, which is neither a column nor a date like 2024-06-30."])
            return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
        return pd.Series(pd.Timestamp(as_date(given, name)), index=frame.index)
    column = frame[given]
    found = pd.to_datetime(column, errors="coerce", format=form or "ISO8601").dt.normalize()
    bad = int(found.isna().sum())
    example = "" if not bad else repr(column[found.isna()].iloc[0])
    problems.unless(
        not bad, f"{bad:,} rows have no day in {given} that can be read (e.g. {example}); give its date_format."
    )
    return found


def first_day(frame: pd.DataFrame, own: Days) -> pd.Timestamp | None:
    """First day of the assignment, or ``None`` where it is not known."""
    days = _days(frame, own.assigned_on, "assigned_on", own.date_format, Problems("The dates of the test"))
    return None if days.isna().all() else days.min()


def window_of(frame: pd.DataFrame, own: Days) -> tuple[str, str] | None:
    """First day of the assignment and last day of the outcome, or ``None`` where either is not known."""
    ends = _days(frame, own.outcome_until, "outcome_until", own.date_format, Problems("The dates of the test"))
    first = first_day(frame, own)
    return None if first is None or ends.isna().all() else (f"{first:%Y-%m-%d}", f"{ends.max():%Y-%m-%d}")


def late_columns(columns: Sequence[str], day: pd.Timestamp | None) -> dict[str, Message]:
    """Columns whose name holds a month or a day that ended after the assignment began -> why they do not adjust.

    >>> list(late_columns(["spend_2024_05", "spend_2024-07", "spend_before"], pd.Timestamp("2024-06-15")))
    ['spend_2024-07']
    """
    if day is None:
        return {}
    ends = {name: _end_in(name) for name in columns}
    values = {"day": f"{day:%Y-%m-%d}"}
    return {
        name: Message("experiments.withdrawn.late", {"column": name, **values})
        for name, end in ends.items()
        if end is not None and end > day
    }


def _end_in(name: str) -> pd.Timestamp | None:
    """Last day of the month, or the day, that a name holds."""
    found = re.search(r"(?<!\d)(20\d\d)[-_ .]?(0[1-9]|1[0-2])(?:[-_ .]?([0-2]\d|3[01]))?(?!\d)", name)
    if not found:
        return None
    year, month, day = found.groups()
    try:
        return pd.Timestamp(f"{year}-{month}-{day}") if day else pd.Timestamp(f"{year}-{month}-01") + MonthEnd()
    except ValueError:
        return None


def one_treatment(frame: pd.DataFrame, arm: str, control: str, treatment: str | None) -> pd.DataFrame:
    """The rows of the control and of the one treatment that is read; rows without an arm stay, to be refused.

    >>> units = pd.DataFrame({"arm": ["control", "card", "mail"]})
    >>> one_treatment(units, "arm", "control", "mail")["arm"].tolist()
    ['control', 'mail']

    Args:
        frame: One row per unit.
        arm: Column with the arm.
        control: Name of the control arm.
        treatment: Name of the treatment, `EVERY` for all of them; none where there is one.

    Returns:
        The rows.

    Raises:
        BadInput: If there is no such treatment, or none is named where there are several.
    """
    arms = frame[arm].astype("string")
    sizes = arms.value_counts()
    if treatment == EVERY:
        return frame
    if treatment:
        if treatment not in sizes:
            raise refused("test_no_treatment", treatment=treatment, arms=", ".join(sorted(sizes.index)))
        return frame[arms.isin([control, treatment]) | arms.isna()].reset_index(drop=True)
    if len(sizes) > 2:
        listed = ", ".join(f"{name} {n:,}" for name, n in sizes.sort_index().items())
        raise refused("test_many_treatments", arm=arm, n=len(sizes), listed=listed)
    return frame
