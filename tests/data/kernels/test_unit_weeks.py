import numpy as np
import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.data.kernels.unit_weeks import unit_weeks

SHOP = """
[source]
name = "shop"
path = "shop.csv"
date_format = "%Y-%m-%d"
[source.columns]
order_id = "order"
customer_id = "customer"
store_id = "store"
amount = "amount"
quantity = "quantity"
date = "date"
product_id = "product"
[source.tables.stores]
path = "stores.csv"
[source.tables.products]
path = "products.csv"
[source.tables.customers]
path = "customers.csv"
"""
LINES = """order,customer,store,amount,quantity,date,product
0,a,Nord,99,1,2024-01-06,p
1,a,Nord,10,1,2024-01-08,p
1,a,Nord,20,2,2024-01-08,p
2,b,Nord,30,1,2024-01-14,p
3,,Nord,5,1,2024-01-15,p
4,b,Nord,-30,-1,2024-01-22,p
5,c,Nord,8,1,2024-01-29,p
6,c,Sued,40,1,2024-01-09,p
7,c,Sued,50,1,2024-01-31,p
8,c,WEB,60,1,2024-01-17,p
9,d,WEB,70,1,2024-01-17,q
10,c,,15,1,2024-01-18,p
11,a,Nord,1000,1,2024-02-07,p
"""
STORES = "store_id,city,channel\nNord,Bonn,store\nSued,Bonn,store\nWEB,,online\n"
PRODUCTS = "product_id,unit_cost\np,4\n"
CUSTOMERS = "customer_id,city\na,Bonn\nb,Bonn\nc,Ulm\n"


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    files = {"shop.toml": SHOP, "shop.csv": LINES, "stores.csv": STORES, "products.csv": PRODUCTS}
    for name, text in {**files, "customers.csv": CUSTOMERS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return open_workspace(str(folder / "shop.toml")).at("2024-02-07")


def test_weeks_of_stores_are_whole_and_filled_between_first_and_last(tables):
    panel = unit_weeks(tables)
    assert (panel.first.isoformat(), panel.last.isoformat(), panel.weeks) == ("2024-01-08", "2024-02-04", 4)
    nord = panel.frame[panel.frame["unit"] == "Nord"].set_index(panel.frame["week"][:4])
    assert nord["sales"].tolist() == [60.0, 5.0, -30.0, 8.0]  # returns in their own week
    assert nord["receipts"].tolist() == [2, 1, 0, 1]
    assert nord["customers"].tolist() == [2, 0, 0, 1]  # a receipt of nobody known
    sued = panel.frame[panel.frame["unit"] == "Sued"]
    assert sued["sales"].tolist() == [40.0, 0.0, 0.0, 50.0]
    assert panel.frame[panel.frame["unit"] == "WEB"]["sales"].tolist() == [130.0]  # not filled before or after
    assert panel.full == ("Nord",)
    assert panel.throughout == ("Nord", "Sued")
    assert panel.of(panel.full)["unit"].unique().tolist() == ["Nord"]
    table = panel.unbalanced.set_index("unit")
    assert table["weeks_traded"].to_dict() == {"Sued": 2, "WEB": 1}
    assert table["empty_weeks"].to_dict() == {"Sued": 2, "WEB": 0}


def test_what_is_left_out_is_counted_and_nothing_is_lost(tables):
    panel = unit_weeks(tables)
    total = sum(float(line.split(",")[3]) for line in LINES.splitlines()[1:])
    assert panel.cut_days == 2
    assert panel.cut_sales == 99 + 1000
    assert panel.unplaced_sales == 15
    assert panel.frame["sales"].sum() + panel.cut_sales + panel.unplaced_sales == total
    *said, last = panel.notes()
    assert said == [
        "4 weeks, Monday to Sunday, 2024-01-08 to 2024-02-04: 3 stores, 1 of them with sales in each week.",
        "Left out are days of weeks that had begun before or had not ended: 2, net sales 1,099.00.",
        "Left out: net sales 15.00 (5.4%) that belong to none of the stores.",
    ]
    assert last == (
        "2 of 3 stores do not trade in each week: 1 begin later, 1 end earlier, "
        "and 2 weeks in between without a line count as 0."
    )


def test_a_city_has_its_stores_and_what_its_customers_buy_elsewhere(tables):
    panel = unit_weeks(tables, "city")
    sums = panel.frame.groupby("unit")["sales"].sum().to_dict()
    assert sums == {"Bonn": 60 + 5 - 30 + 8 + 90, "Ulm": 60 + 15}
    assert panel.unplaced_sales == 70


def test_margin_stands_where_costs_are_known_and_says_of_how_much(tables, tmp_path):
    assert "gross_margin" not in unit_weeks(tables).frame  # a quarter of sales has no cost
    (tmp_path / "shop.csv").write_text(LINES.replace(",70,1,2024-01-17,q", ",7,1,2024-01-17,q"), encoding="utf-8")
    (tmp_path / "shop.toml").write_text(SHOP.replace('"shop"', '"costed"'), encoding="utf-8")
    for name, text in (("stores.csv", STORES), ("products.csv", PRODUCTS), ("customers.csv", CUSTOMERS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    panel = unit_weeks(open_workspace(str(tmp_path / "shop.toml")).at("2024-02-07"))
    margin = panel.frame.set_index(["unit", "week"])["gross_margin"]
    assert margin["Nord"].tolist() == [60 - 4 * 4, 5 - 4, -30 + 4, 8 - 4]
    assert margin["WEB"].item() == pytest.approx(67 * 56 / 60, abs=1e-4)
    assert panel.costed == pytest.approx(1 - 7 / panel.frame["sales"].sum(), abs=0.01)
    assert panel.notes()[-1].endswith("of sales is known; the rest earns the margin of the same stores.")


def test_the_last_so_many_weeks(tables):
    panel = unit_weeks(tables, weeks=2)
    assert (panel.first.isoformat(), panel.weeks) == ("2024-01-22", 2)
    assert panel.cut_days == 1
    assert panel.units == ("Nord", "Sued")


def test_what_cannot_be_answered_is_said(tables):
    with pytest.raises(CannotAnswer, match=r"4 whole weeks .* between 2024-01-06 and 2024-02-07; 9 are needed"):
        unit_weeks(tables, weeks=9)
    with pytest.raises(CannotAnswer, match="No line says in which of the stores it was sold"):
        unit_weeks(open_workspace("cdnow_sample").at("1998-06-30"))
    with pytest.raises(CannotAnswer, match="No line says in which of the cities it was sold"):
        unit_weeks(open_workspace("complete_journey").at("2017-12-31"), "city")
    with pytest.raises(BadInput, match="by is 'region'; it must be store or city"):
        unit_weeks(tables, "region")
    with pytest.raises(BadInput, match="weeks is 0; it must be 1 or more"):
        unit_weeks(tables, weeks=0)


def test_complete_journey_by_other_means():
    tables = open_workspace("complete_journey").at("2017-12-31")
    panel, lines = unit_weeks(tables), tables["transactions"]
    lines = lines[(lines["kind"] != "fee") & (lines["date"] >= "2017-01-02")]
    week = lines["date"].dt.to_period("W-SUN").dt.start_time
    expected = lines.groupby([lines["store_id"], week])["net_amount"].sum()
    ours = panel.frame.set_index(["unit", "week"])["sales"]
    np.testing.assert_allclose(ours[ours.index.isin(expected.index)], expected, atol=1e-6)
    assert (ours[~ours.index.isin(expected.index)] == 0).all()
    assert panel.weeks == 52
    assert pd.Series(panel.full).isin(expected.groupby(level=0).size().loc[lambda n: n == 52].index).all()


def test_cities_of_the_simulated_retailer_are_those_of_its_key():
    from crm_lab.simulate import key_of

    source = "simulated:pilot,customers=600"
    panel, truth = unit_weeks(open_workspace(source).at("latest"), "city"), key_of(source).pilot_truth().frame
    ours = panel.frame.set_index(["unit", "week"])
    truth = truth.set_index(["city", "week"]).rename_axis(["unit", "week"])
    truth = truth.loc[truth.index.intersection(ours.index)]
    for column, name in (("sales", "sales"), ("gross_margin", "margin")):
        expected = truth[f"{name}_with"].where(truth["treated"], truth[f"{name}_without"])
        np.testing.assert_allclose(ours.loc[truth.index, column], expected, atol=0.006)
