"""Reads an export of a ledger of points whole and says how: columns, words, signs, and what the balance speaks for."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.connection import connect, workspaces_dir
from crm_lab.data.sources.evidence.findings import Question, say
from crm_lab.data.sources.first_look.column_roles import date_formats
from crm_lab.data.sources.first_look.first_rows import decimal_mark, looked_at
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.point_ledgers.event_words import direction_of
from crm_lab.data.sources.point_ledgers.ledger_columns import LedgerColumns, ledger_columns
from crm_lab.data.sources.point_ledgers.ledger_meaning import BY_BALANCE, NEVER, LedgerMeaning, contract_sql, events_sql
from crm_lab.data.sources.point_ledgers.word_settling import WordRows, settle_words
from crm_lab.data.sources.raw_rows import read_raw
from crm_lab.data.sources.refusal import refused
from crm_lab.messages import Message

_SURE = 0.99
_DOUBTFUL = 0.5


@dataclass(frozen=True, slots=True)
class OwnLedger:
    """How an export is read.

    Attributes:
        settings: Keys of ``[source.tables.rewards]``.
        findings: A line each.
        questions: What is to be asked before it can be read.
        unused: Columns without a role.
    """

    settings: dict[str, Any]
    findings: list[Message]
    questions: list[Question]
    unused: tuple[str, ...]

    def raise_questions(self) -> None:
        """Raise all questions at once.

        Raises:
            BadInput: If there is any.
        """
        if self.questions:
            raise BadInput(str(say("form.two_readings")), [str(question) for question in self.questions])


def read_own_ledger(
    path: Path, kinds: Mapping[str, str] | None = None, columns: Mapping[str, str] | None = None, date_format: str = ""
) -> OwnLedger:
    """Look at an export of a ledger of points.

    Args:
        path: The file.
        kinds: Answers: word, with or without a sign, to its meaning.
        columns: Role to column, where the user knows better.
        date_format: Of the dates, where the user knows better.

    Returns:
        How it is read, and what is to be asked.

    Raises:
        BadInput: If it lacks a column, or a value cannot be read.
    """
    reading, header, values, _ = looked_at(path)
    if unknown := [column for column in (columns or {}).values() if column and column not in header]:
        raise refused("no_column_for_role", column=unknown[0], header=", ".join(header))
    found = ledger_columns(header, values, columns or {})
    missing = [role for role in ("customer_id", "date") if role not in found.roles]
    missing += [] if found.parts or "points" in found.roles else ["points"]
    if missing:
        raise refused("ledger_lacks", roles=", ".join(missing), header=", ".join(header))
    points = [*found.parts, *(found.roles[r] for r in ("points", "balance") if r in found.roles)]
    decimal = decimal_mark([value for column in points for value in values.get(column, ())])
    dates = _format(values.get(found.roles["date"], ()), date_format)
    last_days = [v for v in values.get(found.roles.get("expires_on", ""), ()) if not re.search(NEVER, v)]
    expires = _format(last_days, date_format) if last_days else ""
    meaning = LedgerMeaning(
        roles=dict(found.roles), parts=dict(found.parts), expires_format="" if expires == dates else expires,
        directions=_directions(values.get(found.roles.get("direction", ""), ())),
    )  # fmt: skip
    return _settled(reading, found, meaning, kinds or {}, decimal, dates)


def _format(seen: Sequence[str], given: str) -> str:
    formats = date_formats(seen)
    if given in formats or len(formats) == 1:
        return given if given in formats else formats[0]
    if not formats:
        raise refused("no_date_format", example=next(iter(seen), ""))
    raise refused("day_or_month", example=seen[0], formats=" / ".join(map(repr, formats)))


def _directions(seen: Sequence[str]) -> dict[str, str]:
    return {word: sign for word in dict.fromkeys(map(str.strip, seen)) if (sign := direction_of(word))}


def _settled(
    reading: Reading, columns: LedgerColumns, meaning: LedgerMeaning, given: Mapping[str, str], decimal: str, dates: str
) -> OwnLedger:
    home = workspaces_dir()
    connection = connect(home).cursor()
    with tempfile.TemporaryDirectory(dir=home, prefix="ledger-") as folder:
        raw = read_raw(connection, reading, Path(folder))
        try:
            _make(connection, events_sql(raw, meaning, decimal, dates))
            _refuse_unreadable(connection, columns)
            if _newest_first(connection):
                meaning = meaning.model_copy(update={"newest_first": True})
                _make(connection, events_sql(raw, meaning, decimal, dates))
            words = settle_words(_groups(connection, meaning), given)
            meaning = meaning.model_copy(update={"kinds": words.kinds, "by_balance": tuple(words.by_balance)})
            findings = list(words.findings)
            if meaning.newest_first:
                findings.append(say("ledger.newest_first"))
            if meaning.by_balance:
                _make(connection, events_sql(raw, meaning, decimal, dates))
            if "balance" in meaning.roles and not words.questions:
                findings.append(_balance(connection, meaning))
        finally:
            connection.execute("drop table if exists point_events")
    settings: dict[str, Any] = {
        "path": str(reading.path.resolve()), "format": reading.format, "delimiter": reading.delimiter,
        "encoding": reading.encoding, "decimal": decimal, "date_format": dates,
        "ledger": {name: value for name, value in meaning.model_dump().items() if value},
    }  # fmt: skip
    if reading.skip_rows:
        settings["skip_rows"] = reading.skip_rows
    if reading.sheets:
        settings["sheets"] = list(reading.sheets)
    return OwnLedger(settings, findings, words.questions, columns.unused)


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, columns: LedgerColumns) -> None:
    row: tuple[Any, ...] = connection.execute(
        "select count(*), count(*) filter (customer_id is null), count(*) filter (stamp is null), min(date_text) "
        "filter (stamp is null), count(*) filter (number is null), min(written) filter (number is null), "
        "count(*) filter (number <> floor(number)), min(written) filter (number <> floor(number)), "
        "count(last_day_unread), min(last_day_unread) from point_events"
    ).fetchone() or (0,) * 10  # fmt: skip
    rows, nobody, undated, day, unread, example, broken, part, last_days, last_day = row
    problems: list[str] = [] if rows else [str(say("refused.ledger_empty"))]
    if nobody:
        problems.append(str(say("refused.ledger_nobody", n=nobody, rows=rows, column=columns.roles["customer_id"])))
    if undated:
        problems.append(str(say("refused.ledger_undated", n=undated, rows=rows, example=day or "")))
    if unread:
        problems.append(str(say("refused.ledger_unread", n=unread, rows=rows, example=example or "")))
    if broken:
        problems.append(str(say("refused.ledger_broken", n=broken, rows=rows, example=part or "")))
    if last_days:
        problems.append(str(say("refused.ledger_last_days", n=last_days, rows=rows, example=last_day)))
    if problems:
        raise BadInput(str(say("refused.ledger")), problems)


def _newest_first(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether days go down more often than up along a customer's rows."""
    down, up = connection.execute(
        "select count(*) filter (stamp < before), count(*) filter (stamp > before) from (select stamp, lag(stamp) over "
        "(partition by customer_id order by source_row) as before from point_events where part = 0)"
    ).fetchone() or (0, 0)  # fmt: skip
    return bool(down > up)


