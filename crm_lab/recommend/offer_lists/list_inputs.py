"""What is told of products and customers beside purchases, checked: margins, stock, returns, and what is excluded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.interactions.interactions import Interactions


@dataclass(frozen=True, kw_only=True, eq=False)
class ListInputs:
    """Frames beside the purchases; each may be missing. Ids are read as text.

    >>> told = ListInputs(products=pd.DataFrame({"product_id": ["tea"], "margin": [1.5], "in_stock": [True]}))
    >>> told.margins(np.array(["gin", "tea"], dtype=object)).tolist()
    [nan, 1.5]

    Attributes:
        products: ``product_id``, one row per product, and of ``margin`` (money a basket with the product earns),
            ``in_stock`` (true or false), ``name``, ``category``, ``brand`` and others what is known.
        returned: ``customer_id`` and ``product_id`` of products that customers have returned.
        excluded: ``product_id`` of products that are not to be offered, with ``customer_id`` to that customer only.
    """

    products: pd.DataFrame | None = None
    returned: pd.DataFrame | None = None
    excluded: pd.DataFrame | None = None

    @classmethod
    def of_tables(cls, tables: Tables, margin_share: float | None = None) -> ListInputs:
        """What the tables of a workspace tell: products with the margin of a basket, and what was returned.

        >>> from crm_lab import open_workspace
        >>> ListInputs.of_tables(open_workspace("cdnow_sample").at("1998-06-30"), 0.3).products.empty
        True

        Args:
            tables: Tables of `Workspace.at`.
            margin_share: Margin by sales, of products whose unit cost neither lines nor products tell; without either
                no margin is told.

        Returns:
            Products, with the columns of their table where there is one, and returned products by customer.

        Raises:
            BadInput: If the share is not in [0, 1].
        """
        if margin_share is not None and not 0 <= margin_share <= 1:
            raise BadInput(f"margin_share is {margin_share}; it must lie in [0, 1].")
        have = tables.workspace.columns("transactions")
        if "product_id" not in have:
            raise cannot_answer("no_products_bought", day=tables.as_of)
        products = tables.sql(_margins("order_id" if "order_id" in have else "(customer_id, date)", _priced(tables)))
        if margin_share is not None:
            products["margin"] = products["margin"].fillna(margin_share * products["sales"])
        products = products.drop(columns="sales")
        if "products" in tables:
            named = tables.sql("select * from products")
            products = products.merge(named.astype({"product_id": str}), on="product_id", how="left")
        returned = tables.sql("""
            select distinct customer_id::varchar as customer_id, product_id::varchar as product_id from transactions
            where kind = 'return' and customer_id is not null and product_id is not null order by 1, 2""")
        return cls(products=products, returned=returned)

    def __post_init__(self) -> None:
        problems = Problems("What is told of products")
        if self.products is not None:
            need_columns(self.products.columns, ["product_id"], "products")
            problems.extend(_wrong_products(self.products))
        if self.returned is not None:
            need_columns(self.returned.columns, ["customer_id", "product_id"], "returned")
        if self.excluded is not None:
            need_columns(self.excluded.columns, ["product_id"], "excluded")
        problems.raise_any()

    def margins(self, ids: np.ndarray) -> Floats:
        """Margin of each product, nan where it is not told.

        >>> told.margins(np.array(["tea"], dtype=object)).tolist()
        [1.5]

        Args:
            ids: Of products, shape (products,).

        Returns:
            Money, shape (products,).
        """
        if self.products is None or "margin" not in self.products:
            return np.full(len(ids), np.nan)
        return np.asarray(self._by_id("margin").reindex(ids).to_numpy(dtype=float, na_value=np.nan))

    def out_of_stock(self, ids: np.ndarray) -> Booleans:
        """Which products are told to be out of stock; those of which nothing is told are not.

        >>> told.out_of_stock(np.array(["tea", "gin"], dtype=object)).tolist()
        [False, False]

        Args:
            ids: Of products, shape (products,).

        Returns:
            Shape (products,).
        """
        if self.products is None or "in_stock" not in self.products:
            return np.zeros(len(ids), dtype=bool)
        stock = self._by_id("in_stock")
        return np.isin(ids.astype(str), stock.index[stock.eq(False).fillna(False).to_numpy(dtype=bool)].to_numpy(str))

    def names(self) -> dict[str, str]:
        """Names of products by id, where they are told.

        >>> told.names()
        {}
        """
        if self.products is None or "name" not in self.products:
            return {}
        return {str(key): str(name) for key, name in self._by_id("name").dropna().items()}

    def kept_off(self, known: Interactions, customer: Integers, product: Integers) -> dict[str, Booleans]:
        """Which rows are excluded, out of stock, or returned by the customer.

        Args:
            known: Whose places the rows have.
            customer: Places, shape (rows,).
            product: Places, shape (rows,).

        Returns:
            By reason, each of shape (rows,).
        """
        width = known.shape[1]
        key = customer * width + product
        everybody, one = self._excluded()
        return {
            "excluded": np.isin(product, _places(known.product_ids, everybody)) | np.isin(key, _pairs(known, one)),
            "out_of_stock": self.out_of_stock(known.product_ids)[product],
            "returned": np.isin(key, _pairs(known, self.returned)),
        }  # fmt: skip

    def _excluded(self) -> tuple[pd.Series, pd.DataFrame | None]:
        """Products that nobody is offered, and pairs."""
        frame = self.excluded
        if frame is None:
            return pd.Series([], dtype=str), None
        if "customer_id" not in frame:
            return frame["product_id"], None
        return frame.loc[frame["customer_id"].isna(), "product_id"], frame[frame["customer_id"].notna()]

    def _by_id(self, column: str) -> pd.Series:
        assert self.products is not None  # noqa: S101 - asked before
        return pd.Series(self.products[column].to_numpy(), index=self.products["product_id"].astype(str))


def _priced(tables: Tables) -> str:
    """SQL of all lines with ``unit_cost``: their own, that of their product, or none."""
    if "unit_cost" in tables.workspace.columns("transactions"):
        return "transactions"
    if "products" in tables and "unit_cost" in tables.workspace.columns("products"):
        return "transactions left join (select product_id, unit_cost from products) using (product_id)"
    return "(select *, null::double as unit_cost from transactions)"


def _margins(order: str, lines: str) -> str:
    """SQL of what a basket with each product earns and sells; the first by lines whose cost is known alone."""
    known = "unit_cost is not null and quantity is not null"
    return f"""
        select product_id::varchar as product_id,
               sum(net_amount - quantity * unit_cost) filter (where {known})::double
                   / nullif(count(distinct {order}) filter (where {known}), 0) as margin,
               sum(net_amount)::double / count(distinct {order}) as sales
        from {lines} where kind = 'sale' and net_amount > 0 and product_id is not null group by 1 order by 1"""


def _wrong_products(products: pd.DataFrame) -> list[str]:
    found = []
    twice = int(products["product_id"].astype(str).duplicated().sum())
    if twice:
        found.append(f"products have {twice} ids more than once; give one row per product.")
    if "margin" in products:
        margin = pd.to_numeric(products["margin"], errors="coerce")
        bad = int((products["margin"].notna() & ~np.isfinite(margin.to_numpy(dtype=float, na_value=np.nan))).sum())
        if bad:
            found.append(f"margin of {bad} products is no finite number; leave it empty where it is not known.")
    if "in_stock" in products and not products["in_stock"].dropna().isin([True, False]).all():
        bad = int((~products["in_stock"].dropna().isin([True, False])).sum())
        found.append(f"in_stock of {bad} products is neither true nor false.")
    return found


def _places(ids: np.ndarray, some: pd.Series) -> np.ndarray:
    return np.asarray(pd.Index(ids).get_indexer(pd.Index(some.dropna().astype(str).unique())))


def _pairs(known: Interactions, frame: pd.DataFrame | None) -> np.ndarray:
    """Keys of customers and products that are known."""
    if frame is None:
        return np.zeros(0, dtype=np.int64)
    frame = frame.dropna(subset=["customer_id", "product_id"])
    who = pd.Index(known.customer_ids).get_indexer(pd.Index(frame["customer_id"].astype(str)))
    what = pd.Index(known.product_ids).get_indexer(pd.Index(frame["product_id"].astype(str)))
    both = (who >= 0) & (what >= 0)
    return np.unique(who[both].astype(np.int64) * known.shape[1] + what[both])
