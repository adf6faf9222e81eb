"""Effects of small or unequal arms, heavy tails, whole stores, few events: from the experiment to the decision."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from crm_lab.experiments import Effects, Experiment, Programme, SoundnessCheck, mean_of, ratio_of, share_of
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.stats.permutation import shifts

TERMS = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5)


def people(control, treated, seed=1, sigma=1.0):
    rng = np.random.default_rng(seed)
    n = control + treated
    level = rng.normal(3, sigma, n)
    arm = np.where(np.arange(n) < control, "control", "treatment")
    spend, before = (np.exp(level + rng.normal(0, 0.4, n)) for _ in range(2))
    return pd.DataFrame({"arm": arm, "before": before, "spend": spend, "orders": 1.0 + rng.poisson(2, n)})


def make(frame, covariates=("before",)):
    """The test of a frame whose sizes, or stores, are as planned."""
    shares = frame.drop_duplicates("store" if "store" in frame else None)["arm"].value_counts(normalize=True).to_dict()
    return Experiment.from_frame(
        frame, arm="arm", outcomes=["spend", "orders"], covariates=list(covariates), shares=shares
    )


def found(test, metric=None, adjust="none"):
    return Effects(metrics=(metric or mean_of("spend"),), adjust=(adjust,)).analyze(test).headline.found


@pytest.mark.parametrize(
    ("control", "treated", "sigma", "method"),
    [(1000, 1000, 1.0, "normal"), (100, 100, 0.5, "normal"), (99, 1000, 0.5, "permutation"),
     (200, 4000, 1.5, "permutation"), (30, 3000, 1.0, "permutation"), (3000, 30, 1.0, "permutation"),
     (6000, 60000, 1.0, "normal"),
     (1200, 1250, 1.5, "normal")],
)  # fmt: skip
def test_sizes_and_tails_choose_the_inference(control, treated, sigma, method):
    assert found(make(people(control, treated, sigma=sigma))).method == method


@pytest.mark.parametrize("adjust", ["none", "cuped", "lin"])
def test_the_small_arm_may_be_either(adjust):
    frame = people(40, 800)
    swapped = frame.assign(arm=frame["arm"].map({"control": "treatment", "treatment": "control"}))
    one, other = (found(make(f), adjust=adjust) for f in (frame, swapped))
    assert (one.effect, one.lo, one.hi) == pytest.approx((-other.effect, -other.hi, -other.lo))
    assert one.treatment - one.control == pytest.approx(one.effect)


def test_the_past_is_taken_off_by_one_slope():
    test = make(people(60, 60, sigma=0.7))
    pair = Pair.of(test, "treatment")
    x, y = test.frame["before"], test.frame["spend"]
    slope = np.polyfit(x, y, 1)[0]
    assert pair.adjusted(y.to_numpy(), ("before",)) == pytest.approx((y - slope * (x - x.mean())).to_numpy())
    lin, cuped = (found(test, adjust=way) for way in ("lin", "cuped"))
    assert (lin.effect, lin.lo, lin.hi, lin.pvalue) == (cuped.effect, cuped.lo, cuped.hi, cuped.pvalue)
    wide, narrow = (found(test, adjust=way) for way in ("none", "lin"))
    assert narrow.hi - narrow.lo < 0.9 * (wide.hi - wide.lo)


def test_a_ratio_is_permuted_as_a_ratio_of_totals():
    test = make(people(50, 60))
    effect = found(test, ratio_of("spend", "orders"))
    totals = test.frame.groupby("arm")[["spend", "orders"]].sum()
    ratio = totals["spend"] / totals["orders"]
    assert effect.effect == pytest.approx(ratio["treatment"] - ratio["control"])
    assert effect.method == "permutation"


@pytest.mark.parametrize(("control", "treated", "allowance"), [(50, 99, 1.0), (50, 100, 1.2), (800, 40, 1.2)])
def test_arms_of_unlike_size_have_an_allowance(control, treated, allowance):
    pair = Pair.of(make(people(control, treated)), "treatment")
    found = Effects(metrics="spend", adjust=("none",)).analyze(pair.experiment).headline.found
    plain = shifts(pair.values("spend"), pair.splits, statistic=pair.statistic)
    assert found.pvalue == pytest.approx(min(1, allowance * plain.pvalue))
    assert (found.lo, found.hi) == pytest.approx(plain.interval(1 - 0.05 / allowance))


def stores(counts, treated, seed=2):
    """Members of stores, of which the first so many were treated."""
    rng = np.random.default_rng(seed)
    store = np.repeat(np.arange(counts), rng.integers(20, 60, counts))
    shared = rng.normal(0, 0.3, counts)[store]
    n = len(store)
    return pd.DataFrame({"store": [f"s{i}" for i in store], "arm": np.where(store < treated, "treatment", "control"),
                         "before": np.exp(3 + shared + rng.normal(0, 0.5, n)),
                         "spend": np.exp(3 + shared + rng.normal(0, 0.5, n)), "orders": 1.0})  # fmt: skip


def test_whole_stores_are_read_by_store_per_member():
    frame = stores(20, 10)
    test = make(frame)
    effect = found(test)
    means = frame.groupby("arm")["spend"].mean()
    assert effect.effect == pytest.approx(means["treatment"] - means["control"])
    assert effect.method == "permutation"
    by_member = make(frame.drop(columns="store"))
    assert effect.hi - effect.lo > 2 * (found(by_member).hi - found(by_member).lo)
    answer = TERMS.analyze(test, "spend")
    assert answer.treated == (frame["arm"] == "treatment").sum()
    assert answer.mean("spend", 1) - answer.mean("spend", 0) == pytest.approx(found(test, adjust="lin").effect)


@pytest.mark.parametrize(("counts", "treated", "refused"), [(6, 3, True), (8, 4, False), (12, 1, True), (60, 2, False)])
def test_too_few_stores_are_refused_with_what_would_do(counts, treated, refused):
    reason = make(stores(counts, treated)).guards.refused
    assert (reason is not None) == refused
    if refused:
        assert reason.key == "experiments.refused.few_clusters"
        assert f"treatment {treated}" in reason.text("en")
        assert "What would do" in reason.text("en")


def test_single_units_and_stores_of_one_are_the_same():
    frame = people(40, 45).assign(store=[f"s{i}" for i in range(85)])
    assert found(make(frame).assigned_by("store")).effect == pytest.approx(found(make(frame)).effect)
    assert found(make(frame).assigned_by("store")).pvalue == pytest.approx(found(make(frame)).pvalue, abs=0.03)


@pytest.mark.parametrize(("control", "treated", "n"), [(0, 5, 5), (2, 9, 200), (190, 199, 200), (0, 0, 50)])
def test_few_events_are_read_exactly(control, treated, n):
    flags = [1.0] * control + [0.0] * (n - control) + [1.0] * treated + [0.0] * (n - treated)
    frame = pd.DataFrame({"arm": ["control"] * n + ["treatment"] * n, "bought": flags})
    test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"])
    effect = found(test, share_of("bought"))
    if not treated:
        assert effect is None
        return
    assert effect.method == "exact"
    assert effect.pvalue == stats.fisher_exact([[treated, n - treated], [control, n - control]]).pvalue
    lo, hi = confint_proportions_2indep(treated, n, control, n, method="newcomb")
    assert (effect.lo, effect.hi) == pytest.approx((lo, hi), abs=1e-6)
    assert -1 < effect.lo < effect.hi <= 1


@pytest.mark.parametrize("treated", [9, 10])
def test_fewer_than_ten_buyers_in_an_arm_are_refused(treated):
    frame = people(100, 100)
    frame.loc[frame.index[100 + treated :], "spend"] = 0.0
    reason = Effects(metrics=(mean_of("spend"),)).analyze(make(frame)).refusal()
    assert (reason is not None) == (treated < 10)
    if treated < 10:
        assert "control 100, treatment 9" in reason.text("en")
        answer = TERMS.analyze(make(frame), "spend", SoundnessCheck().analyze(make(frame)))
        assert answer.refusal() == reason
        assert "too small for money" in answer.readout().action.text("en")


def test_the_decision_and_the_interval_are_of_one_permutation():
    test = make(people(50, 600, seed=4).assign(spend=lambda d: d["spend"] * np.where(d["arm"] == "control", 1, 1.4)))
    answer = TERMS.analyze(test, "spend")
    assert answer.draws is not None
    lo, hi = answer.net_interval().lo, answer.net_interval().hi
    assert lo < answer.returns.net()[0] < hi
    span = answer.multiple_set()
    assert answer.p_above(span.lo - 1) == pytest.approx(0.975, abs=0.002)
    assert answer.p_above(span.hi - 1) == pytest.approx(0.025, abs=0.002)
    curve = answer.probabilities()
    assert (curve["probability"].diff().dropna() <= 1e-9).all()
    assert np.interp(1, curve["multiple"], curve["probability"]) == pytest.approx(answer.p_needed, abs=0.03)


def test_more_units_are_named_by_the_same_probability():
    answer = TERMS.analyze(make(people(50, 600, seed=4)), "spend")
    p = answer.p_needed
    expected = answer.units * (stats.norm.ppf(answer.spec.ship_at) / stats.norm.ppf(p)) ** 2 if p > 0.5 else np.inf
    assert answer.units_needed == pytest.approx(expected)
