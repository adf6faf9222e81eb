"""`open_workspace(source)` builds what is missing; `workspace.at(as_of)` is the only way to tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, as_date
from crm_lab.data.cleaning.build import build, describe, tables_key
from crm_lab.data.cleaning.built_once import ABOUT, built_once
from crm_lab.data.cleaning.cleaning_rules import decide, recorded
from crm_lab.data.cleaning.map_of_persons import hidden_ids, persons_named
from crm_lab.data.cleaning.part_of_source import Part, cut_part, part_named, values_of
from crm_lab.data.cleaning.persons_of_source import folder_on_persons, notes_on
from crm_lab.data.cleaning.pseudonyms import id_key
from crm_lab.data.connection import connect, to_pandas
from crm_lab.data.kernels.customer360 import customer_table
from crm_lab.data.kernels.customer_mix import customer_mix
from crm_lab.data.kernels.orders import roll_up_orders
from crm_lab.data.rule_segments.segment_of_source import open_segment, segment_named
from crm_lab.data.sources import find_source
from crm_lab.data.sources.base import Source
from crm_lab.data.stored_tables import columns_of, stored
from crm_lab.messages import Message, language
from crm_lab.tables import TABLES

_DERIVED = {"orders": "order_id", "customer_360": "customer_id", "customer_mix": "customer_id"}
"""Tables made on demand, with the column they are ordered by."""


def open_workspace(source: str | Source, rules: Mapping[str, str] | None = None) -> Workspace:
    """Open the tables of a source; they are built first if they are missing.

    Args:
        source: Name of a source (`complete_journey`, `cdnow`, `cdnow_sample`, `simulated:fashion`), of a part of one
            (`complete_journey,store=367`), of the customers of a segment (`complete_journey,segment=FILE.toml#NAME`),
            of one on persons (`shop.toml,persons=map.csv`), or a `Source`.
        rules: Cleaning rule to action (``fix``, ``quarantine``, ``flag``, ``ignore``), where it should differ.

    Returns:
        The workspace; ``workspace.at(as_of)`` gives tables.

    Raises:
        BadInput: If the source, a rule or an action is unknown.

    >>> tables = open_workspace("cdnow_sample").at("1997-09-30")
    >>> len(tables["customer_360"])
    2357
    """
    segment = segment_named(source) if isinstance(source, str) else None
    if segment:
        return _of(open_segment(open_workspace(segment.whole, rules), segment))
    part = part_named(source) if isinstance(source, str) else None
    if part:
        return _open_part(open_workspace(part.whole, rules), part)
    persons = persons_named(source) if isinstance(source, str) else None
    if persons:
        whole = open_workspace(persons.whole, rules)
        return _of(folder_on_persons(whole.cursor(), whole.folder, whole.about, persons))
    found = find_source(source) if isinstance(source, str) else source
    actions = decide(found, rules)
    key = tables_key(found, {rule.name: action for rule, action in actions.items()})
    description = describe(found, actions)
    return _of(built_once(found.name, key, lambda folder: _build(found, rules, folder, description)))


def _of(folder: Path) -> Workspace:
    return Workspace(folder, json.loads((folder / ABOUT).read_text(encoding="utf-8")))


def _build(source: Source, rules: Mapping[str, str] | None, folder: Path, description: str) -> str:
    before = source.fingerprint()
    beside = () if source.copies_files else tuple(dict.fromkeys(path.parent for path in source.files))
    build(connect(folder.parent, beside).cursor(), source, folder, rules, id_key(folder.parent))
    if source.fingerprint() != before:
        raise BadInput(f"The files of {source.title} changed while they were read; run it again.")
    return description


def _open_part(whole: Workspace, part: Part) -> Workspace:
    """The tables of a part of a source; its days are those of the whole: no line today is known today, too."""
    about = {
        **whole.about,
        "source": replace(part, whole=whole.source).name,
        "title": f"{whole.about['title']} · {part.value}",
        "titles": {lang: f"{title} · {part.value}" for lang, title in whole.about.get("titles", {}).items()},
        "days": [day.isoformat() for day in (*whole.day_range, whole.last_complete_day)],
    }

    def make(folder: Path) -> str:
        cut_part(whole.cursor(), whole.folder, part, folder, recorded(whole.about["rules"]))
        return json.dumps(about, ensure_ascii=False, indent=1)

    return _of(built_once(about["source"], part.key(whole.key), make))


@dataclass(frozen=True)
class Workspace:
    """The built tables of one source on disk.

    >>> workspace = open_workspace("cdnow_sample")

    Attributes:
        folder: Where the tables are stored.
        about: What the build recorded: source, rules, currency, key.
    """

    folder: Path
    about: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Name of the source.

        >>> workspace.source
        'cdnow_sample'
        """
        return str(self.about["source"])

    @property
    def title(self) -> str:
        """What readers call the source, in the active language.

        >>> workspace.title
        'CDNOW (1/10 sample)'
        """
        return str(self.about.get("titles", {}).get(language()) or self.about["title"])

    @property
    def key(self) -> str:
        """Hash of raw bytes, mapping, rules and code: the same key, the same tables.

        >>> len(workspace.key)
        12
        """
        return self.folder.name.rpartition("-")[2]

    def readings(self) -> pd.DataFrame:
        """How the files were read and what spoke for it: a row each finding of ``crm-lab init``.

        Of a source on persons, also what became of rows of several accounts.

        >>> list(open_workspace("cdnow_sample").readings().columns)
        ['evidence']
        """
        known = Message("reconciliation.known_source", {"title": self.title}).text()
        found = list(self.about.get("evidence", ())) or [known]
        return pd.DataFrame({"evidence": [*found, *(note.text() for note in self.notes_on_persons())]}, dtype="string")

    def notes_on_persons(self) -> list[Message]:
        """Of a source on persons: how many accounts are how many persons, and each rule that rows which met needed.

        >>> workspace.notes_on_persons()
        []
        """
        return notes_on(self.about)

    def under_pseudonyms(self, ids: pd.Series) -> pd.Series:
        """Customer numbers as the tables have them: those that are an e-mail or a telephone under their pseudonyms.

        >>> workspace.under_pseudonyms(pd.Series(["00004", "ann@example.com"])).str[:2].tolist()
        ['00', 'p_']

        Args:
            ids: Numbers as the customer master has them, or pseudonyms already.

        Returns:
            Text, with the same index.
        """
        return hidden_ids(self.cursor(), ids, self.about, id_key(self.folder.parent))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of the connection that may read this workspace, wherever a link leads to it."""
        return connect(self.folder.parent, (self.folder.resolve(),) if self.folder.is_symlink() else ()).cursor()

    def day_ledger(self) -> pd.DataFrame:
        """What the lines of each day were: ``day`` as text, ``rows``, and ``digest``, which any change in them changes.

        >>> open_workspace("cdnow_sample").day_ledger().head(2)["rows"].tolist()
        [18, 22]
        """
        lines = f"select * exclude (source_row) from {stored(self.folder, 'transactions')}"
        return to_pandas(
            self.cursor().sql(f"""
                select date::date::text as day, count(*) as rows, sum(hash(line)::hugeint)::text as digest
                from ({lines}) as line group by 1 order by 1""")
        )

    @cached_property
    def day_range(self) -> tuple[date, date]:
        """First and last day with a line, of the whole source.

        >>> first, last = workspace.day_range
        >>> first.isoformat(), last.isoformat()
        ('1997-01-01', '1998-06-30')
        """
        if "days" in self.about:
            first, last = map(date.fromisoformat, self.about["days"][:2])
        else:
            first, last = self._one("select min(date), max(date) from {transactions}")
        return first, last

    @cached_property
    def last_complete_day(self) -> date:
        """The last day with lines up to the usual closing hour; else the day before.

        The usual closing hour is the earliest last hour of the 28 days before. Data without hours count as whole days.

        >>> workspace.last_complete_day.isoformat()
        '1998-06-30'
        """
        if "days" in self.about:
            return date.fromisoformat(self.about["days"][2])
        last = self.day_range[1]
        closing = self._one(f"""
            with days as (select date, max(hour) as closed from {{transactions}}
                          where date > date '{last}' - 29 group by date)
            select max(closed) filter (date = date '{last}'), min(closed) filter (date < date '{last}') from days""")
        cut = closing[0] is not None and closing[1] is not None and closing[0] < closing[1]
        return last - timedelta(days=1) if cut else last

    def at(self, as_of: str | date = "latest") -> Tables:
        """The tables as they were known at the end of a day.

        >>> workspace.at("1997-09-30").as_of
        datetime.date(1997, 9, 30)

        Args:
            as_of: Last day that counts, ``YYYY-MM-DD``; ``"latest"`` is the last complete day in the data.

        Returns:
            The tables; nothing later than the day is in them.

        Raises:
            BadInput: If the day lies outside the data.
        """
        day = self.last_complete_day if as_of == "latest" else as_date(as_of)
        first, last = self.day_range
        if not first <= day <= last:
            raise BadInput(
                f"as_of is {day}, but {self.about['title']} runs from {first} to {last}; choose a day in between."
            )
        return Tables(self, day)

    @cached_property
    def _kinds(self) -> dict[str, dict[str, str]]:
        return {}

    def columns(self, name: str) -> dict[str, str]:
        """Columns of a stored table with their DuckDB types.

        >>> workspace.columns("transactions")["net_amount"]
        'DECIMAL(18,4)'

        Args:
            name: Name of a stored table.

        Returns:
            Column to DuckDB type.
        """
        if name not in self._kinds:
            self._kinds[name] = columns_of(self.cursor(), stored(self.folder, name))
        return self._kinds[name]

    def parts(self, by: str) -> list[str]:
        """The parts that the source has: the values of a column; ``SOURCE,COLUMN=VALUE`` opens one.

        >>> open_workspace("complete_journey").parts("store")[:3]
        ['1027', '1039', '105']

        Args:
            by: ``store``, or a text column of the tables ``stores`` or ``customers``, such as ``city``.

        Raises:
            BadInput: If parts cannot be told by it.
        """
        return values_of(self.cursor(), self.folder, by)

    def stored(self, name: str, *columns: str) -> pd.DataFrame:
        """A stored table without a cut by date: ``ledger``, ``quarantine``, ``raw``, ``judged`` and the clean tables.

        >>> len(workspace.stored("raw"))
        6919

        Args:
            name: Name of the table.
            columns: Only these columns; all where none is named.

        Returns:
            A pandas DataFrame.
        """
        chosen = ", ".join(columns) or "*"
        return to_pandas(self.cursor().sql(f"select {chosen} from {stored(self.folder, name)}"))

    def _one(self, sql: str) -> tuple[Any, ...]:
        sql = sql.format(transactions=f"{stored(self.folder, 'transactions')}")
        row: tuple[Any, ...] = self.cursor().execute(sql).fetchone()
        return row


def day_range(source: str) -> tuple[date, date]:
    """First and last day of a source's data."""
    return open_workspace(source).day_range


