"""Whom to treat next time: learners, curves against other packages, the rule and its worth."""

import json

import numpy as np
import pandas as pd
import pytest

from certification import targeting
from certification.targeting import KNOWN, offer_test
from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment
from crm_lab.experiments.uplift import TargetingPolicy, Uplift, UpliftCurve
from crm_lab.experiments.uplift.cross_fitting import Units, folds_of, out_of_fold
from crm_lab.experiments.uplift.effect_learners import LEARNERS
from crm_lab.experiments.uplift.heterogeneity import best_linear_predictor, sorted_groups
from crm_lab.experiments.uplift.policy.targeting_policy import chosen_arms
from crm_lab.experiments.uplift.policy_value import Worth, unit_values


def arrays(test, outcome="bought"):
    dealt = (test.frame[test.arm] != test.control).to_numpy(dtype=int)
    return Units(test.frame[KNOWN].to_numpy(), dealt, test.frame[outcome].to_numpy(), np.array([0.5, 0.5]))


@pytest.fixture(scope="module")
def world():
    return offer_test(seed=1, n=8_000)


@pytest.mark.parametrize("learner", sorted(LEARNERS))
def test_each_learner_finds_who_responds(world, learner):
    test, effect = world
    units = arrays(test)
    found = out_of_fold(units, folds_of(units.dealt, units.outcome, 5, seed=1), learner, "linear")
    assert np.corrcoef(found.effects[:, 0], effect)[0, 1] > 0.6
    seen = best_linear_predictor(found)
    assert abs(seen.effect - effect.mean()) < 4 * seen.effect_se
    groups = sorted_groups(found, groups=5)
    true = effect.groupby(pd.qcut(pd.Series(-found.effects[:, 0]).groupby(found.folds).rank(pct=True), 5)).mean()
    assert groups["effect"].iloc[0] > groups["effect"].iloc[-1]
    assert true.iloc[0] > true.iloc[-1]


def test_folds_keep_groups_together_and_spread_arms_and_buyers():
    rng = np.random.default_rng(2)
    dealt, outcome, homes = rng.integers(0, 2, 1_000), (rng.random(1_000) < 0.05) * 1.0, np.arange(1_000) // 4
    parted = pd.Series(folds_of(dealt, outcome, 5, 1, homes.tolist())).groupby(homes).nunique()
    assert (parted == 1).all()
    buyers = pd.Series(outcome).groupby([folds_of(dealt, outcome, 5, 1), dealt]).sum()
    assert buyers.groupby(level=1).agg(np.ptp).max() <= 1


def test_scores_are_unbiased_whatever_the_model(world):
    test, _ = world
    units = arrays(test)
    noise = Units(
        np.random.default_rng(3).normal(size=(len(units.dealt), 1)), *[units.dealt, units.outcome, units.shares]
    )
    found = out_of_fold(noise, folds_of(units.dealt, units.outcome, 5, seed=1), "t", "linear")
    plain = units.outcome[units.dealt == 1].mean() - units.outcome[units.dealt == 0].mean()
    assert found.gains().mean() == pytest.approx(plain, abs=1e-3)
    everybody = np.ones(len(units.dealt), dtype=int)
    worth = Worth(10.0, (0.0, 1.0))
    dr, ipw = (unit_values(found, everybody, worth, how) for how in ("dr", "ipw"))
    assert dr.mean() == pytest.approx(ipw.mean(), abs=0.2)
    assert ipw.std() > dr.std()


def test_a_curve_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(4)
    rank, treated, y = rng.integers(0, 5, 500) * 1.0, rng.random(500) < 0.3, rng.random(500)
    order = rng.permutation(500)
    assert UpliftCurve(rank, treated, y).qini == pytest.approx(UpliftCurve(rank[order], treated[order], y[order]).qini)


def test_a_curve_of_a_constant_ranking_is_the_line():
    rng = np.random.default_rng(5)
    treated, y = rng.random(300) < 0.5, rng.random(300)
    assert UpliftCurve(np.zeros(300), treated, y).qini == pytest.approx(0)


def test_units_that_differ_are_targeted_and_the_rule_earns_what_it_truly_earns(world):
    test, effect = world
    result = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test)
    assert result.decision == "target"
    rule = result.strategies[0]
    true = float(((30 * effect - 1) * (result.rule > 0)).mean())
    assert rule.lo <= true <= rule.hi
    assert rule.ahead == 0
    everybody = result.best_for_all
    assert everybody.gain + everybody.ahead == pytest.approx(rule.gain)


def test_units_alike_get_no_list():
    spec = Uplift(outcome="bought", value=30.0, cost=1.0)
    decisions = [spec.analyze(offer_test(seed, 2_000, 0.0)[0]).decision for seed in range(10)]
    assert decisions.count("target") <= 2
    assert set(decisions) <= {"target", "all", "none", "unclear"}


def test_several_treatments_have_costs_of_their_own():
    rng = np.random.default_rng(6)
    n, x = 9_000, rng.normal(size=9_000)
    arm = rng.choice(["control", "card", "call"], n)
    y = rng.normal(size=n) + 2 * (arm == "card") * (x > 0) + 2 * (arm == "call") * (x < 0)
    test = Experiment.from_frame(
        pd.DataFrame({"x": x, "arm": arm, "spend": y}), arm="arm", outcomes=["spend"], covariates=["x"]
    )
    result = Uplift(outcome="spend", value=1.0, cost={"card": 0.2, "call": 0.4}).analyze(test)
    given = pd.Series(np.array(result.arms)[result.rule])
    assert (given[x > 0.5] == "card").mean() > 0.9
    assert (given[x < -0.5] == "call").mean() > 0.9
    with pytest.raises(BadInput, match="call"):
        Uplift(outcome="spend", value=1.0, cost={"card": 0.2}).analyze(test)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda f: f.head(150), "experiments.uplift.refused_small"),
        (lambda f: f.assign(bought=0.0), "experiments.uplift.refused_small"),
        (lambda f: f.assign(bought=1.0), "experiments.uplift.refused_small"),
    ],
)
def test_what_cannot_carry_a_rule_is_refused_in_words(world, change, key):
    frame = change(world[0].frame)
    test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=KNOWN)
    result = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test)
    assert result.refused.key == key
    assert result.decision is None
    assert result.facts()[0].refusal.key == key
    assert len(str(result.readout())) > 100


