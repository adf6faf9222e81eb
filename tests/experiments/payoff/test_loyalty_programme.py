"""ROI, waterfall and decision: identities, branches, wording, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, Experiment, Programme, SoundnessCheck, interval_check, mean_of, write_decision
from crm_lab.experiments.payoff.money_parts import Return
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
    answer = Programme(**{**TERMS, "margin_share": margin, "ship_at": 0.9}).analyze(two_arms(households), "spend")
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
    assert (content["decision"], content["withheld"]) == (answer.decision, None)
    assert content["facts"][0]["value"] == pytest.approx(answer.returns.roi)
    assert {f["id"] for f in content["facts"]} >= {"roi.net", "roi.p_needed", "effect.spend.treatment"}
    assert [p.name for p in tmp_path.iterdir()] == ["decision.json"]


def test_a_planted_effect_decides_nothing(households, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    answer = Programme(**TERMS).analyze(two_arms(households, truth={"spend": 40.0}), "spend")
    content = json.loads(write_decision(answer).read_text(encoding="utf-8"))
    assert answer.decision is not None
    assert (content["decision"], content["withheld"], content["simulated"]) == (None, "simulated", True)


def test_settings_are_refused_all_at_once():
    with pytest.raises(BadInput) as error:
        Programme(margin_share=30, reward_rate=-1, ship_at=0.2, stop_at=0.5, contact_cost=-1)
    for part in ("margin_share is 30", "reward_rate is -1", "contact_cost is -1", "stop_at is 0.5; with ship_at 0.2"):
        assert part in str(error.value)


def test_three_arms_are_refused(households):
    households.loc[::7, "arm"] = "letter"
    with pytest.raises(BadInput, match="3 arms; a programme's return needs two"):
        Programme(**TERMS).analyze(two_arms(households), "spend")


def test_pulled_forward_and_cannibalised_sales_are_taken_off(households):
    rng = np.random.default_rng(3)
    treated = households["arm"] == "treatment"
    later = households["spend_before"] * 0.3 - 20 * treated
    elsewhere = rng.gamma(2, 30, len(households)) - 5 * treated
    frame = households.assign(later=later, elsewhere=elsewhere)
    test = Experiment.from_frame(
        frame, arm="arm", outcomes=["spend", "later", "elsewhere"], covariates=["spend_before"], unit="customer_id"
    )
    plain = Programme(**TERMS).analyze(test, "spend")
    whole = Programme(**TERMS).analyze(test, "spend", later="later", elsewhere="elsewhere")
    parts = dict(zip(whole.parts.names, whole.parts.value, strict=True))
    assert parts["pulled_forward"] == pytest.approx(-0.3 * 20, abs=1e-6)
    assert parts["margin"] == pytest.approx(plain.parts.value[0])
    assert whole.returns.gain == pytest.approx(parts["margin"] + parts["pulled_forward"] + parts["cannibalised"])
    assert whole.returns.cost == pytest.approx(plain.returns.cost)
    frame = whole.to_frame()
    assert frame["per_unit"].iloc[:-1].sum() == pytest.approx(frame["per_unit"].iloc[-1])


def test_at_each_break_even_the_net_is_zero(households):
    from dataclasses import replace

    answer = Programme(**TERMS, adjust="none").analyze(two_arms(households), "spend")
    lift, redemption, margin = answer.break_evens()["break_even"][:3]
    for name, value in (("redemption_share", redemption), ("margin_share", margin)):
        if 0 <= value <= 1:
            again = replace(answer.spec, **{name: value}).analyze(two_arms(households), "spend")
            assert again.returns.net()[0] == pytest.approx(0, abs=1e-9)
    control = households.loc[households["arm"] == "control", "spend"].mean()
    frame = households.assign(
        spend=np.where(households["arm"] == "treatment", control * (1 + lift), households["spend"])
    )
    assert answer.spec.analyze(two_arms(frame), "spend").returns.net()[0] == pytest.approx(0, abs=1e-6)


def test_bootstrap_agrees_with_fieller(households):
    from crm_lab.experiments.payoff.return_bootstrap import bootstrap_multiples

    test, terms = two_arms(households), Programme(**TERMS)
    answer = terms.analyze(test, "spend")
    multiples = bootstrap_multiples(terms, test, "spend", 4, draws=600)
    span = answer.returns.multiple_set().interval()
    lo, hi = np.quantile(multiples, [0.025, 0.975])
    width = span.hi - span.lo
    assert lo == pytest.approx(span.lo, abs=0.15 * width)
    assert hi == pytest.approx(span.hi, abs=0.15 * width)
    assert (multiples > 1).mean() == pytest.approx(answer.p_needed, abs=0.06)


def test_weighted_moments_are_those_of_the_copies():
    from crm_lab.experiments.payoff.return_bootstrap import weighted_moments
    from crm_lab.stats.moments import Moments

    x = np.random.default_rng(5).normal(100, 3, (6, 2))
    copies = np.array([2, 0, 1, 3, 0, 1])
    found = weighted_moments(("a", "b"), x, copies[None, :].astype(float))[0]
    expected = Moments.from_array(["a", "b"], np.repeat(x, copies, axis=0))
    assert found.n == expected.n
    np.testing.assert_allclose(found.mean, expected.mean)
    np.testing.assert_allclose(found.comoment, expected.comoment, atol=1e-9)


def test_redeemed_shares_have_the_stated_mean_and_spread():
    from crm_lab.experiments.payoff.return_bootstrap import redeemed_shares

    drawn = redeemed_shares(
        Programme(**TERMS, redemption_share=0.7, redemption_sd=0.1), np.random.default_rng(6), 20_000
    )
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.7, 0.1), abs=0.003)
    fixed = redeemed_shares(Programme(**TERMS, redemption_sd=0.0), np.random.default_rng(6), 3)
    assert fixed.tolist() == [0.7] * 3


def test_gross_bases_flatter_any_programme(households):
    answer = Programme(**TERMS).analyze(two_arms(households), "spend")
    gross, extra, margin_gross, multiple, roi = answer.bases()["value"]
    assert gross * 0.3 == pytest.approx(margin_gross)
    assert extra * 0.3 == pytest.approx(multiple)
    assert roi == pytest.approx(multiple - 1)
    assert gross > 5 * extra


def measured(households):
    """A test whose margin, rewards and members' spend were measured."""
    rng, treated = np.random.default_rng(9), (households["arm"] == "treatment").to_numpy()
    member = treated & (rng.random(len(households)) < 0.7)
    frame = households.assign(
        margin=0.4 * households["spend"], rewards=0.02 * households["spend"] * member,
        member_spend=households["spend"] * member, later=0.1 * households["spend_before"] - 2.0 * treated,
    )  # fmt: skip
    names = ["spend", "margin", "rewards", "member_spend", "later"]
    return Experiment.from_frame(frame, arm="arm", outcomes=names, covariates=["spend_before"])


