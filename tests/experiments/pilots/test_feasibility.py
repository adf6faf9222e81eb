"""Whether a pilot can decide: published floors, smallest lifts and error rates, the gate, and what would do."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from certification.pilots import chain
from crm_lab.checks import BadInput
from crm_lab.experiments.pilots import MemberReading, PilotPlan, PilotTerms, member_reading
from crm_lab.experiments.pilots.feasibility.city_noise import CityNoise, lift_seen, planted_power
from crm_lab.stats.panel.assignments import complete
from crm_lab.stats.panel.panel import Panel

TERMS = PilotTerms(margin_share=0.3, cost=100.0, roi_needed=1.5)


@pytest.mark.parametrize(("control", "percent"), [(5, 6.06), (15, 4.59), (45, 4.04)])
def test_the_smallest_lift_of_few_cities_is_the_published_one(control, percent):
    assert lift_seen(0.03, 5, control) * 100 == pytest.approx(percent, abs=0.01)


def test_a_reading_by_member_claims_what_is_published():
    assert MemberReading(icc=0.0081, members=400, cities=10).false_claims() == pytest.approx(0.3407, abs=0.0001)


def test_how_alike_members_are_is_found_where_it_was_planted():
    rng, found = np.random.default_rng(2), []
    for _ in range(60):
        city = np.repeat(np.arange(20), rng.integers(20, 200, 20))
        change = rng.normal(0, 3, len(city)) + rng.normal(0, 0.6, 20)[city]
        found.append(member_reading(pd.DataFrame({"unit": city, "change": change})).icc)
    planted = 0.36 / (0.36 + 9)
    assert np.mean(found) == pytest.approx(planted, abs=3 * np.std(found) / math.sqrt(60))


def test_members_of_one_city_say_nothing():
    with pytest.raises(BadInput, match="of 1 cities"):
        member_reading(pd.DataFrame({"unit": ["a"] * 9, "change": np.arange(9.0)}))


@pytest.mark.parametrize(
    ("treated", "others", "verdict"), [(1, 9, "never"), (3, 3, "never"), (4, 4, None), (1, 19, None), (5, 5, None)]
)
def test_the_gate_refuses_what_its_floor_forbids(treated, others, verdict):
    panel = Panel(
        chain(np.random.default_rng(3), treated + others, 60),
        tuple(map(str, range(treated + others))),
        tuple(range(60)),
    )
    plan = PilotPlan(terms=PilotTerms(margin_share=1, cost=1e-6), treated=treated, control=others, lift=5.0).analyze(
        panel
    )
    assert plan.verdict == (verdict or "can")
    assert (plan.planned.chance == 0) is (verdict == "never")
    if verdict:
        assert "never" in str(plan.readout().finding)
        assert plan.facts()[1].refusal is not None


def test_five_pairs_can_never_decide_and_six_can(past):
    result = PilotPlan(terms=TERMS, treated=5, lift=0.5).analyze(past)
    five, six = result.paired(5, 8), result.paired(6, 8)
    assert (five.floor, five.verdict, six.floor) == (0.0625, "never", 0.03125)
    assert six.verdict != "never"


def test_more_weeks_do_not_lower_a_floor(past):
    floors = (
        PilotPlan(terms=TERMS, treated=5, lift=0.5)
        .analyze(past)
        .curves()
        .groupby(["way", "control_units"])["floor"]
        .nunique()
    )
    assert (floors == 1).all()


def test_what_would_do_does(past):
    result = PilotPlan(terms=TERMS, treated=3, lift=0.15).analyze(past)
    assert result.verdict == "unlikely"
    larger = result.larger()
    assert larger.chance >= 0.8
    smaller = result.design(larger.treated - 1, 3 * (larger.treated - 1), 8)
    assert smaller.chance < 0.8
    assert str(larger.treated) in str(result.readout().action)


def test_a_lift_below_the_target_is_said_to_be_out_of_reach(past):
    dear = PilotTerms(margin_share=0.3, cost=3_000.0, roi_needed=1.5)
    result = PilotPlan(terms=dear, lift=0.05).analyze(past)
    assert result.planned.lift_needed > 0.05
    assert "no pilot can" in str(result.readout().action)


def test_the_chance_is_how_often_intervals_clear_the_target():
    """The formula against the t interval of normal changes, 4,000 pilots of 5 against 15."""
    rng, lift, needed, sd = np.random.default_rng(4), 0.10, 0.04, 0.03
    changes = rng.normal(0, sd, (4_000, 20))
    changes[:, :5] += math.log1p(lift)
    apart = changes[:, :5].mean(axis=1) - changes[:, 5:].mean(axis=1)
    pooled = np.sqrt((4 * changes[:, :5].var(axis=1, ddof=1) + 14 * changes[:, 5:].var(axis=1, ddof=1)) / 18)
    se = pooled * math.sqrt(1 / 5 + 1 / 15)
    cleared = (apart - 2.1009 * se > math.log1p(needed)).mean()
    from crm_lab.experiments.pilots.feasibility.city_noise import chance_above, standard_error

    said = chance_above(lift, needed, standard_error(sd, 5, 15), 18)
    assert cleared == pytest.approx(said, abs=3 * math.sqrt(said * (1 - said) / 4_000))


def test_planted_power_is_the_level_without_a_lift():
    sets = complete(np.arange(8) < 4).masks
    noise = CityNoise(np.random.default_rng(5).normal(0, 0.03, (5, 8)), 8, 16)
    assert planted_power(noise, sets, sets, 0.0, 0.0286) == pytest.approx(2 / 70)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 5}, "5 units for 5 treated"),
        ({"periods": 20}, "The past has 20 periods"),
        ({"dead": True}, "1 of 20 units have no sales in all"),
    ],
)
def test_a_past_that_says_nothing_is_refused_in_words(change, words):
    n, t = change.get("units", 20), change.get("periods", 80)
    values = chain(np.random.default_rng(6), n, t)
    if "dead" in change:
        values[0] = 0
    with pytest.raises(BadInput, match=words):
        PilotPlan(terms=TERMS).analyze(Panel(values, tuple(map(str, range(n))), tuple(range(t))))


def test_the_table_has_the_planned_design_first(past):
    result = PilotPlan(terms=TERMS, treated=5, lift=0.1).analyze(past)
    first = result.to_frame().iloc[0].to_dict()
    planned = asdict(result.planned)
    assert {"treated_units": first["treated_units"], "chance": first["chance"]} == {
        "treated_units": planned["treated"],
        "chance": planned["chance"],
    }
