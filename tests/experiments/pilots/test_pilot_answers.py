"""What a pilot changed and earned: known lifts, refusals, doubts, returns on each basis, other cities."""

import math

import numpy as np
import pandas as pd
import pytest

from certification import pilots as certified
from crm_lab.checks import BadInput
from crm_lab.experiments.pilots import CityMix, Pilot, PilotEffect, PilotReturn, PilotTerms
from crm_lab.experiments.pilots.answers.pilot_tests import METHODS, permuted
from crm_lab.stats.panel.panel import Panel

TERMS = PilotTerms(margin_share=0.4, cost=500.0, roi_needed=1.5)
REFITS = {"cities": 8, "treated": 2, "before": 30}


def test_a_large_lift_is_found_by_every_method_and_they_agree(make_pilot):
    result = PilotEffect().analyze(make_pilot(**REFITS, lift=0.5))
    frame = result.to_frame()
    assert set(frame["method"]) == set(METHODS)
    assert (frame["pvalue"] <= 2 / 28).all()
    assert ((frame["lo"] < 0.5) & (frame["hi"] > 0.5)).all()
    assert result.agreement == "agree"


def test_the_lift_is_that_of_equal_cities_whatever_their_size(make_pilot):
    """Sizes differ by factors; doubling one city's sales in all weeks changes nothing."""
    pilot = make_pilot()
    values = pilot.panel.values.copy()
    values[[0, 7]] *= 50
    larger = Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)
    one, two = (PilotEffect(methods=("did",)).analyze(p).to_frame() for p in (pilot, larger))
    pd.testing.assert_frame_equal(one, two)


def test_the_interval_holds_what_the_test_does_not_reject(make_pilot):
    effect = PilotEffect(methods=("did",)).analyze(make_pilot(lift=0.1))
    returns = PilotReturn(terms=TERMS).analyze(effect)
    lo, hi = effect.answer.interval.lo, effect.answer.interval.hi
    assert lo < effect.lift("did") < hi
    p = [returns.p_above(basis) for basis in ("roas", "multiple", "net")]
    assert p == sorted(p, reverse=True)


@pytest.mark.parametrize("method", ["did", "synthetic_control"])
def test_the_chance_of_more_is_one_less_the_share_of_draws_that_leave_as_much_over(make_pilot, method):
    effect = PilotEffect(methods=(method,)).analyze(make_pilot(**REFITS, lift=0.2))
    returns = PilotReturn(terms=TERMS).analyze(effect)
    tested = permuted(effect.pilot, method, null=returns.lift_needed("net"), scaled=effect.scaled).effects
    share = (tested >= tested[0] - 1e-9 * np.abs(tested).max()).mean()
    assert 0 < share < 1
    assert returns.p_above("net") == pytest.approx(1 - share)
    assert returns.chances["net"] == returns.p_above("net")


@pytest.mark.parametrize("basis", ["net", "multiple", "roas"])
def test_each_basis_is_its_own_arithmetic(make_pilot, basis):
    effect = PilotEffect(methods=("did",)).analyze(make_pilot(lift=0.2))
    result = PilotReturn(
        terms=PilotTerms(margin_share=0.4, cost=500.0, fixed_cost=1_000.0, roi_needed=0.7, basis=basis)
    ).analyze(effect)
    row, spent = result.to_frame().iloc[0], 500.0 * 3 * 8 + 1_000.0
    extra = result.extra_sales(effect.lift("did"))
    by_hand = {"net": (0.4 * extra - spent) / spent, "multiple": 0.4 * extra / spent, "roas": extra / spent}
    assert row["basis"] == basis
    assert row["roi"] == pytest.approx(by_hand[basis])
    at_target = result.extra_sales(result.lift_needed(basis))
    assert result.terms.roi(at_target, spent, basis) == pytest.approx(0.7)


def test_extra_sales_are_the_planted_ones(make_pilot):
    pilot = make_pilot(lift=0.25)
    result = PilotReturn(terms=TERMS).analyze(PilotEffect(methods=("did",)).analyze(pilot))
    assert result.extra_sales(0.25) == pytest.approx(pilot.sales - pilot.sales / 1.25)


def test_a_design_below_its_floor_ships_nothing_however_large_the_lift(make_pilot):
    effect = PilotEffect(methods=("did",)).analyze(make_pilot(cities=6, treated=1, lift=9.0))
    result = PilotReturn(terms=TERMS).analyze(effect)
    assert not effect.can_decide
    assert result.decision == "cannot"
    assert math.isinf(effect.answer.interval.hi)
    assert "cannot" in str(effect.readout().finding)
    assert "cannot decide" in str(result.readout().finding)


def test_examples_decide_nothing(make_pilot):
    effect = PilotEffect(methods=("did",)).analyze(make_pilot(lift=0.9))
    terms = PilotTerms(margin_share=0.4, cost=1.0, assumed=("margin_share",))
    assert PilotReturn(terms=terms).analyze(effect).decision == "terms"
    assert PilotReturn(terms=PilotTerms(margin_share=0.4, cost=1.0)).analyze(effect).decision == "ship"


@pytest.mark.parametrize(
    ("options", "terms", "words"),
    [({"money": False}, TERMS, "no money"), ({}, PilotTerms(margin_share=0.4), "No cost")],
)
def test_without_money_or_cost_there_is_no_return(make_pilot, options, terms, words):
    result = PilotReturn(terms=terms).analyze(PilotEffect(methods=("did",)).analyze(make_pilot(**options)))
    assert words in str(result.refusal())
    assert result.facts()[0].refusal is not None


