"""Wilson, Fieller and the delta method against published numbers, brute force and each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from crm_lab.checks import BadInput
from crm_lab.stats.intervals import delta_ratio, delta_se, fieller, wilson, z_value


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 7), (120, 1000), (1, 100_000)])
def test_wilson_is_statsmodels_wilson(k, n):
    np.testing.assert_allclose(wilson(k, n), proportion_confint(k, n, method="wilson"), atol=1e-12)


def test_wilson_takes_arrays_and_says_nothing_of_no_trials():
    lo, hi = wilson([0, 5], [0, 10])
    np.testing.assert_allclose(lo, [0, 0.2366], atol=1e-4)
    np.testing.assert_allclose(hi, [1, 0.7634], atol=1e-4)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_lies_in_0_1_and_holds_the_share(k, n):
    k = min(k, n)
    lo, hi = wilson(k, n)
    assert 0 <= lo <= k / n + 1e-12
    assert k / n - 1e-12 <= hi <= 1


def test_more_successes_than_trials_are_refused():
    with pytest.raises(BadInput, match="between 0 and the number of trials"):
        wilson(11, 10)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_levels_outside_0_1_are_refused(level):
    with pytest.raises(BadInput, match="confidence level lies between 0 and 1"):
        z_value(level)


def test_fieller_of_the_reference_case():
    """REFERENCE section 4: 150k (SE 20k) / 100k (SE 5k), uncorrelated: 1.0936 to 1.9355."""
    ratio = fieller(150_000, 100_000, 20_000**2, 5_000**2)
    assert (ratio.lo, ratio.hi) == pytest.approx((1.0936, 1.9355), abs=1e-4)


def test_delta_method_of_the_reference_case():
    """REFERENCE section 4: 1.0814 to 1.9186."""
    ratio, se = delta_ratio(150_000, 100_000, 20_000**2, 5_000**2)
    assert (ratio - 1.959964 * se, ratio + 1.959964 * se) == pytest.approx((1.0814, 1.9186), abs=1e-4)


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 9), st.floats(0.1, 9), st.floats(-0.9, 0.9))
def test_fieller_set_is_the_set_its_definition_names(a, b, va, vb, rho):
    cov = rho * (va * vb) ** 0.5
    found = fieller(a, b, va, vb, cov)
    for r in (-20.0, -3.0, -1.01, 0.0, 0.49, 1.0, 2.7, 30.0):
        gap = (a - r * b) ** 2 - z_value() ** 2 * (va - 2 * r * cov + r**2 * vb)
        if abs(gap) > 1e-6:  # away from the edge of the set
            assert found.contains(r) == (gap < 0)


def test_denominator_that_may_be_zero_has_no_interval():
    assert fieller(5.0, 0.1, 1.0, 1.0).interval() is None
    assert fieller(0.5, 0.1, 1.0, 1.0).kind == "all"
    assert fieller(0.5, 0.1, 1.0, 1.0).contains(1e9)


def test_known_denominator_gives_the_normal_interval():
    ratio = fieller(10.0, 2.0, 4.0, 0.0).interval()
    assert (ratio.lo, ratio.hi) == pytest.approx(((10 - 1.959964 * 2) / 2, (10 + 1.959964 * 2) / 2), rel=1e-6)


def test_ratio_to_zero_is_nan():
    assert np.isnan(delta_ratio(1.0, 0.0, 1.0, 1.0)).all()


def test_delta_se_of_a_difference_adds_variances():
    assert delta_se([1, -1], [[9, 2], [2, 16]]) == pytest.approx((9 + 16 - 4) ** 0.5)
