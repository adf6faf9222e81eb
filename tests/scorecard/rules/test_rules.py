"""Each rule: what it finds, and the same claim put right."""

import pandas as pd
import pytest

from crm_lab.messages import LANGUAGES, catalogue
from crm_lab.scorecard import RULES

SHARE, MONEY = "metric: repurchase_rate, population: p", "metric: cost, population: p"
PAYBACK = "id: a, metric: payback_years, value: 3, unit: years"
NPS, ROI = "metric: nps, population: p", "metric: marketing_roi, population: p"

BROKEN = {
    "change of a share": (
        f"id: a, {SHARE}, before: 61 %, after: 80 %, change: +40 % relative",
        "change_of_levels",
        "differs_share",
    ),
    "change of money": (f"id: a, {MONEY}, before: 10, after: 20, change: +50 %", "change_of_levels", "differs_plain"),
    "points as per cent": (
        f"id: a, {SHARE}, before: 61 %, after: 80 %, change: +19 %",
        "change_of_levels",
        "points_as_percent",
    ),
    "shares of 120": (f"id: a, {MONEY}, parts: {{x: 70 %, y: 50 %}}", "parts_of_whole", "shares"),
    "amounts": (f"id: a, {MONEY}, total: 100, parts: {{x: 70, y: 50}}", "parts_of_whole", "amounts"),
    "count": ("id: a, metric: adoption_rate, count: 47, of: 238, value: 25 %", "count_of_total", "differs"),
    "more than all": ("id: a, metric: adoption_rate, count: 47, of: 38", "count_of_total", "more_than_all"),
    "items": ("id: a, metric: number_listed, value: 3, items: [w, x, y, z]", "items_listed", "differs"),
    "effect": (
        f"id: a, {SHARE}, before: 61 %, after: 80 %, control: {{before: 61 %, after: 66 %}}, effect: +19 points",
        "effect_over_control",
        "differs",
    ),
    "per cent of a score": (f"id: a, {NPS}, value: 28 %", "per_cent_sign", "wrong"),
    "off its scale": (f"id: a, {NPS}, value: 128", "on_its_scale", "bounded"),
    "share above one": (f"id: a, {SHARE}, value: 104 %", "on_its_scale", "bounded"),
    "negative money": (f"id: a, {MONEY}, value: -3", "on_its_scale", "below"),
    "fall of more than all": (f"id: a, {MONEY}, change: -120 %", "on_its_scale", "fall"),
    "another scale": (f"id: a, {NPS}, value: 7.5, scale: [0, 10]", "on_its_scale", "other_scale"),
    "two scales": (f"id: a, {NPS}, value: 7.5", "which_scale", "two"),
    "basis": (f"id: a, {ROI}, value: 1.5", "which_basis", "one"),
    "control": (
        f"id: a, {SHARE}, before: 61 %, after: 80 %, control: {{change: +5 %}}",
        "control_in_points",
        "control_read",
    ),
    "control without levels": (
        f"id: a, {SHARE}, value: 80 %, control: {{change: +5 %}}",
        "control_in_points",
        "control",
    ),
    "per cent of a share": (f"id: a, {SHARE}, change: +20 %", "points_or_per_cent", "one"),
    "verdict": (f"id: a, {SHARE}, value: 34 %, target: 37 %, verdict: met", "verdict_of_target", "differs"),
    "verdict, down": (
        "id: a, metric: complaint_rate, value: 34, target: 37, verdict: missed",
        "verdict_of_target",
        "differs",
    ),
    "margin unknown": (
        "id: a, metric: payback_years, value: 3, unit: years, given: {investment: 80, sales_gain_per_year: 150}",
        "payback_margin",
        "unknown",
    ),
    "margin too small": (
        f"{PAYBACK}, given: {{investment: 80, sales_gain_per_year: 150, contribution_margin: 12 %}}",
        "payback_margin",
        "too_small",
    ),
    "more than all sales": (
        "id: a, metric: payback_years, value: 2, unit: years, given: {investment: 400, sales_gain_per_year: 150}",
        "payback_margin",
        "impossible",
    ),
    "no sales": (f"{PAYBACK}, given: {{investment: 80, sales_gain_per_year: 0}}", "payback_margin", "never"),
    "no better than nothing": (
        "id: a, metric: alert_accuracy, value: 82 %, base_rate: 96.7 %",
        "by_itself",
        "no_better",
    ),
    "less than nothing": ("id: a, metric: alert_accuracy, value: 82 %", "by_itself", "below_measured"),
    "mostly by itself": ("id: a, metric: tier_rise, value: 18 %", "by_itself", "mostly_itself"),
    "self-selected": (f"id: a, {SHARE}, value: 51 %, comparison: self_selected", "fair_comparison", "self_selected"),
    "no control": (f"id: a, {SHARE}, value: 51 %, credited_to: a club", "fair_comparison", "no_control"),
    "impossible share": (f"id: a, {SHARE}, value: 51 %, n: 10", "possible_share", "impossible"),
    "precision": (f"id: a, {SHARE}, value: 50 %, n: 100, margin: 3 %", "stated_precision", "too_few"),
    "chance": (f"id: a, {SHARE}, before: 50 %, after: 54 %, n: 200", "more_than_chance", "chance"),
}

