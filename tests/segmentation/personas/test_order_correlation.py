"""Lines of one order that go together make no tag where customers do not differ."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from crm_lab.data.connection import to_pandas
from crm_lab.segmentation.personas.shopper_tags.order_correlation import (
    independent_lines,
    order_correlations,
    squared_orders,
)
from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial

ASKED = {"voucher": ("discounted", "true"), "kind": ("kind = 'tea'", "kind is not null")}
SEEDS = 80


def lines_of_equals(seed: int, customers: int = 120) -> pd.DataFrame:
    """Orders of which each is on a voucher or not as a whole; of a tenth of lines the kind is unknown."""
    rng = np.random.default_rng(seed)
    orders = np.repeat(np.arange(customers), rng.integers(1, 12, customers))
    order = np.repeat(np.arange(len(orders)), rng.integers(1, 9, len(orders)))
    kind = np.where(rng.random(len(order)) < 0.2, "tea", "milk").astype(object)
    kind[rng.random(len(order)) < 0.1] = None
    discounted = (rng.random(len(orders)) < 0.3)[order]
    return pd.DataFrame(
        {"customer_id": orders[order], "order_id": order, "discounted": discounted, "kind": kind}
    )  # fmt: skip


def counted(lines: pd.DataFrame) -> tuple[dict[str, float], dict[str, tuple[np.ndarray, ...]], dict[str, np.ndarray]]:
    """Correlations, lines with and of each feature by customer, squared orders."""
    with duckdb.connect() as connection:
        connection.register("given", lines)

        def run(sql: str) -> pd.DataFrame:
            return to_pandas(connection.sql(sql))

        sql = "select customer_id::varchar as customer_id, * exclude customer_id from given"
        found = order_correlations(run, sql, ASKED)
        squared = squared_orders(run, sql, ASKED)
    by = lines.assign(tea=lines["kind"] == "tea", known=lines["kind"].notna()).groupby(lines["customer_id"].astype(str))
    sums = by[["discounted", "tea", "known"]].sum()
    n = by.size()
    pairs = {"voucher": (sums["discounted"], n), "kind": (sums["tea"], sums["known"])}
    return found, {name: (k.to_numpy(), of.to_numpy()) for name, (k, of) in pairs.items()}, squared


@pytest.fixture(scope="module")
def pvalues() -> pd.DataFrame:
    rows = []
    for seed in range(SEEDS):
        rho, counts, squared = counted(lines_of_equals(seed))
        plain = {f"{name}_lines": fit_beta_binomial(*counts[name]).pvalue for name in ASKED}
        told = {
            name: fit_beta_binomial(*independent_lines(*counts[name], squared[name], rho[name])).pvalue
            for name in ASKED
        }
        rows.append({**plain, **told, "rho": rho["voucher"], "rho_kind": rho["kind"]})
    return pd.DataFrame(rows)


def test_a_voucher_on_whole_orders_makes_no_tag(pvalues: pd.DataFrame) -> None:
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / SEEDS)
    assert (pvalues["voucher"] < 0.05).mean() <= most
    assert (pvalues["kind"] < 0.05).mean() <= most
    assert (pvalues["voucher_lines"] < 0.05).mean() > 0.9  # what lines taken as independent would say


def test_the_correlation_is_found(pvalues: pd.DataFrame) -> None:
    assert pvalues["rho"].mean() == pytest.approx(1.0, abs=0.03)
    assert pvalues["rho_kind"].mean() < 0.02


def test_squared_orders_are_those_of_the_lines() -> None:
    lines = lines_of_equals(1)
    _, _, squared = counted(lines)
    by_order = lines.groupby(["customer_id", "order_id"])["kind"].agg(["size", "count"]).astype(np.int64) ** 2
    by_customer = by_order.groupby(level=0).sum()
    by_customer.index = by_customer.index.astype(str)
    by_customer = by_customer.sort_index()
    np.testing.assert_array_equal(squared["voucher"], by_customer["size"])
    np.testing.assert_array_equal(squared["kind"], by_customer["count"])


def test_nothing_known_of_a_customer_is_no_line() -> None:
    k, n = independent_lines(np.array([0, 3]), np.array([0, 6]), np.array([0, 36]), 0.5)
    assert n.tolist() == [0.0, round(36 / (0.5 * 6 + 0.5 * 36), 1)]
    assert k.tolist() == [0.0, round(n[1] / 2, 1)]
