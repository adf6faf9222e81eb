"""Chain ladder: Taylor and Ashe's triangle to the last digit, and what is no triangle."""

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.breakage import ChainLadder, diagonal_test

TAYLOR_ASHE = """
357848 1124788 1735330 2218270 2745596 3319994 3466336 3606286 3833515 3901463
352118 1236139 2170033 3353322 3799067 4120063 4647867 4914039 5339085
290507 1292306 2218525 3235179 3985995 4132918 4628910 4909315
310608 1418858 2195047 3757447 4029929 4381982 4588268
443160 1136350 2128333 2897821 3402672 3873311
396132 1333217 2180715 2985752 3691712
440832 1288463 2419861 3483130
359480 1421128 2864498
376686 1363294
344014"""
RAA = """
5012 8269 10907 11805 13539 16181 18009 18608 18662 18834
106 4285 5396 10666 13782 15599 15496 16169 16704
3410 8992 13873 16141 18735 22214 22863 23466
5655 11555 15766 21266 23425 26083 27067
1092 9565 15836 22169 25955 26180
1513 6445 11702 12935 15852
557 4020 10946 12314
1351 6947 13112
3133 5395
2063"""


def triangle(text):
    rows = [list(map(float, line.split())) for line in text.strip().splitlines()]
    return np.array([row + [np.nan] * (len(rows) - len(row)) for row in rows])


@pytest.mark.parametrize(("rule", "error"), [("mack", 2_447_095), ("log_linear", 2_441_364)])
def test_taylor_ashe(rule, error):
    """Mack (1993), table 6; the log-linear error is that of the package chainladder."""
    ladder = ChainLadder(triangle(TAYLOR_ASHE), rule)
    assert ladder.reserve == pytest.approx(18_680_855.6, abs=0.05)
    assert ladder.standard_error == pytest.approx(error, abs=0.5)


def test_macks_calendar_test_on_the_triangle_of_his_paper():
    """Mack (1994), appendix H: Z = 14, mean 12.875, variance 3.978; no calendar effect."""
    test = diagonal_test(triangle(RAA))
    assert (test.statistic, test.expected) == (14, 12.875)
    assert test.variance == pytest.approx(3.978, abs=0.001)
    assert not test.changed


def test_scale_changes_nothing_but_the_unit():
    one, other = (ChainLadder(k * triangle(TAYLOR_ASHE)) for k in (1, 1000))
    assert other.reserve == pytest.approx(1000 * one.reserve)
    assert other.standard_error == pytest.approx(1000 * one.standard_error)


def test_a_tail_raises_every_ultimate():
    one, other = (ChainLadder(triangle(TAYLOR_ASHE), tail=tail) for tail in (1.0, 1.1))
    np.testing.assert_allclose(other.ultimates, 1.1 * one.ultimates)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (np.ones((2, 2)), "its shape is"),
        (np.full((4, 4), np.nan), "10 cells that must have been seen are missing"),
        (np.zeros((3, 3)), "nothing is redeemed up to the ages 0, 1: no factor starts there"),
    ],
)
def test_what_is_no_triangle_is_refused(cells, said):
    with pytest.raises(BadInput, match=said):
        ChainLadder(cells)


def test_points_are_not_handed_back():
    with pytest.raises(BadInput, match="1 or more"):
        ChainLadder(triangle(RAA), tail=0.9)
