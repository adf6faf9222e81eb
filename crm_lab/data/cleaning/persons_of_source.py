"""A source on persons: accounts of one person are one customer in every table, and the books say so as a step.

Lines and money stay as they are; who is not in the map stays who they are. What rows of several accounts become, and
how often that was decided, is told by table (`tables_of_persons`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb

from crm_lab.checks import Problems
from crm_lab.data.cleaning.built_once import built_once
from crm_lab.data.cleaning.map_of_persons import PersonsSource, read_map, teach_map
from crm_lab.data.cleaning.pseudonyms import id_key
from crm_lab.data.cleaning.tables_of_persons import merged, person_columns, placed_sql
from crm_lab.data.connection import write_private
from crm_lab.data.quoting import path_of
from crm_lab.data.stored_tables import columns_of, store, stored
from crm_lab.messages import LANGUAGES, Message

PERSONS: Final = "persons"
LEAST_COVERED: Final = 0.5
MARK: Final = "is_persons"
_AS_THEY_ARE: Final = ("raw", "quarantine")
_ELSEWHERE: Final = ("raw", "judged", "transactions", "quarantine", "ledger")


def folder_on_persons(
    connection: duckdb.DuckDBPyConnection, whole: Path, about: Mapping[str, Any], persons: PersonsSource
) -> Path:
    """The folder of the tables of a source on persons, made first if it is missing; its days are those of the accounts.

    Args:
        connection: May read and write folders of workspaces.
        whole: The tables of the source with accounts; its folder's name ends with their key.
        about: What the workspace of the accounts says of itself.
        persons: Which map.
    """
    path = persons.path
    named = replace(persons, whole=str(about["source"])).name
    titles = {
        lang: f"{about.get('titles', {}).get(lang) or about['title']} · {Message('persons.title').text(lang)}"
        for lang in LANGUAGES
    }
    told = {**about, "source": named, "title": f"{about['title']} · {Message('persons.title').text('en')}"}

    def make(folder: Path) -> str:
        teach_map(connection, read_map(path), about, id_key(whole.parent))
        counted = put_on_persons(connection, whole, folder, path.name, str(about["title"]))
        return json.dumps({**told, "titles": titles, PERSONS: {**counted, "file": path.name}}, ensure_ascii=False)

    return built_once(named, persons.key(whole.name.rpartition("-")[2]), make)


def notes_on(about: Mapping[str, Any]) -> list[Message]:
    """Of a workspace on persons, how many accounts are how many persons, and each rule that rows which met needed.

    >>> notes_on({})
    []

    Args:
        about: What the workspace says of itself.
    """
    told = about.get(PERSONS)
    if not told:
        return []
    rows = [Message(f"persons.{name}", {"n": n}) for name, n in told["merged"].items()]
    return [Message("persons.counted", told), *rows]


def put_on_persons(
    connection: duckdb.DuckDBPyConnection, whole: Path, folder: Path, file: str, title: str
) -> dict[str, Any]:
    """Write the tables of a source on persons into an empty folder.

    Args:
        connection: May read and write both folders, and has the table ``person_map``.
        whole: The tables of the source with accounts.
        folder: Of the source on persons.
        file: Name of the map, for what is refused.
        title: Of the source, for what is refused.

    Returns:
        What was counted: accounts, persons, lines, and what became of rows that met; for ``about``.

    Raises:
        BadInput: If the map covers less than half of the lines with a customer, or a customer who is not in it has the
            id of one of its persons.
    """
    _know_customers(connection, whole)
    told = _counts(connection, whole)
    _refuse(told, file, title)
    for name in _AS_THEY_ARE:
        write_private(connection, f"from {stored(whole, name)} order by source_row", folder / f"{name}.parquet")
    for name, by in (("judged", "source_row"), ("transactions", "line_id")):
        store(connection, f"{_lines(connection, whole, name)} order by {by}", folder / f"{name}.parquet")
    told["merged"] = {}
    for path in sorted(whole.glob("*.parquet")):
        if path.stem not in _ELSEWHERE:
            told["merged"] |= _writestored(connection, path, folder / path.name)
    books = f"from {stored(whole, 'ledger')} union all by name {step_sql(stored(folder, 'judged'))}"
    store(connection, f"from ({books}) order by position", folder / "ledger.parquet")
    return told


def step_sql(judged: str) -> str:
    """The step of a ledger: lines, with their money, that stand with another customer than before."""
    return f"""select 97 as position, '{PERSONS}' as item, '{PERSONS}' as action,
                      count(*) filter ({MARK}) as rows_touched,
                      coalesce(sum(net_amount) filter ({MARK}), 0) as money_touched, 0 as rows_out, 0 as money_out
               from {judged}"""


def _lines(connection: duckdb.DuckDBPyConnection, whole: Path, name: str) -> str:
    """Lines with their person; in ``judged`` also whether that is another customer than before."""
    rows = stored(whole, name)
    columns = columns_of(connection, rows)
    placed, mark = placed_sql(name, rows, columns), "coalesce(customer_id <> account_, false)"
    if name != "judged":
        return f"select * exclude (account_) from ({placed})"
    if MARK in columns:  # a source that was on persons before
        return f"select * exclude (account_) replace ({MARK} or {mark} as {MARK}) from ({placed})"
    return f"select * exclude (account_), {mark} as {MARK} from ({placed})"


def _know_customers(connection: duckdb.DuckDBPyConnection, whole: Path) -> None:
    """The table ``known_customers``: everybody whom a table of the source names."""
    parts = []
    for path in sorted(whole.glob("*.parquet")):
        if path.stem not in ("raw", "judged", "quarantine", "ledger"):
            held = person_columns(path.stem, columns_of(connection, stored(whole, path.stem)))
            parts += [f"select {column} as customer_id from {stored(whole, path.stem)}" for column in held]
    connection.execute(
        f"create or replace temp table known_customers as select distinct customer_id"
        f" from ({' union all '.join(parts)}) where customer_id is not null"
    )


def _counts(connection: duckdb.DuckDBPyConnection, whole: Path) -> dict[str, Any]:
    rows = connection.execute(f"""
        with placed as (select k.customer_id, m.person_id, count(*) over (partition by m.person_id) as accounts
                      from known_customers k left join person_map m using (customer_id)),
        lines as (select count(*) as lines, count(m.customer_id) as covered
                  from {stored(whole, "transactions")} t left join person_map m using (customer_id)
                  where t.customer_id is not null)
        select count(person_id), count(distinct person_id), count(*) filter (person_id is not null and accounts > 1),
               count(*) filter (person_id is null),
               count(*) filter (person_id is null and customer_id in (select person_id from person_map)),
               (select count(*) from person_map where customer_id not in (from known_customers)),
               (select lines from lines), (select covered from lines) from placed""").fetchone()
    names = ("accounts", "persons", "linked", "not_in_map", "taken", "unknown", "lines", "covered")
    return dict(zip(names, map(int, rows or ()), strict=True))


def _refuse(told: dict[str, Any], file: str, title: str) -> None:
    problems = Problems(f"The map of persons {file}")
    covered = told["covered"] / told["lines"] if told["lines"] else 0.0
    problems.unless(
        covered >= LEAST_COVERED,
        f"it knows the customers of {told['covered']:,} of the {told['lines']:,} lines with a customer in {title},"
        f" {told['unknown']:,} of its ids are in no table; at least half of the lines are needed. Take the map of these"
        " data, and give everybody a row: who has one account is a person of one.",
    )
    problems.unless(
        not told["taken"],
        f"{told['taken']:,} customers who are not in the map have the id of one of its persons; give each a row.",
    )
    problems.raise_any()


def _writestored(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> dict[str, int]:
    """A further table on persons, in the order of its columns; what was counted in it."""
    rows = f"read_parquet({path_of(path)})"
    columns = columns_of(connection, rows)
    if not person_columns(path.stem, columns):
        store(connection, f"from {rows} order by all", target)
        return {}
    table = merged(path.stem, rows, columns)
    store(connection, f"select {', '.join(f'{c}' for c in _quoted(columns))} from ({table.sql}) order by all", target)
    found = {name: connection.execute(sql).fetchone() for name, sql in table.counts.items()}
    return {name: int(row[0]) for name, row in found.items() if row and row[0]}


def _quoted(columns: dict[str, str]) -> list[str]:
    return ['"' + column.replace('"', '""') + '"' for column in columns]
