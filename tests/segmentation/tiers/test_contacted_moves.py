"""Both groups beside a baseline: counted by hand, complete, and called no effect."""

import pandas as pd
import pytest

from crm_lab.messages import LANGUAGES
from crm_lab.segmentation import Migration, Tiers, contacted_moves


def lines():
    spend = {"a": (10, 60, 10), "b": (10, 10, 60), "c": (10, 60, 60), "d": (90, 90, 90), "e": (10, 0, 10)}
    rows = [
        (who, pd.Timestamp(2024, month, day), amount if day == 1 else 0.0)
        for who, months in spend.items()
        for month, amount in enumerate(months, start=1)
        for day in (1, 31 if month != 2 else 29)
        if amount
    ]
    return pd.DataFrame(rows, columns=["customer_id", "date", "net_amount"])


@pytest.fixture
def moves():
    return Migration(Tiers("fixed", (80, 40)), period="month").analyze(lines(), as_of="2024-03-31")


def test_groups_by_hand(moves):
    contacts = pd.DataFrame({"customer_id": ["a", "a", "e", "b"], "date": pd.to_datetime(
        ["2024-02-03", "2024-02-20", "2024-02-09", "2024-01-05"])})  # fmt: skip
    found = contacted_moves(moves, contacts).to_frame()
    february = found[found["to_period"] == "2024-02"].set_index("group")
    assert february.loc["contacted", ["moved", "customers"]].tolist() == [1, 2]  # a rose, e did not buy
    assert february.loc["not_contacted", ["moved", "customers"]].tolist() == [1, 2]  # c rose, b did not
    march = found[found["to_period"] == "2024-03"]
    assert march["group"].tolist() == ["not_contacted"]


def test_both_groups_are_the_baseline(complete_journey):
    spend = complete_journey.sql(
        "select customer_id, date, kind, sum(net_amount) net_amount from transactions group by all"
    )
    moves = Migration().analyze(spend, as_of=complete_journey.as_of)
    both = contacted_moves(moves, complete_journey["exposures"])
    sums = both.to_frame().groupby("to_period")[["moved", "customers"]].sum()
    baseline = moves.baseline("C", "B").to_frame().set_index("to_period")[["moved", "customers"]]
    pd.testing.assert_frame_equal(sums, baseline, check_names=False, check_dtype=False)
    last = both.to_frame().tail(2).set_index("group")["share"]
    assert last["contacted"] > 0.25
    assert last["not_contacted"] < 0.15
    for lang in LANGUAGES:
        assert both.readout().text(lang)
    assert "no effect: who is sent something was selected" in both.readout().text("en")
    assert {fact.id for fact in both.facts()} >= {"contacted.C_to_B.2017_q4.contacted"}


def test_nobody_or_everybody_contacted_is_said(moves):
    nobody = pd.DataFrame({"customer_id": ["z"], "date": pd.to_datetime(["2024-02-03"])})
    assert contacted_moves(moves, nobody).readout().finding.key == "segments.contacted.none"
    days = pd.to_datetime(["2024-02-03", "2024-03-03"])
    everybody = pd.DataFrame([(who, day) for who in "abcde" for day in days], columns=["customer_id", "date"])
    said = contacted_moves(moves, everybody).readout().finding
    assert said.key == "segments.contacted.all"
    assert "nan" not in said.text("en")
