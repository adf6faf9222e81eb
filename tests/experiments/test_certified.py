"""Quick versions of `python -m certification experiments`: same code, fewer draws."""

import pytest
from scipy import stats

from certification import experiments as certified


@pytest.fixture(scope="module")
def covered():
    return certified.cover_the_key("fashion", 6_000, 250)


@pytest.mark.parametrize("part", ["roi", "margin", "pulled_forward", "rewards_new", "rewards_anyway", "net"])
def test_intervals_of_the_money_hold_the_keys_values(covered, part):
    """250 tests: a coverage of 93 % falls below this bound, one of 97 % above, in one of a thousand."""
    lo, hi = stats.binom.ppf(0.001, 250, 0.93) / 250, stats.binom.ppf(0.999, 250, 0.97) / 250
    assert lo <= covered[part] <= hi


def test_the_keys_parts_add_up():
    truth = certified.true_amounts(certified.both_worlds("fashion", 6_000))
    parts = [truth[name] for name in ("margin", "pulled_forward", "rewards_new", "rewards_anyway", "contact")]
    assert sum(parts) == pytest.approx(truth["net"], abs=1e-12)
    cost = -sum(parts[2:])
    assert truth["roi"] == pytest.approx(truth["net"] / cost)
