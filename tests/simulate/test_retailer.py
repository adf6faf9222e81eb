import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.simulate import load_scenario, make_retailer, open_key, scenario_names, student_seed
from crm_lab.simulate.scenario.streams import BLOCK
from crm_lab.tables import TABLES

DTYPES = {
    "text": pd.api.types.is_string_dtype,
    "integer": pd.api.types.is_numeric_dtype,  # null makes floats of integers
    "number": pd.api.types.is_numeric_dtype,
    "money": pd.api.types.is_float_dtype,
    "date": pd.api.types.is_datetime64_any_dtype,
    "flag": pd.api.types.is_bool_dtype,
}
BY_CUSTOMER = ("transactions", "customers", "tiers", "assignments", "enrolments", "rewards", "exposures")


@pytest.fixture(scope="module")
def fashion():
    return make_retailer("fashion", n_customers=1200, seed=11)


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_fills_the_tables_of_the_contract(name):
    shop = make_retailer(name, n_customers=200, seed=3)
    for table, frame in shop.tables.items():
        contract = TABLES[table]
        assert list(frame.columns) == [c for c in contract.column_names if c in frame], table
        for column in contract.columns:
            if column.required or column.name in frame:
                assert DTYPES[column.dtype](frame[column.name]), (table, column.name)
                assert column.nullable or frame[column.name].notna().all(), (table, column.name)
        if contract.key:
            assert not frame.duplicated(list(contract.key)).any(), table
    assert len(shop.tables["customers"]) == 200


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_says_what_is_true_and_what_is_naive_in_both_languages(name):
    says = load_scenario(name).says
    assert set(says) == {"en", "zh"}
    assert len(says["en"].true) == len(says["zh"].true) >= 2
    assert len(says["en"].naive) == len(says["zh"].naive) >= 2


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 2 * BLOCK + 40), st.integers(1, 300), st.integers(0, 2**32))
def test_more_customers_change_nobodys_rows(few, more, seed):
    small, large = (make_retailer("fashion", n, seed) for n in (few, few + more))
    for table in BY_CUSTOMER:
        ours = small.tables[table]
        pd.testing.assert_frame_equal(ours, large.tables[table].head(len(ours)), check_dtype=False)
    customers = open_key(small).customers
    pd.testing.assert_frame_equal(customers, open_key(large).customers.head(few))


def test_other_seeds_give_other_numbers_of_the_same_difficulty():
    shops = [make_retailer("null", 1000, student_seed(name)) for name in ("ada", "ben")]
    spend = [shop.tables["transactions"]["net_amount"].sum() for shop in shops]
    assert spend[0] != spend[1]
    assert spend[0] == pytest.approx(spend[1], rel=0.2)
    assert shops[0].scenario.timing == shops[1].scenario.timing


def test_switching_the_programme_off_leaves_other_lives_as_they_were():
    still = {"programme.pull_forward": 0.0}
    plain = {**still, "programme.on": False, "programme.orders": {}, "programme.spend": {}}
    with_it, without = make_retailer("fashion", 600, 5, still), make_retailer("fashion", 600, 5, plain)
    outside = ~open_key(with_it).customers["enrolled"].to_numpy()
    quiet = with_it.tables["customers"]["customer_id"][outside]
    ours, theirs = (_untouched(shop, quiet) for shop in (with_it, without))
    assert len(ours) > 1000
    pd.testing.assert_frame_equal(ours, theirs)


def _untouched(shop, customers):
    """Lines of these customers that nothing caused, without their numbers in the file."""
    lines = shop.tables["transactions"].drop(columns=["line_id", "source_row", "return_of"])
    kept = lines["customer_id"].isin(customers) & ~lines["order_id"].isin(_caused(shop))
    return lines[kept].reset_index(drop=True)


def _caused(shop):
    """Orders with a line that something caused, and the returns of such orders."""
    lines = shop.tables["transactions"]
    caused = lines["line_id"].isin(open_key(shop).lines["line_id"])
    orders = lines.loc[caused, "order_id"].str.removesuffix("R")
    return {*orders, *(orders + "R")}


def test_money_is_exact_to_the_cent_and_prices_multiply_out(fashion):
    lines = fashion.tables["transactions"].merge(fashion.tables["products"], on="product_id", validate="m:1")
    cents = (100 * lines[["gross_amount", "discount_amount", "net_amount", "list_price"]]).to_numpy()
    assert np.abs(cents - np.rint(cents)).max() < 1e-6
    gross, discount, net, price = np.rint(cents).astype(np.int64).T
    assert (gross - discount == net).all()
    assert (price * lines["quantity"] == gross).all()


def test_returns_undo_their_lines_later(fashion):
    lines = fashion.tables["transactions"]
    back = lines[lines["kind"] == "return"].merge(
        lines, left_on="return_of", right_on="line_id", suffixes=("", "_sale"), validate="1:1"
    )
    assert len(back) > 100
    assert (back["net_amount"] == -back["net_amount_sale"]).all()
    assert (back["quantity"] == -back["quantity_sale"]).all()
    assert (back["day"] > back["day_sale"]).all()
    assert (back["customer_id"] == back["customer_id_sale"]).all()
    assert not set(back["order_id"]) & set(lines.loc[lines["kind"] == "sale", "order_id"])


