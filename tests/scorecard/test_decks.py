"""The ten figures of the decks that do not hold together are found, by rules that know no deck."""

from pathlib import Path

import pytest

import crm_lab.scorecard
from crm_lab.scorecard import Auditor

TEN = {
    "1 NPS of 7.5": ("which_scale", {"000/nps-target"}),
    "2 three dimensions, four listed": ("items_listed", {"000/dimensions"}),
    "3 90 to 68 days is +1.3 a year, not +1.8": ("follows_from", {"004/cycle", "004/frequency"}),
    "4 amounts restated as shares": ("parts_of_whole", {"004/cost-shares", "004/cost-again"}),
    "5 238 suggestions or 12,000": ("stated_twice", {"004/suggestions-programme", "004/suggestions-platform"}),
    "6 three bases of ROI": ("which_basis", {"000/roi-target", "004/pilot-roi", "004/pilot-event-roi"}),
    "7 +20 % is 19 points": ("change_elsewhere", {"004/a-test", "004/goal-repurchase"}),
    "7 the control's +5 %": ("control_in_points", {"004/a-test"}),
    "8 82 % against never alerting": ("by_itself", {"004/warning-accuracy"}),
    "9 18 % against 16 % untreated": ("by_itself", {"004/c-to-b"}),
    "10 payback without a margin": ("payback_margin", {"004/payback"}),
}


@pytest.fixture(scope="module")
def audit(decks):
    return Auditor().analyze(decks)


@pytest.mark.parametrize(("rule", "claims"), TEN.values(), ids=TEN)
def test_each_of_the_ten_is_found(audit, rule, claims):
    assert any(f.rule == rule and set(f.names) == claims for f in audit.findings)


def test_the_numbers_of_the_findings(audit):
    said = {f.rule: f.sentence.text("en") for f in audit.findings if f.rule not in {"which_scale", "by_itself"}}
    assert "+1.25 to +1.37" in said["follows_from"]  # 365/68 - 365/90 = 1.31
    assert "17.8%" in said["payback_margin"]  # 80 / 3 / 150
    assert "14.0 or 15.95 points" in said["control_in_points"]
    assert "+19.0 points, which is +31.1%" in said["change_elsewhere"]


def test_five_decks_were_read(decks):
    assert [deck.name for deck in decks.decks] == ["000", "001", "002", "003", "004"]
    assert len(decks.claims) == 84


def test_nothing_else_is_called_a_contradiction(audit):
    wrong = {frozenset(f.names) for f in audit.findings if f.severity == "wrong"}
    assert wrong <= {frozenset(claims) for _, claims in TEN.values()}


def test_self_selected_comparisons_are_asked_about(audit):
    asked = {name for f in audit.findings if f.sentence.key.endswith("self_selected") for name in f.names}
    assert {"003/omni-retention", "003/running-club", "004/suggestion-repurchase"} <= asked


def test_no_rule_names_a_deck_or_a_claim(decks):
    room = Path(crm_lab.scorecard.__file__).parent
    code = "\n".join(file.read_text(encoding="utf-8") for file in room.rglob("*.py"))
    named = [deck.name for deck in decks.decks] + [claim.id for claim in decks.claims if "-" in claim.id]
    assert not [name for name in named if f'"{name}"' in code or f"'{name}'" in code]