def last_day(source: str) -> date:
    """Last day of a source's data."""
    return open_workspace(source).day_range[1]


def last_complete_day(source: str) -> date:
    """Last day of a source's data that is complete (`Workspace.last_complete_day`)."""
    return open_workspace(source).last_complete_day


@dataclass(frozen=True)
class Tables:
    """The tables of a workspace as of a day; ``tables["orders"]`` is a pandas DataFrame.

    >>> tables = open_workspace("cdnow_sample").at("1997-09-30")
    >>> list(tables["orders"])[:3]
    ['order_id', 'customer_id', 'day']

    Attributes:
        workspace: Where they come from.
        as_of: Last day that is known.
    """

    workspace: Workspace
    as_of: date
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def __contains__(self, name: str) -> bool:
        return name in _DERIVED or (self.workspace.folder / f"{name}.parquet").exists()

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table as a fresh pandas DataFrame: ids as text, dates as dates, money as float.

        Raises:
            BadInput: If the source does not provide the table.
        """
        if name not in self:
            have = sorted(p.stem for p in self.workspace.folder.glob("*.parquet"))
            raise BadInput(
                f"{self.workspace.about['title']} has no table {name!r}; it has {', '.join((*have, *_DERIVED))}."
            )
        if name not in self._kept:
            self._kept[name] = to_pandas(self._relation(name))
        return self._kept[name].copy(deep=True)

    def sql(self, query: str) -> pd.DataFrame:
        """Result of a DuckDB query; each table is available under its name.

        >>> tables = open_workspace("cdnow_sample").at("1997-09-30")
        >>> tables.sql("select count(*) as n, sum(net_amount) as spend from transactions")["n"].item()
        4960

        Args:
            query: DuckDB SQL; table names are those of ``tables[name]``.

        Returns:
            A pandas DataFrame.
        """
        cursor = self.workspace.cursor()
        for path in sorted(self.workspace.folder.glob("*.parquet")):
            cursor.execute(f"create or replace temp view {path.stem} as {self._cut(path.stem)}")
        for name in _DERIVED:
            if name in query:
                self._relation(name, cursor).create_view(name)
        return to_pandas(cursor.sql(query))

    def provenance(self) -> dict[str, Any]:
        """Provenance of the tables for reports: source, title, dates, rows, key, simulated.

        >>> tables.provenance()["as_of"]
        '1997-09-30'
        """
        return {
            "source": self.workspace.source,
            "title": self.workspace.title,
            "currency": self.workspace.about["currency"],
            "as_of": self.as_of.isoformat(),
            "last_day": self.workspace.day_range[1].isoformat(),
            "rows": int(self.sql("select count(*) as n from transactions")["n"].item()),
            "key": self.workspace.key,
            "simulated": bool(self.workspace.about["simulated"]),
        }

    @property
    def currency(self) -> str:
        """ISO code of all amounts.

        >>> tables.currency
        'USD'
        """
        return str(self.workspace.about["currency"])

    def _cut(self, name: str) -> str:
        """SQL of a stored table with what was known: no later row, and nothing learnt later in the rows there are."""
        rows = f"from {stored(self.workspace.folder, name)}"
        if name == "transactions":
            return f"{rows} where day <= {self._day}"
        table, columns = TABLES.get(name), self.workspace.columns(name)
        known_on, ahead, learnt = (table.known_on, table.ahead, table.learnt) if table else (None, (), ())
        dates = [c for c, kind in columns.items() if kind == "DATE"]
        told = {c: c for c in dates if c != known_on and c not in ahead} | {c: on for c, on in learnt if c in columns}
        kept = [f"case when {on} <= date '{self.as_of}' then {c} end as {c}" for c, on in told.items()]
        replaced = f" replace ({', '.join(kept)})" if kept else ""
        where = f" where {known_on} is null or {known_on} <= date '{self.as_of}'" if known_on in dates else ""
        return f"select *{replaced} {rows}{where}"

    @property
    def _day(self) -> int:
        return day_number(self.as_of)

    def _relation(self, name: str, cursor: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        cursor = cursor or self.workspace.cursor()
        if name not in _DERIVED:
            return cursor.sql(self._cut(name))
        return self._derived(name, cursor).order(_DERIVED[name])

    def _derived(self, name: str, cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        lines = cursor.sql(self._cut("transactions"))
        if name == "orders":
            return roll_up_orders(lines)
        if name == "customer_360":
            return customer_table(lines, self._day)
        mix = customer_mix(lines, self._day, cursor.sql(self._cut("products")) if "products" in self else None)
        mix.create_view("mix_", replace=True)
        counted = {"n_contacts": "exposures", "n_responses": "responses"}
        have = {column: table for column, table in counted.items() if table in self}
        counts = "".join(f", coalesce({column}, 0) as {column}" for column in have)
        joins = "".join(
            f" left join (select customer_id, count(*) as {column} from ({self._cut(table)}) group by 1)"
            " using (customer_id)"
            for column, table in have.items()
        )
        return cursor.sql(f"select mix_.*{counts} from mix_{joins}")
