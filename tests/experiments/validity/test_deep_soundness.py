"""Sample ratio by group, filters, novelty, regression to the mean."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import (
    ChosenOnPast,
    Experiment,
    Novelty,
    SampleRatios,
    filter_removals,
    week_columns,
    weekly_spend,
)
from crm_lab.messages import LANGUAGES


def big(n=8000, seed=20):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "arm": rng.permutation(np.repeat(["control", "treatment"], n // 2)),
            "tier": rng.choice(["A", "B", "C"], n),
            "day": pd.Timestamp("2017-07-01") + pd.to_timedelta(rng.integers(0, 7, n), unit="D"),
            "before": rng.gamma(2, 50, n),
            "spend": rng.gamma(2, 50, n),
        }
    )


def experiment_of(frame):
    return Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])


def test_a_sound_split_holds_everywhere():
    table = SampleRatios(by=("tier", "day")).analyze(experiment_of(big()))
    assert len(table.to_frame()) == 1 + 3 + 7
    assert table.broken.empty
    assert table.refusal() is None
    assert "no sign" in table.readout().action.text("en")


def test_units_lost_in_one_segment_are_found_where_they_were_lost():
    frame = big()
    lost = (frame["tier"] == "B") & (frame["arm"] == "treatment") & (frame.index % 3 == 0)
    table = SampleRatios(by=("tier", "day")).analyze(experiment_of(frame[~lost]))
    assert ("tier", "B") in zip(table.broken["by"], table.broken["group"], strict=True)
    assert not {"A", "C"} & set(table.broken["group"])
    assert "tier B" in table.readout().finding.text("en")
    assert table.facts()[1].value == len(table.broken)
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_one_bad_day_is_found():
    frame = big()
    lost = (frame["day"] == "2017-07-03") & (frame["arm"] == "control") & (frame.index % 2 == 0)
    table = SampleRatios(by=("day",)).analyze(experiment_of(frame[~lost]))
    assert table.broken.loc[table.broken["by"] == "day", "group"].tolist() == ["2017-07-03"]


def test_a_broken_whole_refuses():
    frame = big()
    table = SampleRatios().analyze(experiment_of(frame[(frame["arm"] == "control") | (frame.index % 5 > 0)]))
    assert "no effect of this test can be believed" in table.refusal().text("en")


def test_small_groups_are_left_alone():
    table = SampleRatios(by=("tier",)).analyze(experiment_of(big(n=40)))
    assert len(table.to_frame()) == 1


def test_sample_ratio_settings_are_refused():
    with pytest.raises(BadInput, match=r"alpha is 2[^$]*smallest is 1"):
        SampleRatios(alpha=2, smallest=1)
    with pytest.raises(BadInput, match="lacks the column region"):
        SampleRatios(by=("region",)).analyze(experiment_of(big()))


def test_filters_that_look_at_the_treatment_are_uneven():
    frame = big()
    frame["old"] = frame["before"] < 20
    frame["outlier"] = (frame["spend"] + 40 * (frame["arm"] == "treatment")) > 200
    found = filter_removals(frame, "arm", ["old", "outlier"]).set_index("filter")
    assert found["even"].to_dict() == {"old": True, "outlier": False}
    assert found.loc["outlier", "treatment"] > found.loc["outlier", "control"]


def test_a_filter_that_removes_nobody_is_even():
    assert filter_removals(big().assign(none=False), "arm", ["none"])["even"].tolist() == [True]
    with pytest.raises(BadInput, match="No filter is declared"):
        filter_removals(big(), "arm", [])


def weeks_of(effects, seed=23, n=3000):
    rng = np.random.default_rng(seed)
    level = rng.gamma(2, 10, n)
    arm = rng.permutation(np.repeat(["control", "treatment"], n // 2))
    weeks = {
        f"week_{w + 1:02d}": level * rng.gamma(4, 0.25, n) + e * (arm == "treatment") for w, e in enumerate(effects)
    }
    frame = pd.DataFrame({"arm": arm, "before": level, **weeks})
    return Experiment.from_frame(frame, arm="arm", outcomes=["week_01"], covariates=["before"])


@pytest.mark.parametrize(
    ("effects", "says"),
    [([4, 3, 1, 1, 1, 1], "fades"), ([1, 1, 4, 4, 4, 4], "larger later"), ([2] * 6, "do not differ")],
)
def test_novelty_is_told_from_an_effect_that_lasts(effects, says):
    test = weeks_of(effects)
    table = Novelty(weeks=week_columns(test), launch=2, unit="EUR").analyze(test)
    assert says in table.readout().certainty.text("en")
    assert table.launch[0] == pytest.approx(np.mean(effects[:2]), abs=4 * table.launch[1])
    assert table.steady[0] == pytest.approx(np.mean(effects[2:]), abs=4 * table.steady[1])
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_weekly_effects_add_up_to_the_effect_of_the_whole():
    test = weeks_of([1, 2, 3])
    whole = test.frame.filter(like="week_").sum(axis=1)
    arm = test.frame["arm"] == "treatment"
    table = Novelty(weeks=week_columns(test), launch=1, adjust="none").analyze(test)
    assert table.to_frame()["effect"].sum() == pytest.approx(whole[arm].mean() - whole[~arm].mean())


def test_without_weeks_the_question_is_refused(experiment):
    table = Novelty(weeks=week_columns(experiment)).analyze(experiment)
    assert "nothing can be said of novelty" in table.refusal().text("en")
    assert table.facts()[0].value is None
    assert len(table.to_frame()) == 0
    assert table.readout().text("zh")
    with pytest.raises(BadInput, match="There are 0 weekly outcomes"):
        _ = table.steady


def test_launch_must_leave_weeks():
    with pytest.raises(BadInput, match="launch is 4 of 4 weeks"):
        Novelty(weeks=("a", "b", "c", "d"), launch=4)


def test_weekly_spend_by_hand():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "a", "z"],
            "date": pd.to_datetime(["2017-07-01", "2017-07-07", "2017-07-08", "2017-07-15", "2017-07-02"]),
            "net_amount": [1.0, 2.0, 4.0, 8.0, 16.0],
        }
    )
    found = weekly_spend(orders, ["b", "a", "c"], start="2017-07-01", weeks=2)
    assert found.to_numpy().tolist() == [[0, 4], [3, 0], [0, 0]]
    with pytest.raises(BadInput, match="weeks is 0"):
        weekly_spend(orders, ["a"], start="2017-07-01", weeks=0)


@pytest.mark.parametrize(("end", "sign"), [("top", -1), ("bottom", 1)])
def test_who_is_chosen_on_an_extreme_past_comes_back_by_itself(end, sign):
    rng = np.random.default_rng(22)
    level = rng.gamma(2, 50, 4000)
    arm = rng.permutation(np.repeat(["control", "treatment"], 2000))
    frame = pd.DataFrame(
        {"arm": arm, "before": level * rng.gamma(2, 0.5, 4000), "spend": level * rng.gamma(2, 0.5, 4000)}
    )
    table = ChosenOnPast(outcome="spend", before="before", end=end, share=0.2, unit="EUR").analyze(experiment_of(frame))
    result = table.to_frame()
    assert np.sign(result["change"][0]) == sign  # with nothing done
    assert result["low"][2] < 0 < result["high"][2]
    assert result["change"][2] == pytest.approx(result["change"][1] - result["change"][0])
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_chosen_segment_settings_are_refused():
    with pytest.raises(BadInput, match=r"share is 2[^$]*end is 'middle'"):
        ChosenOnPast(outcome="spend", before="before", share=2, end="middle")


def test_too_few_chosen_units_refuse_the_question():
    table = ChosenOnPast(outcome="spend", before="before", share=0.001).analyze(experiment_of(big(n=40)))
    assert "An arm has fewer than two of the 0.1% of units chosen" in str(table.refusal())
    assert str(table.readout().finding) == str(table.refusal())
    assert [fact.value for fact in table.facts()] == [None]
