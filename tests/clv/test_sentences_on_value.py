"""What pages 08 and 09 say agrees with their tables: no other dates where there is one, no barred model called best."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from crm_lab.clv import ValueGrowth, return_development
from crm_lab.clv.validation.backtest import BackTest, BackTestResult
from crm_lab.clv.validation.total_forecast import TotalForecastResult
from crm_lab.fronts.front import front_of
from crm_lab.messages import Message

MISSES = {"paretonbd": 1.37, "blend": 1.46, "mbgnbd": 1.47, "naive": 2.3, "own_rate": 4.4}
DAY = pd.Timestamp("2024-12-28").date()


def back_test(identified=True, refused=()):
    """Two origins; Pareto/NBD comes closest, then the blend."""
    rows = [
        {"origin": origin, "model": model, "deviance": deviance, "money_deviance": deviance, "mae": deviance,
         "bias": 0.01, "gini": 0.9, "decile_error": 0.1, "coverage": 0.9,
         "identified": identified or model != "paretonbd"}
        for origin in (1, 2)
        for model, deviance in MISSES.items()
    ]  # fmt: skip
    scores, ids = pd.DataFrame(rows), pd.DataFrame({"origin": [2, 2]})
    reasons = {key: Message("clv.backtest.off_track", {"bias": 0.1, "limit": 0.2}) for key in refused}
    return BackTestResult(BackTest(), scores, ids, ids, reasons, DAY)


def test_a_barred_model_that_came_closer_is_said_so_in_every_place():
    barred = back_test(identified=False)
    said = barred.readout()
    assert "predicted purchases best of the models that the data identify" in str(said.finding)
    assert "not at every origin, and left out: Pareto/NBD" in str(said.certainty)
    assert "Next of those identified comes MBG/NBD" in str(said.certainty)
    assert "Pareto" not in front_of(barred)["picture"]
    assert front_of(barred)["answer"].endswith("with the blend.")


def test_where_all_are_identified_nothing_is_barred():
    said = back_test().readout()
    assert str(said.finding).startswith("Over 2 origins of 91 days, Pareto/NBD predicted purchases best: ")
    assert "identified by these data, at every origin" in str(said.certainty)


def test_only_chances_of_models_that_are_not_identified_are_withheld():
    said = back_test(identified=False, refused=("paretonbd",)).readout()
    assert "show no P(alive) by Pareto/NBD" in str(said.action)
    assert "every origin" not in str(said.certainty)


def test_the_first_figures_are_those_of_the_finding():
    first, *_ = back_test().facts()
    assert (first.id, first.value) == ("clv.backtest.paretonbd.deviance", 1.37)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([True], "elsewhere held what came"),
        ([False], "elsewhere did not hold"),
        ([True, False], "At 1 of 2 past dates"),
    ],
)
def test_one_past_date_has_no_others(held, said):
    frame = pd.DataFrame({"held": held, "days": 334})
    record = str(TotalForecastResult.record.fget(SimpleNamespace(frame=frame)))
    assert said in record
    assert ("other dates" in record) == (len(held) > 1)


def test_what_never_comes_back_has_no_rows_of_zeros():
    sales = pd.DataFrame({"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-01-09"])})
    nothing = return_development(sales.assign(kind="sale", net_amount=10.0), "2024-01-31")
    assert nothing.to_frame().empty
    assert "Nothing comes back" in str(nothing.readout().finding)


def test_growth_is_held_against_a_target_only_where_somebody_aimed_at_one(sample):
    spec = ValueGrowth(model="mbgnbd", horizon_days=365, margin=(0.3, 0.3), samples=20)
    grown = spec.analyze(sample, "1997-09-30", "1998-06-30", rng=0)
    assert "25% aimed at (one-sided p < 0.001)" in str(grown.readout().certainty)
    free = replace(grown, spec=replace(spec, target=0.0))
    assert "aimed at" not in str(free.readout().certainty)
    assert "clv.growth.target_pvalue" not in {fact.id for fact in free.facts()}
