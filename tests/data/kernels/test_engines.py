"""The kernels give the same on pandas, Polars and DuckDB, and so does each word they use."""

import ast
import inspect
import sys
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from crm_lab.checks import BadInput
from crm_lab.data.kernels.customer360 import customer_table
from crm_lab.data.kernels.customer_mix import customer_mix
from crm_lab.data.kernels.orders import roll_up_orders
from crm_lab.data.validation import breaches, refuse_breaches
from crm_lab.tables.sales import TRANSACTIONS

ENGINES = ("pandas", "polars", "duckdb")


CONNECTION = duckdb.connect()


def on(engine, frame):
    if engine == "pandas":
        return frame
    if engine == "polars":
        return pl.from_pandas(frame)
    return CONNECTION.from_arrow(pl.from_pandas(frame).to_arrow())


def back(native, by):
    frame = nw.from_native(native).lazy().collect().to_pandas()
    return frame.sort_values(by).reset_index(drop=True)


@pytest.fixture(scope="module")
def lines():
    return pd.DataFrame(
        {
            "line_id": range(1, 9),
            "source_row": range(1, 9),
            "order_id": ["1", "1", "2", "3", "3", "4", "5", "6"],
            "customer_id": ["a", "a", "a", "b", "b", "a", None, "b"],
            "product_id": ["x", "y", "x", "x", "x", "y", "x", "p"],
            "day": [10, 10, 14, 11, 11, 20, 12, 12],
            "date": pd.to_datetime([10, 10, 14, 11, 11, 20, 12, 12], unit="D"),
            "hour": [9, 9, 10, 11, 11, 12, 13, 14],
            "weekday": [7, 7, 4, 1, 1, 3, 2, 2],
            "kind": ["sale"] * 3 + ["sale", "return", "sale", "sale", "fee"],
            "quantity": [1.0, 2.0, 1.0, 3.0, -1.0, 1.0, 1.0, 1.0],
            "gross_amount": [5.0, 6.0, 5.0, 15.0, -5.0, 6.5, 5.0, 4.0],
            "discount_amount": [0.0, 1.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0],
            "net_amount": [5.0, 5.0, 5.0, 15.0, -5.0, 6.0, 5.0, 4.0],
        }
    )  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_orders_are_the_same_on_every_engine(engine, lines):
    orders = back(roll_up_orders(on(engine, lines)), "order_id")
    assert orders["order_id"].tolist() == ["1", "2", "3", "4", "5"]
    assert orders["n_lines"].tolist() == [2, 1, 1, 1, 1]
    assert orders["n_units"].tolist() == [3, 1, 3, 1, 1]
    assert orders["net_amount"].tolist() == [10, 5, 15, 6, 5]


