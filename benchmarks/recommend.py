"""Lists of products for every household of Complete Journey, from 1.47 million lines, against a pandas sort."""

from __future__ import annotations

import resource
import time
from typing import Any

import pandas as pd

from crm_lab import open_workspace
from crm_lab.recommend import AssociationRules, Interactions, Replenishment
from crm_lab.recommend.rankers import PopularityTies, TifuKnn


def by_pandas(lines: pd.DataFrame) -> pd.DataFrame:
    """The plain sort as an analyst writes it. The peer."""
    sales = lines[(lines["kind"] == "sale") & (lines["net_amount"] > 0)]
    pairs = sales.drop_duplicates(["order_id", "product_id"])
    counts = pairs.groupby(["customer_id", "product_id"]).size().rename("n").reset_index()
    counts["popularity"] = counts["product_id"].map(pairs.groupby("product_id").size())
    ordered = counts.sort_values(["customer_id", "n", "popularity"], ascending=[True, False, False])
    return ordered.groupby("customer_id").head(10)


def bench_lists() -> list[dict[str, Any]]:
    """From the tables to ten products a household: plain sort, TIFU-KNN; rules of pairs; due dates."""
    tables = open_workspace("complete_journey").at("2017-12-31")
    lines = tables["transactions"]
    start = time.perf_counter()
    by_pandas(lines)
    peer = time.perf_counter() - start
    start = time.perf_counter()
    bought = Interactions.of_tables(tables)
    read = time.perf_counter() - start
    common = bought.select(products=bought.popularity >= 5)
    steps = {
        "lists.plain_sort": lambda: PopularityTies().fit(bought).top(),
        "lists.tifu_knn": lambda: TifuKnn().fit(common).top(),
        "association_rules": lambda: AssociationRules(least=100).analyze(bought),
        "due_dates": lambda: Replenishment().analyze(bought),
    }
    rows = []
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        ours = read + time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append({
            "name": f"recommend.{name}", "value": round(ours, 2), "unit": "s", "ratio": round(peer / ours, 2),
            "peer": "a sort in pandas", "sizes": {
                "lines": len(lines), "customers": bought.shape[0], "products": bought.shape[1],
                "peak_gib": round(peak, 2),
            },
        })  # fmt: skip
    return rows
