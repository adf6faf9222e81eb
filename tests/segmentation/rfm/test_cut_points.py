import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.segmentation.rfm.cut_points import natural_breaks, quantile_cuts, score

VALUES = st.lists(st.integers(-50, 50), min_size=1, max_size=60).map(lambda v: np.array(v, dtype=float))
BINS = st.integers(2, 10)


@given(VALUES, BINS)
def test_cut_points_are_numpys_inverted_cdf_quantiles(values, bins):
    # the k/bins of an integer count are exact here: numpy rounds n·q, so compare by the definition too
    for k, cut in enumerate(quantile_cuts(values, bins), start=1):
        at_or_below = (values <= cut).sum() * bins
        below = (values < cut).sum() * bins
        assert below < k * len(values) <= at_or_below


def test_cut_points_agree_with_numpy():
    values = np.random.default_rng(7).gamma(2, 50, 2469)
    expected = np.quantile(values, np.arange(1, 5) / 5, method="inverted_cdf")
    np.testing.assert_array_equal(quantile_cuts(values, 5), expected)


@given(VALUES, BINS)
def test_equal_values_get_equal_scores_and_larger_ones_never_less(values, bins):
    scores = score(values, quantile_cuts(values, bins))
    order = np.argsort(values, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    assert len({(v, s) for v, s in zip(values, scores, strict=True)}) == len(set(values))


@given(VALUES, BINS, st.randoms(use_true_random=False))
def test_row_order_changes_no_score(values, bins, random):
    shuffled = list(range(len(values)))
    random.shuffle(shuffled)
    scores = score(values, quantile_cuts(values, bins))
    np.testing.assert_array_equal(score(values[shuffled], quantile_cuts(values[shuffled], bins)), scores[shuffled])


@given(VALUES, BINS, st.sampled_from([0.01, 0.5, 7.3, 1000.0]))
def test_money_scale_changes_no_score(values, bins, scale):
    scores = score(values, quantile_cuts(values, bins))
    np.testing.assert_array_equal(score(values * scale, quantile_cuts(values * scale, bins)), scores)


@given(VALUES, BINS)
def test_reversed_scores_mirror(values, bins):
    cuts = quantile_cuts(values, bins)
    np.testing.assert_array_equal(score(values, cuts, reverse=True), bins + 1 - score(values, cuts))


def test_without_ties_the_groups_are_equal():
    values = np.random.default_rng(1).permutation(1000).astype(float)
    assert np.bincount(score(values, quantile_cuts(values, 5)))[1:].tolist() == [200] * 5


def brute_force_breaks(values, bins):
    from itertools import combinations

    distinct = np.unique(values)
    best = None
    for cut in combinations(range(1, len(distinct)), min(bins, len(distinct)) - 1):
        uppers = [distinct[i - 1] for i in cut]
        groups = np.searchsorted(uppers, values, side="left")
        cost = sum(((values[groups == g] - values[groups == g].mean()) ** 2).sum() for g in set(groups))
        if best is None or cost < best[0] - 1e-9:
            best = (cost, uppers)
    return best


@given(st.lists(st.integers(0, 30), min_size=2, max_size=9), st.integers(2, 4))
def test_natural_breaks_are_the_best_of_all(values, bins):
    values = np.array(values, dtype=float)
    cuts = natural_breaks(values, bins)
    groups = np.searchsorted(cuts, values, side="left")
    cost = sum(((values[groups == g] - values[groups == g].mean()) ** 2).sum() for g in set(groups))
    assert cost == pytest.approx(brute_force_breaks(values, bins)[0], abs=1e-6)


def test_natural_breaks_of_many_values_fall_between_the_clusters():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(m, 1, 4000) for m in (0, 20, 60)])
    cuts = natural_breaks(values, 3)
    assert cuts.tolist() == [values[:4000].max(), values[4000:8000].max()]
