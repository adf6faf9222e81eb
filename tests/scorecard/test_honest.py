"""A list whose claims hold gives no finding, and each way of breaking one gives one."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.scorecard import Auditor, parse_claims

MUTATIONS = [
    ("nps", "value: 31", "value: 131"),
    ("nps", "scale: [-100, 100]", "scale: [0, 10]"),
    ("repurchase", "change: +16 % relative", "change: +26 % relative"),
    ("repurchase", "change: +16 % relative", "change: +5 %"),
    ("repurchase", "effect: +5.1 points", "effect: +9 points"),
    ("repurchase", "n: 4000", "n: 40"),
    ("repurchase", "comparison: random", "comparison: self_selected"),
    ("repurchase", "{before: 31.2 %, after: 31.1 %}", "{change: +1 %}"),
    ("repurchase-again", "after: 36 %", "after: 39 %"),
    ("points-elsewhere", "change: +5 points", "change: +8 points"),
    ("roi", "basis: net", "source: x"),
    ("response", "value: 6.3 %", "value: 8.3 %"),
    ("response", "count: 412", "count: 71,412"),
    ("budget", "media: 41 %", "media: 48 %"),
    ("budget-amounts", "total: 2400", "total: 2900"),
    ("levers", "value: 3", "value: 4"),
    ("cycle", "after: 68", "after: 60"),
    ("frequency", '"+1.3"', '"+1.8"'),
    ("orders", '"11,800"', '"14,800"'),
    ("revenue", "value: 0.60", "value: 0.75"),
    ("payback", "contribution_margin: 32 %", "contribution_margin: 12 %"),
    ("payback", ", contribution_margin: 32 %", ""),
    ("warning", "value: 98.1 %", "value: 82 %"),
    ("warning", "base_rate: 96.7 %", "source: x"),
    ("rise", "control: {value: 16 %}", "source: x"),
    ("rise", "value: 16 %", "value: 21 %"),
    ("survey", "n: 1500", "n: 400"),
    ("survey", "value: 62 %", "value: 162 %"),
    ("complaints", "verdict: met", "verdict: missed"),
    ("complaints", "change: -14 %", "change: -114 %"),
    ("first-response-hours", "value: 1.6", "value: 2.6"),
    ("club", "comparison: matched", "source: x"),
    ("lost", "value: 7.6 %", "value: 9.6 %"),
    ("concentration", "value: 54.5 %", "value: 64.5 %"),
    ("concentration", "value: 54.5 %", "value: 54.5"),
]


@pytest.fixture(scope="module")
def text():
    from crm_lab.project import project_root

    return (project_root() / "data" / "samples" / "honest.yaml").read_text(encoding="utf-8")


def test_an_honest_list_gives_no_finding(honest):
    assert not Auditor().analyze(honest).findings


def _broken(text, claim, right, wrong):
    head, entry, rest = re.split(rf"(?s)(?<=\n)(  - id: {claim}\n.*?)(?=\n  - id: |\Z)", text, maxsplit=1)
    assert right in entry
    return head + entry.replace(right, wrong) + rest


@pytest.mark.parametrize(("claim", "right", "wrong"), MUTATIONS, ids=[f"{c}: {w}" for c, _, w in MUTATIONS])
def test_breaking_a_claim_is_found_and_the_claim_is_named(text, claim, right, wrong):
    audit = Auditor().analyze(parse_claims(_broken(text, claim, right, wrong)))
    assert f"honest/{claim}" in {name for f in audit.findings for name in f.names}


def _percent(share, digits):
    return f"{share * 100:.{digits}f} %"


shares = st.floats(0.05, 0.95)
digits = st.integers(0, 2)


@given(shares, shares, digits, digits, st.booleans())
def test_what_is_rounded_from_the_truth_is_never_found(before, after, at_levels, at_change, relative):
    grown = (
        _percent(after / before - 1, at_change) + " relative"
        if relative
        else f"{(after - before) * 100:.{at_change}f} points"
    )
    levels = f"before: {_percent(before, at_levels)}, after: {_percent(after, at_levels)}"
    entry = f"{{id: a, metric: coverage, {levels}, change: {grown}}}"
    assert not Auditor().analyze(parse_claims(f"deck: d\nclaims: [{entry}]")).findings


@given(shares, shares, st.integers(5, 60))
def test_a_change_that_is_off_by_points_is_always_found(before, after, off):
    levels = f"before: {_percent(before, 1)}, after: {_percent(after, 1)}"
    entry = f"{{id: a, metric: coverage, {levels}, change: {(after - before) * 100 + off:.1f} points}}"
    assert Auditor().analyze(parse_claims(f"deck: d\nclaims: [{entry}]")).count("wrong") == 1


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=8), digits)
def test_rounded_shares_of_a_whole_are_never_found(amounts, at):
    parts = ", ".join(f"p{i}: {_percent(amount / sum(amounts), at)}" for i, amount in enumerate(amounts))
    entry = f"{{id: a, metric: cost, parts: {{{parts}}}}}"
    assert not Auditor().analyze(parse_claims(f"deck: d\nclaims: [{entry}]")).findings


@given(st.integers(1, 5000), st.data(), digits)
def test_a_share_that_was_counted_is_never_found(n, data, at):
    count = data.draw(st.integers(0, n))
    value = _percent(Decimal(count) / n, at)
    entry = f"{{id: a, metric: coverage, value: {value}, count: {count}, of: {n}, n: {n}}}"
    assert not Auditor().analyze(parse_claims(f"deck: d\nclaims: [{entry}]")).findings


@given(st.floats(5, 200), st.floats(5, 200), st.integers(0, 2))
def test_purchases_a_year_that_follow_from_the_cycle_are_never_found(before, after, at):
    levels = f"before: {before:.{at}f}, after: {after:.{at}f}"
    cycle = f"{{id: a, metric: repurchase_cycle, population: p, unit: days, {levels}}}"
    change = f"{365 / float(f'{after:.{at}f}') - 365 / float(f'{before:.{at}f}'):+.{at}f}"
    frequency = f"{{id: b, metric: purchases_per_year, population: p, change: '{change}'}}"
    assert not Auditor().analyze(parse_claims(f"deck: d\nclaims: [{cycle}, {frequency}]")).findings
