"""A sample of a source's customers: theirs whole, the others not at all."""

import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.sources import find_source


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_LAB_WORKSPACES", str(tmp_path_factory.mktemp("workspaces")))
        yield


@pytest.fixture(scope="module")
def sample(workspaces):
    return open_workspace("cdnow,customers=500,seed=7").at("1998-06-30")


def test_every_line_of_the_drawn_and_nobody_elses(sample, cdnow):
    orders, whole = sample["orders"], cdnow["orders"]
    drawn = orders["customer_id"].unique()
    assert len(drawn) == 500
    expected = whole[whole["customer_id"].isin(drawn)].groupby("customer_id")["net_amount"].sum()
    assert orders.groupby("customer_id")["net_amount"].sum().to_dict() == pytest.approx(expected.to_dict())


def test_another_seed_draws_others(sample, workspaces):
    other = open_workspace("cdnow,customers=500,seed=8").at("1998-06-30")
    shared = set(sample["customer_360"]["customer_id"]) & set(other["customer_360"]["customer_id"])
    assert len(shared) < 50  # of 23,570, by chance some ten


def test_a_larger_sample_holds_the_smaller(sample, workspaces):
    larger = open_workspace("cdnow,customers=600,seed=7").at("1998-06-30")
    assert set(sample["customer_360"]["customer_id"]) < set(larger["customer_360"]["customer_id"])


def test_further_tables_are_cut_to_the_same_customers(workspaces):
    tables = open_workspace("complete_journey,customers=40,seed=1").at("2017-12-31")
    drawn = set(tables["customer_360"]["customer_id"])
    assert len(drawn) == 40
    assert set(tables["exposures"]["customer_id"]) <= drawn
    assert len(tables["products"]) > 90_000


@pytest.mark.parametrize("seed", range(5))
def test_a_small_sample_covers_the_days_of_the_whole(workspaces, cdnow, seed):
    sample = open_workspace(f"cdnow,customers=20,seed={seed}")
    assert sample.day_range == cdnow.workspace.day_range


def test_it_says_what_it_is():
    source = find_source("complete_journey,customers=300,seed=7")
    assert source.name == "complete_journey,customers=300,seed=7"
    assert source.title == "Complete Journey, 300 customers"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cdnow,customers=0", "customers must be 1 or more"),
        ("cdnow,seed=4", "customers must be 1 or more"),
        ("cdnow,customers=many", "customers is 'many'; it must be a whole number"),
        ("cdnow,customers=9,colour=3", "it has no setting 'colour'"),
    ],
)
def test_wrong_settings_are_named(name, words):
    with pytest.raises(BadInput, match=words):
        find_source(name)
