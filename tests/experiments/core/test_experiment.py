"""Entry: what is refused in words, what is kept, late joiners, winsorising."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment


def entry(frame, **options):
    settings = {"arm": "arm", "outcomes": ["spend"], "covariates": ["spend_before"], "unit": "customer_id"}
    return Experiment.from_frame(frame, **{**settings, **options})


def broken(frame, how):
    frame = frame.copy()
    if how == "one arm":
        return frame.assign(arm="control")
    if how == "twice":
        return pd.concat([frame, frame.head(3)])
    if how == "moved":
        return pd.concat([frame, frame.head(4).assign(arm=["control", "treatment"] * 2)]).assign(
            arm=lambda d: np.where(d.index < 4, np.where(np.arange(len(d)) < 4, "control", "treatment"), d["arm"])
        )
    if how == "no arm":
        frame.loc[:4, "arm"] = None
    if how == "text":
        frame["spend"] = frame["spend"].astype(str)
    return frame


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("one arm", "only 1 arm is present"),
        ("twice", "3 units have several rows"),
        ("moved", "4 units are in more than one arm"),
        ("no arm", "5 rows have no arm"),
        ("text", "spend is not numeric"),
    ],
)
def test_frames_that_are_no_test_are_refused_with_counts(households, how, says):
    with pytest.raises(BadInput, match=says):
        entry(broken(households, how))


def test_unknown_and_absent_arms_are_named(households):
    households.loc[:9, "arm"] = "tretament"
    with pytest.raises(BadInput) as error:
        entry(households, shares={"control": 0.4, "treatment": 0.4, "letter": 0.2})
    assert "10 rows are in unknown arms tretament" in str(error.value)
    assert "no row is in the planned arm letter" in str(error.value)


def test_a_missing_control_is_refused(households):
    with pytest.raises(BadInput, match="no row is in the control 'hold-out'; the arms are control, treatment"):
        entry(households, control="hold-out")


def test_missing_columns_are_named(households):
    with pytest.raises(BadInput, match="lacks the column profit"):
        entry(households, outcomes=["profit"])


def test_identical_rows_are_kept_without_a_unit_id():
    frame = pd.DataFrame({"arm": ["control", "treatment"] * 5, "spend": [1.0, 2.0] * 5})
    assert Experiment.from_frame(frame, arm="arm", outcomes=["spend"]).counts() == {"control": 5, "treatment": 5}


def test_late_joiners_get_a_flag_and_the_input_stays(households):
    households.loc[:99, "spend_before"] = np.nan
    before = households.copy()
    test = entry(households)
    assert test.covariates == ("spend_before", "spend_before_missing")
    assert test.frame["spend_before_missing"].sum() == 100
    assert test.frame["spend_before"].notna().all()
    pd.testing.assert_frame_equal(households, before)


def test_winsorising_caps_among_buyers_and_cannot_erase(households):
    households["spend"] = households["spend"].where(households.index % 50 == 0, 0.0)  # 2 % buy
    test = entry(households).winsorised("spend", 0.9)
    buyers = households.loc[households["spend"] > 0, "spend"]
    assert test.caps["spend"] == pytest.approx(buyers.quantile(0.9))
    assert (test.frame["spend"] > 0).sum() == len(buyers)
    assert test.frame["spend"].max() == pytest.approx(test.caps["spend"])


def test_winsorising_nothing_is_refused(households):
    with pytest.raises(BadInput, match="no value above 0"):
        entry(households.assign(spend=0.0)).winsorised("spend")
