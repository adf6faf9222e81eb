"""Where a test comes from: own file, the contract's tables, planted histories."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, OwnTest, PlantedTest, Programme, TableTest, mean_of, open_test, stated_test
from crm_lab.experiments.origins.open_test import EXAMPLE
from crm_lab.project import project_root
from crm_lab.simulate import make_retailer, open_key


@dataclass
class Shop:
    """Tables in memory."""

    tables: dict
    as_of: date = field(default=date(2017, 12, 31))

    def __contains__(self, name):
        return name in self.tables

    def __getitem__(self, name):
        return self.tables[name].copy()


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_file_with_one_row_per_unit_is_a_test(households, tmp_path, kind):
    path = tmp_path / f"test.{kind}"
    writers = {"csv": households.to_csv, "parquet": households.to_parquet, "xlsx": households.to_excel}
    writers[kind](path, index=False)
    own = OwnTest(file=str(path), covariates="spend_before, orders", unit="customer_id")
    test = open_test(Shop({}), own)
    assert test.counts() == households["arm"].value_counts().reindex(["control", "treatment"]).to_dict()
    assert test.covariates == ("spend_before", "orders")
    assert not test.simulated


def test_files_that_are_not_there_or_no_table_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"There is no file nowhere\.csv"):
        OwnTest(file="nowhere.csv").open()
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(BadInput, match="is empty; give a file with column names and rows"):
        OwnTest(file=str(tmp_path / "t.csv")).open()


def test_numeric_arms_and_ids_are_text(households, tmp_path):
    households = households.assign(arm=(households["arm"] == "treatment").astype(int), customer_id=range(600))
    households.to_csv(tmp_path / "t.csv", index=False)
    test = OwnTest(file=str(tmp_path / "t.csv"), control="0", unit="customer_id").open()
    assert test.arms == ("0", "1")


def test_without_any_origin_the_user_is_told():
    with pytest.raises(BadInput, match="There is no test in these data"):
        open_test(Shop({}), OwnTest(file=""), TableTest(experiment=""))


def test_a_planted_test_knows_its_truth():
    orders = pd.DataFrame(
        {
            "customer_id": [str(i) for i in range(40)] * 2,
            "date": pd.to_datetime(["2017-06-01"] * 40 + ["2017-08-01"] * 40),
            "net_amount": np.arange(80.0),
        }
    )
    planted = PlantedTest(start="2017-07-01", pre_days=60, post_days=60, seed=1, lift=0.1)
    test = open_test(Shop({"orders": orders}), OwnTest(file=""), planted)
    assert test.simulated
    assert test.truth["spend"] == pytest.approx(0.1 * test.frame["untouched_spend"].mean())
    treated = test.frame["arm"] == "treatment"
    np.testing.assert_allclose(test.frame["spend"][treated], 1.1 * test.frame["untouched_spend"][treated])


@pytest.fixture(scope="module")
def retailer():
    return make_retailer("grocery", n_customers=300, seed=5)


def test_a_test_in_the_tables_agrees_with_the_key(retailer):
    """The effect's interval holds what the key says the offer did to those who were drawn."""
    given = retailer.scenario.programme
    until = retailer.scenario.start + pd.Timedelta(days=given.start + given.days - 1)
    shop = Shop(dict(retailer.tables), retailer.scenario.last_date)
    test = TableTest(experiment="loyalty", until=f"{until:%Y-%m-%d}").open(shop)
    key = open_key(retailer).customers.set_index("customer_id").loc[test.frame["customer_id"]]
    truth = (key["spend_1"] - np.where(key["contaminated"], key["spend_1"], key["spend_0"])).mean()
    e = Effects(metrics=(mean_of("spend"),)).analyze(test).headline
    assert e.found.lo < truth < e.found.hi
    # the outcome itself is the key's, unit by unit
    world = np.where(key["treated"] | key["contaminated"], key["spend_1"], key["spend_0"])
    np.testing.assert_allclose(test.frame["spend"], world, atol=0.01)
    orders = np.where(key["treated"] | key["contaminated"], key["orders_1"], key["orders_0"])
    assert test.frame["orders"].tolist() == orders.tolist()  # returns are no orders
    assert "enrolled" in test.outcomes


def test_unfinished_windows_and_unknown_experiments_are_refused(retailer):
    shop = Shop(dict(retailer.tables), retailer.scenario.last_date)
    with pytest.raises(BadInput, match="There is no experiment 'points'; assignments has loyalty"):
        TableTest(experiment="points", until="2024-01-01").open(shop)
    with pytest.raises(BadInput, match="unfinished window reads as lost spend"):
        TableTest(experiment="loyalty", until="2030-01-01").open(shop)
    with pytest.raises(BadInput, match="were assigned after 2023-01-05, when their outcome had ended"):
        TableTest(experiment="loyalty", until="2023-01-05").open(shop)


