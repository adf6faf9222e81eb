"""Dose and response, and thresholds that do or do not jump."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols, wls

from crm_lab.checks import BadInput
from crm_lab.stats.panel import DoseResponse, ThresholdRule
from crm_lab.stats.panel.dose_response import spline


def stores(n=240, seed=1, bend=0.0):
    rng = np.random.default_rng(seed)
    size = rng.gamma(4, 25, n)
    share = np.clip(0.3 + size / 400 + rng.normal(0, 0.1, n), 0, 1)
    change = 5 * share + bend * share**2 + size / 10 + rng.normal(0, 1, n)
    return pd.DataFrame({"size": size, "share": share, "change": change, "region": np.arange(n) % 24})


@pytest.mark.parametrize("cluster", [None, "region"])
def test_slopes_are_those_of_statsmodels(cluster):
    frame = stores()
    how = {"cov_type": "HC3"} if cluster is None else {"cov_type": "cluster", "cov_kwds": {"groups": frame["region"]}}
    peer = ols("change ~ share + size", frame).fit(use_t=True, **how)
    plain = ols("change ~ share", frame).fit(use_t=True, **how)
    found = DoseResponse(("size",), cluster).fit(frame, outcome="change", dose="share")
    assert (found.slope, found.se) == pytest.approx((peer.params["share"], peer.bse["share"]))
    assert [found.interval.lo, found.interval.hi] == pytest.approx(peer.conf_int().loc["share"].tolist())
    assert found.plain == pytest.approx(plain.params["share"])
    assert found.to_frame()["slope"].tolist() == [found.slope, found.plain]
    assert found.clusters == (0 if cluster is None else 24)


def test_the_number_without_confounders_stands_beside():
    found = DoseResponse(("size",)).fit(stores(), outcome="change", dose="share")
    assert found.interval.lo < 5 < found.interval.hi
    assert found.plain_interval.lo > 20


def test_a_bend_is_seen_and_a_line_is_left_straight():
    bent = DoseResponse(("size",)).fit(stores(600, bend=30.0), outcome="change", dose="share")
    assert bent.bent < 0.001
    flags = [
        DoseResponse(("size",)).fit(stores(seed=i), outcome="change", dose="share").bent < 0.05 for i in range(200)
    ]
    assert np.mean(flags) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    middle = bent.shape.iloc[(bent.shape["dose"] - stores(600)["share"].median()).abs().argmin()]
    assert abs(middle["effect"]) < 1
    assert (bent.shape["lo"] <= bent.shape["effect"]).all()


def test_the_spline_is_straight_beyond_its_knots():
    knots = np.array([1.0, 2.0, 4.0])
    outside = spline(np.array([-1.0, 0.0, 1.0, 4.0, 5.0, 6.0]), knots)[:, 1]
    assert outside[:3] == pytest.approx(0)
    assert np.diff(outside[3:], 2) == pytest.approx(0, abs=1e-12)


def test_few_different_doses_have_no_shape():
    frame = stores().assign(share=lambda f: (f["share"] > 0.5).astype(float))
    found = DoseResponse(("size",)).fit(frame, outcome="change", dose="share")
    assert found.shape.empty
    assert np.isnan(found.bent)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (stores().assign(share=0.5), "the dose or a confounder does not vary"),
        (stores().assign(size=lambda f: 2 * f["share"]), "follows from the others"),
        (stores().assign(change="x"), "240 of 240 rows lack a number"),
        (stores(14), "14 units carry no 3 terms; 15 are the fewest"),
        (stores().assign(region=0), "1 clusters carry no 3 terms"),
        (stores().assign(region=[None, *range(239)]), "1 rows have no region"),
        (stores().drop(columns="size"), "lacks the column size"),
    ],
)
def test_tables_that_cannot_carry_a_slope_are_refused(frame, sentence):
    with pytest.raises(BadInput, match=sentence):
        DoseResponse(("size",), "region").fit(frame, outcome="change", dose="share")


def scores(n=1500, above=0.9, below=0.2, seed=1):
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 100, n)
    called = (rng.random(n) < np.where(score >= 60, above, below)).astype(float)
    return score, called, score / 10 + 3 * called + rng.normal(0, 1, n)


def test_the_jump_is_that_of_weighted_least_squares():
    score, called, sales = scores()
    found = ThresholdRule(60, bandwidth=15).fit(score, called, sales)
    frame = pd.DataFrame({"x": score - 60, "d": called, "y": sales}).query("abs(x) < 15")
    frame["up"] = (frame["x"] >= 0).astype(float)
    how = {"weights": 1 - frame["x"].abs() / 15}
    first = wls("d ~ x * up", frame, **how).fit(cov_type="HC3")
    second = wls("y ~ x * up", frame, **how).fit()
    assert found.jump == pytest.approx(first.params["up"])
    assert found.table["jump_se"][1] == pytest.approx(first.bse["up"])
    assert found.effect == pytest.approx(second.params["up"] / first.params["up"])


def test_effects_at_a_jump_are_covered():
    hits = [ThresholdRule(60).fit(*scores(seed=i)).effect_interval for i in range(200)]
    assert np.mean([own.lo <= 3 <= own.hi for own in hits]) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)


def test_a_group_that_no_rule_made_has_no_effect():
    score, _, sales = scores()
    found = ThresholdRule(60).fit(score, score / 100, sales)
    assert not found.jumps
    assert found.effect is None
    assert found.to_frame()["effect"].isna().all()
    curved = ThresholdRule(60).fit(score, (score / 100) ** 3 + (score / 100) ** 2, sales)
    assert curved.effect is None
    even = ThresholdRule(60).fit(*scores(above=0.5, below=0.5))
    assert even.effect is None


def test_units_moved_over_the_threshold_are_seen():
    score, called, sales = scores()
    moved = np.where((score > 55) & (score < 60), score + 5, score)
    assert ThresholdRule(60).fit(moved, called, sales).crowding < 0.001
    assert ThresholdRule(60).fit(score, called).crowding > 0.01


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ThresholdRule(99.9, 5).fit(*scores()), "20 a side are the fewest"),
        (lambda: ThresholdRule(60, 0.0).fit(*scores()), "bandwidth is 0.0"),
        (lambda: ThresholdRule(60).fit(np.ones(3), np.ones(4)), "its columns differ in length"),
        (lambda: ThresholdRule(60).fit([1.0, np.nan], [1.0, 0.0]), "1 values are no finite number"),
    ],
)
def test_thresholds_without_units_are_refused(call, sentence):
    with pytest.raises(BadInput, match=sentence):
        call()
