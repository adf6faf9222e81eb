"""The one in-memory DuckDB connection of a process, and frames from it."""

from __future__ import annotations

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import psutil

from crm_lab.project import project_root


def workspaces_dir() -> Path:
    """Where workspaces are built: ``$CRM_LAB_WORKSPACES``, or ``data/.workspaces`` of the project."""
    given = os.environ.get("CRM_LAB_WORKSPACES")
    return Path(given) if given else project_root() / "data" / ".workspaces"


@cache
def connect() -> duckdb.DuckDBPyConnection:
    """The one in-memory connection of this process: half its share of the memory, days counted in UTC."""
    jobs = max(1, int(os.environ.get("CRM_LAB_JOBS", "1")))
    limit = psutil.virtual_memory().total // (2 * jobs)
    connection = duckdb.connect(config={"memory_limit": f"{limit // 2**20}MiB"})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set temp_directory = '{Path(tempfile.gettempdir()) / 'crm_lab_duckdb'}'")
    atexit.register(connect.cache_clear)
    atexit.register(connection.close)
    return connection


def to_pandas(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Decimals become floats, dates datetime64, text pandas' own string type."""
    pairs = zip(relation.columns, relation.types, strict=True)
    columns = [f'"{n}"::double as "{n}"' if str(t).startswith("DECIMAL") else f'"{n}"' for n, t in pairs]
    frame: pd.DataFrame = relation.select(", ".join(columns)).to_arrow_table().to_pandas(date_as_object=False)
    return frame
