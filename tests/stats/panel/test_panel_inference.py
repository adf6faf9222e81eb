"""Permutation: the p value counts every assignment, the interval inverts it, the level is the one said."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.stats.panel import (
    DifferenceInDifferences,
    SyntheticControl,
    SyntheticDifference,
    TimeBasedRegression,
    complete,
    listed,
    matched_pairs,
    permutation_test,
)
from crm_lab.stats.panel.panel_inference import _accepted

DID = DifferenceInDifferences()


def world(n=8, t=6, seed=1):
    rng = np.random.default_rng(seed)
    return 100 + rng.normal(0, 1, (n, t)) + rng.normal(0, 2, (1, t)) + rng.normal(0, 5, (n, 1))


def first(n, k):
    return np.arange(n) < k


def by_hand(values, k, start, null, form):
    """Share of all sets of k units whose difference in differences is as large as that of the first k."""
    n, moved = len(values), values.copy()
    moved[:k, start:] = moved[:k, start:] - null if form == "additive" else moved[:k, start:] / (1 + null)
    change = moved[:, start:].mean(axis=1) - moved[:, :start].mean(axis=1)
    gaps = []
    for chosen in combinations(range(n), k):
        inside = np.isin(np.arange(n), chosen)
        gaps.append(abs(change[inside].mean() - change[~inside].mean()))
    return np.mean(np.array(gaps) >= gaps[0] - 1e-9)


@pytest.mark.parametrize("form", ["additive", "multiplicative"])
@pytest.mark.parametrize(("n", "k"), [(8, 4), (9, 3), (7, 1)])
@pytest.mark.parametrize("null", [-0.5, 0.0, 0.01, 1.5])
def test_p_values_are_those_of_every_set_written_out(n, k, null, form):
    values = world(n, seed=k)
    found = permutation_test(values, 3, DID, complete(first(n, k)), null=null, form=form)
    assert found.pvalue == pytest.approx(by_hand(values, k, 3, null, form))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(8, 4), (9, 3), (6, 3), (10, 2)]),
    st.sampled_from(["additive", "multiplicative"]),
    st.sampled_from([0.05, 0.1, 0.3]),
)
def test_the_interval_holds_exactly_what_the_test_does_not_reject(seed, sizes, form, alpha):
    values, made = world(sizes[0], seed=seed), complete(first(*sizes))
    found = permutation_test(values, 3, DID, made, form=form, alpha=alpha)

    def pvalue(null):
        return permutation_test(values, 3, DID, made, null=null, form=form).pvalue

    lo, hi = found.interval.lo, found.interval.hi
    if found.floor > alpha:
        assert (lo, hi) == (-math.inf, math.inf)
        return
    assert found.interval.level == pytest.approx(1 - made.attainable(alpha))
    for end, out in ((lo, -1), (hi, 1)):
        if math.isfinite(end):
            step = 1e-6 * (abs(end) + 1)
            assert pvalue(end - out * step) > alpha
            for far in (step, 10 * step, 0.1 * (hi - lo)):
                assert (form == "multiplicative" and end + out * far <= -1) or pvalue(end + out * far) <= alpha


@settings(max_examples=300, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(0, 10**6),
    st.sampled_from([0.05, 0.2, 0.5]),
    st.sampled_from([math.inf, 1.0]),
    st.booleans(),
)
def test_ends_of_the_accepted_are_those_of_a_search(n, seed, alpha, top, whole):
    """Whatever lines the effects follow, also ones steeper than the observed."""
    rng = np.random.default_rng(seed)
    base, share = rng.normal(0, 1, n), rng.normal(0, 1, n)
    if whole:
        base, share = rng.integers(-3, 4, n).astype(float), rng.integers(-2, 3, n).astype(float)
    share[0] = 1.0
    lo, hi = _accepted(base, share, alpha, top)
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.concatenate([(base - base[0]) / (share - 1), (base + base[0]) / (share + 1)])
    roots = np.unique(roots[np.isfinite(roots)])
    assume(not (np.abs(roots - top) < 1e-6).any())
    far = 10 * (np.abs(roots).max(initial=1.0) + 1)
    ends = [-far, far] if top == math.inf else [-far, top - 1e-9]
    points = np.unique(np.concatenate([roots, (roots[1:] + roots[:-1]) / 2, ends, [*roots, *ends][:1]]))
    points = points[points < top]
    size = np.abs(base - points[:, None] * share)
    kept = points[(size >= size[:, :1] - 1e-9).mean(axis=1) > alpha + 1e-12]
    if not len(kept):
        assert math.isnan(lo)
        return
    assert lo == (-math.inf if kept[0] == -far else pytest.approx(kept[0], abs=1e-6))
    assert hi == (math.inf if kept[-1] == points[-1] and points[-1] in ends else pytest.approx(kept[-1], abs=1e-6))


def test_ties_count_in_full():
    values = np.repeat(np.array([[0.0, 0], [0, 1], [0, 1], [0, 1]]), 1, axis=0)
    assert permutation_test(values, 1, DID, complete(first(4, 1))).pvalue == 0.25
    assert permutation_test(values, 1, DID, complete(np.arange(4) == 1)).pvalue == 1.0
    assert permutation_test(np.ones((4, 3)), 1, DID, complete(first(4, 2))).pvalue == 1.0


def test_five_pairs_can_never_decide_at_five_per_cent():
    treated = np.arange(10) % 2 == 0
    values = world(10) + 1_000 * np.outer(treated, np.arange(6) >= 3)
    found = permutation_test(values, 3, DID, matched_pairs([[i, i + 1] for i in range(0, 10, 2)], treated))
    assert found.pvalue == found.floor == 0.0625
    assert not found.can_decide
    assert (found.interval.lo, found.interval.hi, found.interval.level) == (-math.inf, math.inf, 1.0)
    assert found.to_frame()["lo"].item() == -math.inf


@pytest.mark.parametrize("design", ["complete", "pairs"])
def test_level_and_coverage_with_shocks_of_city_and_week(design):
    """Rejects at the attainable level, and covers what was planted at least as often as is said."""
    n, runs, effect = 12, 600, 4.0
    treated = np.arange(n) % 2 == 0
    pairs = [[i, i + 1] for i in range(0, n, 2)]
    made = complete(treated) if design == "complete" else matched_pairs(pairs, treated)
    rejected = covered = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        ar = rng.normal(0, 1, (n, 8)).cumsum(axis=1)  # shocks of a city last
        values = 100 + ar + rng.normal(0, 2, (1, 8))
        drawn = made.masks[rng.integers(len(made))]
        again = complete(drawn) if design == "complete" else matched_pairs(pairs, drawn)
        rejected += permutation_test(values, 5, DID, again).pvalue <= 0.05
        found = permutation_test(values + effect * np.outer(drawn, np.arange(8) >= 5), 5, DID, again)
        covered += found.interval.lo <= effect <= found.interval.hi
    level = made.attainable(0.05)
    slack = 3 * math.sqrt(level * (1 - level) / runs)
    assert abs(rejected / runs - level) < slack
    assert covered / runs >= 1 - level - slack


@pytest.mark.parametrize("estimator", [DID, SyntheticControl(), SyntheticDifference(), TimeBasedRegression()])
def test_a_planted_share_is_found_as_one(estimator):
    values, treated = world(10, 20) * np.linspace(1, 5, 10)[:, None], np.arange(10) % 3 == 0
    base = permutation_test(values, 15, estimator, complete(treated, 50), form="multiplicative", alpha=0.0).effect
    values[np.ix_(treated, np.arange(20) >= 15)] *= 1.1
    found = permutation_test(values, 15, estimator, complete(treated, 50), form="multiplicative", alpha=0.0).effect
    assert 1 + found == pytest.approx((1 + base) * 1.1)


def test_a_given_list_is_its_own_test():
    masks = complete(first(8, 4)).masks[::5]
    found = permutation_test(world(), 3, DID, listed(masks, masks[2]))
    assert found.assignments == 14
    assert found.pvalue * 14 == pytest.approx(round(found.pvalue * 14))


def test_what_cannot_be_tested_is_refused():
    gap = world()
    gap[2, 4] = np.nan
    with pytest.raises(BadInput, match="1 of 48 values are no finite number"):
        permutation_test(gap, 3, DID, complete(first(8, 4)))
    with pytest.raises(BadInput, match="form is 'odd'"):
        permutation_test(world(), 3, DID, complete(first(8, 4)), form="odd", alpha=1.0)
    with pytest.raises(BadInput, match="0 periods lie before"):
        permutation_test(world(), 0, DID, complete(first(8, 4)))
    with pytest.raises(BadInput, match="-1 is the end"):
        permutation_test(world(), 3, DID, complete(first(8, 4)), null=-1.0, form="multiplicative")
