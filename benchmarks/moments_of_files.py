"""Moments per arm from a Parquet file, batch by batch: memory for one batch, whatever the file's size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crm_lab.stats.moments import Moments

BATCH = 131_072


def moments_of_parquet(path: str | Path, arm: str, names: Sequence[str], batch: int = BATCH) -> dict[Any, Moments]:
    """One moment object per arm from a file with one row per unit.

    Args:
        path: The file.
        arm: Column with the arm.
        names: Numeric columns without gaps.
        batch: Rows held at a time.

    Raises:
        BadInput: If a value is missing.
    """
    from pyarrow.parquet import ParquetFile

    found: dict[Any, Moments] = {}
    for chunk in ParquetFile(path).iter_batches(batch_size=batch, columns=[arm, *names]):
        groups, codes = np.unique(chunk.column(arm).to_numpy(zero_copy_only=False), return_inverse=True)
        columns = [chunk.column(name).to_numpy(zero_copy_only=False) for name in names]
        for code, group in enumerate(groups):
            rows = np.flatnonzero(codes == code)
            values = np.empty((len(names), len(rows)))
            for place, column in enumerate(columns):
                values[place] = column[rows]
            part = Moments.from_rows(names, values)
            found[group] = found[group] + part if group in found else part
    return found
