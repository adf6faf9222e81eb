"""What must hold whatever the data: scale, shift, order, and the mirror of a threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.stats.discontinuity.density_test import DensityTest, histogram
from crm_lab.stats.discontinuity.heaping import lattice_step
from crm_lab.stats.discontinuity.regression_discontinuity import RegressionDiscontinuity

AMOUNTS = np.random.default_rng(11).gamma(2.5, 120, 3_000)


@settings(max_examples=15)
@given(st.floats(0.01, 1_000), st.floats(-1_000, 1_000))
def test_density_and_jump_follow_scale_and_shift(scale, shift):
    plain, moved = (
        DensityTest(threshold=500).fit(AMOUNTS),
        DensityTest(threshold=500 * scale + shift).fit(AMOUNTS * scale + shift),
    )
    assert moved.z == pytest.approx(plain.z, abs=0.05)  # a value on the edge of a bin may change its side
    y = np.sqrt(AMOUNTS)
    first = RegressionDiscontinuity(threshold=500).fit(y, AMOUNTS)
    second = RegressionDiscontinuity(threshold=500 * scale + shift).fit(y, AMOUNTS * scale + shift)
    assert second.effect == pytest.approx(first.effect, abs=1e-4)


def test_a_mirror_turns_the_sign():
    x = np.random.default_rng(12).normal(0, 1, 2_000)
    y = x + 2 * (x > 0)
    plain, mirror = RegressionDiscontinuity().fit(y, x), RegressionDiscontinuity().fit(y, -x)
    assert mirror.effect == pytest.approx(-plain.effect, abs=1e-6)


@given(st.lists(st.integers(0, 500), min_size=5, max_size=60), st.sampled_from([0.01, 0.05, 1.0, 5.0, 100.0]))
def test_a_lattice_step_divides_every_value(values, step):
    found = lattice_step(np.array(values * 2) * step)
    assert found >= step * (1 - 1e-9)


@given(st.floats(0.5, 20))
def test_a_histogram_loses_nobody_within_its_reach(width):
    bins = histogram(AMOUNTS, 500.0, 300.0, width)
    half = len(bins) // 2
    at = (AMOUNTS - 500) / width
    inside = (at >= -half) & (at < half)
    assert abs(int(bins["n"].sum()) - int(inside.sum())) <= 1
