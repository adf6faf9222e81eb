"""Cost of a point, the expiry calendar and concentration: by hand, covered, and refused in words."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption
from crm_lab.loyalty.liability import ExpiryCalendar, PointsConcentration, PointsCost

DAY = "2024-12-31"


def redemptions(rng, members=120, rise=1.0):
    n = 4 * members
    days = pd.Timestamp("2023-01-02") + pd.to_timedelta(rng.integers(0, 729, n), unit="D")
    points = rng.lognormal(6, 0.8, n).round()
    who = rng.integers(0, members, n)
    own = rng.lognormal(0, 0.2, members)[who]
    cost = points * 0.006 * own * rng.lognormal(0, 0.3, n) * np.where(days >= "2024-01-01", rise, 1.0)
    return pd.DataFrame({
        "customer_id": who.astype(str), "date": days, "kind": "redeem", "points": -points, "cost_amount": cost,
        "reward": np.where(rng.random(n) < 0.5, "voucher", "goods"),
    })  # fmt: skip


@pytest.mark.slow
def test_intervals_of_the_cost_and_of_its_rise_cover():
    true = 0.006 * np.exp(0.2**2 / 2 + 0.3**2 / 2)
    found = [PointsCost().analyze(redemptions(np.random.default_rng(seed), rise=1.1), DAY) for seed in range(150)]
    cost = [one.to_frame().iloc[0] for one in found]
    assert 0.89 < np.mean([row["lo"] <= 1.1 * true <= row["hi"] for row in cost]) < 0.985
    assert 0.89 < np.mean([one.inflation[1].lo <= 0.1 <= one.inflation[1].hi for one in found]) < 0.985


def test_kinds_of_reward_add_up():
    frame = PointsCost(by="reward").analyze(redemptions(np.random.default_rng(1)), DAY).to_frame().set_index("reward")
    assert frame.loc[["goods", "voucher"], "points"].sum() == frame.loc["all", "points"]
    assert frame.loc[["goods", "voucher"], "cost_amount"].sum() == pytest.approx(frame.loc["all", "cost_amount"])


def test_points_without_a_cost_are_said_and_in_no_cost():
    rows = redemptions(np.random.default_rng(2))
    some = rows.assign(cost_amount=rows["cost_amount"].where(rows.index % 4 > 0, 0.0))
    found = PointsCost().analyze(some, DAY).to_frame().iloc[0]
    assert 0.1 < found["uncosted"] < 0.4
    assert found["cost_per_point"] == pytest.approx(PointsCost().analyze(rows, DAY).cost, rel=0.15)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (redemptions(np.random.default_rng(3)).assign(cost_amount=0.0), "has a cost above 0"),
        (redemptions(np.random.default_rng(3)).iloc[:0], "Nothing was redeemed in the 365 days"),
        (redemptions(np.random.default_rng(3), members=5), "4 members redeemed, and 20 are the least"),
    ],
)
def test_a_cost_that_is_not_known_is_refused(rows, said):
    found = PointsCost().analyze(rows, DAY)
    assert said in found.readout().finding.text("en")
    assert np.isnan(found.cost)
    assert all(fact.value is None for fact in found.facts())


def test_a_cost_below_nothing():
    with pytest.raises(BadInput, match=r"\d+ have a cost below 0"):
        PointsCost().analyze(redemptions(np.random.default_rng(3)).assign(cost_amount=-1.0), DAY)


@pytest.fixture(scope="module")
def ultimate():
    month = np.add.outer(np.arange(24), np.arange(24))
    cells = 1_000.0 * 0.85 ** np.arange(24) * (month < 24) * (np.arange(24) < 13) * np.ones((24, 1))
    return UltimateRedemption().analyze(RedemptionTriangle(648, np.full(24, 10_000.0), cells, expires_after=12))


def open_lots(ultimate):
    triangle = ultimate.triangle
    left = (triangle.issued - triangle.redeemed_so_far)[-12:]
    issued = pd.date_range("2025-01-01", periods=12, freq="MS") + pd.Timedelta(days=9)
    ends = issued + pd.DateOffset(months=12) + pd.offsets.MonthEnd(0)
    return pd.DataFrame({"issued_on": issued, "expires_on": ends, "active": left, "pending": 0})


def test_what_expires_is_what_the_rate_leaves(ultimate):
    lots = open_lots(ultimate)
    found = ExpiryCalendar(cost_per_point=0.006).analyze(lots, ultimate).to_frame()
    np.testing.assert_allclose(found["redeemed_before"].sum(), ultimate.future[-12:].sum(), rtol=1e-3)
    assert (found["lo"] <= found["expiring"]).all()
    assert (found["expiring"] <= found["hi"]).all()


def test_points_past_their_last_day_and_points_that_never_expire(ultimate):
    lots = open_lots(ultimate)
    late = lots.assign(expires_on=pd.Timestamp("2025-12-30"))
    with pytest.raises(BadInput, match=r"12 lots with .* points are past their last day and still open"):
        ExpiryCalendar(cost_per_point=0.006).analyze(late, ultimate)
    never = ExpiryCalendar(cost_per_point=0.006).analyze(lots.assign(expires_on=pd.NaT), ultimate)
    assert "have no last day" in never.readout().finding.text("en")
    assert never.facts()[0].value is None


def test_a_refused_rate_leaves_the_calendar_of_last_days(ultimate):
    none = UltimateRedemption().analyze(RedemptionTriangle(648, np.full(24, 10_000.0), np.zeros((24, 24)), 12))
    found = ExpiryCalendar(cost_per_point=0.006).analyze(open_lots(ultimate), none)
    assert found.to_frame()["points"].sum() > 0
    assert found.to_frame()["expiring"].isna().all()


def test_nobody_with_points_has_no_concentration():
    with pytest.raises(CannotAnswer, match="Nobody holds any open points"):
        PointsConcentration().analyze(pd.DataFrame({"customer_id": ["a"], "active": [0], "pending": [0]}))
