import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.data.kernels.unit_weeks import unit_weeks
from crm_lab.experiments.origins.panels.planted_pilot import PlantedPilot


@pytest.fixture(scope="module")
def tables():
    return open_workspace("complete_journey").at("2017-12-31")


def test_the_planted_lift_is_where_it_should_be_and_nowhere_else(tables):
    panel = PlantedPilot(treated=8, lift=0.1).open(tables)
    frame = panel.frame
    touched = frame["unit"].isin(panel.treated) & (frame["period"] >= pd.Timestamp("2017-10-02"))
    assert touched.sum() == 8 * 13
    ratio = frame["value"] / frame["untouched"]
    assert ratio[touched].to_numpy() == pytest.approx(1.1)
    assert (ratio[~touched] == 1).all()
    assert panel.truth["effect"] == pytest.approx(0.1 * frame.loc[touched, "untouched"].sum())
    assert panel.planted
    assert panel.said()[0].startswith("A lift of 10.0% is planted in 8 of 102 stores, drawn by lot")


def test_untouched_values_are_the_stores_own_and_every_store_is_whole(tables):
    panel, weeks = PlantedPilot(lift=0.0).open(tables), unit_weeks(tables)
    own = weeks.frame.set_index(["unit", "week"])["sales"]
    assert (panel.frame.set_index(["unit", "period"])["value"] == own.loc[list(panel.units)]).all()
    assert panel.wide().shape == (52, 102)
    assert panel.wide().notna().all(axis=None)
    assert panel.truth["effect"] == 0


def test_the_largest_are_chosen_by_sales_before_the_start_alone(tables):
    panel = PlantedPilot(largest=20, start="2017-09-06").open(tables)
    assert panel.start == pd.Timestamp("2017-09-04")  # the week of that day
    weeks = unit_weeks(tables)
    before = weeks.of(weeks.full).query("week < '2017-09-04'").groupby("unit")["sales"].sum()
    assert set(panel.units) == set(before.nlargest(20).index)
    assert {PlantedPilot(largest=20, seed=s).open(tables).treated for s in range(3)} != {panel.treated}


def test_what_cannot_be_planted_is_said(tables):
    with pytest.raises(CannotAnswer, match="102 stores have sales in each week; 200 are needed"):
        PlantedPilot(largest=200).open(tables)
    with pytest.raises(CannotAnswer, match="The pilot starts on 2017-01-03, the whole weeks run from 2017-01-02"):
        PlantedPilot(start="2017-01-03").open(tables)
    with pytest.raises(CannotAnswer, match="The pilot starts on 2018-01-03"):
        PlantedPilot(start="2018-01-03").open(tables)
    with pytest.raises(BadInput) as error:
        PlantedPilot(treated=0, by="region")
    assert "treated is 0; it must be 1 or more." in str(error.value)
    assert "by is 'region'; it is store or city." in str(error.value)
    with pytest.raises(BadInput, match="largest is 5; some must be left beside the 5 treated"):
        PlantedPilot(largest=5)
    assert not PlantedPilot(source="suites/shop.toml").given
