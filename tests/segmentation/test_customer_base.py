"""The audit adds up, marks what is cut off, and meets the published concentration."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab import BadInput
from crm_lab.segmentation.customer_base import CustomerBaseAudit


@pytest.fixture(scope="module")
def audit(complete_journey):
    return CustomerBaseAudit().analyze(complete_journey["orders"], as_of=complete_journey.as_of, currency="USD")


def test_top_fifth_holds_the_published_share(audit):
    assert audit.concentration.top_share == pytest.approx(0.545, abs=5e-4)
    assert audit.concentration.top_share_ci.lo < 0.545 < audit.concentration.top_share_ci.hi


def test_customers_and_revenue_are_conserved(audit, complete_journey):
    orders = complete_journey["orders"]
    assert audit.deciles["revenue"].sum() == pytest.approx(orders["net_amount"].sum())
    assert audit.deciles["customers"].sum() == orders["customer_id"].nunique()
    assert audit.periods["revenue"].sum() == pytest.approx(orders["net_amount"].sum())
    assert audit.periods["new_customers"].sum() == orders["customer_id"].nunique()


def test_returns_lower_the_revenue_of_their_own_period_and_are_no_orders():
    columns = ["order_id", "customer_id", "date", "kind", "net_amount"]
    rows = [
        ("1", "a", "2024-01-10", "sale", 100.0),
        ("2", "b", "2024-02-10", "sale", 50.0),
        ("1", "a", "2024-05-10", "return", -40.0),
        ("3", "b", "2024-05-11", "sale", 30.0),
        ("4", "c", "2024-05-12", "return", -9.0),
        ("3", "b", "2024-05-13", "fee", 3.0),
    ]
    orders = pd.DataFrame(rows, columns=columns).assign(date=lambda f: pd.to_datetime(f["date"]))
    found = CustomerBaseAudit().analyze(orders, as_of="2024-06-30")
    assert found.periods["revenue"].tolist() == [150, -10]
    assert found.periods["orders"].tolist() == [2, 1]
    assert found.periods["customers"].tolist() == [2, 1]
    assert found.deciles["revenue"].sum() == 140


def test_kept_customers_are_counted_by_hand(complete_journey):
    orders = complete_journey["orders"]
    quarters = orders.groupby(orders["date"].dt.quarter)["customer_id"].agg(set)
    audit = CustomerBaseAudit().analyze(orders, as_of=complete_journey.as_of)
    by_hand = [len(quarters[q] & quarters[q + 1]) / len(quarters[q]) for q in (1, 2, 3)]
    assert audit.periods["kept"].tolist()[1:] == pytest.approx(by_hand)


def test_a_period_cut_off_by_as_of_is_marked(complete_journey):
    early = complete_journey.workspace.at("2017-11-15")
    audit = CustomerBaseAudit().analyze(early["orders"], as_of=early.as_of)
    assert audit.periods["complete"].tolist() == [True, True, True, False]


def test_orders_without_a_customer_are_counted_and_left_out(complete_journey):
    orders = complete_journey["orders"].head(1000).copy()
    orders.loc[orders.index[:10], "customer_id"] = None
    audit = CustomerBaseAudit().analyze(orders, as_of=complete_journey.as_of)
    assert audit.without_customer == 10
    assert "What 10 orders hold without a customer's name is left out." in audit.readout().text("en")
    named = CustomerBaseAudit().analyze(complete_journey["orders"].head(1000), as_of=complete_journey.as_of)
    assert "without a customer" not in named.readout().text("en")


@pytest.mark.parametrize(
    ("orders", "sentence"),
    [
        (pd.DataFrame({"order_id": ["1"]}), "orders lacks the columns customer_id, date, net_amount"),
        (
            pd.DataFrame(
                {"order_id": ["1"], "customer_id": ["a"], "date": [pd.Timestamp("2018-01-01")], "net_amount": [1.0]}
            ),
            "1 orders lie after as_of 2017-12-31",
        ),
        (
            pd.DataFrame(
                {"order_id": ["1"], "customer_id": ["a"], "date": [pd.Timestamp("2017-01-01")], "net_amount": [1.0]}
            ),
            "1 customers bought",
        ),
    ],
)
def test_what_cannot_be_audited_is_refused(orders, sentence):
    with pytest.raises(BadInput, match=sentence):
        CustomerBaseAudit().analyze(orders, as_of="2017-12-31")


def test_settings_without_meaning_are_refused():
    with pytest.raises(BadInput, match="period is 'W'"):
        CustomerBaseAudit(period="W")
    with pytest.raises(BadInput, match="top is 20"):
        CustomerBaseAudit(top=20)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 10_000), min_size=10, max_size=60), st.sampled_from([1, 2, 5]))
def test_the_first_tenths_hold_what_the_top_share_of_so_many_says(amounts, tenths):
    dates = pd.date_range("2024-01-01", periods=len(amounts))
    orders = pd.DataFrame({"order_id": range(len(amounts)), "customer_id": range(len(amounts)), "date": dates})
    audit = CustomerBaseAudit(top=tenths / 10).analyze(orders.assign(net_amount=amounts), as_of="2024-12-31")
    head = audit.deciles[audit.deciles["decile"] <= tenths]
    assert head["customers"].sum() == audit.concentration.top_n
    assert head["share"].sum() == pytest.approx(audit.concentration.top_share)
    assert f"({audit.concentration.top_n:,})" in audit.readout().finding.text("en")


def test_no_period_owes_more_than_all_of_its_revenue_to_new_customers():
    columns = ["order_id", "customer_id", "date", "kind", "net_amount"]
    rows = [
        ("1", "a", "2024-01-10", "sale", 100.0),
        ("0", "b", "2024-02-01", "return", -20.0),  # of a purchase before the records begin
        ("2", "b", "2024-05-10", "sale", 50.0),
    ]
    orders = pd.DataFrame(rows, columns=columns).assign(date=lambda f: pd.to_datetime(f["date"]))
    shares = CustomerBaseAudit().analyze(orders, as_of="2024-06-30").periods["new_share"]
    assert shares.between(0, 1).all()
    assert shares.tolist() == [1.0, 1.0]
