"""Results on points: the same tables in every language, columns with labels, and a picture of each."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from crm_lab.loyalty.breakage import BurnRate, RedemptionByGroup, RedemptionTriangle, UltimateRedemption
from crm_lab.loyalty.liability import (
    ContractRevenue,
    ExpiryCalendar,
    JournalLines,
    MemberStatement,
    PointsConcentration,
    PointsCost,
)
from crm_lab.results import unlabelled


@pytest.fixture(scope="module")
def results(ledger, rolled):
    lots, uses, as_of = ledger["lots"], ledger["uses"], ledger["as_of"]
    spec = UltimateRedemption(least_redeemers=5, alpha=1e-6, draws=100)
    ultimate = spec.analyze(RedemptionTriangle.from_ledger(lots, uses, as_of))
    none = RedemptionTriangle(648, np.full(4, 100.0), np.zeros((4, 4)))
    sale = ContractRevenue(goods=100, points=100, point_price=0.1, redeemed_share=0.9)
    groups = RedemptionByGroup(by="tenure", ultimate=spec).analyze(lots, uses, as_of)
    statement = MemberStatement(lots["customer_id"].iloc[0]).analyze(rolled)
    expiry = ExpiryCalendar(cost_per_point=0.01).analyze(lots, ultimate)
    revenue = sale.analyze(pd.DataFrame({"period": ["1"], "redeemed": [40], "expected_total": [90]}))
    return [
        ultimate, spec.analyze(none), ultimate.calendar, BurnRate().analyze(ultimate), groups, rolled,
        JournalLines().analyze(rolled), statement, PointsCost(least_members=5).analyze(ledger["rewards"], as_of),
        expiry, PointsConcentration(draws=60).analyze(lots), revenue,
    ]  # fmt: skip


def test_tables_are_the_same_in_every_language_and_words_are_not(results, monkeypatch):
    for result in results:
        seen = {}
        for lang in ("en", "zh"):
            monkeypatch.setenv("CRM_LAB_LANG", lang)
            seen[lang] = result.to_frame()
            assert not unlabelled(result), type(result).__name__
            assert all(str(fact.label) for fact in result.facts())
            result.shown()
        pd.testing.assert_frame_equal(seen["en"], seen["zh"])
        assert result.readout().text("en") != result.readout().text("zh")
        ids = [fact.id for fact in result.facts()]
        assert len(ids) == len(set(ids))


def test_every_result_but_the_journal_has_a_picture(results):
    for result in results:
        if result.name != "journal_lines":
            assert result.plot() is not None
            plt.close("all")


def test_the_triangle_and_each_part_of_the_roll_forward(results):
    ultimate, rolled = results[0], results[5]
    assert ultimate.plot(kind="triangle").collections
    for part in ("cost_to_fulfil", "provision"):
        assert rolled.plot(part=part, months=6).patches
    plt.close("all")
