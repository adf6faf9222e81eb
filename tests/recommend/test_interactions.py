"""What customers bought as baskets by products: same for every order of rows, engine and hostile name."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import Interactions
from crm_lab.recommend.interactions.interactions import LeftOut
from crm_lab.recommend.interactions.tie_order import keyed_hashes, tie_order

HOSTILE = ["O'Neil's \"best\"", "'; drop table transactions; --", "a\nb", "牛奶", "{x}", "%s", "NULL", " ", "$x_1$"]


def lines_of(rows, columns=("customer_id", "order_id", "product_id", "date")):
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.assign(date=pd.to_datetime(frame["date"]))


def random_lines(seed=0, n=400):
    rng = np.random.default_rng(seed)
    order = rng.integers(0, 90, n)
    return pd.DataFrame({
        "customer_id": [f"c{k % 13}" for k in order], "order_id": [f"o{k}" for k in order],
        "product_id": [f"p{k}" for k in rng.integers(0, 25, n)],
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(order // 3, "D"), "hour": order % 24,
        "kind": rng.choice(["sale", "sale", "sale", "return"], n), "net_amount": rng.choice([0.0, 2.0, 3.0, -1.0], n),
    })  # fmt: skip


def test_counts_are_those_of_pandas_on_the_sales():
    lines = random_lines()
    found = Interactions.of(lines, "2024-01-20")
    sales = lines[(lines["date"] <= "2024-01-20") & (lines["kind"] == "sale") & (lines["net_amount"] > 0)]
    pairs = sales.drop_duplicates(["customer_id", "order_id", "product_id"])
    wanted = pairs.groupby(["customer_id", "product_id"]).size()
    counts = found.counts.tocoo()
    assert {
        (found.customer_ids[c], found.product_ids[p]): n
        for c, p, n in zip(counts.row, counts.col, counts.data, strict=True)
    } == wanted.to_dict()
    assert found.popularity.tolist() == pairs.groupby("product_id").size().loc[found.product_ids].tolist()
    assert found.buyers.sum() == len(wanted)


def test_order_of_rows_and_engine_do_not_matter():
    lines = random_lines(1)
    one = Interactions.of(lines, "2024-02-01")
    for other in (lines.sample(frac=1, random_state=3), pl.from_pandas(lines)):
        again = Interactions.of(other, "2024-02-01")
        assert (one.baskets != again.baskets).nnz == 0
        assert np.array_equal(one.day, again.day)
        assert np.array_equal(one.customer, again.customer)
        assert list(one.product_ids) == list(again.product_ids)


def test_hostile_names_are_only_names():
    lines = lines_of([("it's", "1", name, "2024-01-01") for name in HOSTILE])
    found = Interactions.of(lines.rename(columns={"product_id": 'sku"; --'}), "2024-01-31", product='sku"; --')
    assert sorted(found.product_ids) == sorted(HOSTILE)
    assert found.shape == (1, len(HOSTILE))


def test_every_line_left_out_has_one_reason():
    lines = lines_of(
        [
            ("a", "1", "tea", "2024-01-01", "sale", 1.0), ("a", "1", "milk", "2024-01-01", "return", -1.0),
            ("a", "2", "gin", "2024-03-01", "sale", 1.0), (None, "3", "tea", "2024-01-01", "sale", 1.0),
            ("a", "4", None, "2024-01-01", "sale", 1.0), ("a", "5", "tea", "2024-01-01", "sale", np.nan),
        ],
        ("customer_id", "order_id", "product_id", "date", "kind", "net_amount"),
    )  # fmt: skip
    found = Interactions.of(lines, "2024-01-31")
    assert found.left_out == LeftOut(later=1, no_sale=2, no_customer=1, no_product=1)
    assert found.product_ids.tolist() == ["tea"]


def test_baskets_of_a_day_stand_by_hour_and_without_orders_are_one():
    lines = lines_of([("a", "9", "tea", "2024-01-01"), ("a", "10", "milk", "2024-01-01")]).assign(hour=[9, 18])
    assert Interactions.of(lines, "2024-01-31").baskets.toarray().tolist() == [[0, 1], [1, 0]]
    assert Interactions.of(lines.drop(columns="order_id"), "2024-01-31").baskets.shape == (1, 2)


def test_an_order_number_used_by_two_customers_is_two_baskets():
    found = Interactions.of(lines_of([("a", "1", "tea", "2024-01-01"), ("b", "1", "tea", "2024-01-01")]), "2024-01-31")
    assert found.baskets_of.tolist() == [1, 1]


@pytest.mark.parametrize("product", [None, pd.NA])
def test_baskets_without_products_are_refused_with_the_reason(product):
    lines = lines_of([("a", "1", product, "2024-01-01")]).astype({"product_id": "string"})
    with pytest.raises(CannotAnswer, match="need lines with a product and a customer"):
        Interactions.of(lines, "2024-01-31")


def test_a_missing_column_and_an_empty_table_are_refused():
    lines = lines_of([("a", "1", "tea", "2024-01-01")])
    with pytest.raises(BadInput, match="lacks the column product_id"):
        Interactions.of(lines.drop(columns="product_id"), "2024-01-31")
    with pytest.raises(CannotAnswer, match="has no rows"):
        Interactions.of(lines.head(0), "2024-01-31")
    with pytest.raises(CannotAnswer, match="No line up to 2023-12-31"):
        Interactions.of(lines, "2023-12-31")


def test_what_is_selected_keeps_ids_and_days():
    whole = Interactions.of(random_lines(2), "2024-02-01")
    part = whole.select(baskets=whole.day < whole.day.min() + 9, products=whole.popularity > 5)
    assert part.day.max() < whole.day.min() + 9
    assert (part.baskets.sum(axis=1) > 0).all()
    assert set(part.product_ids) <= set(whole.product_ids[whole.popularity > 5])
    assert part.place.max() == part.baskets_of.max() - 1
    with pytest.raises(CannotAnswer, match="Nothing is left"):
        whole.select(products=whole.popularity < 0)


def test_ties_go_by_popularity_then_by_a_hash_with_a_key():
    ids = np.array([f"p{k}" for k in range(50)], dtype=object)
    assert tie_order(ids, np.arange(50))[:3].tolist() == [49, 48, 47]
    plain, other = tie_order(ids, np.ones(50)), tie_order(ids, np.ones(50), key="another")
    assert plain.tolist() != other.tolist()
    assert np.array_equal(plain, np.argsort(keyed_hashes(ids)))
    shuffled = np.random.default_rng(0).permutation(50)
    assert np.array_equal(ids[plain], ids[shuffled][tie_order(ids[shuffled], np.ones(50))])


def test_what_is_known_ends_where_it_did_when_only_products_go():
    lines = pd.DataFrame({
        "customer_id": ["a", "a", "b"], "product_id": ["tea", "gin", "tea"],
        "date": pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-05"]),
    })  # fmt: skip
    bought = Interactions.of(lines, "2024-01-31")
    assert bought.select(products=bought.buyers >= 2).as_of.isoformat() == "2024-01-31"
    assert bought.select(baskets=bought.day < bought.day.max()).as_of.isoformat() == "2024-01-05"


def test_whole_numbers_that_a_gap_made_fractions_are_the_ids_they_were():
    lines = pd.DataFrame({"customer_id": [7.0, None], "product_id": [10.0, 11.0], "date": pd.to_datetime("2024-01-01")})
    bought = Interactions.of(lines, "2024-01-31")
    assert (bought.customer_ids.tolist(), bought.product_ids.tolist()) == (["7"], ["10"])
