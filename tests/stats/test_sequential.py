"""Limits of repeated looks, against REFERENCE section 4."""

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.permutation import splits_of, statistics
from crm_lab.stats.sequential.alpha_spending import classical, limits, permuted_limits, spent, type_one


def even(k):
    return list(np.arange(1, k + 1) / k)


@pytest.mark.parametrize(("looks", "constant"), [(2, 1.9774), (3, 2.0040), (4, 2.0243), (5, 2.0401)])
def test_classical_obrien_fleming(looks, constant):
    assert classical(looks, "obrien_fleming")[-1] == pytest.approx(constant, abs=1e-3)


def test_classical_obrien_fleming_at_each_look():
    assert classical(5, "obrien_fleming") == pytest.approx([4.5617, 3.2256, 2.6337, 2.2809, 2.0401], abs=1e-3)


@pytest.mark.parametrize(("looks", "constant"), [(2, 2.1783), (3, 2.2895), (4, 2.3613), (5, 2.4132)])
def test_classical_pocock(looks, constant):
    assert classical(looks, "pocock")[0] == pytest.approx(constant, abs=1e-3)


@pytest.mark.parametrize(
    "wanted", [[3.7103, 2.5114, 1.9930], [4.3326, 2.9631, 2.3590, 2.0141], [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]]
)
def test_lan_demets_obrien_fleming_per_side(wanted):
    found = limits(even(len(wanted)), 0.025, "obrien_fleming", two_sided=False)
    assert found == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize(
    ("spending", "wanted"),
    [("obrien_fleming", [4.383, 3.100, 2.553, 2.254, 2.064]), ("pocock", [2.4380, 2.4268, 2.4102, 2.3966, 2.3860])],
)
def test_lan_demets_both_sides_together(spending, wanted):
    assert limits(even(5), 0.05, spending) == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize(("looks", "rate"), [(2, 0.0831), (3, 0.1073), (4, 0.1262), (5, 0.1417)])
def test_naive_looks_err_as_published(looks, rate):
    assert type_one([1.959964] * looks, even(looks)) == pytest.approx(rate, abs=5e-4)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("share", [[0.1, 0.35, 0.8, 1.0], [0.5, 1.0], even(50)])
def test_all_of_alpha_is_spent_and_no_more(spending, share):
    assert type_one(limits(share, 0.05, spending), share) == pytest.approx(0.05, abs=1e-5)


def test_one_look_is_the_usual_test():
    assert limits([1.0])[0] == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("share", [[], [0.5, 0.4], [0.0, 1.0], [0.5, 1.2]])
def test_shares_that_do_not_rise_are_refused(share):
    with pytest.raises(BadInput, match="they rise within 0 and 1"):
        limits(share)


def test_permuted_limits_spend_what_is_planned():
    """Of the splits themselves no more have left by each look than may."""
    z = np.cumsum(np.random.default_rng(2).standard_normal((1999, 6)), axis=1) / np.sqrt(np.arange(1, 7))
    spend = spent(np.array(even(6)), 0.05, "pocock")
    found = permuted_limits(z, spend)
    for k in range(6):
        left = (np.abs(z[:, : k + 1]) > found[: k + 1]).any(axis=1).sum() + 1
        assert left <= spend[k] * 2000 + 1e-9
        assert left >= spend[k] * 2000 - 1


def test_too_few_splits_cannot_spend_a_little():
    assert permuted_limits(np.ones((19, 2)), np.array([0.001, 0.05])).tolist() == [np.inf, 1.0]


@pytest.mark.slow
def test_weekly_looks_at_skewed_spend_err_as_planned():
    """300 nulls of 60 against 600, ten looks: the permuted limits hold where normal ones reject a fifth and more."""
    rng, wrong = np.random.default_rng(3), np.zeros(2)
    treated = np.arange(660) < 60
    spend, normal = spent(np.array(even(10)), 0.05, "pocock"), limits(even(10), 0.05, "pocock")
    for _ in range(300):
        weeks = np.cumsum((rng.random((660, 10)) < 0.1) * rng.lognormal(3, 1.2, (660, 10)), axis=1)
        own, others = statistics(weeks, splits_of(treated, 499))
        wrong += [(np.abs(own) > permuted_limits(others, spend)).any(), (np.abs(own) > normal).any()]
    rates = wrong / 300
    assert rates[0] <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
    assert rates[1] > 0.12
