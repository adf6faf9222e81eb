"""ROI, waterfall and decision: identities, branches, wording, refusals."""

import json

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, Experiment, Programme, SoundnessCheck, mean_of, write_decision
from crm_lab.experiments.economics import Return
from crm_lab.messages import LANGUAGES

TERMS = {"margin_share": 0.3, "reward_rate": 0.01, "contact_cost": 0.5, "running_cost": 500.0}


def two_arms(households, **options):
    return Experiment.from_frame(
        households, arm="arm", outcomes=["spend"], covariates=["spend_before"], unit="customer_id", **options
    )


@pytest.fixture
def answer(households):
    return Programme(**TERMS).analyze(two_arms(households), "spend")


def test_the_waterfall_adds_up(answer):
    frame = answer.to_frame()
    assert frame["per_unit"].iloc[:-1].sum() == pytest.approx(frame["per_unit"].iloc[-1], abs=1e-9)
    assert frame["total"].iloc[-1] == pytest.approx(answer.returns.net()[0] * answer.treated)


def test_gain_and_cost_by_hand(households):
    """Without a pre-period: margin x difference of means; reward x treated mean + fixed cost."""
    answer = Programme(**TERMS, adjust="none", redemption_share=0.6).analyze(two_arms(households), "spend")
    control, treated = (households.loc[households["arm"] == a, "spend"] for a in ("control", "treatment"))
    gain = 0.3 * (treated.mean() - control.mean())
    cost = 0.01 * 0.6 * treated.mean() + 0.5 + 500 / len(treated)
    assert answer.returns.gain == pytest.approx(gain)
    assert answer.returns.cost == pytest.approx(cost)
    assert answer.returns.roi == pytest.approx(gain / cost - 1)
    assert answer.returns.var_gain == pytest.approx(
        0.09 * (control.var() / len(control) + treated.var() / len(treated))
    )


def test_both_roi_definitions_differ_by_one(answer):
    facts = {f.id: f for f in answer.facts()}
    assert facts["roi.multiple"].value - facts["roi.net"].value == pytest.approx(1)
    assert facts["roi.multiple"].ci.lo - facts["roi.net"].ci.lo == pytest.approx(1)


def test_probability_falls_as_more_is_needed(answer):
    p = answer.probabilities()["probability"].to_numpy()
    assert (np.diff(p) < 1e-12).all()
    assert p[0] > 0.99
    assert p[-1] < 0.01


def test_half_the_probability_lies_above_the_estimate(answer):
    assert answer.returns.p_roi_above(answer.returns.roi) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("margin", "decision", "says"), [(0.9, "ship", "Ship:"), (0.0, "stop", "Stop:"), (0.09, "extend", "Extend")]
)
def test_every_decision_says_what_to_do(households, margin, decision, says):
    answer = Programme(**{**TERMS, "margin_share": margin}).analyze(two_arms(households), "spend")
    assert answer.decision == decision
    assert answer.readout().action.text("en").startswith(says)
    for lang in LANGUAGES:
        assert answer.readout().text(lang)


def test_units_needed_would_reach_the_agreed_probability(households):
    answer = Programme(**{**TERMS, "margin_share": 0.15}).analyze(two_arms(households), "spend")
    r, factor = answer.returns, answer.units_needed / answer.units
    larger = Return(r.gain, r.cost, r.var_gain / factor, r.var_cost / factor, r.cov / factor)
    assert larger.p_roi_above(0) == pytest.approx(answer.spec.ship_at)


def test_a_broken_sample_ratio_leaves_no_decision(households):
    kept = households[(households["arm"] == "control") | (households.index % 3 > 0)]
    test = two_arms(kept)
    soundness = SoundnessCheck().analyze(test)
    answer = Programme(**TERMS).analyze(test, "spend", soundness)
    assert answer.decision is None
    assert "not as large as planned" in answer.readout().finding.text("en")
    assert [f.refusal is not None for f in answer.facts()] == [True]
    assert len(answer.to_frame()) == 0
    with pytest.raises(BadInput, match="There is no return"):
        _ = answer.returns


def test_a_planted_effect_is_called_planted(households):
    answer = Programme(**TERMS).analyze(two_arms(households, truth={"spend": 40.0}), "spend")
    assert {f.kind for f in answer.facts()} == {"simulated"}
    assert "planted" in answer.readout().certainty.text("en")


def test_free_programme_has_no_roi(households):
    answer = Programme(margin_share=0.3, reward_rate=0.0).analyze(two_arms(households), "spend")
    assert np.isnan(answer.returns.roi)
    assert "There is no ROI" in answer.readout().finding.text("en")


def test_decision_file_holds_the_published_facts(answer, households, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    effect = Effects(metrics=(mean_of("spend", unit="USD"),)).analyze(two_arms(households))
    content = json.loads(write_decision(answer, [effect]).read_text(encoding="utf-8"))
    assert content["decision"] == answer.decision
    assert content["facts"][0]["value"] == pytest.approx(answer.returns.roi)
    assert {f["id"] for f in content["facts"]} >= {"roi.net", "roi.p_needed", "effect.spend.treatment"}
    assert [p.name for p in tmp_path.iterdir()] == ["decision.json"]


def test_settings_are_refused_all_at_once():
    with pytest.raises(BadInput) as error:
        Programme(margin_share=30, reward_rate=-1, ship_at=0.2, stop_at=0.5, contact_cost=-1)
    for part in ("margin_share is 30", "reward_rate is -1", "contact_cost is -1", "stop_at is 0.5 and ship_at 0.2"):
        assert part in str(error.value)


def test_three_arms_are_refused(households):
    households.loc[::7, "arm"] = "letter"
    with pytest.raises(BadInput, match="3 arms; a programme's return needs two"):
        Programme(**TERMS).analyze(two_arms(households), "spend")
