"""REFERENCE section 4: sample sizes, detectable effects, power, each under its formula's name."""

import math

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments.planning import sample_size as sizes


@pytest.mark.parametrize(
    ("control", "treatment", "formula", "n"),
    [
        (0.10, 0.12, "unpooled", 3838.1),
        (0.10, 0.12, "pooled", 3840.85),
        (0.10, 0.12, "arcsine", 3834.6),
        (0.10, 0.11, "pooled", 14_750.79),
        (0.05, 0.06, "pooled", 8_157.73),
        (0.20, 0.25, "pooled", 1_093.74),
    ],
)
def test_units_for_two_shares(control, treatment, formula, n):
    assert sizes.n_share(control, treatment, formula=formula) == pytest.approx(n, abs=0.1)


@pytest.mark.parametrize(("d", "n"), [(0.2, 393.41), (0.5, 63.766), (0.8, 25.525)])
def test_units_for_the_t_test(d, n):
    assert sizes.n_mean(d, 1.0, t=True) == pytest.approx(n, abs=0.01)


def test_units_for_a_mean_with_and_without_the_pre_period():
    assert sizes.n_mean(2, 40) == pytest.approx(6279.10, abs=0.1)
    assert sizes.n_mean(2, 40 * math.sqrt(1 - 0.6**2)) == pytest.approx(4018.63, abs=0.1)


def test_units_for_not_worse():
    assert sizes.n_not_worse(0.30, 0.03, alpha=0.025, power=0.9) == pytest.approx(4903.46, abs=0.1)


def test_design_effect_is_exact():
    assert sizes.design_effect(20, 0.05) == pytest.approx(1.95, abs=1e-12)


@pytest.mark.parametrize(("n", "mde"), [(5, 6.06), (15, 4.59), (45, 4.04)])
def test_city_mde(n, mde):
    assert sizes.mde_few(3.0, 5, n) == pytest.approx(mde, abs=0.01)


def test_member_level_test_of_a_city_assigned_pilot():
    assert sizes.false_alarms(sizes.design_effect(400, 0.0081)) == pytest.approx(0.3407, abs=1e-3)


@pytest.mark.parametrize(
    ("d", "power", "m"), [(0.5, 0.079, 4.79), (1, 0.170, 2.49), (2, 0.516, 1.39), (2.8, 0.800, 1.125)]
)
def test_exaggeration(d, power, m):
    assert sizes.exaggeration(d) == pytest.approx((power, m), abs=0.01)


def test_exaggeration_by_simulation():
    z = np.random.default_rng(1).normal(1.3, 1, 400_000)
    seen = np.abs(z) > 1.959964
    assert sizes.exaggeration(1.3) == pytest.approx((seen.mean(), np.abs(z[seen]).mean() / 1.3), abs=0.01)


def test_nothing_is_overstated_without_end():
    assert sizes.exaggeration(0) == (0.05, math.inf)


def test_size_mde_and_power_are_inverse():
    n = sizes.n_mean(3, 50, ratio=4)
    assert sizes.mde_mean(50, n, 4 * n) == pytest.approx(3)
    assert sizes.power_mean(3, 50, n, 4 * n) == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("effect", [1e-6, 1e-3, 1.0, 20.0])
def test_extreme_effects_have_a_size(effect):
    """statsmodels' NormalIndPower.solve_power gives nan for effects above about 2 sd."""
    assert sizes.n_mean(effect, 1.0) == pytest.approx(2 * (2.8015852 / effect) ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sizes.n_share(0.1, 0.1), "equal; no test tells them apart"),
        (lambda: sizes.n_share(0, 1.2), r"control is 0[^$]*treatment is 1\.2"),
        (lambda: sizes.n_mean(0, 1), "smallest effect is 0"),
        (lambda: sizes.n_mean(1, 0), "needs no test"),
        (lambda: sizes.n_mean(9, 1, t=True), "three units per arm show that"),
        (lambda: sizes.n_mean(1, 1, alpha=5), "alpha is 5"),
        (lambda: sizes.n_mean(1, 1, alpha=0.9, power=0.8), "not above alpha"),
        (lambda: sizes.n_not_worse(0.3, -1), "margin -1"),
        (lambda: sizes.design_effect(0, 2), "at least 1 unit"),
    ],
)
def test_impossible_tests_are_refused(call, says):
    with pytest.raises(BadInput, match=says):
        call()