HOLDS = {
    "change, relative": f"id: a, {SHARE}, before: 61 %, after: 80 %, change: +31 % relative",
    "change, points": f"id: a, {SHARE}, before: 61 %, after: 80 %, change: +19 points",
    "change in per cent that is relative": f"id: a, {SHARE}, before: 61 %, after: 80 %, change: +31 %",
    "change of a bound": f"id: a, {SHARE}, before: '<20 %', after: 45 %, change: +40 points",
    "thirds": f"id: a, {MONEY}, parts: {{x: 33 %, y: 33 %, z: 33 %}}",
    "amounts": f"id: a, {MONEY}, total: 120, unit: million, parts: {{x: 48, y: 42, z: 30}}",
    "count": "id: a, metric: adoption_rate, count: 47, of: 238, value: 19.7 %",
    "effect in points": (
        f"id: a, {SHARE}, before: 61 %, after: 80 %, control: {{before: 61 %, after: 66 %}}, effect: +14 points"
    ),
    "scale": f"id: a, {NPS}, value: 7.5, scale: [-100, 100]",
    "a score that fits one scale": f"id: a, {NPS}, value: 28",
    "basis": f"id: a, {ROI}, value: 1:4, basis: multiple",
    "ROI may be negative": f"id: a, {ROI}, value: -0.3, basis: net",
    "verdict on the line": f"id: a, {SHARE}, value: 37 %, target: 37 %, verdict: met",
    "margin": (
        "id: a, metric: payback_years, value: 3, unit: years,"
        " given: {investment: 80, sales_gain_per_year: 150, contribution_margin: 25 %}"
    ),
    "months": (
        "id: a, metric: payback_years, value: 36, unit: months,"
        " given: {investment: 80, sales_gain_per_year: 150, contribution_margin: 18 %}"
    ),
    "better than nothing": "id: a, metric: alert_accuracy, value: 98 %, base_rate: 96.7 %",
    "control of a rise": "id: a, metric: tier_rise, value: 18 %, control: {value: 16 %}",
    "matched": f"id: a, {SHARE}, value: 51 %, credited_to: a club, comparison: matched",
    "possible share": f"id: a, {SHARE}, value: 51 %, n: 100",
    "precision": f"id: a, {SHARE}, value: 50 %, n: 1100, margin: 3 %",
    "more than chance": f"id: a, {SHARE}, before: 50 %, after: 60 %, n: 400",
    "growth above one": "id: a, metric: clv_growth, value: 220 %",
}


