"""Ranking and calibration measures against scikit-learn, by hand, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from crm_lab.stats import calibration, ranking


@st.composite
def rankings(draw):
    n = draw(st.integers(4, 60))
    event = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda y: 0 < sum(y) < len(y)))
    score = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    return np.array(event), np.array(score, dtype=float)


@given(rankings())
@settings(max_examples=80, deadline=None)
def test_auc_and_average_precision_equal_scikit_learn(case):
    event, score = case
    assert ranking.auc(event, score) == pytest.approx(roc_auc_score(event, score), abs=1e-12)
    assert ranking.average_precision(event, score) == pytest.approx(average_precision_score(event, score), abs=1e-12)


@given(rankings(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_rows_never_matters_and_reversal_mirrors_auc(case, random):
    event, score = case
    order = np.array(random.sample(range(len(event)), len(event)))
    lift = ranking.lift_at(0.1)
    here = lift(*ranking.Ranking.of(event, score).counts())
    there = lift(*ranking.Ranking.of(event[order], score[order]).counts())
    assert here == pytest.approx(there, abs=1e-12)
    assert ranking.auc(event, score) + ranking.auc(event, -score) == pytest.approx(1, abs=1e-12)


def variance_by_placements(event, score):
    """DeLong, DeLong & Clarke-Pearson (1988), written out."""
    x, y = score[event == 1], score[event == 0]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return wins.mean(1).var(ddof=1) / len(x) + wins.mean(0).var(ddof=1) / len(y)


def test_bootstrap_interval_of_auc_agrees_with_delong_and_pairs_draws():
    rng = np.random.default_rng(5)
    event = rng.integers(0, 2, 800)
    score = rng.normal(event, 1)
    draws = ranking.bootstrap_measures(
        event, {"a": score, "b": 2 * score + 1}, {"auc": ranking.auc_from_counts}, draws=600, rng=1
    )
    assert draws[:, 0, 0] == pytest.approx(draws[:, 1, 0], abs=1e-12)  # same ranking, same resamples
    assert draws[:, 0, 0].std() == pytest.approx(np.sqrt(variance_by_placements(event, score)), rel=0.12)


def test_bootstrap_by_customer_is_wider_when_customers_repeat():
    rng = np.random.default_rng(7)
    event, score = rng.integers(0, 2, 150), rng.normal(size=150)
    many = [np.repeat(a, 6) for a in (event, score, np.arange(150))]
    one = {"auc": ranking.auc_from_counts}
    by_row = ranking.bootstrap_measures(many[0], {"s": many[1]}, one, draws=300, rng=1).std()
    by_customer = ranking.bootstrap_measures(many[0], {"s": many[1]}, one, draws=300, rng=1, groups=many[2]).std()
    assert by_customer / by_row == pytest.approx(np.sqrt(6), rel=0.2)


def test_lift_by_hand_with_a_tie_across_the_line():
    event = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    score = np.array([9, 8, 8, 1, 1, 1, 1, 1, 1, 1.0])
    # top 20 %: the first, and half of the two that share 8: 1 + .5 of 2 places; base rate .2
    assert ranking.lift_at(0.2)(*ranking.Ranking.of(event, score).counts()) == pytest.approx(0.75 / 0.2)


def test_calibration_line_finds_the_slope_that_was_built_in():
    rng = np.random.default_rng(11)
    true = rng.normal(0, 1.5, 60_000)
    event = rng.random(60_000) < 1 / (1 + np.exp(-true))
    stated = 1 / (1 + np.exp(-2 * true))  # twice too sure
    line = calibration.calibration_line(event, stated)
    assert abs(line.slope - 0.5) < 4 * line.slope_se
    assert line.slope_se < 0.01
    honest = calibration.calibration_line(event, 1 / (1 + np.exp(-true)))
    assert abs(honest.slope - 1) < 4 * honest.slope_se
    assert abs(honest.intercept) < 4 * honest.intercept_se


def test_calibration_line_converges_where_a_plain_newton_step_from_slope_one_overshoots():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 1, 4000)
    event = rng.random(4000) < 1 / (1 + np.exp(-true))
    line = calibration.calibration_line(event, 1 / (1 + np.exp(-3 * true)))
    assert abs(line.slope - 1 / 3) < 4 * line.slope_se
    assert line.slope_se < 0.02


def test_errors_of_repeated_rows_are_those_of_the_units():
    rng = np.random.default_rng(4)
    true = rng.normal(size=4000)
    event, stated = (rng.random(4000) < 1 / (1 + np.exp(-true))).astype(int), 1 / (1 + np.exp(-true))
    once = calibration.calibration_line(event, stated)
    four = calibration.calibration_line(np.tile(event, 4), np.tile(stated, 4), groups=np.tile(np.arange(4000), 4))
    assert four.slope == pytest.approx(once.slope)
    assert four.slope_se == pytest.approx(once.slope_se, rel=0.05)
    assert calibration.calibration_line(np.tile(event, 4), np.tile(stated, 4)).slope_se < 0.6 * once.slope_se


def test_calibration_line_has_no_slope_for_constant_probabilities():
    line = calibration.calibration_line([0, 1, 1], [0.5, 0.5, 0.5])
    assert np.isnan(line.slope)
    assert line.in_the_large == pytest.approx(0.5 - 2 / 3)


def test_calibration_bins_keep_every_customer_and_every_event():
    rng = np.random.default_rng(2)
    p = np.round(rng.random(997), 2)
    event = (rng.random(997) < p).astype(int)
    bins = calibration.calibration_bins(event, p, 10)
    assert bins.n.sum() == 997
    assert bins.events.sum() == event.sum()
    assert (np.diff(bins.stated) > 0).all()


def test_without_events_there_is_no_auc():
    assert np.isnan(ranking.auc([0, 0, 0], [1, 2, 3]))


@pytest.mark.parametrize(
    ("event", "score", "sentence"),
    [
        ([0, 2], [1, 1], "event holds values other than 0 and 1; it must say whether the event happened."),
        ([0, 1], [1, np.nan], "1 scores are missing; every row needs one."),
        ([0, 1, 1], [1, 2], r"event has shape \(3,\) and score \(2,\); both must be \(n,\)."),
    ],
)
def test_bad_input_is_named(event, score, sentence):
    with pytest.raises(ValueError, match=sentence):
        ranking.Ranking.of(event, score)
