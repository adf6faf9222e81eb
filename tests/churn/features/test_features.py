"""Features as of a date: by hand, blind to the future, indifferent to order and to shifts in time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.churn import CustomerFeatures, refuse_leaks

AS_OF = "2023-10-01"


def small_log():
    return pd.DataFrame(
        {
            "customer_id": ["b", "a", "a", "a", None, "a"],
            "date": pd.to_datetime(
                ["2024-03-20", "2024-01-01", "2024-02-01", "2024-02-01", "2024-02-02", "2024-02-11"]
            ),
            "n_units": [2.0, 1, 1, 2, 9, 4],
            "net_amount": [20.0, 10, 5, 5, 99, 40],
            "discount_amount": [0.0, 0, 1, 1, 0, 10],
            "gross_amount": [20.0, 10, 6, 6, 99, 50],
        }
    )


def test_features_by_hand():
    made = CustomerFeatures().analyze(small_log(), as_of="2024-03-31").by_customer
    a = made.loc["a"]
    assert made.index.tolist() == ["a", "b"]
    assert (a.n_days, a.n_orders, a.recency_days, a.tenure_days, a.span_days) == (3, 4, 49, 90, 41)
    assert a.median_gap_days == (31 + 10) / 2
    assert a.last_gap_days == 10
    assert a.overdue == pytest.approx(49 / 20.5)
    assert (a.revenue, a.order_value, a.last_value) == (60, 20, 40)
    assert a.discount_share == pytest.approx(12 / 72)
    assert (a.days_30, a.days_91, a.units_per_day) == (0, 3, 8 / 3)
    assert made.loc["b", "median_gap_days"] == made.loc["b", "tenure_days"] == 11


def test_features_of_the_truncated_log_are_identical(orders):
    build = CustomerFeatures().analyze
    refuse_leaks(lambda log: build(log, as_of=AS_OF).by_customer, orders, AS_OF)
    cut = build(orders[orders["date"] <= AS_OF], as_of=AS_OF).to_frame()
    pd.testing.assert_frame_equal(build(orders, as_of=AS_OF).to_frame(), cut, check_exact=True)


def test_the_leak_test_fails_on_a_feature_that_has_seen_the_future(orders):
    def build(log):
        values = CustomerFeatures().analyze(log, as_of=AS_OF).by_customer
        ever = log.groupby("customer_id")["date"].nunique()
        return values.assign(lifetime_days=ever.reindex(values.index).astype(float))

    with pytest.raises(BadInput, match="lifetime_days changes when later purchases are removed") as error:
        refuse_leaks(build, orders, AS_OF)
    assert len(error.value.problems) == 1


def test_the_leak_test_names_customers_of_the_future(orders):
    def build(log):
        return log.groupby("customer_id")[["net_amount"]].first() * 0

    late = orders[(orders["customer_id"] != "c0001") | (orders["date"] > AS_OF)]
    late = late[late["customer_id"].isin(["c0001", "c0002"])]
    assert set(late["customer_id"]) == {"c0001", "c0002"}
    with pytest.raises(BadInput, match=f"1 customers have features but no purchase up to {AS_OF}; leave them out"):
        refuse_leaks(build, late, AS_OF)


@given(seed=st.integers(0, 10_000), shift=st.integers(1, 400))
@settings(max_examples=15, deadline=None)
def test_row_order_and_a_shift_of_the_calendar_change_nothing(orders, seed, shift):
    some = orders[orders["customer_id"] < "c0040"]
    plain = CustomerFeatures().analyze(some, as_of=AS_OF).by_customer
    mixed = some.sample(frac=1, random_state=seed)
    moved = mixed.assign(date=mixed["date"] + pd.Timedelta(days=shift))
    later = (pd.Timestamp(AS_OF) + pd.Timedelta(days=shift)).date()
    np.testing.assert_allclose(CustomerFeatures().analyze(moved, as_of=later).by_customer, plain, rtol=1e-12)


def test_revenue_in_equals_revenue_out_and_input_is_left_alone(orders):
    before = orders.copy(deep=True)
    made = CustomerFeatures().analyze(orders, as_of=AS_OF).by_customer
    assert made["revenue"].sum() == pytest.approx(orders.loc[orders["date"] <= AS_OF, "net_amount"].sum(), rel=1e-12)
    assert made["n_orders"].sum() == (orders["date"] <= AS_OF).sum()
    pd.testing.assert_frame_equal(orders, before)


def test_missing_tables_drop_what_they_feed_and_it_is_said(orders):
    made = CustomerFeatures().analyze(orders[["customer_id", "date"]], as_of=AS_OF)
    assert set(made.dropped) == {"money", "basket", "discount", "breadth", "channel", "returns", "contacts"}
    assert "contacts (needs exposures)" in made.readout().text("en")
    assert set(made.families()) == {"frequency", "rhythm", "tenure"}


def test_lines_and_exposures_add_breadth_returns_and_contacts():
    lines = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "z"],
            "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-11", "2024-03-20", "2024-03-01"]),
            "product_id": ["p", "q", "p", "p", "p"],
            "store_id": ["S", "W", "S", "S", "S"],
            "kind": ["sale", "sale", "return", "sale", "sale"],
            "net_amount": [10.0, 30, -10, 20, 5],
        }
    )
    sent = pd.DataFrame({"customer_id": ["a", "a"], "date": pd.to_datetime(["2024-03-01", "2024-04-20"])})
    shops = pd.DataFrame({"store_id": ["S", "W"], "channel": ["store", "online"]})
    made = CustomerFeatures().analyze(small_log(), as_of="2024-03-31", transactions=lines, exposures=sent, stores=shops)
    assert made.dropped == ()
    assert made.by_customer.loc["a", ["n_products", "return_share", "contacts_91"]].tolist() == [2, 0.25, 1]
    assert made.by_customer.loc["b", ["n_products", "return_share", "contacts_91"]].tolist() == [1, 0, 0]
    assert "No feature family is missing" in made.readout().text("en")


@pytest.mark.parametrize(
    ("as_of", "sentence"),
    [
        ("2023-01-10", "leaves .* days of history; features need 28"),
        ("2022-01-10", "No customer has an order up to 2022-01-10; the first is on 2023-.*Choose a later as_of"),
        ("10/01/2023", "as_of is '10/01/2023'; it must be a date like"),
    ],
)
def test_too_early_a_date_says_how_much_history_is_needed(orders, as_of, sentence):
    with pytest.raises(BadInput, match=sentence):
        CustomerFeatures().analyze(orders, as_of=as_of)


def test_settings_and_columns_are_checked(orders):
    with pytest.raises(BadInput, match="recent_days is 3; it must be 7 or more days"):
        CustomerFeatures(recent_days=3)
    with pytest.raises(BadInput, match="orders lacks the column date"):
        CustomerFeatures().analyze(orders.drop(columns="date"), as_of=AS_OF)


def test_channels_by_hand_and_blind_to_the_future():
    orders = small_log().dropna(subset=["customer_id"])
    lines = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "a"],
            "date": pd.to_datetime(["2023-10-01", "2024-02-01", "2024-02-11", "2024-03-20", "2024-05-01"]),
            "store_id": ["S1", "WEB", "WEB", "S1", "S1"],
            "product_id": "p",
            "kind": "sale",
            "net_amount": 10.0,
        }
    )
    stores = pd.DataFrame({"store_id": ["S1", "WEB"], "channel": ["store", "online"]})
    made = CustomerFeatures().analyze(orders, as_of="2024-03-31", transactions=lines, stores=stores)
    a = made.by_customer.loc["a"]
    assert (a.online_share, a.n_channels) == (pytest.approx(2 / 3), 2)
    assert a.channel_shift == pytest.approx(1 - 2 / 3)
    assert made.by_customer.loc["b", "online_share"] == 0
    assert "channel" not in made.dropped
    one = CustomerFeatures().analyze(orders, as_of="2024-03-31", transactions=lines, stores=stores.head(1))
    assert "channel" in one.dropped
    assert "channel (needs stores with more than one channel)" in one.readout().text("en")
