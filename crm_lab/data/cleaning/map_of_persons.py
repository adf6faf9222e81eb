"""A map from accounts to persons as a file, and the source that it makes: ``NAME,persons=FILE``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.data.cleaning.pseudonyms import teach_pseudonyms
from crm_lab.project import project_root

COLUMNS: Final = ("customer_id", "person_id")
_FORM = re.compile(r"(?P<whole>.+?),persons=(?P<file>.*)", re.DOTALL)
_PSEUDONYM: Final = "p_[0-9a-f]{16}"


@dataclass(frozen=True, slots=True)
class PersonsSource:
    """A source whose accounts are put together by a map.

    Attributes:
        whole: Name of the source with accounts.
        file: The map, as the name of the source says it.
    """

    whole: str
    file: str

    @property
    def name(self) -> str:
        """As a notebook's ``source`` says it.

        >>> PersonsSource("shop.toml", "map.csv").name
        'shop.toml,persons=map.csv'
        """
        return f"{self.whole},persons={self.file}"

    @property
    def path(self) -> Path:
        """Where the map is: as given, else in the project.

        Raises:
            BadInput: If there is no such file.
        """
        given = Path(self.file).expanduser()
        path = given if given.is_absolute() or given.exists() else project_root() / given
        if self.file and path.is_file():
            return path
        raise BadInput(
            f"persons={self.file}: there is no such file. Name the CSV or Parquet file with customer_id and person_id;"
            " settings of a sample come before it, a part after it (NAME,customers=300,persons=FILE,store=367)."
        )

    def key(self, of_whole: str) -> str:
        """The key of its tables, from that of the whole and the bytes of the map."""
        digest = hashlib.sha256(f"{of_whole},persons=".encode())
        digest.update(self.path.read_bytes())
        return digest.hexdigest()[:12]


def persons_named(source: str) -> PersonsSource | None:
    """The map that a source's name ends with; ``None`` where it names none.

    >>> persons_named("shop.toml,persons=data/persons.csv")
    PersonsSource(whole='shop.toml', file='data/persons.csv')
    >>> persons_named("shop.toml") is None
    True

    Args:
        source: Name of a source.
    """
    found = _FORM.fullmatch(source)
    return PersonsSource(found["whole"], found["file"].strip()) if found else None


def read_map(path: Path) -> pd.DataFrame:
    r"""The map of a file, one row an account; ids are texts as they were written.

    Args:
        path: CSV in UTF-8, or Parquet.

    Returns:
        `customer_id`, `person_id`.

    Raises:
        BadInput: If the file cannot be read, or an account has no person or several; with counts.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "map.csv"
    ...     _ = file.write_text("customer_id,person_id\n007,7\n8,7\n")
    ...     read_map(file).to_numpy().tolist()
    [['007', '7'], ['8', '7']]
    """
    table = _file(path)
    need_columns(table.columns, COLUMNS, f"The map of persons {path.name}")
    texts = table[list(COLUMNS)].astype("string").apply(lambda column: column.str.strip())
    pairs = texts.where(texts != "").drop_duplicates()
    problems = Problems(f"The map of persons {path.name}")
    empty = int(pairs.isna().any(axis=1).sum())
    again = int(pairs.loc[pairs["customer_id"].duplicated(), "customer_id"].nunique())
    problems.unless(len(pairs), "it has no rows.")
    problems.unless(not empty, f"{empty:,} rows lack a customer_id or a person_id; fill or drop them.")
    problems.unless(not again, f"{again:,} customer_id have several persons; each has one.")
    problems.raise_any()
    found: pd.DataFrame = pairs.reset_index(drop=True).astype(object)
    return found


def _file(path: Path) -> pd.DataFrame:
    try:
        table: pd.DataFrame = (
            pd.read_parquet(path)
            if path.suffix.lower() == ".parquet"
            else pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OSError) as error:
        why = " ".join(str(error).split())[:120]
        raise BadInput(
            f"The map of persons {path.name} cannot be read ({why}); save it as CSV in UTF-8 or as Parquet."
        ) from None
    return table


def teach_map(connection: duckdb.DuckDBPyConnection, persons: pd.DataFrame, about: Mapping[str, Any], key: str) -> None:
    """Give a connection the table ``person_map``, ids as the tables of a source hide them.

    Args:
        connection: Of the workspace.
        persons: The map, ids as in the customer master, or already under their pseudonyms.
        about: What the workspace of the accounts says of itself.
        key: Secret of the pseudonyms.

    Raises:
        BadInput: If two accounts of the map are one once capitals or the dress of a number are put aside, but have two
            persons.
    """
    teach_pseudonyms(connection, key)
    connection.register("person_map_given", persons)
    hidden = [f"{_hidden(name, about)} as {name}" for name in COLUMNS]
    connection.execute(
        f"create or replace temp table person_map as select distinct {', '.join(hidden)} from person_map_given"
    )
    connection.unregister("person_map_given")
    again = _one(connection, "select count(*) from (select 1 from person_map group by customer_id having count(*) > 1)")
    if again:
        raise BadInput(f"The map of persons: {again:,} accounts are written in two ways and have two persons.")


def hidden_ids(connection: duckdb.DuckDBPyConnection, ids: pd.Series, about: Mapping[str, Any], key: str) -> pd.Series:
    """Numbers of customers as the tables of a source hide them.

    Args:
        connection: Of the workspace.
        ids: As the customer master has them, or pseudonyms already.
        about: What the workspace says of itself.
        key: Secret of the pseudonyms.

    Returns:
        Text, with the same index.
    """
    teach_pseudonyms(connection, key)
    texts = ids.astype(object).where(ids.notna(), None)
    rows = pd.DataFrame({"customer_id": texts.tolist(), "row": range(len(ids))}).astype({"customer_id": object})
    connection.register("ids_given", rows)
    found = connection.execute(f"select {_hidden('customer_id', about)} from ids_given order by row").fetchall()
    connection.unregister("ids_given")
    return pd.Series([row[0] for row in found], index=ids.index, dtype="string")


def _hidden(name: str, about: Mapping[str, Any]) -> str:
    """SQL of an id as the tables hide it; one that is a pseudonym already stays."""
    hider = "hidden" if about.get("direct_customers") else "pseudonym"
    folded = f"upper({name})" if about.get("same_case") else name
    return f"case when regexp_full_match({name}, '{_PSEUDONYM}') then {name} else {hider}({folded}) end"


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
