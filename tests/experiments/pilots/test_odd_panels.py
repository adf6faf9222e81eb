"""What page 18 must not say of odd panels: each was wrong once."""

import numpy as np
import pytest

from crm_lab.experiments.pilots import PilotEffect, PilotPlan, PilotReturn, StaggeredRollOut, open_cities
from tests.experiments.pilots.odd_panels import TREATED, Odd

TERMS = {"margin_share": 0.5, "cost": 500.0, "roi_target": 0.5}
ASKED = {"margin_share": 0.5, "cost": 60.0, "fixed_cost": 0.0, "assumed": ("margin_share", "cost", "fixed_cost")}


@pytest.fixture
def cities(tmp_path):
    def make(**odd):
        return open_cities("", "latest", Odd(**odd).write(tmp_path))

    return make


def read(data, **how):
    effect = PilotEffect(**how).analyze(data.pilot())
    return effect, PilotReturn(terms=data.terms(**ASKED)).analyze(effect)


def test_a_cost_makes_money_of_values_whose_currency_nobody_named(cities):
    _, returns = read(cities(lift=0.3, terms=TERMS), methods=("did",))
    assert returns.refusal() is None
    assert returns.spent == pytest.approx(500.0)
    assert "  " not in str(returns.readout().certainty)
    assert returns.decision == "ship"


@pytest.mark.parametrize("value", ["sales_per_visitor", "conversion_rate", "客单价", "avgBasket"])
def test_values_of_one_visitor_have_no_return(cities, value):
    effect, returns = read(cities(lift=0.3, value=value, terms={**TERMS, "currency": "EUR"}), methods=("did",))
    assert returns.refusal() is not None
    assert [fact.id for fact in returns.facts()] == ["pilot.roi"]
    assert effect.answer.lift == pytest.approx(0.3, abs=0.08)


def test_a_drift_of_chosen_cities_is_not_rolled_out(cities):
    effect, returns = read(cities(drift=0.01, terms=TERMS), methods=("did",))
    assert effect.answer.lift > 0.2  # of a programme that did nothing
    assert returns.decision == "doubts"
    assert "contradict" in str(returns.readout().action)


def test_a_lift_of_small_cities_is_not_that_of_a_huge_one(cities):
    lifts = dict.fromkeys(TREATED, 0.3) | {"c00": 0.0}
    effect, returns = read(cities(lift=lifts, huge="c00", terms=TERMS), main="did")
    assert effect.agreement == "differ"
    assert returns.decision == "doubts"


@pytest.mark.parametrize(
    ("of", "spent"), [("total", 500.0), ("unit", 500.0 * 3), ("unit_period", 500.0 * 3 * 8)], ids=str
)
def test_the_cost_of_a_plan_is_the_one_that_was_said(cities, of, spent):
    data = cities(starts={}, terms={**TERMS, "cost_of": of})
    terms = data.terms(**ASKED, periods=8)
    assert terms.spent(data.many(0), data.length(8)) == pytest.approx(spent)
    assert not terms.assumed


def test_cities_without_noise_can_be_planned_on(cities):
    past = cities(starts={}, noise=1e-12, terms=TERMS).past
    terms = cities(starts={}, noise=1e-12, terms=TERMS).terms(**ASKED)
    chances = PilotPlan(terms=terms, treated=3, periods=8, lift=0.15).analyze(past).to_frame()["chance"]
    assert np.isfinite(chances).all()


def test_a_roll_out_without_a_common_past_is_read_and_the_next_one_planned_on_the_rest(cities):
    starts = dict(zip(TREATED, (1, 1, 20, 30), strict=True))
    data = cities(starts=starts, lift=0.2, value="orders", noise=0.01)
    assert set(data.past.units).isdisjoint(TREATED)
    assert any("never began" in note for note in data.notes())
    assert data.many(0) < len(data.past.units)
    found = StaggeredRollOut(draws=99, measure=data.measure).analyze(data.panel, data.starts())
    assert found.lift == pytest.approx(0.2, abs=0.03)
    assert "changed orders by" in str(found.readout().finding)


def test_a_roll_out_that_did_nothing_is_not_said_to_have_changed_anything(cities):
    data = cities(starts=dict(zip(TREATED, (20, 30, 40, 50), strict=True)))
    found = StaggeredRollOut(draws=99).analyze(data.panel, data.starts())
    assert found.pvalue > 0.05
    assert "is not shown to have changed" in str(found.readout().finding)
