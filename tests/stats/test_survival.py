import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.stats.survival import kaplan_meier, log_rank

# Waltons: days lived by 163 fruit flies, {day: deaths}, as distributed with lifelines
CONTROL = {7: 1, 17: 1, 32: 1, 33: 1, 38: 2, 41: 7, 45: 9, 48: 8, 51: 3, 53: 7, 54: 2, 56: 18, 58: 4, 60: 15, 61: 9,
           63: 9, 66: 3, 68: 9, 69: 12, 75: 1}  # fmt: skip
CONTROL_CENSORED = {7: 1, 45: 1, 60: 1, 61: 2, 68: 1, 69: 1}
TREATED = {6: 1, 9: 3, 13: 3, 15: 2, 19: 3, 22: 4, 26: 5, 29: 5, 33: 2, 36: 2, 43: 1, 47: 1, 62: 2}


def waltons():
    rows = [
        (day, seen, group)
        for days, seen, group in ((CONTROL, 1, "c"), (CONTROL_CENSORED, 0, "c"), (TREATED, 1, "t"))
        for day, count in days.items()
        for _ in range(count)
    ]
    t, d, g = zip(*rows, strict=True)
    return np.array(t), np.array(d), np.array(g)


def test_waltons_curve():
    t, d, _ = waltons()
    curve = kaplan_meier(t, d)
    assert (curve.n, curve.median) == (163, 56)
    np.testing.assert_allclose(curve.at([20, 40, 56, 60])[0], [0.913650, 0.777837, 0.429903, 0.311524], atol=5e-7)


def test_waltons_log_rank():
    found = log_rank(*waltons())
    assert found.chi2 == pytest.approx(122.249126, abs=1e-6)
    assert found.df == 1
    assert found.pvalue < 1e-20


def test_bounds_are_the_log_log_ones_of_r():
    # the textbook sample 6 6 6 6+ 7 9+ 10 10+ 11+ ... (Freireich's 6-MP arm), R survfit conf.type="log-log"
    t = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    d = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    s, lo, hi = kaplan_meier(t, d).at([6, 10, 23])
    np.testing.assert_allclose(s, [0.857143, 0.752941, 0.448179], atol=1e-6)
    np.testing.assert_allclose(lo, [0.619718, 0.503200, 0.188058], atol=2e-5)
    np.testing.assert_allclose(hi, [0.951552, 0.889359, 0.680143], atol=2e-5)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=40))
def test_a_curve_falls_within_its_bounds(units):
    t, d = zip(*units, strict=True)
    curve = kaplan_meier(t, d)
    assert (np.diff(curve.survival) <= 1e-12).all()
    assert ((curve.lo <= curve.survival + 1e-12) & (curve.survival <= curve.hi + 1e-12)).all()
    assert ((curve.lo >= 0) & (curve.hi <= 1)).all()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_without_censoring_the_curve_is_the_share_left(durations):
    t = np.array(durations)
    curve = kaplan_meier(t, np.ones(len(t)))
    np.testing.assert_allclose(curve.survival, [(t > u).mean() for u in curve.times], atol=1e-12)


def test_nothing_is_known_beyond_the_last_observation():
    s, lo, hi = kaplan_meier([5, 8], [1, 0]).at([4, 8, 9])
    assert s.tolist()[:2] == [1.0, 0.5]
    assert np.isnan([s[2], lo[2], hi[2]]).all()


def test_once_it_happened_to_all_it_stays_so():
    share, ci = kaplan_meier([1, 2], [1, 1]).happened_by(50)
    assert (share, ci.hi) == (1.0, 1.0)


def test_late_entries_are_not_at_risk_before():
    curve = kaplan_meier([2, 4, 6], [1, 1, 1], entry=[0, 3, 0])
    assert curve.at_risk.tolist() == [2, 2, 1]


def test_log_log_bounds_cover():
    # quick form of the certification: exponential times, uniform censoring, S(1) = exp(-1)
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        event, end = rng.exponential(1, 100), rng.uniform(0.5, 3, 100)
        _, lo, hi = kaplan_meier(np.minimum(event, end), event <= end).at(1.0)
        inside += lo <= np.exp(-1) <= hi
    assert 0.925 <= inside / 400 <= 0.98


@pytest.mark.parametrize(
    ("t", "d", "sentence"),
    [
        ([], [], "There are none; a curve needs at least one unit."),
        ([1.0, -1.0, np.nan], [1, 1, 1], "2 are negative or missing; a duration is 0 or more."),
        ([1.0], [1, 0], "There are 1 durations and 2 flags; give one each."),
    ],
)
def test_durations_that_cannot_be_used_are_refused(t, d, sentence):
    with pytest.raises(BadInput, match=sentence):
        kaplan_meier(t, d)


def test_entries_after_the_end_are_refused():
    with pytest.raises(BadInput, match="1 units enter at or after their end; leave them out"):
        kaplan_meier([1, 2], [1, 1], entry=[0, 2])


def test_a_test_needs_two_groups_and_an_event():
    with pytest.raises(BadInput, match="A comparison needs two groups; there is 1"):
        log_rank([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(BadInput, match="No event was observed"):
        log_rank([1, 2], [0, 0], ["a", "b"])


def test_three_groups_may_be_named_in_any_order():
    t, d, _ = waltons()
    g = np.arange(len(t)) % 3
    found, renamed = log_rank(t, d, g), log_rank(t, d, np.array([2, 0, 1])[g])
    assert found.df == 2
    assert found.chi2 == pytest.approx(renamed.chi2)
