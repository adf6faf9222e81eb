"""Who left, and windows that the data cannot judge."""

import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.churn import left_after

ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c", "c"],
        "date": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-01-05", "2024-01-09", "2024-02-10"]),
    }
)
WHO = pd.Index(["a", "b", "c"])


def test_the_window_starts_the_day_after_and_holds_its_last_day():
    left = left_after(ORDERS, WHO, as_of="2024-01-31", window_days=10, last_day="2024-03-01")
    assert left.to_dict() == {"a": 1, "b": 1, "c": 0}
    shorter = left_after(ORDERS, WHO, as_of="2024-01-31", window_days=9, last_day="2024-03-01")
    assert shorter.to_dict() == {"a": 1, "b": 1, "c": 1}


def test_a_longer_window_never_has_more_leavers(orders):
    who = pd.Index(orders["customer_id"].unique())
    counts = [
        left_after(orders, who, as_of="2023-06-01", window_days=w, last_day="2024-02-05").sum()
        for w in (10, 30, 90, 180)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


@pytest.mark.parametrize(
    ("window", "last_day", "sentence"),
    [
        (60, "2024-02-10", "ends on 2024-03-31, and the data end on 2024-02-10. Choose as_of 2023-12-12 or earlier"),
        (0, "2024-02-10", "window_days is 0; it must be 1 or more days"),
    ],
)
def test_windows_that_are_not_over_are_refused(window, last_day, sentence):
    with pytest.raises(BadInput, match=sentence):
        left_after(ORDERS, WHO, as_of="2024-01-31", window_days=window, last_day=last_day)


def test_each_customer_may_have_an_own_window():
    own = pd.Series({"a": 10, "b": 10, "c": 9})
    left = left_after(ORDERS, WHO, as_of="2024-01-31", window_days=own, last_day="2024-03-01")
    assert left.to_dict() == {"a": 1, "b": 1, "c": 1}
    with pytest.raises(BadInput, match="1 customers have no window; give window_days for each"):
        left_after(ORDERS, WHO, as_of="2024-01-31", window_days=own.drop("a"), last_day="2024-03-01")
    with pytest.raises(BadInput, match="A window of 99 days after 2024-01-31"):
        left_after(ORDERS, WHO, as_of="2024-01-31", window_days=own.replace(9, 99), last_day="2024-03-01")
