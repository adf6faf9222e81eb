"""What features have in common because the same lines have both, whoever buys them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.data.rule_segments.segment_sql import columns_of, lines_sql, those_lines
from crm_lab.data.workspace import Tables
from crm_lab.segmentation.personas.rule_mining.feature_conditions import condition_of

_CUSTOMERS: Final = 20_000
_OF_GOODS: Final = ("price_share", "new_product_share", "eco_share")


def shelf_lift(tables: Tables, names: Sequence[str], start: date) -> Floats:
    """How often lines of one customer have both of two features of goods, against chance within the customer.

    Who likes a category buys what its products are: eco, of a brand, often on discount. That is no second taste, and it
    shows within each customer's own lines. Above 1 the same lines have both more often; hours and days stay 1.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> shelf_lift(tables, ("night_share", "weekend_share"), date(1997, 1, 1)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]

    Args:
        tables: As of a day.
        names: Shopper features.
        start: First day that counts.

    Returns:
        Shape (F, F).
    """
    lift = np.ones((len(names), len(names)))
    goods = [k for k, name in enumerate(names) if ":" in name or name in _OF_GOODS]
    if len(goods) < 2:
        return lift
    rows = tables.sql(_query(tables, [names[k] for k in goods], start))
    has = rows[[f"f{k}" for k in range(len(goods))]].to_numpy(dtype=float)
    lines = rows["lines"].to_numpy(dtype=float)
    _, customer = np.unique(rows["customer_id"].to_numpy(dtype=str), return_inverse=True)
    own = np.zeros((customer.max(initial=-1) + 1, len(goods)))
    np.add.at(own, customer, has * lines[:, None])
    of = np.bincount(customer, weights=lines)
    both, usual = has.T @ (has * lines[:, None]), own.T @ (own / of[:, None])
    lift[np.ix_(goods, goods)] = np.divide(both, usual, out=np.ones_like(both), where=usual > 0)
    np.fill_diagonal(lift, 1.0)
    return lift


def _query(tables: Tables, names: Sequence[str], start: date) -> str:
    """Lines of each customer by the features that they have; of at most some 20,000 customers, drawn by their ids."""
    conditions = [condition_of(name, 0.5, 1) for name in names]
    have = [f"products.{c}" for c in columns_of(tables, "products")]
    lines = lines_sql(conditions, tables.as_of, have)
    has = [f"coalesce({those_lines(condition)}, false) as f{k}" for k, condition in enumerate(conditions)]
    customers = tables.sql("select count(distinct customer_id) as n from transactions")["n"].item()
    every = -(-customers // _CUSTOMERS)
    return f"""
        with line as ({lines})
        select l.customer_id, {", ".join(has)}, count(*) as lines from line as l
        where l.kind = 'sale' and l.date >= date '{start}' and hash(l.customer_id) % {max(every, 1)} = 0
        group by all order by all"""
