"""The contract checked on any engine: every breach at once, with counts and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.tables import Dtype, Table
from crm_lab.tables.programmes import POINT_KINDS

_EXAMPLES = 3
_KINDS = {"transactions": ("sale", "return", "cancellation", "fee"), "rewards": POINT_KINDS}


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule of the contract that rows break."""

    table: str
    column: str
    rule: str
    rows: int
    examples: tuple[Any, ...] = ()

    def __str__(self) -> str:
        seen = f", e.g. {', '.join(map(repr, self.examples))}" if self.examples else ""
        count = f": {self.rows:,} {'row' if self.rows == 1 else 'rows'}{seen}" if self.rows else ""
        return f"{self.table}.{self.column} {self.rule}{count}."


def breaches(frame: Any, table: Table) -> tuple[Breach, ...]:
    r"""What in a frame breaks the contract of a table.

    Args:
        frame: A pandas or Polars frame, or a DuckDB relation.
        table: The table it should be.

    Returns:
        One `Breach` a rule that is broken; columns that the contract does not know are left alone.

    >>> import pandas as pd
    >>> from crm_lab.tables.buyers import CUSTOMERS
    >>> print(*breaches(pd.DataFrame({"customer_id": ["a", "a", None]}), CUSTOMERS), sep="\n")
    customers.customer_id may not be missing: 1 row.
    customers.customer_id must be unique: 1 row, e.g. 'a'.
    """
    rows = nw.from_native(frame).lazy()
    schema = rows.collect_schema()
    found = [
        Breach(table.name, c.name, "is not there", 0) for c in table.columns if c.required and c.name not in schema
    ]
    present = [c for c in table.columns if c.name in schema]
    wrong = [c for c in present if not _is(schema[c.name], c.dtype)]
    found += [Breach(table.name, c.name, f"must be {c.dtype}, it is {schema[c.name]}", 0) for c in wrong]
    for column in present:
        if not column.nullable:
            found += _rows_where(rows, table, column.name, "may not be missing", nw.col(column.name).is_null())
    if all(name in schema for name in table.key):
        found += _repeated(rows, table)
    if table.name in _KINDS and "kind" in schema:
        known = _KINDS[table.name]
        unknown = ~nw.col("kind").is_in(known)
        found += _rows_where(rows, table, "kind", f"must be one of {', '.join(known)}", unknown)
    return tuple(found)


def refuse_breaches(frame: Any, table: Table) -> None:
    """Refuse a frame that breaks the contract, with every breach.

    Raises:
        BadInput: One sentence a breach.
    """
    found = breaches(frame, table)
    if found:
        raise BadInput(f"The table {table.name} breaks its contract", [str(breach) for breach in found])


def _is(dtype: Any, wanted: Dtype) -> bool:
    match wanted:
        case "text":
            return bool(dtype in (nw.String, nw.Categorical, nw.Object, nw.Unknown))
        case "integer":
            return bool(dtype.is_integer()) or bool(dtype.is_float())  # a nullable integer is a float in pandas
        case "number" | "money":
            return bool(dtype.is_numeric())
        case "date" | "timestamp":
            return bool(dtype in (nw.Date, nw.Datetime))
        case "flag":
            return bool(dtype == nw.Boolean)


def _rows_where(rows: Any, table: Table, column: str, rule: str, condition: Any) -> list[Breach]:
    bad = rows.filter(condition).select(column)
    count = bad.select(nw.len().alias("n")).collect().item()
    if not count:
        return []
    seen = bad.head(_EXAMPLES).collect()[column].to_list()
    return [Breach(table.name, column, rule, int(count), tuple(v for v in seen if not pd.isna(v)))]


def _repeated(rows: Any, table: Table) -> list[Breach]:
    known = rows.filter(*(~nw.col(name).is_null() for name in table.key))
    counts = known.group_by(*table.key).agg(nw.len().alias("n_")).filter(nw.col("n_") > 1)
    extra = counts.select((nw.col("n_") - 1).sum().alias("n")).collect().item()
    if not extra:
        return []
    first = counts.sort(*table.key).head(_EXAMPLES).collect()[table.key[0]].to_list()
    return [Breach(table.name, "+".join(table.key), "must be unique", int(extra), tuple(first))]
