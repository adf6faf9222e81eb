"""Fits of true shares: recovery, a likelihood by brute force, refusal of equal shares, correlation within clusters."""

import math

import numpy as np
import pytest
from scipy import stats

from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial
from crm_lab.stats.pooling.clustered_shares import ClusterSums


def test_the_maximum_is_that_of_a_grid():
    rng = np.random.default_rng(3)
    n = rng.integers(2, 25, 300)
    k = rng.binomial(n, rng.beta(1.5, 4, 300))
    fit = fit_beta_binomial(k, n)

    def value(a, b):
        return stats.betabinom.logpmf(k, n, a, b).sum()

    around = [value(fit.a * x, fit.b * y) for x in (0.98, 1, 1.02) for y in (0.98, 1, 1.02) if (x, y) != (1, 1)]
    assert value(fit.a, fit.b) > max(around)
    step = 1e-3
    bend = (value(fit.a + step, fit.b) - 2 * value(fit.a, fit.b) + value(fit.a - step, fit.b)) / step**2
    assert -1 / bend < fit.se_a**2  # the error of one alone, the other known, is smaller


@pytest.mark.parametrize(("a", "b", "mean_n"), [(2, 3, 20), (0.3, 0.5, 5), (20, 30, 40)])
def test_parameters_are_recovered_within_their_standard_errors(a, b, mean_n):
    rng = np.random.default_rng(11)
    z = []
    for _ in range(40):
        n = rng.poisson(mean_n, 600)
        fit = fit_beta_binomial(rng.binomial(n, rng.beta(a, b, 600)), n)
        z.append((math.log(fit.a / a)) / (fit.se_a / fit.a))
    assert abs(np.mean(z)) < 3 / math.sqrt(40) + 0.2  # a bias of order 1/600 beside chance
    assert 0.7 < np.std(z) < 1.35  # 40 draws


def test_equal_shares_are_rarely_called_different():
    rng = np.random.default_rng(5)
    n = np.full(200, 12)
    p = np.array([fit_beta_binomial(rng.binomial(n, 0.3), n).pvalue for _ in range(300)])
    assert (p < 0.05).mean() < 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 300)


def test_bootstrap_of_customers_spreads_as_the_standard_error():
    rng = np.random.default_rng(7)
    n = rng.integers(3, 40, 800)
    k = rng.binomial(n, rng.beta(3, 3, 800))
    fit = fit_beta_binomial(k, n)
    drawn = np.array(list(fit.resampled(k, n, 300, rng)))
    assert np.allclose(drawn.std(axis=0), [fit.se_a, fit.se_b], rtol=0.2)  # 300 draws: 4 %; robust against model: more


@pytest.mark.parametrize("k", [[0, 0, 0], [9, 9, 9], []])
def test_nothing_or_everything_has_no_distribution(k):
    fit = fit_beta_binomial(k, [9] * len(k))
    assert math.isnan(fit.a)
    assert not fit.converged


def test_single_trials_cannot_tell_that_shares_differ():
    fit = fit_beta_binomial([0, 1] * 100, [1] * 200)
    assert fit.pvalue > 0.4


def sums_of(k, n):
    return ClusterSums(*(np.asarray(x, dtype=float).sum(axis=1) for x in (k, n, n, n**2, n**3, n * n, k * k, k * n)))


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.4])
def test_correlation_within_orders_is_recovered(rho):
    rng = np.random.default_rng(13)
    found = []
    for _ in range(8):
        share = rng.beta(3, 4, (1500, 1)) * np.ones((1, 5))
        if rho:
            share = rng.beta(share * (1 / rho - 1), (1 - share) * (1 / rho - 1))
        n = 1.0 + rng.poisson(3, (1500, 5))
        found.append(sums_of(rng.binomial(n.astype(int), share), n).correlation())
    assert abs(np.mean(found) - rho) < 0.015  # 8 draws of about 0.008


def test_one_order_each_says_nothing_of_correlation():
    n = np.full((50, 1), 4.0)
    assert sums_of(np.ones((50, 1)), n).correlation() == 0.0
