"""How numbers are written: the digits of a cell, of a figure with its unit, and the unit behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crm_lab.messages import Message


def spaced(unit: str) -> str:
    """A unit as it stands behind a number: with a space before it, or nothing."""
    return f" {unit}" if unit else ""


def format_value(value: Any, spec: str = "") -> str:
    """A cell as people read it: ``–`` for missing, thousands separated, four significant digits.

    >>> format_value(1234567), format_value(0.54321, ".1%"), format_value(float("nan"))
    ('1,234,567', '54.3%', '–')
    """
    if isinstance(value, Message):
        return value.text()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, str | bool):
        return str(value)
    if spec:
        return format(value, spec)
    return _format_plain(value)


def _format_plain(value: Any) -> str:
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d"))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
    return f"{value:,}" if hasattr(value, "__index__") else str(value)


def format_frame(frame: pd.DataFrame, formats: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A copy of a frame with every cell as text, by the formats of its columns."""
    formats = formats or {}
    return pd.DataFrame(
        {column: [format_value(v, formats.get(str(column), "")) for v in frame[column]] for column in frame},
        columns=frame.columns,
        dtype=object,
    )