def test_a_drift_before_the_start_is_said(make_pilot):
    pilot = make_pilot(lift=0.0)
    values = pilot.panel.values.copy()
    values[pilot.mask] *= np.linspace(1, 2, values.shape[1])
    drifting = Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)
    effect = PilotEffect(methods=("did",)).analyze(drifting)
    trend = next(check for check in effect.checks if check.name == "trend")
    assert not trend.holds
    assert "drifted apart" in str(effect.readout().action)


def test_a_season_of_the_treated_cities_is_said(make_pilot):
    pilot = make_pilot(before=70, lift=0.0)
    values = pilot.panel.values.copy()
    values[np.ix_(pilot.mask, np.arange(18, 26))] *= 1.5
    values[np.ix_(pilot.mask, np.arange(70, 78))] *= 1.5
    seasonal = Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)
    effect = PilotEffect(methods=("did",)).analyze(seasonal)
    year = next(check for check in effect.checks if check.name == "year")
    assert not year.holds
    assert "year before" in str(year.sentence)


def test_one_city_that_carries_the_answer_is_named(make_pilot):
    pilot = make_pilot(lift=0.0)
    values = pilot.panel.values.copy()
    values[1, pilot.first :] *= 5
    carried = Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)
    one = next(check for check in PilotEffect(methods=("did",)).analyze(carried).checks if check.name == "one")
    assert not one.holds
    assert "city 01" in str(one.sentence)


def test_cities_that_nothing_follows_are_said(make_pilot):
    pilot = make_pilot(lift=0.0)
    values = pilot.panel.values.copy()
    values[pilot.mask] *= 1 + 0.9 * np.sin(np.arange(values.shape[1]))
    alone = Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)
    reach = next(check for check in PilotEffect(methods=("did",)).analyze(alone).checks if check.name == "reach")
    assert not reach.holds


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"treated": ("nowhere",)}, "nowhere is treated"),
        ({"treated": ()}, "no unit is treated"),
        ({"start": 99}, "starts at 99"),
        ({"start": 2}, "2 periods lie before"),
        ({"treated": tuple(f"city {i:02d}" for i in range(12))}, "all units are treated"),
    ],
)
def test_what_is_no_pilot_is_refused_in_words(make_pilot, options, words):
    pilot = make_pilot()
    given = {"panel": pilot.panel, "treated": pilot.treated, "start": pilot.start, **options}
    with pytest.raises(BadInput, match=words):
        Pilot(**given)


def test_units_without_a_past_are_counted(make_pilot):
    pilot = make_pilot()
    values = pilot.panel.values.copy()
    values[[4, 5], : pilot.first] = 0
    with pytest.raises(BadInput, match="2 of 12 units have nothing before the start"):
        Pilot(Panel(values, pilot.panel.units, pilot.panel.periods), pilot.treated, pilot.start)


def test_other_cities_are_spoken_of_where_weights_reach_them():
    rng, found = np.random.default_rng(7), []
    for _ in range(150):
        size = rng.normal(0, 1, 24)
        lift = 0.10 + 0.03 * size  # larger cities answer more
        values = certified.chain(rng, 24, 40)
        treated = np.argsort(rng.random(24) + 0.05 * size)[-8:]
        values[treated, 32:] *= 1 + lift[treated, None]
        names = tuple(f"{i:02d}" for i in range(24))
        pilot = Pilot(Panel(values, names, tuple(range(40))), tuple(names[i] for i in treated), 32)
        result = CityMix(covariates=("size",)).analyze(pilot, pd.DataFrame({"unit": names, "size": size}))
        if result.refusal() is None:
            others = np.delete(np.arange(24), treated)
            found.append(result.interval.lo <= lift[others].mean() <= result.interval.hi)
    assert len(found) > 120
    assert np.mean(found) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / len(found))


def test_cities_beyond_the_pilots_own_are_not_spoken_of(make_pilot):
    pilot = make_pilot(cities=16, treated=4)
    far = pd.DataFrame({"unit": pilot.panel.units, "size": [1.0, 2, 3, 4, *[99.0] * 12]})
    assert "outside" in str(CityMix(covariates=("size",)).analyze(pilot, far).refusal())
    three = CityMix(covariates=("size",)).analyze(
        make_pilot(treated=2), far.head(12).assign(unit=make_pilot().panel.units)
    )
    assert "To be weighted" in str(three.refusal())
    with pytest.raises(BadInput, match="have no value of size"):
        CityMix(covariates=("size",)).analyze(pilot, far.head(10))


@pytest.mark.slow
def test_certified_entries_hold_with_fewer_draws():
    """Bounds of three Monte-Carlo errors at these draws."""
    made = [
        *certified.certify_pilots(120, ("did", "regression", "synthetic_control")),
        *certified.certify_pilot_decisions(120), certified.certify_pilot_gate(), certified.certify_pilot_power(120),
    ]  # fmt: skip
    assert [row["name"] for row in made if not row["ok"]] == []
    assert len(made) == 16


def test_many_cities_are_read_by_the_methods_that_are_quick(make_pilot):
    """An interval that is searched for takes minutes with hundreds of cities: it is left out unless it is named."""
    assert "synthetic_difference" not in PilotEffect().analyze(make_pilot(cities=101, treated=2, before=12)).tests
