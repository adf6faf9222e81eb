import numpy as np
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.experiments.origins.panels.table_pilot import TablePilot
from crm_lab.simulate import key_of

SOURCE = "simulated:pilot,customers=3000"


@pytest.fixture(scope="module")
def tables():
    return open_workspace(SOURCE).at("latest")


def test_cities_start_cost_and_sales_are_those_of_the_key(tables):
    panel, truth = TablePilot(experiment="pilot", until="2023-10-08").open(tables), key_of(SOURCE).pilot_truth()
    assert panel.treated == truth.treated
    assert set(panel.treated_from.values()) == {np.datetime64(truth.start)}
    assert {f"{day:%Y-%m-%d}" for day in panel.treated_until.values()} == {"2023-10-02"}
    assert panel.cost == truth.totals()["cost"]
    assert len(panel.controls) == 15
    frame = panel.frame.set_index(["unit", "period"])
    known = truth.frame.set_index(["city", "week"])
    expected = known["sales_with"].where(known["treated"], known["sales_without"])
    np.testing.assert_allclose(frame.loc[known.index, "value"], expected, atol=0.006)
    assert panel.wide().shape == (104, 20)


def test_margin_may_be_what_is_read(tables):
    panel = TablePilot(experiment="pilot", value="gross_margin").open(tables)
    assert panel.measure == "gross_margin"
    assert (panel.frame["value"] == panel.frame["gross_margin"]).all()
    assert panel.treated_until == {}
    with pytest.raises(BadInput, match="value is 'profit'; it must be one of sales, gross_margin"):
        TablePilot(experiment="pilot", value="profit").open(tables)


def test_tests_of_customers_and_unknown_ones_are_refused(tables):
    with pytest.raises(CannotAnswer, match="There is no experiment 'loyalty'; assignments has pilot"):
        TablePilot(experiment="loyalty").open(tables)
    fashion = open_workspace("simulated:fashion,customers=800").at("latest")
    with pytest.raises(CannotAnswer, match="cities have customers in both arms of loyalty"):
        TablePilot(experiment="loyalty").open(fashion)


def test_cities_that_do_not_trade_throughout_are_left_out_and_said():
    few = open_workspace("simulated:pilot,customers=60").at("latest")
    with pytest.raises(CannotAnswer, match="None of the cities in which pilot ran"):
        TablePilot(experiment="pilot").open(few)
    some = open_workspace("simulated:pilot,customers=200").at("latest")
    panel = TablePilot(experiment="pilot").open(some)
    assert panel.said()[-1].startswith("Left out, since they do not trade from the first week to the last (")
    assert set(panel.treated) < set(key_of("simulated:pilot,customers=200").pilot_truth().treated)