def test_nothing_known_before_is_refused(world):
    test = Experiment.from_frame(world[0].frame[["arm", "bought"]], arm="arm", outcomes=["bought"])
    assert Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test).refused.key.endswith("refused_features")


def test_bounds_hold_and_the_best_are_taken_first():
    rng = np.random.default_rng(7)
    net, costs = rng.normal(size=(400, 3)), np.array([1.0, 2.0, 0.5])
    free = chosen_arms(net, costs)
    assert ((free > 0) == (net.max(axis=1) > 0)).all()
    few = chosen_arms(net, costs, most=30)
    assert (few > 0).sum() == 30
    taken = net[few > 0].max(axis=1)
    assert taken.min() >= np.sort(net.max(axis=1))[-30]
    for budget in (1.0, 10.0, 60.0):
        arms = chosen_arms(net, costs, budget=budget)
        assert np.append(0, costs)[arms].sum() <= budget
        assert np.append(0, costs)[arms].sum() > budget - 2.0


def test_a_saved_policy_chooses_the_same(world, tmp_path):
    result = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(world[0])
    path = result.policy.save(tmp_path / "policy.json")
    assert set(json.loads(path.read_text())) >= {"schema", "features", "models", "value", "costs"}
    again = TargetingPolicy.load(path)
    assert again == result.policy
    customers = world[0].frame[KNOWN].head(500)
    chosen = result.policy.choose(customers, most=50)
    pd.testing.assert_frame_equal(chosen, again.choose(customers, most=50))
    assert (chosen.loc[~chosen["by_lot"], "arm"] == "offer").sum() <= 50
    apart = chosen[chosen["by_lot"]]
    assert 20 <= len(apart) <= 80
    assert set(apart["arm"]) == {"control", "offer"}
    assert chosen["reasons"].str.contains("a [+-]").mean() > 0.5
    path.write_text("{}")
    with pytest.raises(BadInput, match="no targeting policy"):
        TargetingPolicy.load(path)


def test_gaps_and_missing_columns_of_the_next_month(world):
    policy = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(world[0]).policy
    customers = world[0].frame[KNOWN].head(20).copy()
    customers.loc[customers.index[0], "a"] = np.nan
    assert policy.choose(customers)["effect"].notna().all()
    with pytest.raises(BadInput, match="b"):
        policy.choose(customers.drop(columns="b"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_speaks_both_languages_and_has_a_picture(world, lang, monkeypatch):
    result = Uplift(outcome="bought", value=30.0, cost=1.0, fair=("arm",)).analyze(world[0])
    words = result.readout().text(lang)
    assert ("respond differently" in words) == (lang == "en")
    assert result.plot().get_title(loc="left")
    assert set(result.fairness["segment"]) == {"control", "offer"}
    assert len({fact.id for fact in result.facts()}) == len(result.facts())


@pytest.mark.parametrize(
    ("seed", "expected"), [(0, 0.11138093165), (1, 0.12259346735), (2, 0.16359087067), (3, 0.09556563855)]
)
def test_the_area_is_that_of_scikit_uplift(seed, expected):
    """`sklift.metrics.qini_auc_score(..., negative_effect=True)` of scikit-uplift 0.5.1 on the same numbers."""
    rng = np.random.default_rng(seed)
    rank = rng.random(2_000).round(2)
    treated = rng.random(2_000) < (0.5 if seed < 2 else 0.2)
    outcome = (rng.random(2_000) < 0.1 + 0.2 * treated * rank).astype(float)
    assert UpliftCurve(rank, treated, outcome).as_scikit_uplift() == pytest.approx(expected, abs=1e-10)


@pytest.mark.slow
def test_certification_of_targeting_in_short(monkeypatch):
    monkeypatch.setattr(targeting, "NULL_DRAWS", 40)
    monkeypatch.setattr(targeting, "GAIN_DRAWS", 12)
    monkeypatch.setattr(targeting, "COVER_DRAWS", 40)
    parts = (targeting.certify_targeting_null, targeting.certify_targeting_gain, targeting.certify_targeting_coverage)
    for entry in [row for part in parts for row in part()]:
        assert entry["ok"], entry


def test_gaps_that_the_test_had_are_read_as_in_the_test(world):
    frame = world[0].frame[[*KNOWN, "arm", "bought"]].copy()
    frame.loc[frame.index % 5 == 0, "a"] = np.nan
    test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=KNOWN)
    policy = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test).policy
    assert "a_missing" in policy.features
    np.testing.assert_array_equal(policy.matrix(frame[KNOWN]), test.frame[list(policy.features)].to_numpy(dtype=float))


@pytest.mark.parametrize("bound", [{"most": 400}, {"budget": 400.0}])
def test_a_bound_holds_for_all_who_are_treated(world, bound):
    policy = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(world[0]).policy
    customers = world[0].frame[KNOWN].head(4_000)
    chosen = policy.choose(customers, **bound)
    assert (chosen["arm"] == "offer").sum() == 400
    assert chosen["by_lot"].mean() == pytest.approx(0.1, abs=0.02)
    with pytest.raises(BadInput, match="by lot alone"):
        policy.choose(customers, **dict.fromkeys(bound, 20))
