"""Windows around a start day, the planted effect, the assignment."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.experiments import assign, assign_stratified, plant, spend_windows
from crm_lab.experiments.core.assignment import hash_unit
from crm_lab.experiments.origins.spend_windows import net_orders

ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b", "c", "d", None],
        "date": pd.to_datetime(
            ["2017-05-01", "2017-06-30", "2017-07-01", "2017-01-02", "2017-07-05", "2017-06-20", "2017-06-01"]
        ),
        "net_amount": [5.0, 10.0, 20.0, 40.0, 80.0, 3.0, 7.0],
    }
)
WINDOW = {"start": "2017-07-01", "pre_days": 30, "post_days": 31, "as_of": "2017-07-31"}


def test_windows_by_hand():
    found = spend_windows(ORDERS, **WINDOW)
    assert found["customer_id"].tolist() == ["a", "b", "d"]  # c was not known on the first day
    assert found["spend_before"].tolist() == [10.0, 0.0, 3.0]
    assert found["spend"].tolist() == [20.0, 0.0, 0.0]
    assert found["orders"].tolist() == [1.0, 0.0, 0.0]


def test_returns_lower_spend_on_their_own_day_and_are_no_orders():
    lines = ORDERS.assign(kind="sale", order_id=[f"o{i}" for i in range(len(ORDERS))])
    back = pd.DataFrame(
        {
            "customer_id": ["a", "d", "e", None, "a"],
            "date": pd.to_datetime(["2017-07-09", "2017-06-25", "2017-06-25", "2017-07-02", "2017-07-09"]),
            "net_amount": [-6.0, -1.0, -2.0, -7.0, 4.0],
            "kind": ["return", "cancellation", "return", "return", "fee"],
            "order_id": ["o2", "o5", "o9", "o6", "o2"],
        }
    )
    tables = {"orders": lines.drop(columns="kind"), "transactions": pd.concat([lines, back])}
    found = spend_windows(net_orders(tables), **WINDOW)
    assert found["customer_id"].tolist() == ["a", "b", "d"]  # e is not known to have bought
    assert found["spend"].tolist() == [14.0, 0.0, 0.0]
    assert found["orders"].tolist() == [1.0, 0.0, 0.0]
    assert found["spend_before"].tolist() == [10.0, 0.0, 2.0]
    assert found["orders_before"].tolist() == [1.0, 0.0, 1.0]


def test_histories_are_net_as_page_one_counts():
    tables = open_workspace("simulated:fashion").at("2024-12-31")
    found = spend_windows(net_orders(tables), start="2024-07-01", pre_days=182, post_days=184, as_of=tables.as_of)[
        "spend"
    ].sum()
    counted = tables.sql(
        "select sum(net_amount) as revenue from transactions where date >= '2024-07-01' and customer_id in"
        " (select customer_id from transactions where kind = 'sale' and date < '2024-07-01')"
    )["revenue"].item()
    assert round(found, 2) == round(counted, 2)


def test_an_unfinished_window_is_refused_with_what_would_fit():
    with pytest.raises(BadInput, match=r"ends on 2017-08-01, the data on 2017-07-31.*at most 31"):
        spend_windows(ORDERS, **{**WINDOW, "post_days": 32})


def test_a_start_before_everybody_is_refused():
    with pytest.raises(BadInput, match="No customer bought before 2016-07-01"):
        spend_windows(ORDERS, **{**WINDOW, "start": "2016-07-01"})


def test_planting_raises_treated_units_only():
    assert plant([10.0, 10.0], ["control", "treatment"], 0.1).tolist() == pytest.approx([10.0, 11.0])


@given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.text())
def test_hash_assignment_does_not_depend_on_order_or_company(ids, salt):
    arms = dict(zip(ids, assign(ids, salt), strict=True))
    assert dict(zip(reversed(ids), assign(ids[::-1], salt), strict=True)) == arms
    assert assign(ids[:1], salt)[0] == arms[ids[0]]


def test_hash_is_uniform_and_salts_are_unrelated():
    ids = [str(i) for i in range(20_000)]
    u, v = hash_unit(ids, "a"), hash_unit(ids, "b")
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-square with 19 degrees of freedom, p = .001
    assert abs(np.corrcoef(u, v)[0, 1]) < 4 / np.sqrt(20_000)


def test_strata_are_split_evenly():
    frame = pd.DataFrame({"tier": ["a"] * 101 + ["b"] * 50, "city": ["x", None, "y"] * 50 + ["x"]})
    arms = assign_stratified(frame, ["tier", "city"], 3, {"control": 0.5, "treatment": 0.5})
    counts = pd.crosstab([frame["tier"], frame["city"].fillna("none")], arms)
    assert (counts["control"] - counts["treatment"]).abs().max() <= 1


def test_the_left_over_unit_goes_to_a_random_arm():
    frame = pd.DataFrame({"tier": ["a"]})
    treated = sum(assign_stratified(frame, ["tier"], seed)[0] == "treatment" for seed in range(400))
    assert treated == pytest.approx(200, abs=4 * 10)


def test_shares_that_are_no_split_are_refused():
    with pytest.raises(BadInput, match=r"add up to 0\.8; they must add up to 1"):
        assign(["a"], "s", {"control": 0.4, "treatment": 0.4})
    with pytest.raises(BadInput, match="every share must be above 0"):
        assign(["a"], "s", {"control": 1.0, "treatment": 0.0})
    with pytest.raises(BadInput, match="strata"):
        assign_stratified(pd.DataFrame({"x": [1]}), ["tier"], 1)
