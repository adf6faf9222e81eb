"""Pictures of a ledger hold its numbers, in both languages."""

import pytest

from crm_lab.loyalty.points import PointsLedger, ProgrammeHealth, TwoLedgers
from tests.loyalty.points.test_points_ledger import END, long_ledger


@pytest.fixture(scope="module")
def rewards():
    return long_ledger(6, members=20)


def test_bars_are_the_parts(rewards):
    result = PointsLedger().analyze(rewards, END)
    parts = result.to_frame()
    drawn = [bar.get_width() for bar in result.plot().patches]
    assert drawn == parts.loc[parts["points"] != 0, "points"].tolist()[::-1]


def test_the_mismatch_and_the_first_redemptions_are_drawn(rewards, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    two = TwoLedgers().analyze(rewards, rewards.iloc[5:], END)
    assert two.plot().lines[0].get_xdata().tolist() == two.to_frame()["mismatch_rate"].tolist()[::-1]
    health = ProgrammeHealth().analyze(PointsLedger().analyze(rewards, END))
    axes = health.plot()
    assert axes.get_title(loc="left") == "已兑换的会员"
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(1 - health.first_burn.survival[-1])
