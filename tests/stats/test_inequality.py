import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.stats.inequality import gini, inequality, lorenz, top_share

AMOUNTS = st.lists(st.integers(0, 1000), min_size=1, max_size=50).filter(sum)


@given(AMOUNTS)
def test_gini_is_the_mean_difference_over_twice_the_mean(values):
    x = np.array(values, dtype=float)
    expected = np.abs(np.subtract.outer(x, x)).mean() / (2 * x.mean())
    assert gini(x) == pytest.approx(expected, abs=1e-12)


@given(AMOUNTS, st.sampled_from([0.01, 3.0, 1e6]))
def test_scale_and_order_change_nothing(values, scale):
    x = np.array(values, dtype=float)
    assert gini(x[::-1] * scale) == pytest.approx(gini(x), abs=1e-12)


@given(AMOUNTS)
def test_the_lorenz_curve_rises_ever_faster_from_0_to_1(values):
    p, q = lorenz(values)
    assert (p[0], q[0], p[-1], q[-1]) == (0, 0, 1, 1)
    assert (np.diff(q) >= -1e-12).all()
    assert (np.diff(q, 2) >= -1e-9).all()


@pytest.mark.parametrize(("top", "share"), [(0.1, 0.6), (0.2, 0.6), (0.39, 0.6), (0.4, 0.7)])
def test_top_share_counts_whole_units(top, share):
    assert top_share([1.0, 1, 1, 1, 6], top) == pytest.approx(share)


def test_top_twenty_percent_of_complete_journey_hold_54_5_percent(complete_journey):
    # REFERENCE, section 6
    spend = complete_journey["customer_360"]["revenue"]
    assert top_share(spend, 0.2) == pytest.approx(0.545, abs=5e-4)


@pytest.mark.slow
def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    # exponential amounts: Gini 1/2, top 20 % hold 0.2 (1 + log 5); quick form of the certification
    truth = 0.2 * (1 + np.log(5))
    rng = np.random.default_rng(20)
    inside = 0
    for _ in range(200):
        found = inequality(rng.exponential(1, 400), rng=rng, draws=200)
        inside += found.top_share_ci.lo <= truth <= found.top_share_ci.hi
    assert 0.89 <= inside / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(1.0, 60)
    assert inequality(values, rng=5, draws=50) == inequality(values, rng=5, draws=50)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "There are none; give at least one."),
        ([1.0, -2.0, np.nan], "2 are negative or missing; set them to 0 or leave them out."),
        ([0.0, 0.0], "They sum to 0; a share of nothing is undefined."),
    ],
)
def test_amounts_without_a_curve_are_refused(values, sentence):
    with pytest.raises(BadInput, match=sentence):
        lorenz(values)


def test_a_top_of_everybody_is_refused():
    with pytest.raises(BadInput, match=r"top is 1.0; it must lie between 0 and 1"):
        top_share([1.0], 1.0)