MONEY = {"margin": "margin", "rewards": "rewards", "member_spend": "member_spend", "later": "later"}


def test_measured_margin_and_rewards_take_the_place_of_the_terms(households):
    test = measured(households)
    answer = Programme(**TERMS, adjust="none").analyze(test, "spend", **MONEY)
    means = test.frame.groupby("arm")[list(MONEY)].mean().diff().loc["treatment"]
    extra = test.frame.groupby("arm")["spend"].mean().diff()["treatment"]
    parts = dict(zip(answer.parts.names, answer.parts.value, strict=True))
    assert parts["margin"] == pytest.approx(means["margin"])
    assert parts["pulled_forward"] == pytest.approx(means["later"])  # in margin, as margin is
    assert parts["rewards_new"] + parts["rewards_anyway"] == pytest.approx(-means["rewards"])
    treated = test.frame[test.frame["arm"] == "treatment"]
    sold = (means["margin"] + means["later"]) * treated["spend"].mean() / treated["margin"].mean()
    assert sold < extra  # what was pulled forward is not extra
    assert parts["rewards_new"] == pytest.approx(-means["rewards"] * sold / means["member_spend"])
    assert answer.margin == pytest.approx(0.4)
    assert "margin and rewards as measured" in answer.readout().certainty.text("en")
    frame = answer.to_frame()
    assert frame["per_unit"].iloc[:-1].sum() == pytest.approx(frame["per_unit"].iloc[-1])


