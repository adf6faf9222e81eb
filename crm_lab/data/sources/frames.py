"""A DataFrame that is already at hand, as a source like any other."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pandas as pd

from crm_lab.checks import BadInput, need_columns
from crm_lab.data.sources.base import Source
from crm_lab.data.sources.files import FileSource, file_source
from crm_lab.data.sources.lines.line_columns import Columns


def frame_source(frame: pd.DataFrame, columns: dict[str, str], *, name: str = "frame", **settings: str) -> Source:
    """A source from a DataFrame of purchases, one row a line or an order.

    Args:
        frame: The purchases; it is not changed.
        columns: Role to column, as in the ``[source.columns]`` table of a suite: at least ``date``,
            ``customer_id`` and ``amount`` (or ``price``).
        name: What reports call it.
        settings: Others of `FileSource`, e.g. ``currency="USD"``.

    Raises:
        BadInput: If a role is unknown or a column missing.

    >>> from crm_lab import open_workspace
    >>> sales = pd.DataFrame({"who": ["a", "b"], "day": pd.to_datetime(["2024-01-02", "2024-01-03"]), "eur": [5, 7]})
    >>> source = frame_source(sales, {"customer_id": "who", "date": "day", "amount": "eur"}, name="doctest")
    >>> float(open_workspace(source).at()["customer_360"]["revenue"].sum())
    12.0
    """
    unknown = [role for role in columns if role not in Columns.model_fields]
    if unknown:
        raise BadInput(f"There is no role {', '.join(unknown)}; roles are {', '.join(Columns.model_fields)}.")
    need_columns(map(str, frame.columns), columns.values(), "The frame")
    chosen = frame[list(dict.fromkeys(columns.values()))].copy()
    date = columns["date"]
    chosen[date] = pd.to_datetime(chosen[date]).dt.strftime("%Y-%m-%d %H:%M:%S")
    digest = hashlib.sha256(pd.util.hash_pandas_object(chosen, index=False).to_numpy().tobytes()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"crm_lab_{name}_{digest}.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        chosen.to_parquet(part, index=False)
        part.replace(path)
    spec = {"name": name, "path": path, "format": "parquet", "columns": columns, **settings}
    return file_source(FileSource.model_validate(spec))
