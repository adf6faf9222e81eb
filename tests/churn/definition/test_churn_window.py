"""Evidence for the length of the window."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.churn import ChurnWindow
from crm_lab.results import payload


def test_chance_of_return_falls_with_silence_and_the_window_is_the_first_below_the_limit(orders):
    found = ChurnWindow(windows=(10, 30, 60, 120), horizon_days=60, max_chance=0.3).analyze(orders, as_of="2024-02-05")
    chance = found.to_frame()["chance"]
    assert chance.is_monotonic_decreasing
    below = found.to_frame().query("hi <= 0.3")["silent_days"]
    assert found.window_days() == below.min()
    assert f"After {found.window_days()} days of silence" in found.readout().text("en")
    assert {f["id"] for f in payload(found)["facts"]} == {"churn.window.days", "churn.window.chance"}


def test_without_censoring_the_chance_is_the_plain_share():
    # every silence after day 40 is watched for 200 days: nobody's horizon is cut
    day = pd.to_datetime(["2023-01-01"] * 4 + ["2023-02-20", "2023-03-20"])
    log = pd.DataFrame({"customer_id": ["a", "b", "c", "d", "a", "b"], "date": day})
    spec = ChurnWindow(windows=(30,), horizon_days=60)
    row = spec.analyze(log, as_of="2023-12-31").to_frame().iloc[0]
    assert row["at_risk"] == 6  # four first silences, two after the second purchase
    assert row["chance"] == pytest.approx(2 / 6)
    assert row["lo"] < 2 / 6 < row["hi"]


def test_segments_have_their_own_rows(orders):
    segments = pd.Series({c: "odd" if int(c[1:]) % 2 else "even" for c in orders["customer_id"].unique()})
    found = ChurnWindow(windows=(30,), horizon_days=60).analyze(orders, as_of="2024-02-05", segments=segments)
    frame = found.to_frame().set_index("segment")
    assert frame.loc["odd", "at_risk"] + frame.loc["even", "at_risk"] == frame.loc["all", "at_risk"]
    assert found.window_days("odd") in (30, None)


def test_what_nobody_was_watched_through_is_missing_not_zero(orders):
    found = ChurnWindow(windows=(30, 390), horizon_days=60).analyze(orders, as_of="2024-02-05")
    assert np.isnan(found.to_frame()["chance"].iloc[1])
    assert found.window_days() is None
    assert "wait for more history" in found.readout().text("en")
    fact = payload(found)["facts"][0]
    assert fact["value"] is None
    assert fact["refusal"] == "No window that the data can judge is long enough."


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"windows": (60, 30)}, r"windows is \(60, 30\); it must be rising"),
        ({"horizon_days": 0}, "horizon_days is 0; it must be 1 or more days"),
        ({"max_chance": 1.0}, "max_chance is 1.0; it must lie between 0 and 1"),
    ],
)
def test_settings_are_checked(settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        ChurnWindow(**settings)


def test_too_short_a_history_says_how_much_is_needed(orders):
    with pytest.raises(BadInput, match=r"The data cover .* days up to 2023-02-01; the shortest window .* need 121"):
        ChurnWindow().analyze(orders, as_of="2023-02-01")


def test_each_segment_has_its_own_window(orders):
    who = pd.Index(orders["customer_id"].unique())
    segments = pd.Series(["even" if int(c[1:]) % 2 == 0 else "odd" for c in who], index=who)
    found = ChurnWindow(windows=(10, 30, 60), horizon_days=60, max_chance=0.9).analyze(
        orders, as_of="2024-02-05", segments=segments
    )
    own = found.windows()
    assert own.index.tolist() == ["all", "even", "odd"]
    assert own["all"] == found.window_days()
    none = ChurnWindow(windows=(10,), horizon_days=60, max_chance=0.001).analyze(orders, as_of="2024-02-05")
    assert none.windows().isna().all()