def _make(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(f"create or replace temp table point_events as {sql}")


def _groups(connection: duckdb.DuckDBPyConnection, meaning: LedgerMeaning) -> list[WordRows]:
    """Words and signs with their rows, most rows first; what the balance moved by says their way."""
    first = "moved is null and balance = abs(given)"  # a customer's first row: the balance was 0 before
    rows = connection.execute(
        "select said, sign, count(*), min(written), bool_and(given = 0), "
        f"count(*) filter (given <> 0 and (moved is not null or {first})), "
        f"count(*) filter (given <> 0 and (moved = abs(given) or {first})), "
        f"count(*) filter (given <> 0 and moved = -abs(given)), bool_and({BY_BALANCE} is not null) "
        "from point_events group by said, sign order by count(*) desc, said, sign"
    ).fetchall()
    return [
        WordRows(word, sign, n, example or "", _way(known, plus, minus, told=bool(told)), bool(zero))
        for word, sign, n, example, zero, known, plus, minus, told in rows
        if word not in meaning.parts or sign == "-" or not zero
    ]


def _way(known: int, plus: int, minus: int, *, told: bool) -> str:
    """The way in which the balance moves, ``±`` if row by row one or the other; empty where it does not say."""
    if not known:
        return ""
    return "+" if plus >= _SURE * known else "-" if minus >= _SURE * known else "±" if told else ""


def _balance(connection: duckdb.DuckDBPyConnection, meaning: LedgerMeaning) -> Message:
    """How often the running balance moves as the points say.

    Raises:
        BadInput: If it mostly does not.
    """
    events = f"({contract_sql('select *, source_row as at_row from point_events', meaning, also='at_row, balance')})"
    known, same = connection.execute(
        "select count(*), count(*) filter (moved = points) from (select kind, points, "
        f"balance - lag(balance) over (partition by customer_id order by event) as moved from {events}) "
        "where moved is not null and kind not in ('pending', 'activate')"
    ).fetchone() or (0, 0)  # fmt: skip
    if known and same < _DOUBTFUL * known:
        raise BadInput(str(say("refused.ledger_balance", column=meaning.roles["balance"], n=known - same, rows=known)))
    values = {"same": same, "rows": known, "differ": known - same, "column": meaning.roles["balance"]}
    return say("ledger.balance", **values) if same == known else say("ledger.balance_differs", **values)  # fmt: skip
