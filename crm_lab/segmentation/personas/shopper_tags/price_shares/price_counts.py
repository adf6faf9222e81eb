"""What each customer bought on discount, of how much, and how that goes together within orders."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

import pandas as pd

from crm_lab.arrays import Columns
from crm_lab.checks import BadInput, Problems, as_date, need_columns
from crm_lab.data.kernels.dataframes import as_pandas, plain_ids
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.stats.pooling.clustered_shares import ClusterSums

By = Literal["lines", "units", "money"]
WEIGHTS: dict[str, str] = {"lines": "1", "units": "quantity", "money": "net_amount"}
"""What a sale line weighs: 1, its units, or its net amount."""
_SUMS = tuple(part.name for part in fields(ClusterSums))


@dataclass(frozen=True, eq=False)
class PriceCounts:
    """Sums of each customer's orders: what was bought on discount, and in all.

    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "discounted": [1, 2, 0], "bought": [3, 3, 2]})
    >>> counts = price_counts_of_orders(orders)
    >>> counts.sums.k.tolist(), counts.sums.n.tolist()
    ([3.0, 0.0], [6.0, 2.0])

    Attributes:
        customers: Ids, shape (m,).
        sums: Sums over their orders, arrays of shape (m,).
        by: What was counted: lines, units or money.
        simulated: Whether the data are.
    """

    customers: pd.Series
    sums: ClusterSums
    by: By = "lines"
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.customers)


def price_counts(
    tables: Tables, by: By = "lines", start: str | date | None = None, end: str | date | None = None
) -> PriceCounts:
    """Count the sale lines of named customers on discount and in all, by order.

    >>> from crm_lab import open_workspace
    >>> counts = price_counts(open_workspace("simulated:fashion,customers=300").at("latest"))
    >>> bool((counts.sums.k <= counts.sums.n).all())
    True

    Args:
        tables: The tables as of a day.
        by: Count lines, units or money (net amount); lines without any of it are left out.
        start: First day; the first of the data unless given.
        end: Last day; the as-of day unless given.

    Returns:
        Sums, one customer each, in the order of their ids.

    Raises:
        BadInput: If `by` is unknown or a day is no date.
        CannotAnswer: If no named customer bought anything in the window.
    """
    if by not in WEIGHTS:
        raise BadInput(f"by is {by!r}; it must be one of {', '.join(WEIGHTS)}.")
    first = tables.workspace.day_range[0] if start is None else as_date(start, "start")
    last = tables.as_of if end is None else as_date(end, "end")
    rows = tables.sql(f"""
        with lines as (
            select customer_id, order_id, ({WEIGHTS[by]})::double as w, discount_amount > 0 as yes from transactions
            where kind = 'sale' and customer_id is not null and date between date '{first}' and date '{last}'),
        orders as (
            select customer_id, order_id, sum(w) as n, coalesce(sum(w) filter (where yes), 0) as k, sum(w * w) as q
            from lines where w > 0 group by all)
        {_SUM_UP}""")
    if rows.empty:
        raise cannot_answer("nobody_in_window", start=first, end=last)
    return _counts(rows, by, bool(tables.workspace.about["simulated"]))


_SUM_UP = """select customer_id, sum(k) as k, sum(n) as n, sum(q) as q, sum(n * n) as nn, sum(n * n * n) as nnn,
            sum(q * n) as qn, sum(k * k) as kk, sum(k * n) as kn
            from orders group by customer_id order by customer_id"""


def price_counts_of_orders(orders: Any, *, simulated: bool = False) -> PriceCounts:
    """The same from a table of orders or lines that one has already.

    Args:
        orders: Any engine's table, one row an order (or a line): ``customer_id``, ``discounted`` (lines on discount)
            and ``bought`` (all lines); rows without a customer or with nothing bought are left out.
        simulated: Whether it is.

    Returns:
        Sums, one customer each.

    Raises:
        BadInput: If columns are missing, a count is missing, or more was bought on discount than at all.
        CannotAnswer: If nothing is left.
    """
    rows = as_pandas(orders, "The table of orders", ("customer_id", "discounted", "bought"))
    need_columns(rows.columns, ("customer_id", "discounted", "bought"), "The table of orders")
    k, n = (pd.to_numeric(rows[c], errors="coerce").astype(float) for c in ("discounted", "bought"))
    problems = Problems("The table of orders")
    missing, wrong = int((k.isna() | n.isna()).sum()), int(((k > n) | (k < 0)).sum())
    problems.unless(not missing, f"{missing:,} rows lack a count; fill or drop them.")
    problems.unless(not wrong, f"{wrong:,} rows have less than 0 or more discounted than bought; correct them.")
    problems.raise_any()
    made: Columns = {"k": k, "n": n, "q": n, "nn": n * n, "nnn": n**3, "qn": n * n, "kk": k * k, "kn": k * n}  # type: ignore[dict-item]
    kept = rows["customer_id"].notna() & (n > 0)
    if not kept.any():
        raise cannot_answer("no_rows", what="The table of orders")
    sums = pd.DataFrame(made)[kept].groupby(plain_ids(rows["customer_id"][kept])).sum().reset_index()
    return _counts(sums, "lines", simulated)


def _counts(rows: pd.DataFrame, by: By, simulated: bool) -> PriceCounts:
    return PriceCounts(rows["customer_id"], ClusterSums(*(rows[c].to_numpy(dtype=float) for c in _SUMS)), by, simulated)
