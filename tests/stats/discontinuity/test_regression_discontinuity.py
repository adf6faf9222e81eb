"""The jump at a threshold against the published example, its coverage, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.discontinuity.local_polynomial import Side, residuals
from crm_lab.stats.discontinuity.regression_discontinuity import RegressionDiscontinuity, binned_means

PUBLISHED = Path(__file__).parents[1] / "published"


@pytest.fixture(scope="module")
def senate():
    return pd.read_csv(PUBLISHED / "senate.csv").dropna()


def test_the_senate_example_is_met_to_its_printed_digits(senate):
    """Calonico, Cattaneo, Farrell & Titiunik (2017), and rdrobust 2.1.1 for Python, to all digits printed."""
    jump = RegressionDiscontinuity().fit(senate["vote"], senate["margin"])
    assert [round(v, 3) for v in (jump.effect, jump.se, jump.corrected, jump.se_robust)] == [7.414, 1.459, 7.507, 1.741]
    assert [round(v, 3) for v in (jump.interval.lo, jump.interval.hi)] == [4.094, 10.919]
    assert [round(v, 3) for v in (jump.bandwidths.h, jump.bandwidths.b)] == [17.754, 28.028]
    assert (jump.n_left, jump.n_right) == (360, 323)


def test_rounded_margins_are_met_too_and_refused_for_their_few_values(senate):
    """rdrobust 2.1.1 on whole per cents, where neighbours are ties: its window keeps ten values and counts ties."""
    jump = RegressionDiscontinuity().fit(senate["vote"], senate["margin"].round())
    assert jump.effect == pytest.approx(5.22617968, abs=1e-5)
    assert (jump.interval.lo, jump.interval.hi) == pytest.approx((1.22049395, 8.52469284), abs=1e-5)
    assert jump.bandwidths.h == pytest.approx(17.29184563, abs=1e-4)
    assert jump.refused == "support"


def test_a_fuzzy_threshold_is_met(senate):
    """rdrobust 2.1.1, `fuzzy`, `sharpbw=True`, four in five treated above the threshold (numpy seed 0)."""
    drawn = pd.read_csv(PUBLISHED / "senate.csv")
    drawn["got"] = (drawn["margin"] >= 0) & (np.random.default_rng(0).random(len(drawn)) < 0.8)
    drawn = drawn.dropna()
    jump = RegressionDiscontinuity().fit(drawn["vote"], drawn["margin"], drawn["got"])
    assert (jump.effect, jump.corrected) == pytest.approx((8.54019432, 8.41640139), abs=1e-5)
    assert (jump.interval.lo, jump.interval.hi) == pytest.approx((4.44503356, 12.38776923), abs=1e-5)


def test_the_estimate_does_not_depend_on_order_shift_or_scale(senate):
    x, y = senate["margin"].to_numpy(), senate["vote"].to_numpy()
    plain = RegressionDiscontinuity().fit(y, x)
    order = np.random.default_rng(1).permutation(len(x))
    moved = RegressionDiscontinuity(threshold=700.0).fit(10 * y[order], 7 * x[order] + 700)
    assert moved.effect == pytest.approx(10 * plain.effect, rel=1e-6)
    assert moved.bandwidths.h == pytest.approx(7 * plain.bandwidths.h, rel=1e-6)


def test_neighbours_are_those_that_brute_force_finds():
    rng = np.random.default_rng(3)
    x, y = np.sort(rng.integers(0, 12, 40)).astype(float), rng.normal(0, 1, 40)
    found = residuals(Side.of(x, y))[:, 0]
    for i in range(40):
        away = np.abs(x - x[i])
        reach = np.sort(np.delete(away, i))[2]
        near = (away <= reach) & (np.arange(40) != i)
        assert found[i] == pytest.approx(np.sqrt(near.sum() / (near.sum() + 1)) * (y[i] - y[near].mean()))


@pytest.mark.parametrize(
    ("outcome", "running", "said"),
    [
        ([1.0, np.nan], [-1.0, 1.0], "1 of 2 units have a missing or infinite value"),
        ([1.0, 2.0], [1.0, 2.0], "All 2 units are on one side of 0"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "shapes"),
    ],
)
def test_what_cannot_be_used_is_said(outcome, running, said):
    with pytest.raises(BadInput, match=said):
        RegressionDiscontinuity().fit(outcome, running)


def test_few_units_few_values_and_weak_thresholds_are_refused():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, 5_000)
    assert RegressionDiscontinuity().fit(x[:60], x[:60]).refused == "few"
    few = np.r_[x[x < 0], np.repeat([0.1, 0.2, 0.3], 100)]
    assert RegressionDiscontinuity().fit(few, few).refused == "support"
    weak = RegressionDiscontinuity().fit(x + rng.normal(0, 1, 5_000), x, rng.random(5_000) < 0.5)
    assert weak.refused == "weak"


def test_binned_means_add_up():
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-1, 1, 500), rng.normal(0, 1, 500)
    table = binned_means(y, x, 0.0, 1.0)
    assert table["n"].sum() == 500
    assert (table["mean"] * table["n"]).sum() == pytest.approx(y.sum())