@pytest.mark.parametrize("engine", ENGINES)
def test_customer_table_is_the_same_on_every_engine(engine, lines):
    table = back(customer_table(on(engine, lines), 21), "customer_id").set_index("customer_id")
    assert table.index.tolist() == ["a", "b"]
    assert table["n_orders"].tolist() == [3, 1]
    assert table["n_days"].tolist() == [3, 1]
    assert table["revenue"].tolist() == [21, 10]
    assert table["returned"].tolist() == [0, 5]
    assert table["recency_days"].tolist() == [1, 10]
    assert table.loc["a", "median_gap_days"] == 5
    assert pd.isna(table.loc["b", "median_gap_days"])
    assert table.loc["a", "discount_share"] == pytest.approx(1.5 / 22.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_customer_mix_is_the_same_on_every_engine(engine, lines):
    sold = lines.assign(store_id=["n", "n", "s", "n", "n", "s", "n", "n"])
    products = pd.DataFrame({"product_id": ["x", "y"], "category": ["tea", "cups"]})
    mix = back(customer_mix(on(engine, sold), 21, on(engine, products)), "customer_id").set_index("customer_id")
    assert mix["n_products"].tolist() == [2, 1]
    assert mix["n_units"].tolist() == [5, 3]
    assert mix.loc["a", "top_category"] == "cups"
    assert mix.loc["a", "top_category_share"] == pytest.approx(11 / 21)
    assert mix.loc["a", "top_store"] == "s"
    assert mix["n_stores"].tolist() == [2, 1]
    assert mix.loc["a", "morning_share"] == pytest.approx(15 / 21)
    assert mix.loc["a", "weekend_share"] == pytest.approx(10 / 21)


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_of_the_day_have_no_share_where_no_hour_is_known(engine, lines):
    dated = lines.assign(store_id="n", hour=pd.array([pd.NA] * len(lines), dtype="Int64"))
    mix = back(customer_mix(on(engine, dated), 21), "customer_id").set_index("customer_id")
    assert mix[["morning_share", "afternoon_share", "evening_share"]].isna().all(axis=None)
    assert mix.loc["a", "weekend_share"] == pytest.approx(10 / 21)


@pytest.mark.parametrize("engine", ENGINES)
def test_customer_table_ignores_what_comes_later(engine, lines):
    early = back(customer_table(on(engine, lines), 14), "customer_id")
    known = back(customer_table(on(engine, lines[lines["day"] <= 14]), 14), "customer_id")
    pd.testing.assert_frame_equal(early, known)


@pytest.mark.parametrize("engine", ENGINES)
def test_contract_names_every_breach_on_every_engine(engine, lines):
    bad = lines.drop(columns="hour").assign(
        line_id=[1, 1, 3, 4, 5, 6, 7, 8],
        kind=["gift", *lines["kind"][1:]],
        order_id=["1", None, *lines["order_id"][2:]],
    )
    said = [str(breach) for breach in breaches(on(engine, bad), TRANSACTIONS)]
    assert said == [
        "transactions.hour is not there.",
        "transactions.order_id may not be missing: 1 row.",
        "transactions.line_id must be unique: 1 row, e.g. 1.",
        "transactions.kind must be one of sale, return, cancellation, fee: 1 row, e.g. 'gift'.",
    ]
    assert not breaches(on(engine, lines), TRANSACTIONS)
    with pytest.raises(BadInput, match="The table transactions breaks its contract"):
        refuse_breaches(on(engine, bad), TRANSACTIONS)


WORDS = {
    "filter keeps no nulls": (lambda f: f.filter(nw.col("v") > 1).select("v"), [2.0, 3.0]),
    "when/then without otherwise is null": (
        lambda f: f.select(v=nw.when(nw.col("v") > 2).then(nw.col("v"))),
        [None, None, 3.0, None],
    ),
    "sum skips nulls": (lambda f: f.select(v=nw.col("v").sum()), [6.0]),
    "sum of nothing is zero": (lambda f: f.filter(nw.col("v") > 9).select(v=nw.col("v").sum()), [0.0]),
    "mean skips nulls": (lambda f: f.select(v=nw.col("v").mean()), [2.0]),
    "median of an even number is between": (
        lambda f: f.filter(nw.col("v") < 3).select(v=nw.col("v").median()),
        [1.5],
    ),
    "len counts nulls": (lambda f: f.select(v=nw.len()), [4]),
    "min and max skip nulls": (lambda f: f.select(v=nw.col("v").max() - nw.col("v").min()), [2.0]),
    "shift follows order_by within over": (
        lambda f: f.with_columns(v=nw.col("i").shift(1).over("g", order_by="i")).sort("i").select("v"),
        [None, 1, None, 3],
    ),
    "cum_sum follows order_by": (
        lambda f: f.with_columns(v=nw.col("i").cum_sum().over("g", order_by="i")).sort("i").select("v"),
        [1, 3, 3, 7],
    ),
    "rank average": (
        lambda f: f.with_columns(v=nw.col("t").rank("average")).sort("i").select("v"),
        [1.5, 1.5, 3.5, 3.5],
    ),
    "rank min": (lambda f: f.with_columns(v=nw.col("t").rank("min")).sort("i").select("v"), [1, 1, 3, 3]),
    "anti join keeps what has no partner": (
        lambda f: f.join(f.filter(nw.col("i") > 2), on="i", how="anti").sort("i").select(v="i"),
        [1, 2],
    ),
    "n_unique within groups": (
        lambda f: f.group_by("g").agg(v=nw.col("t").n_unique()).sort("g").select("v"),
        [1, 1],
    ),
    "n_unique counts null as a value": (lambda f: f.select(v=nw.col("v").n_unique()), [4]),
    "min of text is the first in order": (lambda f: f.select(v=nw.col("g").min()), ["a"]),
    "otherwise takes nulls too": (
        lambda f: f.sort("i").select(v=nw.when(nw.col("v") > 1).then(nw.lit(1)).otherwise(nw.lit(0))),
        [0, 1, 1, 0],
    ),
    "inner join keeps what has a partner": (
        lambda f: f.join(f.filter(nw.col("i") > 2).select("i"), on="i", how="inner").sort("i").select(v="i"),
        [3, 4],
    ),
    "left join fills with nulls": (
        lambda f: f.join(f.filter(nw.col("i") > 2).select("i", w="t"), on="i", how="left").sort("i").select(v="w"),
        [None, None, 7, 7],
    ),
    "a null key has no partner": (
        lambda f: f.join(f.select("v", w="i"), on="v", how="left").sort("i").select(v="w"),
        [1, 2, 3, None],
    ),
    "unique keeps one row a key": (lambda f: f.unique("g").sort("g").select(v="g"), ["a", "b"]),
    "drop leaves the other columns": (lambda f: f.drop("g", "t").sort("i").select(v="i"), [1, 2, 3, 4]),
    "head after sort": (lambda f: f.sort("i").head(2).select(v="i"), [1, 2]),
    "whole numbers divide to fractions": (
        lambda f: f.sort("i").select(v=nw.col("i") / nw.col("t")),
        [1 / 5, 2 / 5, 3 / 7, 4 / 7],
    ),
    "arithmetic with null is null": (
        lambda f: f.sort("i").select(v=nw.col("i") - nw.col("v")), [0.0, 0.0, 0.0, None]),
    "not is_null": (lambda f: f.filter(~nw.col("v").is_null()).sort("i").select(v="i"), [1, 2, 3]),
    "and with a null is not true": (lambda f: f.filter((nw.col("i") > 0) & (nw.col("v") > 2)).select("v"), [3.0]),
    "is_null": (lambda f: f.filter(nw.col("v").is_null()).select(v="i"), [4]),
    "cast to Float64": (lambda f: f.sort("i").select(v=nw.col("i").cast(nw.Float64) / 2), [0.5, 1.0, 1.5, 2.0]),
    "alias names a column": (lambda f: f.sort("i").select(nw.col("i").alias("v")), [1, 2, 3, 4]),
    "is_in": (lambda f: f.filter(nw.col("g").is_in(["b"])).sort("i").select(v="i"), [3, 4]),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("word", WORDS)
def test_each_word_means_the_same(engine, word):
    frame = pd.DataFrame({"i": [1, 2, 3, 4], "g": ["a", "a", "b", "b"], "t": [5, 5, 7, 7], "v": [1.0, 2.0, 3.0, None]})
    expression, expected = WORDS[word]
    native = on(engine, frame)
    values = expression(nw.from_native(native).lazy()).collect()["v"].to_list()
    assert [None if v is None or v != v else v for v in values] == expected  # noqa: PLR0124 - NaN is pandas' null


SCHEMA = {
    "collect_schema",
    "from_native",
    "is_float",
    "is_integer",
    "is_numeric",
    "names",
    "to_list",
    "to_native",
    "item",
}
"""About frames and columns as such; they compute nothing."""


def called_on(expression):
    return {
        node.func.attr
        for node in ast.walk(expression)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


@pytest.mark.parametrize("kernel", ["validation", "kernels.orders", "kernels.customer360", "kernels.customer_mix"])
def test_kernels_use_no_word_that_is_not_tested(kernel):
    tested = called_on(ast.parse(Path(__file__).read_text()))
    used = called_on(ast.parse(Path(inspect.getfile(sys.modules[f"crm_lab.data.{kernel}"])).read_text()))
    assert used - SCHEMA - {"isna", "append"} <= tested
    assert "shift" in tested
    assert "pivot" not in tested
