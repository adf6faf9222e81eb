"""Revenue from points: IFRS 15 example 52, KPMG's example 10 with its rounded ratio, and what cannot be."""

import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.liability import ContractRevenue


def sale(**changed):
    return ContractRevenue(**{"goods": 100_000, "points": 10_000, "point_price": 1, "redeemed_share": 0.95} | changed)


def periods(redeemed, expected, **more):
    frame = pd.DataFrame({"redeemed": redeemed, "expected_total": expected, **more})
    return frame.assign(period=[str(1 + i) for i in range(len(frame))])


def test_ifrs_15_example_52():
    found = sale().analyze(periods([4_500, 4_000], [9_500, 9_700])).to_frame()
    assert sale().allocated == pytest.approx((91_324.20, 8_675.80), abs=0.01)
    assert found["revenue"].tolist() == pytest.approx([4_109.59, 3_492.92], abs=0.01)
    assert found["liability"].iloc[-1] == pytest.approx(1_073.29, abs=0.01)


def test_kpmg_example_10_with_the_ratio_as_printed():
    """The handbook rounds the points' share to 9 %: a stated input, without which the allocation is 8,842.30."""
    printed = sale(redeemed_share=0.97, points_ratio=0.09)
    assert printed.allocated[1] == 9_000
    ten_a = printed.analyze(periods([4_500, 4_000], [9_700, 9_900])).to_frame()["revenue"]
    assert ten_a.round().tolist() == [4_175, 3_552]
    assert printed.analyze(periods([4_500, 4_000], [9_700, 9_200])).to_frame()["revenue"].round()[1] == 4_140
    exact = sale(redeemed_share=0.97)
    assert exact.allocated[1] == pytest.approx(8_842.30, abs=0.01)
    assert exact.analyze(periods([4_500], [9_700])).to_frame()["revenue"][0] == pytest.approx(4_102.10, abs=0.01)


def test_two_thousand_points_as_printed_and_as_the_standard_has_it():
    """The page that prints 1,842 / 158 and 79 rounds the ratio to 7.9 % and takes all points as redeemed in the end."""
    given = {"goods": 2_000, "points": 2_000, "point_price": 0.10, "redeemed_share": 0.85}
    printed = ContractRevenue(**given, points_ratio=0.079)
    assert printed.allocated == pytest.approx((1_842, 158), abs=0.5)
    assert printed.analyze(periods([1_000], [2_000])).to_frame()["revenue"][0] == pytest.approx(79, abs=0.5)
    exact = ContractRevenue(**given)
    assert exact.allocated == pytest.approx((1_843.32, 156.68), abs=0.01)
    assert exact.analyze(periods([1_000], [1_700])).to_frame()["revenue"][0] == pytest.approx(92.16, abs=0.01)


def test_an_estimate_revised_downward_catches_up():
    found = sale().analyze(periods([4_500, 0], [9_500, 9_000])).to_frame()
    assert found["revenue"][1] == pytest.approx(8_675.80 * 4_500 / 9_000 - 4_109.59, abs=0.01)


@pytest.mark.parametrize("expected", [10_000, 9_500, 8_000, 0])
def test_all_expired_leaves_nothing_owed(expected):
    found = sale().analyze(periods([0, 0], [9_500, expected], expired=[0, 10_000])).to_frame()
    assert found["liability"].tolist() == [8_675.80, 0.0]
    assert found["revenue"].sum() == pytest.approx(8_675.80)


def test_expired_points_bind_the_estimate():
    """Of 10,000 points 2,000 expired: no more than 8,000 can be redeemed, whatever is still expected."""
    found = sale().analyze(periods([4_000], [9_500], expired=[2_000])).to_frame()
    assert found["revenue"][0] == pytest.approx(8_675.80 / 2, abs=0.01)


def test_points_taken_back_with_goods_take_their_price_with_them():
    found = sale().analyze(periods([4_500, 0], [9_500, 4_500], returned=[0, 5_500])).to_frame()
    assert found["returned_amount"].tolist() == [0.0, pytest.approx(8_675.80 * 0.55, abs=0.01)]
    assert found["liability"].iloc[-1] == 0
    assert found[["revenue", "returned_amount"]].to_numpy().sum() == pytest.approx(8_675.80)


def test_nothing_paid_has_nothing_to_share_out():
    found = sale(goods=0, price=0).analyze(periods([100], [9_500]))
    assert "Nothing was paid" in found.readout().text("en")
    assert found.facts()[0].value is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (periods([9_600], [9_500]), "9,600 points are redeemed already and 9,500 are expected in the end: raise the"),
        (periods([6_000, 6_000], [9_500, 9_500]), "in 2, 12,000 points are redeemed in all and there were 10,000"),
        (periods([-1], [9_500]), "1 of 1 have a number of points that is missing or below 0"),
        (periods([], []), "there are none"),
    ],
)
def test_what_cannot_be_is_refused(rows, said):
    with pytest.raises(BadInput, match=said):
        sale().analyze(rows)


def test_more_redeemed_than_expected_is_all_revenue_once_nothing_is_left():
    assert sale().analyze(periods([10_000], [9_500])).to_frame()["liability"][0] == 0


def test_revenue_never_loses_a_cent():
    steps = periods([7] * 1_000, [9_500] * 1_000)
    found = sale(goods=99.99, points=10_000, point_price=0.001).analyze(steps).to_frame()
    assert (
        round(found["revenue"].sum() + found["liability"].iloc[-1], 2)
        == found["liability"].iloc[0] + found["revenue"].iloc[0]
    )
