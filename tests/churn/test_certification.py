"""The certified checks of the churn room, small: one retailer in three readings of money, one null hold-out."""

import pytest

from certification.churn import holdout_verdict
from certification.churn_money import SIMPLE, money_of


@pytest.mark.slow
def test_each_list_beats_the_simple_rankings_where_its_question_is_asked():
    money = money_of(1003)
    best = money.loc[list(SIMPLE)].max()
    assert money.loc["expected_profit", "observed"] > best["observed"]
    assert money.loc["expected_profit", "response"] > best["response"]
    assert money.loc["at_risk", "kept"] > best["kept"]
    assert money.loc["expected_profit", "kept"] < money.loc["at_risk", "kept"]


@pytest.mark.slow
def test_a_null_hold_out_mostly_shows_nothing():
    assert sum(holdout_verdict(seed) for seed in range(1, 7)) <= 2
