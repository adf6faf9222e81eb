"""Labels by window: what they say, and how many were called gone too early."""

import matplotlib as mpl
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.results import payload

mpl.use("Agg")


def test_by_hand():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d", "a", "b", "c"],
            "date": pd.to_datetime(["2024-01-01"] * 4 + ["2024-01-20", "2024-02-20", "2024-03-28"]),
        }
    )
    found = churn.LabelStability(windows=(30, 60), watch_days=20).analyze(
        orders, days=["2024-01-10"], last_day="2024-03-31"
    )
    rows = found.to_frame()
    assert rows["left"].tolist() == [3 / 4, 2 / 4]  # b, c, d are silent for 30 days; c, d for 60
    assert rows["came_back"].tolist() == pytest.approx([1 / 3, 1 / 2])  # b within 20 days of the 30; c of the 60


def test_it_is_the_label_of_left_after_and_longer_windows_are_wrong_less_often(orders):
    found = churn.LabelStability(windows=(30, 60, 91), watch_days=60).analyze(
        orders, days=["2023-06-01", "2023-09-01"], last_day="2024-02-05"
    )
    rows = found.to_frame()
    for _, row in rows.iterrows():
        day = row["as_of"].date()
        who = pd.Index(orders.loc[orders["date"] <= row["as_of"], "customer_id"].unique())
        left = churn.left_after(
            orders, who, as_of=day, window_days=int(row["window_days"]), last_day="2024-02-05"
        )  # fmt: skip
        assert left.mean() == pytest.approx(row["left"])
    for _, of_day in rows.groupby("as_of"):
        assert of_day["left"].is_monotonic_decreasing
        assert of_day["came_back"].is_monotonic_decreasing
    assert "called gone after 30 days" in found.readout().text("en")
    assert "判为流失" in found.readout().text("zh")
    assert {f["id"] for f in payload(found)["facts"]} == {f"churn.stability.came_back.{w}" for w in (30, 60, 91)}
    assert found.plot().get_title(loc="left") == "Called gone, and bought soon after all the same"


def test_windows_that_the_data_cannot_see_are_left_out_and_none_at_all_is_refused(orders):
    spec = churn.LabelStability(windows=(30, 91, 200), watch_days=60)
    rows = spec.analyze(orders, days=["2023-11-01"], last_day="2024-02-05").to_frame()
    assert rows["window_days"].tolist() == [30, 91]
    assert rows["came_back"].notna().tolist() == [True, False]  # 91 + 60 days after the day there are no data
    late = spec.analyze(orders, days=["2023-12-20"], last_day="2024-02-05")
    assert str(late.refusal()) == "No answer: no window is followed by 60 days of data."
    assert payload(late)["facts"] == []
    with pytest.raises(BadInput, match=r"A window of 91 days after 2024-01-01 .* Choose 2023-11-06 or earlier"):
        churn.LabelStability(windows=(91,)).analyze(orders, days=["2024-01-01"], last_day="2024-02-05")
    with pytest.raises(BadInput, match="it must be rising numbers of days"):
        churn.LabelStability(windows=(91, 30), watch_days=0)
