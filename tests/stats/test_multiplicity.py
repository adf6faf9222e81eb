"""Holm's p-values and intervals say the same; Benjamini–Yekutieli is that of statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from crm_lab.stats.multiplicity.false_discovery import benjamini_yekutieli
from crm_lab.stats.multiplicity.holm_comparisons import holm_comparisons


@pytest.mark.parametrize("seed", range(8))
def test_p_values_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(9) ** 3, 3)
    assert benjamini_yekutieli(p) == pytest.approx(multipletests(p, method="fdr_by")[1])
    found = holm_comparisons(rng.normal(0, 2, 9), np.ones(9), np.full(9, 30))
    from scipy import stats

    plain = 2 * stats.t.sf(np.abs((found.lo + found.hi) / 2), 30)
    assert found.p == pytest.approx(multipletests(plain, method="holm")[1])


def test_an_interval_leaves_out_0_where_holm_rejects():
    rng = np.random.default_rng(1)
    for _ in range(300):
        m = int(rng.integers(1, 8))
        found = holm_comparisons(rng.normal(0, 2.5, m), rng.uniform(0.5, 1.5, m), rng.integers(2, 60, m))
        assert np.array_equal(found.p < 0.05, (found.lo > 0) | (found.hi < 0))


def test_tests_that_are_not_given_count():
    p = np.array([0.001, 0.02])
    assert benjamini_yekutieli(p, 5) == pytest.approx(multipletests([*p, 1, 1, 1], method="fdr_by")[1][:2])
    assert benjamini_yekutieli(np.empty(0)).shape == (0,)
    large = benjamini_yekutieli([1e-9], 20_000)[0]
    assert large == pytest.approx(1e-9 * 20_000 * (1 / np.arange(1, 20_001)).sum(), rel=1e-6)


def test_a_difference_that_is_none_for_everybody_is_no_finding():
    found = holm_comparisons([0.0, 1.0], [0.0, 0.1], [10, 10])
    assert (found.p[0], found.lo[0], found.hi[0]) == (1.0, 0.0, 0.0)
    assert found.lo[1] > 0
    assert holm_comparisons([], [], []).p.shape == (0,)
