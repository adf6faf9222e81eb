"""Payback: the deck's claim, discounting, never."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.experiments.payback import implied_contribution, payback_years


def test_the_decks_payback_takes_a_margin_of_17_8_percent_for_granted():
    """CATALOGUE F17: 80 M in 3 years on +150 M sales implies 26.7 M a year, 17.8 %."""
    needed = implied_contribution(80e6, 3)
    assert needed == pytest.approx(26.7e6, rel=2e-3)
    assert needed / 150e6 == pytest.approx(0.178, abs=5e-4)


@given(st.floats(1, 1e6), st.integers(1, 30), st.floats(0, 0.5))
def test_the_implied_contribution_pays_back_in_time(investment, years, rate):
    each = implied_contribution(investment, years, rate) * (1 + 1e-9)
    assert years - 0.01 < payback_years(investment, [each] * years, rate) <= years


def test_payback_inside_a_year_is_a_fraction():
    assert payback_years(100, [50, 100]) == pytest.approx(1.5)


def test_what_never_pays_back_is_infinite():
    assert payback_years(100, [10, 10]) == math.inf
    assert payback_years(100, []) == math.inf


def test_impossible_investments_are_refused():
    with pytest.raises(BadInput, match="must be above 0"):
        payback_years(0, [1])
    with pytest.raises(BadInput, match="must be above 0"):
        implied_contribution(1, 0)