@pytest.mark.parametrize(("claim", "rule", "variant"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_hold_is_found_by_its_rule_alone(found, claim, rule, variant):
    assert found(claim) == [(rule, variant)]


@pytest.mark.parametrize("claim", HOLDS.values(), ids=HOLDS)
def test_what_holds_gives_no_finding(found, claim):
    assert found(claim) == []


def test_amounts_restated_as_shares_are_named_as_what_they_are(audit_of):
    audit = audit_of(
        f"id: a, {MONEY}, total: 120, unit: million, parts: {{x: 40 %, y: 35 %, z: 25 %}}",
        f"id: b, {MONEY}, parts: {{x: 48 %, y: 42 %, z: 30 %}}",
    )
    (finding,) = audit.findings
    assert finding.sentence.text("en") == (
        "The shares 48% / 42% / 30% add up to 120%: they are amounts of the total of 120 million, "
        "of which the shares are 40% / 35% / 25%."
    )


def test_the_cycle_and_the_purchases_a_year(audit_of):
    cycle = "id: a, metric: repurchase_cycle, population: p, before: 90, after: 68, unit: days"
    wrong = audit_of(cycle, "id: b, metric: purchases_per_year, population: p, change: '+1.8'")
    assert wrong.findings[0].sentence.text("en") == (
        "Purchases per year is said to change by +1.8; the other numbers make it +1.25 to +1.37 (d/a: 90 → 68)."
    )
    right = audit_of(cycle, "id: b, metric: purchases_per_year, population: p, change: '+1.3'")
    others = audit_of(cycle, "id: b, metric: purchases_per_year, population: q, change: '+1.8'")
    assert not right.findings
    assert not others.findings


@pytest.mark.parametrize(
    ("one", "other", "rules"),
    [
        (f"id: a, {SHARE}, value: 45 %", f"id: b, {SHARE}, value: 52 %", [("stated_twice", "differs")]),
        (f"id: a, {SHARE}, value: 45 %", f"id: b, {SHARE}, value: 45.2 %", []),
        (f"id: a, {SHARE}, value: 45 %, period: 2023", f"id: b, {SHARE}, value: 52 %, period: 2024", []),
        (f"id: a, {SHARE}, value: 45 %", f"id: b, {SHARE}, target: 52 %", []),
        (f"id: a, {SHARE}, value: 45 %", f"id: b, {SHARE}, value: '>40 %'", []),
        (f"id: a, {SHARE}, before: 61 %, after: 80 %", f"id: b, {SHARE}, change: +19 points", []),
        (
            f"id: a, {SHARE}, before: 61 %, after: 80 %",
            f"id: b, {SHARE}, change: +20 %",
            [("change_elsewhere", "points_as_percent")],
        ),
        (
            f"id: a, {SHARE}, before: 61 %, after: 80 %",
            f"id: b, {SHARE}, change: +25 %",
            [("change_elsewhere", "differs_share")],
        ),
        (
            f"id: a, {NPS}, before: 10, after: 28",
            f"id: b, {NPS}, change: +15 points",
            [("change_elsewhere", "differs_plain")],
        ),
        (
            "id: a, metric: response_time, population: p, value: 90, unit: minutes",
            "id: b, metric: response_time, population: p, value: 1.5, unit: hours",
            [],
        ),
        (
            "id: a, metric: retention_rate, population: p, value: 92 %",
            "id: b, metric: churn_rate, population: p, value: 10 %",
            [("follows_from", "level")],
        ),
        (f"id: a, {ROI}, value: 4, basis: multiple", f"id: b, {ROI}, value: 3, basis: net", []),
        (f"id: a, {ROI}, value: 4, basis: multiple", f"id: b, {ROI}, value: 1.1", [("which_basis", "several")]),
    ],
)
def test_claims_about_the_same_thing_agree(found, one, other, rules):
    assert found(one, other) == rules


def test_the_same_thing_in_two_decks():
    from crm_lab.scorecard import Auditor, parse_claims

    document = "deck: {deck}\nclaims: [{{id: a, metric: nps, population: p, value: {value}, scale: [-100, 100]}}]\n"
    text = "---\n".join([document.format(deck="x", value=28), document.format(deck="y", value=41)])
    assert [f.rule for f in Auditor().analyze(parse_claims(text)).findings] == ["stated_twice"]


MEASURED = pd.DataFrame(
    [("top20_revenue_share", 0.545, 0.53, 0.56, 2469, "mine"), ("never_alert_accuracy", 0.80, 0.78, 0.82, 900, "mine")],
    columns=["metric", "value", "lo", "hi", "n", "data"],
)


@pytest.mark.parametrize(
    ("claim", "rules"),
    [
        ("metric: top20_revenue_share, value: 62 %, data: mine", [("computed_again", "outside")]),
        ("metric: top20_revenue_share, value: 54.5 %, data: mine", []),
        ("metric: top20_revenue_share, value: 62 %, data: elsewhere", []),
        ("metric: top20_revenue_share, value: 62 %", []),
        ("metric: alert_accuracy, value: 90 %", [("by_itself", "mostly_itself")]),
        ("metric: alert_accuracy, value: 75 %", [("by_itself", "below_measured")]),
        ("metric: tier_rise, value: 18 %", [("by_itself", "unknown")]),
    ],
)
def test_measured_values_are_the_yardstick(found, claim, rules):
    assert found(f"id: a, {claim}", measured=MEASURED) == rules


def test_every_rule_breaks_somewhere_in_these_tests():
    elsewhere = {"stated_twice", "change_elsewhere", "follows_from", "computed_again"}
    assert {rule for _, rule, _ in BROKEN.values()} | elsewhere == set(RULES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_its_question(lang):
    assert all(f"claims.rule.{name}.ask" in catalogue(lang) for name in RULES)
    assert {key.split(".")[2] for key in catalogue(lang) if key.startswith("claims.rule.")} == set(RULES)