def test_a_test_in_the_tables_knows_its_money_weeks_and_funnel(retailer):
    """Margin, later margin, rewards: unit by unit those of the answer key; weeks add up to the window."""
    given = retailer.scenario.programme
    until = retailer.scenario.start + pd.Timedelta(days=given.start + given.days - 1)
    shop = Shop(dict(retailer.tables), retailer.scenario.last_date)
    test = TableTest(experiment="loyalty", until=f"{until:%Y-%m-%d}", later_days=28).open(shop)
    key = open_key(retailer).customers.set_index("customer_id").loc[test.frame["customer_id"]]
    assert test.funnel == ("enrolled", "active", "redeemed")
    assert test.segments == ("tier", "assigned_on")
    assert set(test.money) == {"margin", "rewards", "member_spend", "later"}
    margin = np.where(key["treated"], key["margin_1"], key["margin_0"])
    np.testing.assert_allclose(test.frame["margin"], margin, atol=0.01)
    np.testing.assert_allclose(test.frame["rewards"], key["rewards_cost"], atol=1e-9)
    assert (test.frame.loc[~key["enrolled"].to_numpy(), "member_spend"] == 0).all()
    weeks = test.frame.filter(regex="^week_")
    assert weeks.shape[1] == given.days // 7
    np.testing.assert_allclose(weeks.sum(axis=1), test.frame["spend"], atol=1e-6)  # 182 days are 26 weeks
    assert TableTest(experiment="loyalty", until=f"{until:%Y-%m-%d}").open(shop).money.keys() == {
        "margin", "rewards", "member_spend",
    }  # fmt: skip


def test_from_design_to_decision_the_simulated_programme_agrees_with_its_key(retailer):
    """The grocery chain's programme does not pay: every part's interval holds the key's, and nobody ships it."""
    given = retailer.scenario.programme
    until = retailer.scenario.start + pd.Timedelta(days=given.start + given.days - 1)
    shop = Shop(dict(retailer.tables), retailer.scenario.last_date)
    later = (retailer.scenario.last_date - until).days
    test = TableTest(experiment="loyalty", until=f"{until:%Y-%m-%d}", later_days=later).open(shop)
    key = open_key(retailer).profit_and_loss()
    treated = test.counts()["treatment"]
    fixed = -(key["setup"] + key["running"]) / treated
    answer = Programme(margin_share=1.0, reward_rate=0.0, contact_cost=fixed).analyze(test, "spend", **test.money)
    names = {"margin": "extra_margin", "pulled_forward": "pulled_forward", "rewards_anyway": "rewards_subsidised"}
    for part, true in names.items():
        value, se = answer.parts.total([part])
        assert abs(value - key[true] / treated) < 2.5 * se, part
    value, se = answer.parts.total(["rewards_new", "rewards_anyway"])  # for all drawn; the key's are the treated arm's
    assert abs(value - (key["rewards_subsidised"] + key["rewards_incremental"]) / treated) < 2.5 * se
    assert answer.returns.multiple_set().contains(1 + key["roi"])
    assert key["profit"] < 0
    assert answer.decision != "ship"


def test_settings_name_a_test_of_any_origin():
    assert stated_test("", "", "cdnow") == PlantedTest(source="cdnow")
    assert stated_test("", "start = 2017-06-01; lift = 0.2; seed = 3", "cdnow") == PlantedTest(
        source="cdnow", start="2017-06-01", lift=0.2, seed=3
    )
    waiting = "pre_days = 90; until = 2024-06-30"  # as init writes it: the experiment is the user's to name
    assert stated_test("", waiting, "shop.toml").given is False
    named = stated_test("", f"experiment = spring; {waiting}; treatment = mail", "shop.toml")
    assert named == TableTest(experiment="spring", pre_days=90, until="2024-06-30", treatment="mail")
    assert stated_test("units.csv", "arm = group", "").arm == "group"


@pytest.mark.parametrize(
    "settings", ["experiment = spring; arm = group; control = hold-out", "experiment = loyalty; until = 2024-08-05"]
)
def test_a_file_and_an_experiment_in_the_tables_are_two_tests(settings, monkeypatch):
    for lang, said in (("en", "it can be one of them"), ("zh", "只能取其一")):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        with pytest.raises(BadInput, match=said):
            stated_test("units.csv", settings, "shop.toml")


def test_the_example_of_page_17_gives_way_to_a_file():
    page = next((project_root() / "notebooks").glob("17_*.ipynb")).read_text(encoding="utf-8")
    assert f'test_settings: str = \\"{EXAMPLE}\\"' in page
    assert stated_test("units.csv", EXAMPLE, "") == OwnTest(file="units.csv")


@pytest.mark.parametrize(
    ("settings", "en", "zh"),
    [("colour = red", "colour is no setting", "colour 不是"), ("lift = much", "lift is 'much'", "lift 为 'much'"),
     ("loyalty", "begin with 'loyalty'", "以 'loyalty' 开头")],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused_in_both_languages(settings, en, zh, monkeypatch):
    for lang, said in (("en", en), ("zh", zh)):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        with pytest.raises(BadInput, match=said):
            stated_test("", settings, "cdnow")


def test_a_test_in_tables_may_have_several_treatments():
    days = pd.Timestamp("2017-06-01")
    drawn = pd.DataFrame({
        "experiment": "spring", "customer_id": [f"c{i}" for i in range(60)],
        "arm": ["control", "card", "mail"] * 20, "assigned_on": days,
    })  # fmt: skip
    lines = pd.DataFrame({
        "customer_id": drawn["customer_id"], "date": days + pd.Timedelta(days=3), "order_id": drawn["customer_id"],
        "kind": "sale", "net_amount": np.arange(60.0),
    })  # fmt: skip
    shop = Shop({"assignments": drawn, "transactions": lines})
    origin = TableTest(experiment="spring", pre_days=30, until="2017-06-30")
    with pytest.raises(BadInput, match="Say which: treatment"):
        origin.open(shop)
    assert replace(origin, treatment="mail").open(shop).arms == ("control", "mail")
    assert origin.open_all(shop).treatments == ("card", "mail")
