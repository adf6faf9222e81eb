"""A saved scoring as SQL that gives every customer a segment, from the transactions in a warehouse."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import singledispatch
from pathlib import Path
from typing import Any

from crm_lab.activation.warehouse.cluster_sql import cluster_sql
from crm_lab.activation.warehouse.rfm_sql import rfm_sql, tiers_sql
from crm_lab.activation.warehouse.rule_sql import rule_sql
from crm_lab.activation.warehouse.sql_dialects import TODAY, in_dialect
from crm_lab.activation.warehouse.warehouse_tables import WarehouseTables
from crm_lab.checks import BadInput, as_date
from crm_lab.data.rule_segments import RuleSegment, load_segments
from crm_lab.project import project_root
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring, load_clusters
from crm_lab.segmentation.rfm.scoring_file import RFMScoring, load_scoring
from crm_lab.segmentation.tiers.tiers import Tiers

Scoring = RFMScoring | ClusterScoring | RuleSegment | Tiers
"""What can be computed in a warehouse."""


def segment_sql(
    scoring: Scoring | str | Path,
    dialect: str = "duckdb",
    *,
    table: str = "transactions",
    columns: Mapping[str, str] | None = None,
    tables: Mapping[str, str] | None = None,
    as_of: str | date | None = None,
    window_days: int | None = None,
    segment: str = "",
) -> str:
    """SQL that computes the segment of every customer from the receipt lines in a warehouse.

    It needs nothing of the lab: cut points, centres and rules stand in it. In DuckDB it gives every customer the
    segment that the lab gives.

    >>> from crm_lab import RFM, open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> fitted = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> found = tables.sql(segment_sql(fitted.scoring))
    >>> same = found.merge(fitted.to_frame(), on="customer_id")
    >>> len(same), (same["segment_x"] == same["segment_y"]).all()
    (2357, np.True_)

    Args:
        scoring: An RFM scoring, shopper segments, a segment by rule or tiers, or the file of one that was saved.
        dialect: ``duckdb``, ``snowflake``, ``bigquery`` or ``postgres``.
        table: Of the receipt lines, with schema and database where needed.
        columns: Our column to the warehouse's (`WarehouseTables`); the same names unless given. ``{"kind": ""}`` says
            that every line is a sale.
        tables: Our name of ``products``, ``stores``, ``customers`` or ``tiers`` to the warehouse's.
        as_of: Last day that counts: a day, ``today`` for that of each run, or that of the scoring unless given.
        window_days: Days that end with it; for a segment by rule its own unless given, else all days.
        segment: Which segment of a file with several rules.

    Returns:
        One query; ``customer_id`` and ``segment`` are among its columns.

    Raises:
        BadInput: If a name is hostile or a needed column is not there, the dialect is unknown, or the file is none.
    """
    found = read_scoring(scoring, segment) if isinstance(scoring, str | Path) else scoring
    if window_days is not None and (isinstance(window_days, bool) or window_days < 1):
        raise BadInput(f"window_days is {window_days!r}; it must be a whole number of days, 1 or more.")
    shop = WarehouseTables(table, columns or {}, tables or {})
    return in_dialect(_query(found, shop, _day_of(found, as_of), window_days), dialect)


def _day_of(scoring: Scoring, as_of: str | date | None) -> date | None:
    if as_of == TODAY:
        return None
    if as_of is not None:
        return as_date(as_of)
    if isinstance(scoring, Tiers):
        raise BadInput("Tiers are of no day; give as_of.")
    return scoring.as_of


@singledispatch
def _query(scoring: Any, *_: Any) -> str:
    raise BadInput(
        f"A {type(scoring).__name__} is no scoring that has SQL; give RFM, shopper segments, a rule or tiers."
    )


_query.register(RFMScoring, rfm_sql)
_query.register(ClusterScoring, cluster_sql)
_query.register(RuleSegment, rule_sql)
_query.register(Tiers, tiers_sql)


def read_scoring(path: str | Path, segment: str = "") -> Scoring:
    """A scoring of whatever kind that was saved; a relative path starts at the project's folder.

    >>> read_scoring("no_such_file.toml")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: There is no file 'no_such_file.toml'; give a scoring that a page saved.

    Args:
        path: The file: an RFM scoring, shopper segments, or segments by rule.
        segment: Which segment of a file with several rules.

    Returns:
        The scoring.

    Raises:
        BadInput: If there is no such file, or it holds no scoring, or several segments and none is named.
    """
    file = project_root() / Path(path).expanduser()
    if not file.is_file():
        raise BadInput(f"There is no file {str(path)!r}; give a scoring that a page saved.")
    try:
        kind = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("kind")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file.name} is no scoring that can be read ({error}); save it again.") from error
    if kind == "crm_lab rule segments":
        return _one_of(load_segments(path), segment, file.name)
    if segment:
        raise BadInput(f"{file.name} gives every customer a segment; leave segment out, it chooses among rules.")
    if kind == "crm_lab shopper segments":
        return load_clusters(path)
    if kind == "crm_lab RFM scoring":
        return load_scoring(path)
    raise BadInput(f"{file.name} is of the kind {kind!r}; a scoring is one of RFM, shopper segments or rules.")


def _one_of(segments: tuple[RuleSegment, ...], name: str, file: str) -> RuleSegment:
    found = [s for s in segments if s.name == name] if name else list(segments)
    if len(found) != 1:
        raise BadInput(f"{file} has the segments {', '.join(s.name for s in segments)}; name one of them.")
    return found[0]
