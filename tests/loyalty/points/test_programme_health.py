"""Measures of a programme on ledgers whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.loyalty.points import PointsLedger, ProgrammeHealth

END = "2024-12-31"


def frame(*rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "kind", "points", "order_id"])
    table["date"] = pd.to_datetime(table["date"])
    return table.assign(event=table.groupby("customer_id").cumcount())


def measured(rows, spec=None, **more):
    return (spec or ProgrammeHealth()).analyze(PointsLedger().analyze(rows, END), **more)


ROWS = frame(
    ("a", "2023-01-01", "earn", 100, "1"), ("a", "2023-02-01", "redeem", -60, None),
    ("a", "2024-12-01", "earn", 5, "2"),
    ("b", "2023-01-01", "earn", 500, "3"),  # could redeem since two years: hoards
    ("c", "2024-10-02", "earn", 80, "4"),  # 90 days ago: not in the last 90
    ("d", "2024-10-03", "earn", 80, "5"),
)  # fmt: skip


def test_active_and_enrolled_members_and_hoarders_are_counted_by_their_definitions():
    customers = pd.DataFrame({"customer_id": list("abcdefgh")})
    table = measured(ROWS, customers=customers).to_frame().set_index("metric")
    assert table.loc["active_rate", ["value", "n"]].tolist() == [0.5, 4]
    assert table.loc["enrolment_rate", ["value", "n"]].tolist() == [0.5, 8]
    assert table.loc["hoarders", "value"] == 0.25
    assert table.loc["hoarded_points", "value"] == pytest.approx(500 / 705)


def test_the_time_to_the_first_redemption_counts_those_who_have_not_yet():
    curve = measured(ROWS).first_burn
    assert curve.times.tolist() == [31.0]
    assert curve.survival.tolist() == [0.75]
    assert curve.n == 4


def test_a_rate_that_rises_is_inflation():
    rng = np.random.default_rng(0)
    rows, orders = [], []
    for number in range(2400):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, 365)))
        amount = float(rng.integers(10, 90))
        rows.append(
            (
                f"m{number % 300}",
                day,
                "earn",
                int(amount * (1 if day < pd.Timestamp("2024-07-01") else 2)),
                f"o{number}",
            )
        )
        orders.append((f"o{number}", amount))
    orders = pd.DataFrame(orders, columns=["order_id", "net_amount"])
    health = measured(frame(*rows), orders=orders)
    assert health.rate_change() == pytest.approx(1.0)
    assert health.rate["amount"].sum() == orders["net_amount"].sum()
    assert health.readout().action.key.endswith("action_rate")


def test_a_median_that_is_not_reached_is_refused_in_words():
    fact = measured(ROWS).facts()[-1]
    assert fact.value is None
    assert "Fewer than half" in fact.refusal.text("en")
