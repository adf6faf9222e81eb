"""Designs from history: sizes by hand, power by simulation, verdicts when nothing fits."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from crm_lab.checks import BadInput
from crm_lab.experiments import (
    BeforeAfterClaim,
    Design,
    Experiment,
    Programme,
    RoiDesign,
    RunTime,
    mean_of,
    ratio_of,
    share_of,
)  # fmt: skip
from crm_lab.experiments.core.estimate import difference, joint_means
from crm_lab.experiments.payoff.money_parts import Return
from crm_lab.experiments.planning.sample_size import n_share
from crm_lab.messages import LANGUAGES
from crm_lab.number_format import format_frame
from crm_lab.stats.moments import Moments


def test_a_mean_needs_what_the_formula_says(households):
    table = Design(metrics=(mean_of("spend"),), lift=0.05).analyze(households, ["spend_before"])
    plain, adjusted = table.sizes
    sd, level = households["spend"].std(), households["spend"].mean()
    rho2 = households[["spend", "spend_before"]].corr().iloc[0, 1] ** 2
    assert plain.n_treatment == pytest.approx((1 + 1.05**2) * (2.8015852 * sd / (0.05 * level)) ** 2, rel=1e-6)
    assert adjusted.n_total / plain.n_total == pytest.approx(1 - rho2, rel=0.01)


def test_a_share_uses_the_pooled_formula_and_says_so(households):
    size = Design(metrics=(share_of("bought"),), lift=0.1).analyze(households).headline
    p = households["bought"].mean()
    assert size.n_treatment == pytest.approx(n_share(p, 1.1 * p))
    assert size.formula == "pooled"


def test_a_ratio_uses_the_delta_method(households):
    size = Design(metrics=(ratio_of("spend", "orders"),)).analyze(households).headline
    ratio = households["spend"].sum() / households["orders"].sum()
    linear = (households["spend"] - ratio * households["orders"]) / households["orders"].mean()
    assert size.sd == pytest.approx(linear.std())


def test_clusters_cost_their_design_effect(households):
    one, two = (
        Design(metrics=(mean_of("spend"),), design_effect=d).analyze(households).headline.n_total for d in (1, 1.95)
    )
    assert two / one == pytest.approx(1.95)


def test_power_of_the_design_is_the_power_of_the_test(households):
    """Share of 600 simulated tests that see the planned lift, against the planned 80 %."""
    rng, lift = np.random.default_rng(12), 0.15
    spec = Design(metrics=(mean_of("spend"),), lift=lift, adjust=("lin",))
    n = math.ceil(spec.analyze(households, ["spend_before"]).headline.n_total)
    data, seen = households[["spend", "spend_before"]].to_numpy(), 0
    for _ in range(600):
        units = data[rng.integers(0, len(data), n)]
        treated = units[: n // 2] * [1 + lift, 1]
        arms = [Moments.from_array(["y", "x"], a) for a in (units[n // 2 :], treated)]
        seen += difference(joint_means(arms, [("y", None)], ["x"]), 0).pvalue < 0.05
    assert seen / 600 == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 600))


@pytest.mark.parametrize(("lift", "says"), [(0.5, "Run it"), (0.005, "No design fits")])
def test_the_verdict(households, lift, says):
    table = Design(metrics=(mean_of("spend"),), lift=lift).analyze(households, ["spend_before"])
    assert says in table.readout().action.text("en")
    assert table.fits == (says == "Run it")
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_an_empty_history_has_no_size(households):
    table = Design(metrics=(mean_of("spend"),)).analyze(households.assign(spend=0.0))
    assert "no size can be computed" in table.refusal().text("en")
    assert table.facts()[0].value is None


def test_a_share_near_all_has_no_room(households):
    table = Design(metrics=(share_of("bought"),), lift=0.9).analyze(households)
    assert "would pass 100%" in table.refusal().text("en")
    assert not table.fits


def test_a_small_control_needs_more_units(households):
    even, small = (
        Design(metrics=(mean_of("spend"),), treated_share=s, multiplies=False).analyze(households).headline.n_total
        for s in (0.5, 0.9)
    )
    assert small / even == pytest.approx(1 / (4 * 0.9 * 0.1))


def test_settings_are_refused():
    with pytest.raises(BadInput, match=r"lift is -1[^$]*treated_share is 1[^$]*design_effect is 0.5"):
        Design(metrics=(mean_of("x"),), lift=-1, treated_share=1, design_effect=0.5)


TERMS = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=1.0, adjust="none", redemption_sd=0.0)


def test_roi_power_by_simulation(households):
    """Share of simulated tests that end in ship against the planned probability."""
    spec = RoiDesign(programme=TERMS, lift=0.25)
    table = spec.analyze(households, "spend")
    n = math.ceil(table.units_needed)
    assert table.p_ship(n) == pytest.approx(0.8, abs=1e-3)
    rng, shipped, spend = np.random.default_rng(13), 0, households["spend"].to_numpy()
    for _ in range(2000):
        drawn = spend[rng.integers(0, len(spend), (n, 1))]
        arms = [Moments.from_array(["y"], drawn[n // 2 :]), Moments.from_array(["y"], 1.25 * drawn[: n // 2])]
        parts = TERMS.parts(joint_means(arms, [("y", None)]), n // 2)
        shipped += Return.of(parts, ("margin",)).p_roi_above(0) >= TERMS.ship_at
    assert shipped / 2000 == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 2000))


def test_deciding_takes_more_units_than_seeing_a_lift(households):
    seeing = Design(metrics=(mean_of("spend"),), lift=0.05).analyze(households).headline.n_total
    deciding = RoiDesign(programme=TERMS, lift=0.05).analyze(households, "spend").units_needed
    assert deciding > seeing


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"margin_share": 0.05, "reward_rate": 0.05}, "no test can end in ship"),
        ({"margin_share": 0.3, "reward_rate": 0.01, "redemption_sd": 3.0}, "too uncertain"),
    ],
)
def test_programmes_that_no_test_can_ship(households, terms, says):
    table = RoiDesign(programme=Programme(**terms), lift=0.05).analyze(households, "spend")
    assert says in table.refusal().text("en")
    assert all(table.readout().text(lang) for lang in LANGUAGES)
    assert np.isfinite(table.to_frame()["p_ship"]).all()


def test_run_time_is_whole_weeks_of_the_customers_rhythm():
    table = RunTime(quantile=0.5, cycles=2).analyze(pd.DataFrame({"median_gap_days": [5.0, 10.0, 15.0, np.nan]}))
    assert table.window(0.5) == 21  # 2 x 10 days, up to whole weeks
    assert table.facts()[0].value == 21
    assert "1 bought on one day only" in table.readout().certainty.text("en")


def test_no_rhythm_is_said():
    table = RunTime().analyze(pd.DataFrame({"median_gap_days": [np.nan]}))
    assert "has bought twice" in table.refusal().text("en")
    assert table.facts()[0].value is None


def test_the_deck_in_both_readings():
    """CATALOGUE F23: 61 -> 80 against +5 is 14 points, or 15.95 if 5 is per cent."""
    table = BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.05).analyze()
    assert table.to_frame()["effect"].tolist() == pytest.approx([0.14, 0.1595])
    assert "14.00 points" in table.readout().finding.text("en")
    assert "15.95 points" in table.readout().finding.text("en")
    assert table.to_frame()["low"].isna().all()


def test_a_claim_with_numbers_has_an_interval():
    frame = BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.05, n_per_arm=400).analyze().to_frame()
    se = math.sqrt((2 * 0.61 * 0.39 + 0.8 * 0.2 + 0.66 * 0.34) / 400)
    assert frame["effect"][0] - frame["low"][0] == pytest.approx(1.959964 * se, rel=1e-6)


def test_a_claim_of_more_than_everybody_is_refused():
    with pytest.raises(BadInput, match="read in points"):
        BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.5)


def test_an_outcome_of_0_or_1_has_no_size_for_a_decision_in_money(households):
    design = RoiDesign(programme=TERMS, lift=0.25).analyze(households, "bought")
    assert design.refusal().key == "experiments.refused.no_amount"
    assert design.to_frame().empty
    assert all(fact.value is None for fact in design.facts())
    for lang in LANGUAGES:
        said = design.readout().text(lang)
        assert "ROI" not in said
        assert "投资回报率" not in said
    assert "Plan with the size above" in design.readout().action.text("en")


def test_more_units_are_advised_only_up_to_three_times_those_at_hand(households):
    for available in (len(households), 10 * len(households)):
        deciding = RoiDesign(programme=TERMS, lift=0.05).analyze(households, "spend", available=available)
        times = deciding.units_needed / available
        assert deciding.readout().action.key.endswith("no_fit_far" if times > 3 else "no_fit" if times > 1 else "fits")
        seeing = Design(metrics=(mean_of("spend"),), lift=0.05).analyze(households, available=available)
        factor = seeing.headline.n_total / available
        assert seeing.readout().action.key.endswith("no_fit_far" if factor > 3 else "no_fit" if factor > 1 else "fits")


@pytest.mark.parametrize("running_cost", [10.0, 1e3, 1e5])
def test_a_lift_that_does_not_pay_among_the_units_at_hand_is_said_first(households, running_cost):
    terms = Programme(margin_share=0.3, reward_rate=0.01, running_cost=running_cost)
    plan = RoiDesign(programme=terms, lift=0.1).analyze(households, "spend")
    pays = plan.true_roi(len(households)) > 0
    assert pays is (running_cost < 1e5)
    for lang, words in (("en", "does not reach an ROI of 0%"), ("zh", "固定成本由太少的样本分摊")):
        assert (words in plan.readout().finding.text(lang)) is not pays


def test_the_planned_return_is_the_programmes_own_arithmetic(households):
    """ROI and chance to ship, planned for a test as large as the history, are those that its readout would give."""
    terms = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, running_cost=1000.0, redemption_sd=0.05)
    lift, n = 0.3, len(households)
    plan = RoiDesign(programme=terms, lift=lift).analyze(households, "spend")
    twice = pd.concat(
        [households.assign(arm="control"), households.assign(arm="treatment", spend=households["spend"] * (1 + lift))]
    )
    answer = terms.analyze(Experiment.from_frame(twice, arm="arm", outcomes=["spend"]), "spend")
    assert plan.true_roi(2 * n) == pytest.approx(answer.returns.roi, rel=1e-9)
    distance, se = answer.returns.distance(terms.roi_needed)
    assert plan.p_ship(2 * n) == pytest.approx(norm.sf(norm.ppf(terms.ship_at) - distance / se), rel=1e-6)


def test_units_of_a_fixed_value_are_planned_in_money(households):
    terms = Programme(margin_share=0.0, reward_rate=0.01, value_per_success=10.0, contact_cost=0.05)
    plan = RoiDesign(programme=terms, lift=0.2).analyze(households, "bought")
    rate = households["bought"].mean()
    cost = 0.01 * terms.redemption_share * 10 * 1.2 * rate + 0.05
    assert plan.refusal() is None
    assert plan.true_roi(1000) == pytest.approx(10 * 0.2 * rate / cost - 1)


def test_a_design_that_does_not_fit_names_the_metric_that_needs_fewest_units_if_so_many_can_be_had(households):
    metrics = (mean_of("spend"), share_of("bought"))
    few = Design(metrics=metrics, lift=0.05).analyze(households)
    assert "needs the fewest units" not in few.readout().action.text("en")
    design = Design(metrics=metrics, lift=0.05).analyze(households, available=int(few.easiest.n_total / 2))
    fewest = min(design.sizes, key=lambda s: s.n_total)
    assert (design.easiest, design.fits, fewest.metric.name) == (fewest, False, "bought")
    assert (
        f"the metric that needs the fewest units ({fewest.metric.label}, {fewest.whole[1]:,})"
        in design.readout().action.text("en")
    )
    alone = Design(metrics=metrics[1:], lift=0.05).analyze(households).readout().action
    assert all("fewest" not in alone.text(lang) and "最少的指标" not in alone.text(lang) for lang in LANGUAGES)


def test_a_metric_without_a_level_shows_no_infinity(households):
    shown = Design(metrics=(mean_of("spend"), mean_of("none")), lift=0.05).analyze(households.assign(none=0.0))
    cells = format_frame(shown.shown(), shown.formats)
    assert not cells.isin(["inf", "nan"]).any().any()
    assert list(cells["n_total"])[-1] == "not reached"
    assert set(cells["formula"]) == {"normal approximation", "–"}