def test_at_the_break_even_lift_shifted_sales_stay_as_they_are(households):
    treated = households["arm"] == "treatment"
    test = Experiment.from_frame(
        households.assign(later=5.0 - 3.0 * treated), arm="arm", outcomes=["spend", "later"], covariates=[]
    )
    terms = Programme(**TERMS)
    lift = terms.analyze(test, "spend", later="later").break_evens()["break_even"][0]
    control = test.frame.loc[~treated, "spend"].mean()
    frame = test.frame.assign(spend=np.where(treated, control * (1 + lift), test.frame["spend"]))
    again = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "later"])
    assert terms.analyze(again, "spend", later="later").returns.net()[0] == pytest.approx(0, abs=1e-9)


def test_break_evens_of_measured_money(households):
    answer = Programme(**TERMS, adjust="none").analyze(measured(households), "spend", rewards="rewards")
    table = answer.break_evens().set_index("quantity")
    now, zero = table.loc["rewards"]
    assert now == pytest.approx(answer.mean("rewards", 1))
    net, _ = answer.returns.net()
    assert zero == pytest.approx(now + net)  # all of the net result may go to rewards


def test_no_lift_breaks_even_where_more_sold_earned_less(households):
    test = measured(households)
    treated = test.frame["arm"] == "treatment"
    assert test.frame.groupby("arm")["spend"].mean().diff()["treatment"] > 0
    dear = test.frame.assign(margin=test.frame["margin"] - 20.0 * treated)  # more is sold, and less is earned
    answer = Programme(**TERMS, adjust="none").analyze(replace(test, frame=dear), "spend", margin="margin")
    now, zero = answer.break_evens().set_index("quantity").loc["lift"]
    assert now > 0
    assert np.isnan(zero)


def test_bootstrap_of_measured_money_agrees_with_fieller(households):
    from crm_lab.experiments.payoff.return_bootstrap import bootstrap_multiples

    test, terms = measured(households), Programme(**TERMS)
    span = terms.analyze(test, "spend", **MONEY).returns.multiple_set().interval()
    multiples = bootstrap_multiples(terms, test, "spend", 4, draws=400, **MONEY)
    assert np.quantile(multiples, [0.025, 0.975]) == pytest.approx([span.lo, span.hi], abs=0.2 * (span.hi - span.lo))


def test_an_unknown_part_of_the_money_is_refused(households):
    with pytest.raises(BadInput, match="tax is no part of the money; parts are later, elsewhere, margin, rewards"):
        Programme(**TERMS).analyze(two_arms(households), "spend", tax="spend")


def test_a_refused_answer_has_empty_tables_and_no_error(households):
    test = two_arms(households.assign(spend=0.0))
    answer = Programme(**TERMS).analyze(test, "spend")
    assert "spend is 0 for all 600 units" in answer.refusal().text("en")
    assert answer.break_evens().empty
    assert answer.bases().empty
    assert interval_check(answer, test, 1).empty


def test_the_interval_check_stands_beside_fieller(households):
    test = two_arms(households)
    answer = Programme(**TERMS).analyze(test, "spend")
    table = interval_check(answer, test, 4, draws=200)
    assert table.index.tolist() == ["2.5 %", "97.5 %"]
    span = answer.returns.multiple_set()
    assert table["Fieller"].tolist() == [span.lo, span.hi]


def test_rewards_of_nothing_are_a_cost_like_any_other(households):
    test = Experiment.from_frame(
        households.assign(rewards=0.0, member_spend=0.0, later=0.0), arm="arm",
        outcomes=["spend", "rewards", "member_spend", "later"], covariates=["spend_before"],
    )  # fmt: skip
    answer = Programme(**TERMS).analyze(test, "spend", rewards="rewards", member_spend="member_spend", later="later")
    parts = dict(zip(answer.parts.names, answer.parts.value, strict=True))
    assert parts["rewards_new"] == parts["rewards_anyway"] == parts["pulled_forward"] == 0
    assert answer.decision is not None
    assert len(answer.break_evens()) == 5  # where rewards were measured, no rate is asked for


def test_gaps_in_measured_money_are_refused_with_counts(households):
    gaps = households["spend"].where(households.index > 4)
    test = Experiment.from_frame(households.assign(rewards=gaps), arm="arm", outcomes=["spend", "rewards"])
    answer = Programme(**TERMS).analyze(test, "spend", rewards="rewards")
    assert "rewards has no value for 5 units" in answer.refusal().text("en")


def test_a_share_is_no_amount_of_money(households):
    test = Experiment.from_frame(households, arm="arm", outcomes=["bought"])
    answer = Programme(**TERMS).analyze(test, "bought")
    assert "a share or a number of things and no amount of money" in answer.refusal().text("en")
