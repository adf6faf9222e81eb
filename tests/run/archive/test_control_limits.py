"""Limits hold what changes every week, and nothing that falls by five standard errors; quick part of `make certify`."""

import numpy as np
import pytest

from certification.runs import FACTS, WORLDS, alarms_a_year, share_called
from crm_lab.run.archive.control_limits import FEWEST, control_limits


def test_the_chance_of_an_alarm_is_kept_over_two_years():
    assert alarms_a_year(seed=1, facts=150) <= 1 + 3 * np.sqrt(FACTS / 150 / 2)  # a false alarm more is chance


@pytest.mark.parametrize("world", [name for name, one in WORLDS.items() if one.error])
def test_a_fall_of_five_standard_errors_below_everything_usual_is_called(world):
    assert share_called(world, seed=2, facts=20) == 1.0


def test_a_short_past_without_standard_error_has_no_limits():
    assert control_limits([1.0] * (FEWEST - 1), facts=10) is None
    assert control_limits([], facts=10, error=1.0) is None


def test_what_never_moved_may_move_by_a_step():
    assert control_limits([14.0] * 20, facts=300).holds(15)
    assert not control_limits([14.0] * 20, facts=300).holds(24)


def test_a_trend_is_followed():
    past = 100 + 5.0 * np.arange(20) + np.random.default_rng(1).normal(0, 1, 20)
    limits = control_limits(past, facts=300)
    assert limits.holds(200)
    assert not limits.holds(180)
