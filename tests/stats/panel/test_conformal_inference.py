"""Conformal tests: level, interval and floor."""

import math

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.panel import ConformalTest, DifferenceInDifferences, SyntheticControl, SyntheticDifference


def world(seed, n=8, t=24):
    rng = np.random.default_rng(seed)
    return 100 + rng.normal(0, 5, (n, 1)) + rng.normal(0, 2, (1, t)) + rng.normal(0, 1, (n, t))


TREATED = np.arange(8) < 1


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scheme", ["exchangeable", "blocks"])
def test_the_level_is_kept_with_shocks_of_unit_and_period(scheme, signed):
    test, runs = ConformalTest(scheme, signed=signed, draws=499), 400
    for estimator in (DifferenceInDifferences(), SyntheticControl()):
        rejected = np.mean([test.pvalue(world(i), TREATED, 20, estimator) <= 0.05 for i in range(runs)])
        assert rejected <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("scheme", ["exchangeable", "blocks"])
def test_the_interval_ends_where_the_test_rejects(scheme):
    values = world(3)
    values[0, 20:] += 6
    test = ConformalTest(scheme, signed=True, draws=999)
    found = test.run(values, TREATED, 20, SyntheticControl())
    lo, hi = found.interval.lo, found.interval.hi
    assert lo < 6 < hi
    for end, out in ((lo, -1), (hi, 1)):
        assert test.pvalue(values, TREATED, 20, SyntheticControl(), end) <= 0.05
        assert test.pvalue(values, TREATED, 20, SyntheticControl(), end - out * 0.02 * (hi - lo)) > 0.05
    assert found.pvalue <= 0.05
    assert found.to_frame()["lo"].item() == lo


def test_too_few_periods_for_blocks_can_never_reject():
    values = world(1, t=12)
    values[0, 10:] += 100
    found = ConformalTest("blocks").run(values, TREATED, 10, SyntheticControl())
    assert found.floor == 1 / 12
    assert (found.interval.lo, found.interval.hi, found.attainable) == (-math.inf, math.inf, 0.0)


def test_effects_that_no_constant_explains_have_no_interval_by_size_but_one_by_mean():
    values = world(2, t=60)
    values[0, 50:] += 30 * np.tile([-1, 1], 5)
    by_size = ConformalTest(draws=999).run(values, TREATED, 50, SyntheticControl())
    assert math.isnan(by_size.interval.lo)
    by_mean = ConformalTest(draws=999, signed=True).run(values, TREATED, 50, SyntheticControl())
    assert by_mean.interval.lo < 0 < by_mean.interval.hi


def test_a_method_that_weighs_periods_is_refused():
    with pytest.raises(BadInput, match="does not treat all periods alike"):
        ConformalTest().pvalue(world(1), TREATED, 20, SyntheticDifference())
    with pytest.raises(BadInput, match="no period lies after"):
        ConformalTest().pvalue(world(1), TREATED, 24, SyntheticControl())
