"""A period that the data cut off is drawn as one, not as a crash."""

import pandas as pd
import pytest

from crm_lab.segmentation.customer_base import CustomerBaseAudit

DAYS = pd.date_range("2024-01-01", "2024-09-30", freq="D")


@pytest.mark.parametrize(("as_of", "hatched"), [("2024-09-30", 0), ("2024-08-03", 2)])
def test_only_unfinished_quarters_are_hatched(as_of, hatched):
    days = DAYS[pd.Timestamp(as_of) >= DAYS]
    orders = pd.DataFrame(
        {"order_id": [f"o{n}" for n in range(len(days))], "customer_id": [f"c{n % 40}" for n in range(len(days))],
         "date": days, "net_amount": 10.0}
    )  # fmt: skip
    axes = CustomerBaseAudit(period="Q").analyze(orders, as_of=as_of, currency="EUR").plot(of="periods")
    assert sum(bar.get_hatch() == "///" for bar in axes.patches) == hatched
    assert ("hatched" in axes.get_xlabel()) == bool(hatched)
