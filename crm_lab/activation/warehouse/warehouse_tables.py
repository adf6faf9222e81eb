"""Where a warehouse keeps what the lab calls transactions, products, stores, customers and tiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from crm_lab.activation.warehouse.warehouse_names import identifier, table_path
from crm_lab.checks import BadInput, Problems
from crm_lab.data.rule_segments.segment_sql import OF_PRODUCTS

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "transactions": (
        "customer_id", "order_id", "product_id", "store_id", "date", "time", "hour", "kind", "net_amount",
        "discount_amount",
    ),
    "products": ("product_id", *OF_PRODUCTS),
    "stores": ("store_id", "channel"),
    "customers": ("customer_id",),
    "tiers": ("customer_id", "tier", "valid_from", "valid_to"),
}  # fmt: skip
"""The lab's names of tables and of their columns; `customers` may have any."""
_DATES: Final = ("date", "launched_on", "valid_from", "valid_to")
_AMOUNTS: Final = ("net_amount", "discount_amount")
_MONDAY: Final = "date '1900-01-01'"


@dataclass(frozen=True)
class WarehouseTables:
    """Names of the warehouse's tables and columns, beside ours.

    >>> shop = WarehouseTables("shop.sales", {"customer_id": "CUST", "date": "sold_at", "kind": ""})
    >>> shop.column("transactions", "customer_id"), shop.column("transactions", "net_amount")
    ('CUST', 'net_amount')

    Attributes:
        table: Of the receipt lines, with schema and database where needed.
        columns: Our column to theirs; the same name where it is left out, none where it is empty. A column of another
            table is written ``products.category``.
        tables: Our name of another table to theirs.

    Raises:
        BadInput: If a name is hostile or unknown; all are listed.
    """

    table: str = "transactions"
    columns: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("The names of the warehouse")
        for name in self.columns:
            table, _, column = name.rpartition(".")
            known = KNOWN.get(table or "transactions", ())
            problems.unless(
                column in known or table == "customers",
                f"{name!r} is no column that is asked for; {table or 'transactions'} has {', '.join(known)}.",
            )
        others = [name for name in KNOWN if name != "transactions"]
        for name in self.tables:
            problems.unless(name in others, f"{name!r} is no table that is asked for; there are {', '.join(others)}.")
        problems.extend(_wrong_tables([self.table, *self.tables.values()]))
        problems.extend(_wrong_columns(self.columns.values()))
        problems.raise_any()

    def column(self, table: str, name: str) -> str:
        """The warehouse's name of a column; empty where it has none.

        >>> shop.column("transactions", "kind")
        ''

        Args:
            table: Our name of the table.
            name: Our name of the column.

        Returns:
            Its name there.
        """
        return self.columns.get(name if table == "transactions" else f"{table}.{name}", name)

    def lines(self, needed: Iterable[str]) -> str:
        """The receipt lines of named customers with our names, as DuckDB's SQL.

        Days are days, amounts decimal numbers with four places, so that every warehouse adds them alike.

        >>> print(shop.lines(["kind"]))
        select CUST as customer_id, cast(sold_at as date) as date, 'sale' as kind from shop.sales
        where CUST is not null

        Args:
            needed: Our columns beside the customer and the day.

        Returns:
            A query.

        Raises:
            BadInput: If one is needed that the warehouse is said not to have.
        """
        names = list(dict.fromkeys(["customer_id", "date", *needed]))
        chosen = ", ".join(self._as_ours("transactions", name) for name in names)
        who = identifier(self.column("transactions", "customer_id")).sql()
        return f"select {chosen} from {table_path(self.table).sql('duckdb')} where {who} is not null"

    def rows(self, table: str, needed: Iterable[str]) -> str:
        """Another table with our names, as DuckDB's SQL.

        >>> WarehouseTables(tables={"stores": "shop.branches"}).rows("stores", ["store_id", "channel"])
        'select store_id as store_id, channel as channel from shop.branches'

        Args:
            table: Our name of it.
            needed: Our columns.

        Returns:
            A query.

        Raises:
            BadInput: If a column is needed that the warehouse is said not to have.
        """
        chosen = ", ".join(self._as_ours(table, name) for name in dict.fromkeys(needed))
        return f"select {chosen} from {table_path(self.tables.get(table, table)).sql('duckdb')}"

    def _as_ours(self, table: str, name: str) -> str:
        return f"{self._value(table, name)} as {identifier(name).sql()}"

    def _value(self, table: str, name: str) -> str:
        if name == "weekday":  # Monday is 1; from the day, as warehouses count weekdays differently
            return f"date_diff('day', {_MONDAY}, {self._value(table, 'date')}) % 7 + 1"
        theirs = self.column(table, name)
        if name == "hour" and self.columns.get("time"):
            return f"extract(hour from {identifier(self.columns['time']).sql()})"
        if not theirs:
            return self._absent(table, name)
        column = identifier(theirs).sql()
        kind = "date" if name in _DATES else "decimal(18, 4)" if name in _AMOUNTS else ""
        return f"cast({column} as {kind})" if kind else column

    def _absent(self, table: str, name: str) -> str:
        if name == "kind":
            return "'sale'"
        if name == "order_id":  # the purchases of a customer on one day are one order
            return self._value(table, "date")
        if name == "valid_to":
            return "cast(null as date)"
        raise BadInput(f"This scoring needs {name} of {table}; name the column that holds it.")


def _wrong_tables(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            found = table_path(name)
        except BadInput as wrong:
            yield str(wrong)
        else:
            if found.name.lower().startswith("lab_") and not found.db:
                yield f"The table {name!r} begins as the lab's own queries do; name its schema too."


def _wrong_columns(names: Iterable[str]) -> Iterator[str]:
    for name in filter(None, names):
        try:
            identifier(name)
        except BadInput as wrong:
            yield str(wrong)
