"""Groups that nobody drew: no test, an answer of its own, never a reason to ship."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Association, Effects, Experiment, Programme, SampleRatios, SoundnessCheck, drawn_by_lot
from crm_lab.experiments.payoff.decision_file import decision_content
from crm_lab.fronts.experiments import association_front
from crm_lab.messages import LANGUAGES


def responders(n=1_500, seed=0, arm="responded", hidden=0.0, **columns):
    """Who answered a campaign: whoever spends more, and (hidden) whoever likes the shop."""
    rng = np.random.default_rng(seed)
    level, liking = rng.standard_normal((2, n))
    answered = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.9 * level - hidden * liking))
    love = 0.4 * hidden * liking
    frame = pd.DataFrame({arm: np.where(answered, "yes", "no"),
                          "spend": np.exp(3 + 0.5 * level + love + 0.3 * rng.standard_normal(n)),
                          "spend_before": np.exp(3 + 0.5 * level + love + 0.3 * rng.standard_normal(n)),
                          "orders_before": rng.poisson(np.exp(1 + 0.5 * level))})  # fmt: skip
    return frame.assign(**columns)


def groups(frame, arm="responded", covariates=("spend_before", "orders_before")):
    return Experiment.from_frame(frame, arm=arm, control="no", outcomes=["spend"], covariates=list(covariates))


@pytest.mark.parametrize("arm", ["responded", "opened", "member", "segment_2"])
def test_who_chose_is_no_test_and_never_ships(arm):
    """The names say it, or the past does; no name is needed where the arms differ in everything."""
    test = groups(responders(arm=arm), arm)
    assert not drawn_by_lot(test)
    answer = Programme(margin_share=0.4, reward_rate=0.01).analyze(test, "spend", SoundnessCheck().analyze(test))
    content = decision_content(answer)
    assert content["decision"] is None
    assert (content["withheld"], content["refusal_code"]) == ("refused", "imbalance")
    found = Association(outcome="spend").analyze(test)
    assert found.plain > 5
    assert found.to_frame()["comparison"].tolist() == ["plain", "comparable", "negative"]
    assert found.balance["std_diff"].abs().max() > 0.4
    assert found.balance["std_diff_weighted"].abs().max() < 1e-4
    said = found.readout()
    assert said.finding.text("en").startswith("Not a test")
    assert "Do not ship" in said.action.text("en")
    assert not {"decision", "ship"} & {fact.id.rpartition(".")[2] for fact in found.facts()}
    assert all(association_front(found).answer.text(lang) for lang in LANGUAGES)


def test_the_suite_may_say_that_units_chose_and_the_code_says_so():
    from dataclasses import replace

    from crm_lab.messages import Message

    chosen = replace(groups(responders()), doubt=Message("experiments.refused.chosen_said"))
    assert not drawn_by_lot(chosen)
    assert decision_content(Programme(margin_share=0.4, reward_rate=0.01).analyze(chosen, "spend"))[
        "refusal_code"
    ] == "chosen_said"  # fmt: skip


def test_a_draw_by_lot_is_a_test():
    rng = np.random.default_rng(3)
    frame = responders().assign(responded=rng.permutation(["yes", "no"] * 750))
    assert drawn_by_lot(groups(frame))
    lost = frame[(frame["responded"] == "no") | (np.arange(len(frame)) % 3 > 0)]
    assert drawn_by_lot(groups(lost))  # units were lost, but nobody chose
    assert "planned sizes are broken" in SampleRatios().analyze(groups(lost)).readout().finding.text("en")


def test_sizes_that_nobody_planned_are_not_called_broken():
    ratios = SampleRatios().analyze(groups(responders(arm="member"), "member"))
    assert ratios.readout().finding.text("en").startswith("Nobody drew these groups by lot")
    assert "没有计划人数" in ratios.readout().finding.text("zh")
    assert {(fact.value, str(fact.refusal)) for fact in ratios.facts()} == {(None, str(ratios.refusal()))}


def test_a_negative_control_shows_what_nobody_measured():
    """Liking moves spend before and after, and the answer: orders before do not know of it."""
    seen = [
        Association(outcome="spend").analyze(groups(responders(3_000, seed, hidden=h))).hidden
        for h in (0.0, 1.2) for seed in range(8)
    ]  # fmt: skip
    assert all(seen[8:])
    hidden = Association(outcome="spend").analyze(groups(responders(3_000, 1, hidden=1.2)))
    assert "unmeasured" in hidden.readout().certainty.text("en")
    other = Association(outcome="spend", negative_control="orders_before").analyze(groups(responders()))
    assert other.past == "orders_before"


def test_an_association_is_told_from_none():
    frame = responders()
    more = frame.assign(spend=frame["spend"] + 8 * (frame["responded"] == "yes"))
    with_it, without = (Association(outcome="spend", unit="EUR").analyze(groups(f)) for f in (more, frame))
    assert with_it.found.value == pytest.approx(without.found.value + 8)
    assert with_it.readout().finding.key == "experiments.association.finding"
    assert "E-value" in with_it.readout().certainty.text("en")
    assert with_it.found.e_value.end > 1.5


def test_without_a_past_or_without_overlap_nothing_is_weighted():
    none = Association(outcome="spend").analyze(groups(responders(), covariates=()))
    assert none.refusal().key == "experiments.association.no_past"
    frame = responders()
    apart = frame.assign(spend_before=frame["spend_before"] + 1e4 * (frame["responded"] == "yes"))
    refused = Association(outcome="spend").analyze(groups(apart, covariates=("spend_before",)))
    assert refused.refusal().key == "experiments.association.no_overlap"
    for result in (none, refused):
        assert result.facts()[0].value is None
        assert all(result.readout().text(lang) for lang in LANGUAGES)
        assert result.balance.empty
        assert result.overlap.empty


def test_what_was_measured_afterwards_is_not_adjusted_for():
    frame = responders(spend_after=lambda d: d["spend"] * 1.01)
    found = Association(outcome="spend").analyze(groups(frame, covariates=("spend_before", "spend_after")))
    assert found.balance["covariate"].tolist() == ["spend_before"]
    assert found.negative is None


def test_gaps_of_the_past_are_told_from_zero():
    frame = responders()
    frame["spend_before"] = frame["spend_before"].where(np.arange(len(frame)) % 4 > 0)
    found = Association(outcome="spend").analyze(groups(frame))
    assert "spend_before_missing" in set(found.balance["covariate"])
    assert found.past == "spend_before"
    assert found.negative is not None


def test_three_groups_are_too_many_and_missing_outcomes_a_refusal():
    frame = responders()
    three = frame.assign(responded=np.where(np.arange(len(frame)) % 7 == 0, "maybe", frame["responded"]))
    with pytest.raises(BadInput, match="3 groups"):
        Association(outcome="spend").analyze(groups(three))
    gaps = frame.assign(spend=frame["spend"].where(frame.index > 5))
    assert Association(outcome="spend").analyze(groups(gaps)).refusal().key == "experiments.refused.gaps"


def test_the_page_says_of_them_no_effect(monkeypatch):
    test = groups(responders())
    assert Effects(metrics=("spend",)).analyze(test).refusal() is not None
    found = Association(outcome="spend").analyze(test)
    for lang in LANGUAGES:
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        assert found.plot().get_title(loc="left")
