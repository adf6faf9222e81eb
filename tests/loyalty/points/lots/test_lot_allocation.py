"""Lots are allocated as a slow plain ledger does it: all kinds, ties, days with several events, three orders."""

import pytest

from certification.points import ORDERS, differences


@pytest.mark.parametrize("order", ORDERS)
def test_a_thousand_fuzzed_ledgers_agree_with_the_plain_one_and_lose_no_point(order):
    assert differences(order, 1_000, seed=20) == (0, 0)
