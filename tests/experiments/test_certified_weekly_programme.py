"""The certified weekly programme, on a few of its draws."""

import numpy as np
import pytest

from certification.weekly_programme import CONTACT, KEYS, MARGIN, REWARDS, SEED, SEGMENTS, SPEND, break_even, run
from crm_lab.checks import CannotAnswer
from crm_lab.experiments import Programme


def test_the_key_holds_by_its_own_arithmetic():
    """At its lift a member of the ROI-0 programme earns what they cost; the other key's card more, its mail less."""
    spend = SPEND * np.mean(list(SEGMENTS.values()))

    def net(lift):
        return MARGIN * lift * spend - REWARDS * 0.7 * (1 + lift) * spend - CONTACT

    assert net(break_even()) == pytest.approx(0)
    assert net(KEYS["decides"].lifts["card"]) > 0 > net(KEYS["decides"].lifts["mail"])


def test_weekly_looks_end_in_the_keys_decision():
    courses = [run(np.random.default_rng(SEED + i), KEYS["decides"]) for i in range(2)]
    assert [course.decisions for course in courses] == [KEYS["decides"].right] * 2
    assert all(1 <= week <= 12 for course in courses for week in course.weeks.values())


def test_looks_share_out_the_chance_of_a_false_ship():
    terms = Programme(margin_share=0.3, reward_rate=0.01, ship_at=0.9)
    needed = [terms.at_look((6, 13, 26), week).ship_at for week in (6, 13, 26)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] > 0.9
    assert terms.at_look((26,), 26).ship_at == pytest.approx(0.9)
    assert terms.at_look((), 40) is terms
    assert terms.at_look((6, 13, 26), 0).ship_at == needed[0]  # weeks not known: the strictest
    with pytest.raises(CannotAnswer):
        terms.at_look((6, 13), 26)
