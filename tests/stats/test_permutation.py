"""Permutation in equal tails, and its inversion over shifts."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from crm_lab.stats.permutation import Shifts, shifts, splits_of
from crm_lab.stats.permutation_power import _rejected, chosen_statistic


def arms(n, m):
    return np.arange(n) < m


def skewed(n, m, seed=1, effect=0.0):
    return np.random.default_rng(seed).lognormal(0, 1.2, n) + effect * arms(n, m)


@pytest.mark.parametrize(("n", "m", "least"), [(6, 3, 0.1), (8, 4, 2 / 70), (10, 5, 2 / 252), (257, 3, 2 / 2000)])
def test_the_smallest_p_value_is_that_of_the_number_of_splits(n, m, least):
    """REFERENCE section 4: 3v3 .10, 4v4 .0286, 5v5 .0079."""
    assert splits_of(arms(n, m)).least == pytest.approx(least)


def by_hand(y, m, shift, studentised):
    """One-sided p value upwards with a shift taken off the treated arm, every split written out."""
    n, treated = len(y), arms(len(y), m)
    moved = y - shift * treated

    def statistic(chosen):
        a, b = moved[chosen], moved[np.setdiff1d(np.arange(n), chosen)]
        gap = a.mean() - b.mean()
        return gap / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)) if studentised else gap

    values = [statistic(list(s)) for s in combinations(range(n), m)]
    return np.mean(np.array(values) >= values[0] - 1e-12)


@pytest.mark.parametrize("statistic", ["raw", "studentised"])
@pytest.mark.parametrize("m", [3, 4, 6])
@pytest.mark.parametrize("shift", [-1.3, 0.0, 0.4, 2.5])
def test_p_values_are_those_of_every_split_written_out(statistic, m, shift):
    y = skewed(9, m, seed=m)
    found = shifts(y, splits_of(arms(9, m)), statistic=statistic)
    assert found.share_below(shift) == pytest.approx(by_hand(y, m, shift, statistic == "studentised"), abs=1e-9)


@pytest.mark.parametrize("statistic", ["raw", "studentised"])
@pytest.mark.parametrize(("n", "m"), [(80, 20), (300, 280), (9, 4)])
def test_the_interval_holds_what_the_test_does_not_reject(statistic, n, m):
    y, splits = skewed(n, m, effect=0.5), splits_of(arms(n, m))
    found = shifts(y, splits, statistic=statistic)
    lo, hi = found.interval(0.9)
    assert lo < found.effect < hi
    for shift in np.array([lo - 0.01, lo + 0.01, hi - 0.01, hi + 0.01]):
        p = shifts(y - shift * arms(n, m), splits, statistic=statistic).pvalue
        assert (p > 0.1) == (lo < shift < hi)


@pytest.mark.parametrize("statistic", ["raw", "studentised"])
def test_units_scale_and_level_do_not_matter(statistic):
    y, splits = skewed(60, 25), splits_of(arms(60, 25))
    plain, other = (shifts(v, splits, statistic=statistic) for v in (y, 7 - 100 * y))
    assert other.effect == pytest.approx(-100 * plain.effect)
    assert other.pvalue == plain.pvalue
    assert other.interval()[0] == pytest.approx(-100 * plain.interval()[1], rel=1e-6)


def test_weights_of_one_are_no_weights():
    y, splits = skewed(60, 25), splits_of(arms(60, 25))
    assert shifts(y, splits, np.ones(60)).interval() == pytest.approx(shifts(y, splits).interval(), rel=1e-9)


def test_clusters_shift_by_their_size():
    """Totals of stores with an effect of 3 a member: the interval is that of the members' effect, moved by 3."""
    rng = np.random.default_rng(3)
    size = rng.integers(10, 90, 30).astype(float)
    total, splits = size * rng.normal(50, 4, 30), splits_of(arms(30, 12))
    for statistic in ("raw", "studentised"):
        before = shifts(total, splits, size, statistic)
        after = shifts(total + 3 * size * arms(30, 12), splits, size, statistic)
        assert after.effect == pytest.approx(before.effect + 3)
        assert after.interval() == pytest.approx([end + 3 for end in before.interval()], abs=1e-6)


def test_too_few_splits_have_no_interval():
    assert Shifts(1.0, np.arange(10.0)).interval(0.95) == (-np.inf, np.inf)
    assert all(map(np.isfinite, Shifts(1.0, np.arange(39.0)).interval(0.95)))


def test_the_same_test_has_the_same_interval():
    y = skewed(200, 60)
    assert shifts(y, splits_of(arms(200, 60))).interval() == shifts(y, splits_of(arms(200, 60))).interval()


def test_an_allowance_is_on_the_p_value_and_in_the_interval():
    """What a wider interval leaves out is what the larger p value rejects."""
    y, splits = skewed(80, 20, effect=1.5), splits_of(arms(80, 20))
    plain = shifts(y, splits)
    wide = replace(plain, allowance=1.2)
    assert wide.pvalue == pytest.approx(1.2 * plain.pvalue)
    assert wide.interval(0.95) == plain.interval(1 - 0.05 / 1.2)
    assert wide.share_below(0.0) == plain.share_below(0.0)


def buyers(rng, n):
    return (rng.random(n) < 0.3) * rng.gamma(2, 1, n)


@pytest.mark.parametrize(
    ("past", "arms", "statistics"),
    [(lambda rng, n: rng.lognormal(0, 1.5, n), (30, 300), {"studentised"}),
     (lambda rng, n: rng.lognormal(0, 1.5, n), (300, 30), {"studentised"}),
     (lambda rng, n: rng.permutation(np.ones(n)), (30, 300), {"studentised"}),
     (lambda rng, n: -rng.gamma(2, 1, n), (30, 90), {"studentised"}), (buyers, (10, 20), {"studentised", "raw"})],
)  # fmt: skip
def test_the_statistic_is_chosen_on_the_past(past, arms, statistics):
    redrawn = splits_of(np.arange(sum(arms)) >= arms[0], 399)
    assert {chosen_statistic(past(np.random.default_rng(s), sum(arms)), redrawn) for s in range(12)} == statistics


def test_made_up_tests_reject_no_effect_as_often_as_they_say():
    x = np.random.default_rng(3).gamma(3, 1, 120)
    redrawn = splits_of(np.arange(120) < 40).small[:399]
    raw, studentised = _rejected(x, x, redrawn, treated=True)
    assert max(raw, studentised) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert min(_rejected(x, 1.6 * x, redrawn, treated=False)) > 0.5


@pytest.mark.parametrize("allowance", [1.0, 1.2])
def test_a_probability_is_one_less_the_p_value_on_either_side(allowance):
    found = Shifts(0.0, np.linspace(-1, 1, 999), allowance)
    p = np.array([found.probability_above(x) for x in np.linspace(-0.9, 0.9, 41)])
    assert (np.diff(p) <= 0).all()
    assert found.probability_above(0.8) == pytest.approx(allowance * found.share_above(0.8))
    assert found.probability_above(-0.8) == pytest.approx(1 - allowance * found.share_below(-0.8))
