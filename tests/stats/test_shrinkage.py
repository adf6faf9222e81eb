"""Several estimates of one kind, drawn to their mean."""

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import beta, hyp1f1

from crm_lab.stats.pooling.shrinkage import shrunk


@pytest.mark.parametrize("k", [2, 3, 6])
def test_with_equal_errors_the_shrinkage_has_a_closed_form(k):
    """A half-Cauchy prior is Beta(1/2, 1/2) of what is taken off: confluent hypergeometric functions give its mean."""
    seen = np.random.default_rng(k).normal(0, 2, k)
    s = ((seen - seen.mean()) ** 2).sum()
    off = beta(k / 2 + 1, 0.5) * hyp1f1(k / 2 + 1, k / 2 + 1.5, -s / 2) / beta(k / 2, 0.5) / hyp1f1(
        k / 2, k / 2 + 0.5, -s / 2
    )  # fmt: skip
    found = shrunk(seen, np.eye(k))
    assert found.keep == pytest.approx(1 - off, abs=1e-4)
    assert found.mean == pytest.approx(seen.mean() + (1 - off) * (seen - seen.mean()), abs=1e-4)


def test_what_all_share_shrinks_nothing():
    """One control's error moves all arms together: it widens every interval and changes no difference."""
    seen, own = np.array([1.0, 4.0, 9.0]), np.diag([1.0, 2.0, 4.0])
    plain, shared = shrunk(seen, own), shrunk(seen, own + 50)
    assert shared.mean == pytest.approx(plain.mean, abs=1e-8)
    assert shared.sd**2 == pytest.approx(plain.sd**2 + 50, rel=1e-3)
    assert shared.keep == pytest.approx(plain.keep)
    assert shrunk(seen, np.diag([51.0, 52.0, 54.0])).keep < plain.keep - 0.3


def test_unequal_errors_are_integrated_as_by_hand():
    seen, variance = np.array([0.5, 3.0, -2.0, 1.0]), np.array([0.3, 2.0, 1.0, 0.5])
    own = np.linalg.pinv((np.eye(4) - 0.25) @ np.diag(variance) @ (np.eye(4) - 0.25))
    scale = np.sqrt(3 / np.trace(own))

    def weight(tau):
        v = variance + tau**2
        centre = np.average(seen, weights=1 / v)
        density = stats.norm.pdf(seen, centre, np.sqrt(v)).prod() / np.sqrt((1 / v).sum())
        return stats.halfcauchy.pdf(tau, 0, scale) * density, centre

    def mean_of(i):
        def part(tau):
            w, centre = weight(tau)
            return w * (centre + tau**2 / (tau**2 + variance[i]) * (seen[i] - centre))

        return integrate.quad(part, 0, np.inf)[0] / integrate.quad(lambda tau: weight(tau)[0], 0, np.inf)[0]

    assert shrunk(seen, np.diag(variance)).mean == pytest.approx([mean_of(i) for i in range(4)], abs=1e-3)


@pytest.mark.parametrize(("arms", "spread"), [(2, 0.0), (2, 1.0), (4, 0.5), (4, 1.0)])
def test_the_best_arm_is_left_without_its_luck(spread, arms):
    """150 times: what the best seems to be is too much; after the shrinkage it is off by less, intervals cover."""
    rng = np.random.default_rng(arms)
    cov = np.eye(arms) + 0.5  # the control's error is in all
    raw, left, held = [], [], []
    for _ in range(150):
        true = spread * rng.standard_normal(arms)
        seen = true + rng.standard_normal(arms) - np.sqrt(0.5) * rng.standard_normal()
        best, found = int(np.argmax(seen)), shrunk(seen, cov)
        raw.append(seen[best] - true[best])
        left.append(found.mean[best] - true[best])
        held.append(abs(left[-1]) <= 1.96 * found.sd[best])
    assert np.square(left).mean() < np.square(raw).mean()
    assert abs(np.mean(left)) < 0.6 * np.mean(raw)
    assert sum(held) >= stats.binom.ppf(0.001, 150, 0.94)


def test_a_next_one_is_expected_between_the_others():
    many = shrunk(np.random.default_rng(3).normal(0.4, 0.2, 60), np.eye(60) * 0.05**2)
    assert many.next_mean == pytest.approx(0.4, abs=0.08)
    assert many.next_sd == pytest.approx(0.2, rel=0.3)


def test_one_alone_stays_as_it_is():
    alone = shrunk(np.array([3.0]), np.array([[4.0]]))
    assert (alone.mean.tolist(), alone.sd.tolist(), alone.keep) == ([3.0], [2.0], 1.0)