def test_nothing_is_sold_before_its_launch(fashion):
    lines = fashion.tables["transactions"].merge(fashion.tables["products"], on="product_id")
    sales = lines[(lines["kind"] == "sale") & lines["launched_on"].notna()]
    assert len(sales) > 500
    assert (sales["date"] >= sales["launched_on"]).all()


def test_orders_of_a_day_belong_to_one_customer_and_tell_nothing_about_who(fashion):
    lines = fashion.tables["transactions"]
    assert not lines.drop_duplicates(["order_id", "customer_id"])["order_id"].duplicated().any()
    first = lines.drop_duplicates("customer_id")["order_id"]
    assert not first.sort_values().index.equals(first.index)


def test_tiers_follow_from_what_was_spent(fashion):
    tiers = fashion.tables["tiers"]
    later = tiers[tiers["valid_from"] >= "2024-02-01"]  # by then the year before lies in the data
    lines = fashion.tables["transactions"].query("kind == 'sale'")
    for _, row in later.groupby("tier").head(20).iterrows():
        past = (lines["date"] >= row["valid_from"] - pd.Timedelta(days=365)) & (lines["date"] < row["valid_from"])
        spent = lines.loc[past & (lines["customer_id"] == row["customer_id"]), "net_amount"].sum()
        assert row["tier"] == ("A" if spent >= 600 else "B" if spent >= 250 else "C")


def test_spans_of_tiers_do_not_overlap(fashion):
    tiers = fashion.tables["tiers"]
    after = tiers.groupby("customer_id")["valid_from"].shift(-1)
    assert ((after - tiers["valid_to"]).dropna() == pd.Timedelta(days=1)).all()
    assert (tiers["valid_to"].isna() == after.isna()).all()


def test_the_ledger_of_points_balances(fashion):
    ledger = fashion.tables["rewards"]
    running = ledger.groupby("customer_id")["points"].cumsum()
    assert (running >= 0).all()
    assert (ledger.groupby("customer_id")["points"].sum() == 0).all()
    redeemed = ledger[ledger["kind"] == "redeem"]
    given = fashion.scenario.programme
    assert len(redeemed) > 20
    assert (redeemed["points"] == -given.reward_points).all()
    assert (redeemed["cost_amount"] == given.reward_value).all()
    assert set(ledger["customer_id"]) <= set(fashion.tables["enrolments"]["customer_id"])


def test_points_are_earned_by_net_spend_of_the_order(fashion):
    earned = fashion.tables["rewards"].query("kind == 'earn'").set_index("order_id")["points"]
    sales = fashion.tables["transactions"].query("kind == 'sale'").groupby("order_id")["net_amount"].sum()
    assert (earned == np.floor(sales[earned.index].round(2) + 1e-9)).all()


def test_costs_add_up(fashion):
    costs = fashion.tables["costs"].groupby("item")["amount"].sum()
    sent = fashion.tables["exposures"].groupby(fashion.tables["exposures"]["campaign"] == "save_offer")["cost_amount"]
    assert costs["messages"] == pytest.approx(sent.sum()[False], abs=0.005)
    assert costs["save_offer"] == pytest.approx(sent.sum()[True], abs=0.005)
    treated = fashion.tables["assignments"].query("experiment == 'loyalty' and arm == 'treatment'")
    assert costs["setup"] == pytest.approx(len(treated) * fashion.scenario.programme.setup_cost, abs=0.005)


def test_the_data_say_that_they_are_made_up(fashion):
    assert fashion.provenance()["simulated"] is True
    assert fashion.provenance()["source"] == "simulated:fashion"


def test_the_key_is_not_among_the_tables_nor_shown(fashion):
    assert "rate_per_week" not in repr(fashion)
    assert not any("effect" in c or "rate" in c for frame in fashion.tables.values() for c in frame)


@pytest.mark.parametrize(
    ("name", "lines", "cents"),
    [
        ("baskets", 222_697, 116_476_049),
        ("beauty", 8_306, 13_717_039),
        ("cohort", 4_229, 6_537_902),
        ("fashion", 5_068, 11_005_721),
        ("grocery", 439_246, 133_079_352),
        ("messy", 5_116, 11_131_360),
        ("null", 5_492, 12_881_906),
        ("offer", 5_211, 11_320_755),
        ("personas", 76_129, 187_093_144),
        ("pilot", 13_811, 35_686_353),
        ("points", 20_733, 47_055_717),
    ],
)
def test_a_seed_means_what_it_meant(name, lines, cents):
    """Figures of this code, not of a paper: a change to them is a line in the CHANGELOG."""
    made = make_retailer(name, n_customers=600, seed=1).tables["transactions"]
    assert (len(made), round(100 * made["net_amount"].sum())) == (lines, cents)
