"""A part of a source has its own lines and nobody else's, and its books say what was left out."""

from datetime import date

import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.quality.quality import check_quality
from crm_lab.data.quality.reconciliation import reconcile

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
region = "region"
product_id = "product"
[source.tables.stores]
path = "stores.csv"
[source.tables.exposures]
path = "exposures.csv"
"""
LINES = """order,customer,store,amount,quantity,date,region,product
1,a,Bonn,10,1,2024-01-01,north,p
2,a,Ulm,20,1,2024-01-02,north,p
3,b,Ulm,30,1,2024-01-03,south,p
4,b,Ulm,-30,-1,2024-01-04,south,p
5,c,"Ulm, Süd",40,1,2024-01-05,north,p
6,c,,50,1,2024-01-06,north,p
7,,Bonn,60,1,2024-01-07,,p
8,a,Bonn,-20,-1,2024-01-08,north,p
9,a,Bonn,0,0,2024-01-08,north,p
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A suite of nine lines in three stores, one without a store, one of nothing for nothing."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    (folder / "shop.csv").write_text(LINES, encoding="utf-8")
    (folder / "stores.csv").write_text(
        'store_id,city,channel\nBonn,Bonn,store\nUlm,Ulm,store\n"Ulm, Süd",Ulm,store\n', encoding="utf-8"
    )
    (folder / "exposures.csv").write_text(
        "customer_id,campaign,date\na,x,2024-01-01\nc,x,2024-01-01\nz,x,2024-01-01\n", encoding="utf-8"
    )
    return str(folder / "shop.toml")


def orders(workspace):
    return set(workspace.stored("transactions")["order_id"])


@pytest.mark.parametrize(
    ("part", "its", "customers", "stores", "told"),
    [
        ("store=Bonn", {"1", "7", "8"}, {"a"}, {"Bonn"}, {"a"}),
        ("store_id=Ulm", {"2", "3", "4"}, {"a", "b"}, {"Ulm"}, {"a"}),
        ("store=Ulm, Süd", {"5"}, {"c"}, {"Ulm, Süd"}, {"c"}),
        ("city=Ulm", {"2", "3", "4", "5"}, {"a", "b", "c"}, {"Ulm", "Ulm, Süd"}, {"a", "c"}),
        ("region=north", {"1", "2", "5", "6", "8"}, {"a", "c"}, {"Bonn", "Ulm", "Ulm, Süd"}, {"a", "c"}),
    ],
)
def test_a_part_has_its_lines_customers_and_stores(shop, part, its, customers, stores, told):
    found = open_workspace(f"{shop},{part}")
    assert orders(found) == its
    assert set(found.stored("customers")["customer_id"]) == customers
    assert set(found.stored("stores")["store_id"]) == stores
    assert set(found.stored("exposures")["customer_id"]) == told
    assert set(found.at()["customer_360"]["customer_id"]) == customers
    assert found.day_range == (date(2024, 1, 1), date(2024, 1, 8))
    assert found.last_complete_day == date(2024, 1, 8)
    assert found.at().provenance()["title"] == f"shop · {part.partition('=')[2]}"


def test_parts_and_what_has_no_value_are_the_whole(shop):
    whole = open_workspace(shop)
    parts = [open_workspace(f"{shop},store={store}") for store in whole.parts("store")]
    assert whole.parts("store") == ["Bonn", "Ulm", "Ulm, Süd"]
    lines = pd.concat([part.stored("transactions") for part in parts]).sort_values("line_id", ignore_index=True)
    of_whole = whole.stored("transactions").query("store_id.notna()").reset_index(drop=True)
    pd.testing.assert_frame_equal(lines.drop(columns="return_of"), of_whole.drop(columns="return_of"))
    assert len({part.key for part in (whole, *parts)}) == 4


def test_a_return_of_another_parts_sale_returns_nothing_here(shop):
    pairs = {
        s: open_workspace(f"{shop},store={s}").stored("transactions")["return_of"].count() for s in ("Bonn", "Ulm")
    }
    assert open_workspace(shop).stored("transactions")["return_of"].count() == 2
    assert pairs == {"Bonn": 0, "Ulm": 1}


def test_the_books_of_a_part_say_what_was_left_out(shop):
    tables = open_workspace(f"{shop},store=Bonn").at()
    books = reconcile(tables, check_quality(tables))
    assert books.closes
    assert {item: books.total(item) for item in ("whole", "elsewhere", "raw", "clean", "quarantine")} == {
        "whole": (9, 160.0), "elsewhere": (5, 110.0), "raw": (4, 50.0), "clean": (3, 50.0), "quarantine": (1, 0.0),
    }  # fmt: skip
    said = books.readout().finding.text("en")
    assert said.endswith("of its 9 lines and 160.00 EUR, 5 lines and 110.00 are left out.")
    assert "5 行、110.00 未计入" in books.readout().finding.text("zh")
    assert books.facts()[-1].value == 110.0
    ledger = books.ledger.copy()
    ledger.loc[ledger["item"] == "elsewhere", "rows_touched"] -= 1
    assert not type(books)(ledger, "shop", "EUR").closes
    assert not reconcile(open_workspace(shop).at()).is_of_part


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("store=Berlin", "There is no line with store_id 'Berlin'"),
        ("shelf=3", "Parts cannot be told by 'shelf'; these data have store_id, city, channel, region."),
        ("amount=3", "Parts cannot be told by 'amount'"),
        ("customer_id=a", "Parts cannot be told by 'customer_id'"),
    ],
)
def test_what_is_no_part_is_refused(shop, part, problem):
    with pytest.raises(BadInput, match=problem):
        open_workspace(f"{shop},{part}")


def test_a_part_of_a_sample(complete_journey):
    part = open_workspace("complete_journey,customers=40,seed=7,age_group=45-54")
    assert part.stored("customers")["age_group"].unique().tolist() == ["45-54"]
    assert 0 < len(part.at("2017-12-31")["customer_360"]) < 40
    assert part.source == "complete_journey,customers=40,seed=7,age_group=45-54"
    assert complete_journey.workspace.source == "complete_journey"
