"""Claimed against measured: where each claim lies, and the sentence about the farthest."""

import pytest

from crm_lab.scorecard import packaged, parse_claims, recompute


@pytest.fixture(scope="module")
def compared(decks):
    return recompute(decks, packaged())


def test_the_claims_that_were_measured_and_where_they_lie(compared):
    places = compared.to_frame().set_index("claim")["place"].to_dict()
    assert places == {
        "000/response-target": "above",
        "003/top-share": "above",
        "004/c-to-b": "above",
        "004/emerging-30d": "inside",
        "004/warning-accuracy": "below",
    }


def test_an_alert_stands_beside_never_alerting(compared):
    row = compared.to_frame().set_index("claim").loc["004/warning-accuracy"]
    assert (row["claimed"], row["measured"]) == pytest.approx((0.82, 0.967), abs=0.002)
    assert row["measured_as"] == "never_alert_accuracy"
    assert "Accuracy of never alerting" in compared.shown()["measured_as"].tolist()


def test_the_readout_names_the_farthest(compared):
    assert "4 of 5 claims lie off" in str(compared.readout().finding)
    assert "000/response-target: ≥75% claimed" in str(compared.readout().finding)


def test_facts_are_what_was_measured(compared):
    facts = {fact.id: fact for fact in compared.facts()}
    assert facts["recomputed.top20_revenue_share"].ci.lo < 0.545 < facts["recomputed.top20_revenue_share"].ci.hi
    assert {fact.kind for fact in recompute(parse_claims(ONE), packaged(), simulated=True).facts()} == {"simulated"}


ONE = "deck: d\nclaims: [{id: a, metric: top20_revenue_share, value: 54.5 %}]"


def test_nothing_to_compare_and_everything_inside():
    inside = recompute(parse_claims(ONE), packaged())
    assert str(inside.readout().finding) == "All 1 claims lie inside the intervals that these data give."
    none = recompute(parse_claims("deck: d\nclaims: [{id: a, metric: nps, value: 3}]"), packaged())
    assert str(none.readout().finding) == "No claim is about a metric that was measured here."
    assert none.to_frame().empty
