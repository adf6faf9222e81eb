"""What customers bought as a sparse matrix of baskets by products, with the customer and the day of each basket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import day_date
from crm_lab.checks import as_date, need_columns
from crm_lab.data.connection import to_pandas
from crm_lab.data.kernels.dataframes import PURCHASES, column_names, id_texts, purchase_table
from crm_lab.data.quoting import name_of
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer

_FURTHER = ("order_id", "hour", "kind", "net_amount")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Lines that are no purchase of a product by a customer, by the first reason that holds.

    >>> LeftOut(later=3).no_sale
    0

    Attributes:
        later: After the last day that counts.
        no_sale: Returns, fees, and lines with an amount of 0 or less.
        no_customer: Without a customer.
        no_product: Without a product.
    """

    later: int = 0
    no_sale: int = 0
    no_customer: int = 0
    no_product: int = 0


@dataclass(frozen=True, eq=False)
class Interactions:
    """Baskets of customers: which products, on which day.

    A basket is an order of a customer, or without order numbers what a customer bought on a day. Baskets stand by
    customer, then day, hour and order number, so that the last of a customer is the last row; customers and products
    stand by id. Nothing of it depends on the order of the lines.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "product_id": ["tea", "milk", "tea", "tea"],
    ...     "order_id": ["1", "1", "2", "3"], "date": pd.to_datetime(["2024-01-01"] * 2 + ["2024-01-09"] * 2)})
    >>> bought = Interactions.of(lines, "2024-01-31")
    >>> bought.customer_ids.tolist(), bought.product_ids.tolist(), bought.popularity.tolist()
    (['a', 'b'], ['milk', 'tea'], [1, 3])

    Attributes:
        customer_ids: Ids of customers, shape (customers,).
        product_ids: Ids of products, shape (products,).
        baskets: 1 where a basket holds a product, shape (baskets, products).
        customer: Place of the customer of each basket, shape (baskets,).
        day: Day of each basket, days since 1970-01-01, shape (baskets,).
        as_of: Last day that counts.
        left_out: Lines that do not count.
        simulated: Whether the purchases are made up.
    """  # fmt: skip

    customer_ids: NDArray[np.object_]
    product_ids: NDArray[np.object_]
    baskets: sparse.csr_array
    customer: Integers
    day: Integers
    as_of: date
    left_out: LeftOut = LeftOut()
    simulated: bool = False

    @classmethod
    def of(
        cls,
        lines: IntoFrame,
        as_of: str | date | datetime,
        *,
        customer: str = "customer_id",
        product: str = "product_id",
        date: str = "date",
        simulated: bool = False,
    ) -> Interactions:
        """Interactions of sale lines in a DataFrame of any engine.

        >>> Interactions.of(lines, "2024-01-05").customer_ids.tolist()
        ['a']

        Args:
            lines: One row per line; where they are there, ``order_id``, ``hour``, ``kind`` (only ``sale`` counts) and
                ``net_amount`` (only above 0 counts) are used.
            as_of: Last day that counts.
            customer: Column with the customer.
            product: Column with the product; any text, quotes and all.
            date: Column with the date.
            simulated: Whether the purchases are made up.

        Returns:
            The interactions.

        Raises:
            BadInput: If a column is missing or dates cannot be read.
            CannotAnswer: If no line is a sale of a product to a customer up to the day.
        """
        need_columns(column_names(lines, PURCHASES), [product], PURCHASES)
        table = purchase_table(lines, customer=customer, date=date, amount=None, also=[product, *_FURTHER])
        table = table.rename(columns={product: "product_id"}) if product != "product_id" else table
        kept = ["customer_id", "product_id", "date", *(name for name in _FURTHER if name in table)]
        with duckdb.connect() as connection:
            fractions = [name for name in ("customer_id", "product_id") if pd.api.types.is_float_dtype(table[name])]
            connection.register("lines_", table[kept].assign(**{name: id_texts(table[name]) for name in fractions}))
            connection.execute("create temp view transactions as from lines_")
            return _built(
                lambda sql: to_pandas(connection.sql(sql)), kept, as_date(as_of), simulated
            )  # fmt: skip

    @classmethod
    def of_tables(cls, tables: Tables) -> Interactions:
        """Interactions of the sale lines of a workspace as they were known on a day.

        >>> from crm_lab import open_workspace
        >>> Interactions.of_tables(open_workspace("cdnow_sample").at("1998-06-30"))
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: No line up to 1998-06-30 is a sale of a product to a customer; ...

        Args:
            tables: Tables of `Workspace.at`; of another source, lines of its own go through `of`.

        Returns:
            The interactions.

        Raises:
            CannotAnswer: If no line is a sale of a product to a customer.
        """
        have = list(tables.workspace.columns("transactions"))
        kept = ["customer_id", "product_id", "date", *(name for name in _FURTHER if name in have)]
        return _built(tables.sql, kept, tables.as_of, bool(tables.workspace.about["simulated"]), have)

    @property
    def shape(self) -> tuple[int, int]:
        """Customers and products.

        >>> bought.shape
        (2, 2)
        """
        return len(self.customer_ids), len(self.product_ids)

    @cached_property
    def popularity(self) -> Integers:
        """Baskets with each product, shape (products,).

        >>> bought.popularity.tolist()
        [1, 3]
        """
        return np.bincount(self.baskets.indices, minlength=self.shape[1]).astype(np.int64)

    @cached_property
    def buyers(self) -> Integers:
        """Customers with each product, shape (products,).

        >>> bought.buyers.tolist()
        [1, 2]
        """
        return np.bincount(self.counts.indices, minlength=self.shape[1]).astype(np.int64)

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Baskets of each customer with each product, shape (customers, products).

        >>> bought.counts.toarray().tolist()
        [[1.0, 2.0], [0.0, 1.0]]
        """
        return self.weighted(np.ones(len(self.customer)))

    @cached_property
    def bought(self) -> sparse.csr_array:
        """1 where a customer has bought a product, shape (customers, products).

        >>> bought.bought.toarray().tolist()
        [[1.0, 1.0], [0.0, 1.0]]
        """
        counts = self.counts
        return sparse.csr_array((np.ones(counts.nnz), counts.indices, counts.indptr), shape=counts.shape)

    @cached_property
    def baskets_of(self) -> Integers:
        """Baskets of each customer, shape (customers,).

        >>> bought.baskets_of.tolist()
        [2, 1]
        """
        return np.bincount(self.customer, minlength=self.shape[0]).astype(np.int64)

    @cached_property
    def place(self) -> Integers:
        """How many baskets of the customer came before each basket, shape (baskets,).

        >>> bought.place.tolist()
        [0, 1, 0]
        """
        first = np.concatenate([[0], np.cumsum(self.baskets_of)[:-1]])
        return np.asarray(np.arange(len(self.customer)) - first[self.customer], dtype=np.int64)

    def weighted(self, weight: Floats) -> sparse.csr_array:
        """Sum of weights of each customer's baskets with each product.

        >>> bought.weighted(np.array([1.0, 0.5, 1.0])).toarray().tolist()
        [[1.0, 1.5], [0.0, 1.0]]

        Args:
            weight: Weight of each basket, shape (baskets,).

        Returns:
            Shape (customers, products), indices in order.
        """
        n = len(self.customer)
        owners = sparse.csr_array((weight, (self.customer, np.arange(n))), shape=(self.shape[0], n))
        made = sparse.csr_array(owners @ self.baskets)
        made.sort_indices()
        return made

    def select(self, baskets: Booleans | None = None, products: Booleans | None = None) -> Interactions:
        """Some baskets and products; who or what is left without any goes.

        >>> bought.select(baskets=bought.day < bought.day.max()).product_ids.tolist()
        ['milk', 'tea']

        Args:
            baskets: Which to keep, shape (baskets,); all unless given.
            products: Which to keep, shape (products,); all unless given.

        Returns:
            The interactions with them. What is known ends where it did if only products go, else with the last basket
            that is kept.

        Raises:
            CannotAnswer: If nothing is left.
        """
        rows = np.ones(len(self.customer), dtype=bool) if baskets is None else baskets
        matrix = self.baskets[np.flatnonzero(rows)]
        wanted = np.bincount(matrix.indices, minlength=self.shape[1]) > 0
        if products is not None:
            wanted &= products
        matrix = sparse.csr_array(matrix[:, np.flatnonzero(wanted)])
        filled = np.diff(matrix.indptr) > 0
        if not filled.any():
            raise cannot_answer("nothing_left_to_recommend")
        at = np.flatnonzero(rows)[filled]
        owners, customer = np.unique(self.customer[at], return_inverse=True)
        matrix = sparse.csr_array(matrix[np.flatnonzero(filled)])
        return Interactions(
            self.customer_ids[owners], self.product_ids[wanted], matrix, customer.astype(np.int64), self.day[at],
            self.as_of if baskets is None else day_date(int(self.day[at].max())), self.left_out, self.simulated,
        )  # fmt: skip

    def matched(self, customers: NDArray[np.object_], products: NDArray[np.object_]) -> sparse.csr_array:
        """What was bought as a matrix in the order of other customers and products; those that are not there go.

        >>> bought.matched(np.array(["b"], dtype=object), np.array(["tea", "gin"], dtype=object)).toarray().tolist()
        [[1.0, 0.0]]

        Args:
            customers: Ids, shape (n,).
            products: Ids, shape (m,).

        Returns:
            1 where bought, shape (n, m).
        """
        row = pd.Index(customers).get_indexer(pd.Index(self.customer_ids))
        column = pd.Index(products).get_indexer(pd.Index(self.product_ids))
        pairs = self.bought.tocoo()
        who, what = row[pairs.row], column[pairs.col]
        known = (who >= 0) & (what >= 0)
        shape = (len(customers), len(products))
        return sparse.csr_array((np.ones(int(known.sum())), (who[known], what[known])), shape=shape)


def _sales(columns: list[str], as_of: date) -> str:
    """SQL of the lines with the reason why each does not count, or none."""
    no_sale = [
        condition
        for name, condition in (
            ("kind", "kind is distinct from 'sale'"),
            ("net_amount", "not coalesce(net_amount > 0 and not isnan(net_amount::double), false)"),
        )
        if name in columns
    ]
    order = "order_id::varchar" if "order_id" in columns else "null"
    hour = "hour::double" if "hour" in columns else "null::double"
    return f"""
        select {name_of("customer_id")}::varchar as c, {name_of("product_id")}::varchar as p,
               coalesce({order}, date::date::varchar) as o, date::date as d, {hour} as h,
               case when date::date > date '{as_of}' then 'later'
                    when {" or ".join(no_sale) or "false"} then 'no_sale'
                    when customer_id is null then 'no_customer'
                    when product_id is null then 'no_product' end as why
        from transactions"""


def _built(
    run: Callable[[str], pd.DataFrame], columns: list[str], as_of: date, simulated: bool, have: list[str] | None = None
) -> Interactions:
    """The interactions of the view ``transactions``; `run` gives what a query finds."""
    if have is not None and "product_id" not in have:
        raise cannot_answer("no_products_bought", day=as_of)
    lines = _sales(columns, as_of)
    why = run(f"select why, count(*) as n from ({lines}) where why is not null group by 1")
    left_out = LeftOut(**dict(zip(why["why"], map(int, why["n"]), strict=True)))
    sales = f"sales as (select * from ({lines}) where why is null)"
    named = f"{sales}, products as (select p, row_number() over (order by p) - 1 as product from sales group by p)"
    put = f"""{named}, baskets as (
        select c, o, min(d) as d, row_number() over (order by c, min(d), min(h) nulls last, o) - 1 as basket
        from sales group by c, o)"""
    products = run(f"with {named} select p from products order by product")["p"]
    if products.empty:
        raise cannot_answer("no_products_bought", day=as_of)
    baskets = run(f"with {put} select c, date_diff('day', date '1970-01-01', d) as day from baskets order by basket")
    pairs = run(f"""
        with {put} select distinct basket, product from sales join baskets using (c, o) join products using (p)
        order by basket, product""")
    return _assembled(products, baskets, pairs, as_of, left_out, simulated)


def _assembled(
    products: pd.Series, baskets: pd.DataFrame, pairs: pd.DataFrame, as_of: date, left_out: LeftOut, simulated: bool
) -> Interactions:
    customer, ids = pd.factorize(baskets["c"])  # in order already
    at: Any = (pairs["basket"].to_numpy(np.int64), pairs["product"].to_numpy(np.int64))
    matrix = sparse.csr_array((np.ones(len(pairs)), at), shape=(len(baskets), len(products)))
    return Interactions(
        np.asarray(ids, dtype=object), products.to_numpy(dtype=object), matrix, customer.astype(np.int64),
        baskets["day"].to_numpy(np.int64), as_of, left_out, simulated,
    )  # fmt: skip
