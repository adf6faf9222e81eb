"""How many baskets or customers have both of two products, counted in SQL that may spill to disk."""

from __future__ import annotations

import tempfile
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.data.quoting import text_of
from crm_lab.recommend.interactions.interactions import Interactions

Unit = Literal["basket", "customer"]
_MEMORY = "1GB"


def unit_counts(interactions: Interactions, unit: Unit) -> tuple[Integers, int]:
    """Baskets or customers with each product, and how many there are.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> unit_counts(Interactions.of(lines, "2024-01-31"), "basket")
    (array([1, 2]), 2)

    Args:
        interactions: What was bought.
        unit: What is counted.

    Returns:
        Counts, shape (products,), and the number of units.
    """  # fmt: skip
    if unit == "basket":
        return interactions.popularity, len(interactions.customer)
    return interactions.buyers, interactions.shape[0]


def pair_counts(interactions: Interactions, products: Integers, least: int, unit: Unit) -> pd.DataFrame:
    """Units with both of two products.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> pair_counts(Interactions.of(lines, "2024-01-31"), np.array([0, 1]), 1, "basket").to_numpy().tolist()
    [[0, 1, 1]]

    Args:
        interactions: What was bought.
        products: Places of the products that are looked at.
        least: Fewest units of a pair.
        unit: What is counted.

    Returns:
        ``a, b, together`` with places a < b, by a and b.
    """  # fmt: skip
    matrix = interactions.baskets if unit == "basket" else interactions.bought
    wanted = np.zeros(interactions.shape[1], dtype=bool)
    wanted[products] = True
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = wanted[matrix.indices]
    items = pd.DataFrame({"unit": rows[kept], "product": matrix.indices[kept]}).astype("int32")
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'; set temp_directory = {text_of(spill)}")
        connection.register("items_", items)
        found: pd.DataFrame = connection.sql(f"""
            select one.product::bigint as a, other.product::bigint as b, count(*) as together
            from items_ as one join items_ as other on one.unit = other.unit and one.product < other.product
            group by 1, 2 having count(*) >= {int(least)} order by 1, 2""").df()
    return found
