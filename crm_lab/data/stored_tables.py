"""Tables of a workspace as files: how they are named in SQL, what columns they have, how they are written."""

from __future__ import annotations

from pathlib import Path

import duckdb

from crm_lab.data.quoting import path_of, text_of


def stored(folder: Path, name: str) -> str:
    """SQL of a stored table.

    >>> stored(Path("shop"), "orders")
    "read_parquet('shop/orders.parquet')"

    Args:
        folder: The tables.
        name: Which of them.

    Returns:
        A relation that stands behind ``from``.
    """
    return f"read_parquet({path_of(folder / f'{name}.parquet')})"


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column to DuckDB type.

    >>> columns_of(duckdb.connect(), "(select 1 as one)")
    {'one': 'INTEGER'}

    Args:
        connection: May read the relation.
        relation: SQL that stands behind ``from``.

    Returns:
        The columns in their order.
    """
    return {row[0]: row[1] for row in connection.execute(f"describe from {relation}").fetchall()}


def store(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write what a query gives as a table.

    Args:
        connection: May write there.
        sql: The query.
        path: The file.
    """
    connection.execute(f"copy ({sql}) to {text_of(str(path))} (format parquet, compression zstd)")
