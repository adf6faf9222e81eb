"""The audit as a result: table, counts, readout in both languages, and refusals."""

import json

import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.results import payload
from crm_lab.scorecard import Auditor, as_measured, packaged, parse_claims


@pytest.fixture(scope="module")
def audit(decks):
    return Auditor().analyze(decks)


def test_contradictions_come_first(audit):
    assert audit.to_frame()["severity"].is_monotonic_decreasing  # "wrong" before "unclear"


def test_every_claim_is_in_one_column_of_the_table_by_deck(audit, decks):
    table = audit.per_deck()
    assert table["claims"].tolist() == [len(deck.claims) for deck in decks.decks]
    assert (table[["wrong", "unclear", "holds"]].sum(axis=1) == table["claims"]).all()


def test_facts_agree_with_the_table(audit):
    facts = {fact.id: fact.value for fact in audit.facts()}
    kinds = audit.to_frame()["kind"].value_counts()
    assert facts["claims.wrong"] == (audit.to_frame()["severity"] == "wrong").sum() == 5
    assert all(facts[f"claims.{kind}"] == count for kind, count in kinds.items())
    assert facts["claims.holds"] == audit.per_deck()["holds"].sum()


def test_every_sentence_is_written_in_both_languages(audit):
    for lang in ("en", "zh"):
        frame = audit.shown(lang)
        assert not frame.isna().any().any()
        assert not frame["finding"].str.contains(r"[{}]|nan|inf").any()
    assert (audit.shown("zh")["finding"] != audit.shown("en")["finding"]).all()


def test_the_findings_of_one_claim(audit):
    assert {f.rule for f in audit.about("004/a-test")} == {"change_elsewhere", "control_in_points"}
    assert audit.about("002/service-hours") == ()


def test_the_readout_of_each_outcome(audit, honest):
    assert str(audit.readout().finding).startswith("Of 84 claims (decks read: 5)")
    said = audit.counts()
    assert said["holds"] + said["in_wrong"] + said["in_unclear"] == said["claims"] == 84
    assert audit.per_deck()[["wrong", "unclear", "holds"]].sum().tolist() == [
        said["in_wrong"], said["in_unclear"], said["holds"]
    ]  # fmt: skip
    facts = {fact.id: fact.value for fact in audit.facts()}
    assert facts["claims.holds"] + facts["claims.in_wrong"] + facts["claims.in_unclear"] == facts["claims.read"]
    assert str(audit.readout().action) == (
        "Ask first about 004/a-test, 004/goal-repurchase. +20% is said elsewhere; from 61% to 80% is +19.0 points, "
        "which is +31.1%. Is the change in points or relative, and from which level?"
    )
    clean = Auditor().analyze(honest).readout()
    assert str(clean.finding).startswith(f"All {len(honest.claims)} claims")
    empty = Auditor().analyze(parse_claims("deck: d\nclaims: []")).readout()
    assert str(empty.finding).startswith("No numeric claim is there")


def test_it_can_be_published(audit):
    content = json.loads(json.dumps(payload(audit)))
    assert content["id"] == "claims"
    assert "contradiction" in audit._repr_html_()


def test_some_rules_only(decks):
    assert {f.rule for f in Auditor(rules=("items_listed",)).analyze(decks).findings} == {"items_listed"}
    with pytest.raises(BadInput, match=r"There is no rule no_such; there are change_of_levels, "):
        Auditor(rules=("no_such",))


def test_measured_values_are_refused_with_everything_that_is_wrong():
    rows = [("nsp", 0.5, 0.4, 0.6, 10, "d"), ("nps", 0.5, 0.6, 0.7, 10, "d"), ("nps", 0.5, 0.4, 0.6, 10, "d")]
    with pytest.raises(BadInput) as refused:
        as_measured(pd.DataFrame(rows, columns=["metric", "value", "lo", "hi", "n", "data"]))
    assert "unknown metrics nsp" in str(refused.value)
    assert "nps is there twice" in str(refused.value)
    assert "value lies outside lo to hi, or is missing, for nps" in str(refused.value)
    with pytest.raises(BadInput, match="lacks the column data"):
        as_measured(packaged().drop(columns="data"))
