"""Sorting is seen, rounding and prices are not taken for it, and what cannot be told is refused."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.discontinuity.bunching import Bunching
from crm_lab.stats.discontinuity.density_test import DensityTest
from crm_lab.stats.discontinuity.heaping import heap_period, lattice_step

SENATE = "tests/stats/published/senate.csv"


def spend(seed, n=20_000):
    return np.random.default_rng(seed).gamma(2.5, 120, n)


def pushed(values, seed, share=0.3):
    rng = np.random.default_rng(seed)
    near = (values > 475) & (values < 500) & (rng.random(len(values)) < share)
    return np.where(near, 500 + rng.exponential(10, len(values)), values), near


def test_elections_show_no_sorting():
    """Cattaneo, Jansson & Ma (2018): p = .381; their densities (wider windows, from the distribution function)."""
    found = DensityTest().fit(pd.read_csv(SENATE)["margin"])
    assert found.pvalue > 0.05
    for ours, theirs, se in ((found.below, 0.021686, 0.003288), (found.above, 0.018138, 0.002371)):
        assert abs(ours / 1390 - theirs) < 2 * se


@pytest.mark.parametrize(
    ("rounded", "period"),
    [(lambda x: x, 0.0), (np.round, 1.0), (lambda x: np.round(x / 5) * 5, 5.0), (lambda x: np.ceil(x) - 0.01, 1.0)],
)
def test_rounded_amounts_are_no_sorting_and_sorting_shows_through_them(rounded, period):
    clean, moved = rounded(spend(1)), rounded(pushed(spend(1), 2)[0])
    found = DensityTest(threshold=500).fit(clean)
    assert found.period == period
    assert not found.seen
    assert DensityTest(threshold=500).fit(moved).seen


def test_coarse_heaps_few_and_blind_are_refused():
    assert DensityTest(threshold=500).fit(np.round(spend(3) / 100) * 100).refused == "rounding"
    assert DensityTest(threshold=500).fit(spend(4, 150)).refused == "few"
    assert DensityTest(threshold=500).fit(spend(5, 1_500)).refused == "blind"


def test_the_lattice_is_found_in_any_scale():
    values = np.array([3.0, 5, 8, 5, 3])
    assert [lattice_step(values * unit) for unit in (0.01, 1.0, 10.0)] == [0.01, 1.0, 10.0]
    assert heap_period(spend(6), 500.0, 400.0, 40.0) == 0.0


def test_excess_is_what_was_moved_and_what_is_missing_below():
    moved, near = pushed(spend(7, 100_000), 8)
    found = Bunching(threshold=500, window=40).fit(moved)
    assert found.interval.lo < int(near.sum()) < found.interval.hi
    assert found.missing_interval.lo < int(near.sum()) < found.missing_interval.hi
    assert not Bunching(threshold=500, window=40).fit(spend(7, 100_000)).seen


def test_what_cannot_be_used_is_said():
    with pytest.raises(BadInput, match="1 of 2 values are missing"):
        DensityTest().fit([np.nan, 1.0])
    with pytest.raises(BadInput, match="on one side of 0"):
        Bunching().fit([1.0, 2.0])
    with pytest.raises(BadInput, match="Take a shorter window"):
        Bunching(threshold=500, window=390).fit(spend(9))
