"""What a scenario file says in numbers is so."""

import pandas as pd
import pytest

from crm_lab.simulate import make_retailer, open_key


def _silent(shop, days):
    """Customers whose last order lies `days` to `days + 30` before the window's end, from the key."""
    sales = shop.tables["transactions"].query("kind == 'sale'")
    age = (pd.Timestamp(shop.scenario.last_date) - sales.groupby("customer_id")["date"].max()).dt.days
    key = open_key(shop).customers.set_index("customer_id")
    return key.loc[age.index[age.between(days, days + 30)]]


def test_four_in_five_of_the_silent_have_not_left_fashion():
    silent = _silent(make_retailer("fashion", 8000), 90)
    assert len(silent) > 150
    assert silent["alive_at_end"].mean() == pytest.approx(0.8, abs=0.08)


@pytest.mark.slow
def test_one_in_thirty_leaves_grocery_and_one_in_seven_of_the_lower_half_rises_by_itself():
    off = {"programme.on": False, "programme.orders": {}, "programme.spend": {}, "programme.pull_forward": 0.0}
    shop = make_retailer("grocery", 1500, overrides=off)
    key = open_key(shop).customers
    assert (~key["alive_at_end"]).mean() == pytest.approx(1 / 30, abs=0.015)
    sales = shop.tables["transactions"].query("kind == 'sale' and date >= '2023-04-01' and date < '2023-10-01'")
    sales = sales.assign(quarter=sales["date"].dt.quarter)
    spend = sales.pivot_table(index="customer_id", columns="quarter", values="net_amount", aggfunc="sum")
    rank = spend.rank(pct=True)
    low = rank[2] <= 0.5
    rises = (rank[3] > 0.5) & (rank[3] <= 0.8)
    assert (low & rises).sum() / low.sum() == pytest.approx(1 / 7, abs=0.03)


def test_a_tenth_of_the_silent_come_back_in_null_with_or_without_the_offer():
    shop = make_retailer("null", 12_000)
    drawn = shop.tables["assignments"].query("experiment == 'save_offer'")
    sales = shop.tables["transactions"].query("kind == 'sale'")
    start = drawn["assigned_on"].iloc[0]
    soon = sales[sales["date"].between(start + pd.Timedelta(days=1), start + pd.Timedelta(days=28))]
    back = drawn["customer_id"].isin(soon["customer_id"]).groupby(drawn["arm"]).mean()
    assert back["treatment"] == pytest.approx(0.1, abs=0.03)
    assert back["control"] == pytest.approx(0.1, abs=0.03)


def test_the_frequent_spend_more_in_beauty():
    key = open_key(make_retailer("beauty", 4000)).customers
    frequent = key["rate_per_week"] > key["rate_per_week"].median()
    means = key.groupby(frequent)["mean_order_value"].mean()
    assert means[True] > 1.1 * means[False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "pays"), [("fashion", True), ("beauty", True), ("grocery", False), ("null", False)]
)
def test_where_the_programme_pays(scenario, pays):
    profit = open_key(make_retailer(scenario)).profit_and_loss()["profit"]
    assert (profit > 0) == pays
