"""A claims file is read as it was written, and refused with everything that is wrong in it."""

import pytest

from crm_lab.checks import BadInput
from crm_lab.scorecard import parse_claims, read_claims


def test_numbers_keep_their_digits_and_ratios_stay_ratios():
    claims = parse_claims(
        "deck: 004\nclaims: [{id: a, metric: marketing_roi, value: 1:4}, {id: b, metric: nps, value: 45.0}]"
    )
    roi, nps = claims.claims
    assert (roi.deck, roi.value.text, roi.value.value, nps.value.text) == ("004", "1:4", 4, "45.0")


def test_words_in_the_language_asked_for():
    claim = parse_claims("deck: d\nclaims: [{id: a, metric: nps, value: 1, says: {en: one, zh: 一}}]").claims[0]
    assert (claim.text("en"), claim.text("zh")) == ("one", "一")


def test_a_document_a_deck():
    claims = parse_claims("deck: a\nclaims: []\n---\ndeck: b\nclaims: [{id: x, metric: nps, value: 1}]")
    assert [(deck.name, len(deck.claims)) for deck in claims.decks] == [("a", 0), ("b", 1)]


def test_every_problem_is_said_at_once():
    text = """
deck: d
owner: me
claims:
  - {id: a, metric: nsp, value: 3}
  - {id: b, metric: nps, value: three, comparison: random}
  - {id: b, metric: nps, values: 3}
  - {metric: nps, value: 3}
  - {id: c, metric: repurchase_cycle, value: 3, unit: parsec, comparison: guessed}
  - {id: e, metric: nps}
  - {id: f, metric: churn_rate, count: 3}
  - {id: g, metric: payback_years, value: 3, given: {sales: 5}, n: 2.5, scale: [9]}
  - {id: h, metric: payback_years, value: 3, given: {sales: 5}, n: 0}
  - just words
"""
    with pytest.raises(BadInput) as refused:
        parse_claims(text)
    said = "\n".join(refused.value.problems)
    for part in (
        "deck d: 'owner' is no field",
        "claim d/a: metric is 'nsp'; did you mean nps?",
        "claim d/b: value: 'three' is no number",
        "claim d/b: 'values' is no field; did you mean 'value'?",
        "claim d/4: id is missing.",
        "claim d/c: unit is 'parsec'; a duration takes seconds, minutes",
        "claim d/c: comparison is 'guessed'; it is one of random",
        "claim d/e: no number; give one of value",
        "claim d/f: count and of belong together",
        "claim d/g: scale: it must be the lowest and the highest value",
        "claim d/g: n: 2.5 is no whole number.",
        "claim d/h: given has sales; it may hold investment",
        "claim d/h: n is 0; it must be above 0.",
        "deck d, claim 10: it is no mapping",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        ("- a\n- b", "document 1 is no mapping"),
        ("claims: []", "document 1 has no name"),
        ("deck: d", "'claims' is no list"),
        ("deck: d\nclaims: []\n---\ndeck: d\nclaims: []", "deck d is there twice"),
        ("deck: d\nclaims: [{id: a, metric: nps, value: 1}, {id: a, metric: nps, value: 1}]", "claim a is there twice"),
        ("deck: d\ndeck: e\nclaims: []", "'deck' is given twice (line 2)"),
        ("deck: [", "is no YAML"),
        ("deck: d\nclaims: [{id: a, metric: coverage, value: 5 %, margin: 3}]", "is written like 3 %"),
        ("deck: d\nclaims: [{id: a, metric: coverage, value: 5 %, margin: 0}]", "margin is 0; it must be above 0."),
        ("deck: d\nclaims: [{id: a, metric: cost, parts: {x: 5, y: 5 %}}]", "parts mixes per cent and amounts"),
        ("deck: {a: b}\nclaims: []", "document 1 has no name"),
        ("deck: &a d\nclaims: [*a, *a]", "'*' aliases are not read; write it out (line 2)"),
        ("deck: !!python/object:os.system x", "is no YAML"),
        ("[" * 5000, "is no YAML|nested too deeply"),
        ("deck: d\nclaims: [{id: a, metric: nps, value: 1, control: {rise: 3}}]", "control: 'rise' is no field"),
        ("deck: d\nclaims: [{id: a, metric: nps, value: [1]}]", "is no number"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text, sentence):
    import re

    with pytest.raises(BadInput) as refused:
        parse_claims(text)
    assert re.search(sentence if "|" in sentence else re.escape(sentence), str(refused.value))


def test_a_missing_a_binary_and_a_huge_file(tmp_path):
    with pytest.raises(BadInput, match=r"There is no claims file 'no_such\.yaml'"):
        read_claims("no_such.yaml")
    binary, huge = tmp_path / "b.yaml", tmp_path / "h.yaml"
    binary.write_bytes(b"deck: \xff\xfe")
    huge.write_bytes(b" " * 5_000_001)
    with pytest.raises(BadInput, match="is not UTF-8 text"):
        read_claims(binary)
    with pytest.raises(BadInput, match="at most 5,000,000"):
        read_claims(huge)


def test_the_table_of_claims_has_a_row_each(honest):
    frame = honest.shown()
    assert len(frame) == len(honest.claims) > 25
    assert frame["says"].str.len().min() > 5
