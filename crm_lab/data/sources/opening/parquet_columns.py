"""Columns of a Parquet file that are more than a value: times in a zone, lists and structs."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.data.sources.refusal import refused

_UTC = ("UTC", "Z", "Etc/UTC", "GMT", "+00:00")


def zones_of(path: Path) -> dict[str, str]:
    """Columns whose times stand in a zone other than UTC, each with its zone.

    Raises:
        BadInput: If a column holds lists or structs.
    """
    schema = pq.read_schema(path)
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested:
        raise refused("nested_parquet", name=path.name, columns=", ".join(nested))
    timed = {field.name: field.type.tz for field in schema if pa.types.is_timestamp(field.type) and field.type.tz}
    return {name: str(zone) for name, zone in timed.items() if zone not in _UTC}


def local_time(sql: str, zone: str) -> str:
    """SQL of a time with a zone as its clocks show it, e.g. ``America/New_York`` or ``+02:00``."""
    if zone[0] in "+-":
        hours, _, minutes = zone[1:].partition(":")
        shift = (int(hours) * 60 + int(minutes or 0)) * (-1 if zone[0] == "-" else 1)
        return f"(timezone('UTC', {sql}) + to_minutes({shift}))"
    return f"timezone('{zone}', {sql})"
