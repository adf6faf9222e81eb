"""Every result of the room has a picture of its frame, with words in the active language."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from crm_lab.experiments import Effects, Programme, ResponseRates, SoundnessCheck, mean_of


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def answer(experiment):
    return Programme(margin_share=0.3, reward_rate=0.01).analyze(experiment, "spend")


@pytest.mark.parametrize(("lang", "title"), [("en", "Where the money goes"), ("zh", "钱去了哪里")])
def test_the_waterfall_ends_at_the_net_result(answer, lang, title, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    ax = answer.plot()
    assert ax.get_title(loc="left") == title
    bars = [(b.get_x(), b.get_width()) for b in ax.patches]
    assert bars[-1] == pytest.approx((0, answer.returns.net()[0]))
    assert sum(w for _, w in bars[:-1]) == pytest.approx(bars[-1][1])


def test_the_probability_curve_passes_through_the_decision(answer):
    ax = answer.plot(kind="probability")
    assert ax.lines[-1].get_xydata()[0] == pytest.approx((1.0, answer.p_needed))


def test_effects_are_drawn_one_below_the_other(experiment):
    ax = Effects(metrics=(mean_of("spend"), mean_of("orders"))).analyze(experiment).plot()
    assert [t.get_text().split(" · ")[0] for t in ax.get_yticklabels()] == ["spend", "spend", "orders", "orders"]


def test_balance_stays_inside_its_axis(experiment):
    result = SoundnessCheck().analyze(experiment)
    assert result.plot().get_xlim()[1] > result.largest_gap


@pytest.mark.slow
def test_deeper_results_have_pictures_in_both_languages(households, monkeypatch):
    from crm_lab.experiments import (
        BeforeAfterClaim,
        ChosenOnPast,
        Design,
        Experiment,
        Novelty,
        RoiDesign,
        RunTime,
        SampleRatios,
        TakeUp,
    )

    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    weeks = {f"week_{w:02d}": households["spend"] / 4 for w in range(1, 5)}
    joined = ((households["arm"] == "treatment") & (households.index % 2 == 0)) * 1.0
    frame = households.assign(joined=joined, tier="A", **weeks)
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "joined"], covariates=["spend_before"])
    results = [
        Novelty(weeks=tuple(weeks), launch=1).analyze(test),
        ChosenOnPast(outcome="spend", before="spend_before").analyze(test),
        SampleRatios(by=("tier",)).analyze(test),
        TakeUp(outcome="spend", taken="joined").analyze(test),
        Design(metrics=(mean_of("spend"),)).analyze(households),
        RoiDesign(programme=Programme(margin_share=0.3, reward_rate=0.01), lift=0.1).analyze(households, "spend"),
        RunTime().analyze(households.rename(columns={"orders": "median_gap_days"})),
        BeforeAfterClaim(before=0.61, after=0.8, control_rise=0.05).analyze(),
    ]
    for result in results:
        ax = result.plot()
        assert any("\u4e00" <= sign <= "\u9fff" for sign in ax.get_title(loc="left")), result.name
        ax.figure.canvas.draw()


def test_metrics_of_different_units_are_drawn_relative(experiment):
    table = Effects(metrics=(mean_of("spend"), mean_of("orders")), adjust=("none",)).analyze(experiment)
    ax = table.plot()
    assert ax.get_xlabel() == "Treatment against control, relative"
    drawn = [point for line in ax.lines if line.get_marker() == "o" for point in line.get_xdata()]
    assert drawn == pytest.approx(table.to_frame()["rel_effect"].tolist())
    assert Effects(metrics=(mean_of("spend"),)).analyze(experiment).plot().get_xlabel() == "Treatment − control"


def test_response_rates_stand_beside_their_target():
    messages = pd.DataFrame({"redeemed": [1] * 3 + [0] * 17, "kind": ["a", "b"] * 10})
    ax = ResponseRates(target=0.75, by="kind").analyze(messages).plot()
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "redeemed / sent",
        "redeemed / sent  a",
        "redeemed / sent  b",
    ]
    assert [text.get_text() for text in ax.texts] == ["target"]
