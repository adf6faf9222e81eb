import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.segmentation import RFM, purchase_values
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS

LINES = pd.DataFrame(
    [
        ("a", "1", "2024-01-01", 10.0, "sale"),
        ("a", "1", "2024-01-01", 5.0, "sale"),
        ("a", "2", "2024-03-01", 7.0, "sale"),
        ("a", "3", "2024-03-05", -4.0, "return"),
        ("b", "4", "2024-02-01", 1.0, "sale"),
        ("c", "5", "2024-03-02", -9.0, "return"),
        (None, "6", "2024-03-02", 3.0, "sale"),
        ("d", "7", "2024-05-01", 2.0, "sale"),
    ],
    columns=["customer_id", "order_id", "date", "net_amount", "kind"],
).assign(date=lambda t: pd.to_datetime(t["date"]))


def by_id(values):
    return values.frame.set_index("customer_id")


def test_returns_lower_revenue_and_are_no_orders_nor_visits():
    values = purchase_values(LINES, as_of="2024-03-31")
    assert by_id(values).loc["a"].tolist() == [30, 90, 2, 18.0]
    assert (values.null_lines, values.only_returns) == (1, 1)
    assert by_id(values).index.tolist() == ["a", "b"]


def test_a_window_counts_only_its_days():
    assert by_id(purchase_values(LINES, as_of="2024-03-31", window_days=31)).loc["a"].tolist() == [30, 30, 1, 3.0]


def test_one_order_number_of_two_customers_counts_for_both():
    shared = LINES.assign(order_id="1")
    assert by_id(purchase_values(shared, as_of="2024-03-31"))["n_orders"].tolist() == [1, 1]


def test_agrees_with_the_customer_table(complete_journey):
    ours = by_id(purchase_values(complete_journey["transactions"], as_of=complete_journey.as_of)).sort_index()
    table = complete_journey["customer_360"].set_index("customer_id").sort_index()
    for name in (*DIMENSIONS, "tenure_days"):
        np.testing.assert_allclose(ours[name], table[name], atol=1e-9)
    fitted = RFM().fit(ours.reset_index(), as_of=complete_journey.as_of)
    same = RFM().fit(table.reset_index(), as_of=complete_journey.as_of)
    assert fitted.scoring == same.scoring


def test_no_sale_is_refused():
    with pytest.raises(BadInput, match="No customer has a sale up to 2023-12-31; choose a later as_of"):
        purchase_values(LINES, as_of="2023-12-31")
    with pytest.raises(BadInput, match="No customer has a sale"):
        purchase_values(LINES[LINES["kind"] == "return"], as_of="2024-03-31")
