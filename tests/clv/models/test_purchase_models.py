"""What must hold for every purchase model, whatever the data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput
from crm_lab.clv import BGCNBD, MBGCNBD, MODELS, purchase_model
from crm_lab.clv.fitting.counts import compress
from crm_lab.data.kernels.purchases import UNIT_DAYS, calibration_holdout

KEYS = sorted(MODELS)
HISTORIES = [(0, 0.0, 30.0), (2, 30.43, 38.86), (26, 30.86, 31.0), (5, 3.0, 38.0)]


REGULAR = [MBGCNBD(k=2), BGCNBD(k=3)]
ALL = [*(purchase_model(key) for key in KEYS if not key.endswith("cnbd")), *REGULAR]


@pytest.fixture(scope="module", params=ALL, ids=lambda model: model.title)
def fit(request, calibration):
    return request.param.fit(calibration)


def test_derivatives_are_those_of_the_likelihood(fit, calibration):
    counts = compress(calibration["frequency"], calibration["recency"], calibration["T"])
    loglik = fit.model.log_likelihood(counts)
    at = fit.estimates * np.linspace(0.8, 1.2, len(fit.estimates))
    _, gradient, hessian = loglik(at)
    steps = np.diag(1e-5 * at)
    numeric = [(loglik(at + s)[0] - loglik(at - s)[0]) / (2 * s.sum()) for s in steps]
    assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-4 * np.abs(gradient).max())
    curved = [(loglik(at + s)[1] - loglik(at - s)[1]) / (2 * s.sum()) for s in steps]
    assert_allclose(hessian, curved, rtol=1e-4, atol=1e-6 * np.abs(hessian).max())


def test_likelihood_of_the_sum_is_the_sum_of_likelihoods(fit, calibration):
    columns = ["frequency", "recency", "T"]
    parts = [calibration[columns].iloc[:1000], calibration[columns].iloc[1000:]]
    whole, *values = (
        fit.model.log_likelihood(compress(*(p[c] for c in columns)))(fit.estimates)[0] for p in (calibration, *parts)
    )
    assert sum(values) == pytest.approx(whole, rel=1e-12)


def test_order_of_customers_does_not_matter(fit, calibration):
    shuffled = fit.model.fit(calibration.sample(frac=1, random_state=1))
    assert_allclose(shuffled.estimates, fit.estimates, rtol=1e-9)


@pytest.mark.parametrize("unit", ["D", "M", "Y"])
def test_units_change_nothing(fit, sample, unit):
    data = calibration_holdout(sample, "1997-09-30", "1998-06-30", unit=unit)
    other = replace(fit.model, unit=unit).fit(data)
    # a density per week is a density per unit times units per week, once for every repeat purchase
    change = data["frequency"].sum() * np.log(UNIT_DAYS[unit] / 7)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood + change, rel=1e-9)
    ahead = data["holdout_duration"].iloc[0]
    ours = other.conditional_purchases(ahead, data["frequency"], data["recency"], data["T"], annual_discount_rate=0.1)
    weeks = calibration_holdout(sample, "1997-09-30", "1998-06-30")
    theirs = fit.conditional_purchases(39.0, weeks["frequency"], weeks["recency"], weeks["T"], annual_discount_rate=0.1)
    assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("history", HISTORIES)
def test_probabilities_of_counts_sum_to_one_and_to_the_expectation(fit, history):
    pmf = np.array([float(fit.purchases_pmf(n, 20.0, *history)) for n in range(120)])
    assert pmf.min() >= 0
    assert pmf.sum() == pytest.approx(1, abs=1e-6)
    expected = float(fit.conditional_purchases(20.0, *history))
    assert pmf @ np.arange(120) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("history", HISTORIES)
def test_draws_follow_the_probabilities(fit, history):
    size = 40_000
    x, t_x, T = (np.full(size, v) for v in history)
    drawn = fit.draw_purchases((0.0, 20.0), x, t_x, T, np.random.default_rng(11))
    for n in range(4):
        p = float(fit.purchases_pmf(n, 20.0, *history))
        # five standard errors
        assert (drawn == n).mean() == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / size) + 1e-9)


@pytest.mark.parametrize("history", HISTORIES)
def test_draws_of_a_later_interval_have_its_expectation(fit, history):
    size = 40_000
    x, t_x, T = (np.full(size, v) for v in history)
    drawn = fit.draw_purchases((10.0, 30.0), x, t_x, T, np.random.default_rng(12))
    expected = float(fit.conditional_purchases(30.0, *history, start=10.0))
    spread = max(drawn.std(), np.sqrt(expected))  # of counts; none may be drawn where hardly any is expected
    assert drawn.mean() == pytest.approx(expected, abs=5 * spread / np.sqrt(size) + 1e-9)


def test_next_purchase_comes_by_its_quantile(fit):
    x, t_x, T = 5, 30.0, 31.0
    wait = float(fit.next_purchase(0.5, x, t_x, T))
    assert 1 - float(fit.purchases_pmf(0, wait, x, t_x, T)) == pytest.approx(0.5, abs=1e-6)


def test_who_is_probably_gone_never_buys_again_by_the_median(fit):
    history = (12, 3.0, 38.0)
    if float(fit.p_alive(*history)) < 0.5:
        assert np.isinf(fit.next_purchase(0.5, *history))


def test_intervals_of_the_future_add_up(fit):
    whole = fit.conditional_purchases(52, 3, 20.0, 30.0)
    parts = fit.conditional_purchases(20, 3, 20.0, 30.0) + fit.conditional_purchases(52, 3, 20.0, 30.0, start=20)
    assert whole == pytest.approx(parts, rel=1e-10)


def test_discounting_is_exact_in_calendar_time(fit):
    """Against purchases counted day by day, each discounted by its own date."""
    days = np.arange(0, 365.25, 0.25)
    upto = np.array([float(fit.conditional_purchases((d + 0.25) / 7, 3, 20.0, 30.0)) for d in days])
    steps = np.diff(upto, prepend=0.0)
    by_day = steps @ 1.1 ** (-(days + 0.125) / 365.25)
    discounted = float(fit.conditional_purchases(365.25 / 7, 3, 20.0, 30.0, annual_discount_rate=0.1))
    assert discounted == pytest.approx(by_day, rel=1e-6)


def test_ridge_pulls_towards_the_start_in_every_unit(fit, calibration):
    start = fit.model.start(compress(calibration["frequency"], calibration["recency"], calibration["T"]))
    pulled = replace(fit.model, ridge=0.1).fit(calibration)
    far, near = np.log(fit.estimates / start), np.log(pulled.estimates / start)
    assert np.sum(near**2) < np.sum(far**2)
    assert pulled.log_likelihood < fit.log_likelihood


histories = st.tuples(
    st.integers(0, 300), st.floats(0.001, 1), st.floats(0.01, 5000), st.lists(st.floats(-6, 6), min_size=4, max_size=4)
)


@settings(max_examples=300, deadline=None)
@given(histories, st.sampled_from(ALL), st.floats(0.01, 2000))
def test_every_answer_is_finite(history, model, ahead):
    x, share, T, logs = history
    params = np.exp(logs)[: len(model.parameters)]
    x, t_x, T = np.array([float(x)]), np.array([share * T if x else 0.0]), np.array([T])
    alive = model.p_alive(params, x, t_x, T)
    rate = model.alive_rate(params, x, T, np.array([ahead]))
    assert np.isfinite(alive).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert np.isfinite(rate).all()
    assert (rate >= 0).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"recency": 99.0}, "1 rows have recency > T"),
        ({"frequency": -1.0}, "no whole number ≥ 0"),
        ({"frequency": 1.5}, "no whole number ≥ 0"),
        ({"recency": -1.0}, "1 rows have recency < 0"),
        ({"frequency": 0.0}, "1 rows have recency > 0 without a repeat purchase"),
        ({"recency": 0.0}, "1 rows have repeat purchases at recency 0"),
        ({"T": np.nan}, "1 rows hold missing or infinite values"),
    ],
)
def test_impossible_rows_are_refused_in_words(change, sentence):
    good = {"frequency": 2.0, "recency": 5.0, "T": 10.0}
    summary = pd.DataFrame([good, {**good, **change}])
    with pytest.raises(BadInput, match=sentence):
        purchase_model("bgnbd").fit(summary)


def test_only_one_timers_are_refused():
    summary = pd.DataFrame({"frequency": [0.0, 0.0], "recency": [0.0, 0.0], "T": [10.0, 12.0]})
    with pytest.raises(BadInput, match="Not one of the 2 customers bought twice"):
        purchase_model("mbgnbd").fit(summary)


def test_an_empty_summary_is_refused():
    summary = pd.DataFrame({"frequency": [], "recency": [], "T": []})
    with pytest.raises(BadInput, match="at least one customer is needed"):
        purchase_model("mbgnbd").fit(summary)


def test_units_of_summary_and_model_must_agree(calibration):
    with pytest.raises(BadInput, match="in unit 'W' and the model in 'D'"):
        purchase_model("bgnbd", "D").fit(calibration)


def test_one_customer_gives_an_answer_or_a_refusal():
    summary = pd.DataFrame({"frequency": [3.0], "recency": [20.0], "T": [30.0]})
    for model in ALL:
        fit = model.fit(summary)
        assert fit.refusal() is not None
        assert np.isfinite(fit.p_alive(3, 20.0, 30.0))


def test_unknown_model_and_bad_settings_are_refused():
    with pytest.raises(BadInput, match="model is 'bg'; it must be one of"):
        purchase_model("bg")
    with pytest.raises(BadInput, match="unit is 'Q'"):
        purchase_model("bgnbd", "Q")
    with pytest.raises(BadInput, match="ridge is -1"):
        MODELS["bgnbd"](ridge=-1)


@pytest.mark.parametrize("history", HISTORIES)
def test_purchases_at_risk_lie_between_what_is_expected_and_what_nobody_leaving_would_bring(fit, history):
    x, _, T = history
    everybody_stays = (
        float(fit.p_alive(*history) * fit.model.alive_rate(fit.estimates, *map(np.array, (x, T, 0.0)))) * 26
    )
    risk, expected = float(fit.purchases_at_risk(26, *history)), float(fit.conditional_purchases(26, *history))
    assert everybody_stays - risk <= expected + 1e-9
    assert expected <= everybody_stays + 1e-9
    assert risk >= -1e-12


def test_purchases_at_risk_of_pareto_nbd_by_hand(calibration):
    fit = purchase_model("paretonbd").fit(calibration)
    r, alpha, s, beta = fit.estimates
    x, t_x, T = HISTORIES[1]
    leaves = 1 - ((beta + T) / (beta + T + 26)) ** s
    by_hand = fit.p_alive(x, t_x, T) * leaves * (r + x) / (alpha + T) * 26
    assert float(fit.purchases_at_risk(26, x, t_x, T)) == pytest.approx(float(by_hand), rel=1e-12)
    assert float(purchase_model("nbd").fit(calibration).purchases_at_risk(26, x, t_x, T)) == 0
