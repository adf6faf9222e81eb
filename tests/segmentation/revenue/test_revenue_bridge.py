"""Revenue of one page follows from that of another to the cent, and what does not is said."""

import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.data.quality.reconciliation import reconcile
from crm_lab.segmentation import RFM, Migration, Tiers, purchase_values
from crm_lab.segmentation.customer_base import CustomerBaseAudit
from crm_lab.segmentation.revenue.amounts_by_kind import amounts_by_kind
from crm_lab.segmentation.revenue.concentration import revenue_concentration
from crm_lab.segmentation.revenue.revenue_bridge import revenue_bridge

DAYS = {
    "complete_journey": "2017-12-31", "cdnow": "1998-06-30", "simulated:fashion": "latest", "simulated:messy": "latest",
}  # fmt: skip
MESSY = """order_id,customer_id,date,product_id,quantity,amount
1,a,2024-01-05,shirt,1,30.00
2,,2024-01-06,shirt,2,60.00
3,b,2024-02-01,shirt,1,30.00
4,b,2024-02-09,shirt,-1,-30.00
5,c,2024-03-01,coat,-1,-99.90
6,,2024-03-02,shirt,-1,-30.00
7,a,2024-12-24,coat,1,99.90
"""


@pytest.fixture(scope="module", params=DAYS)
def tables(request):
    return open_workspace(request.param).at(DAYS[request.param])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "lines.csv").write_text(MESSY, encoding="utf-8")
    columns = {"order_id": "order_id", "customer_id": "customer_id", "date": "date", "product_id": "product_id",
               "quantity": "quantity", "amount": "amount"}  # fmt: skip
    named = "\n".join(f'{role} = "{column}"' for role, column in columns.items())
    suite = folder / "shop.toml"
    suite.write_text(f'[source]\nname = "bridge"\npath = "{folder}/lines.csv"\ncurrency = "EUR"\n'
                     f'timezone = "UTC"\ndate_format = "%Y-%m-%d"\n[source.columns]\n{named}\n')  # fmt: skip
    return open_workspace(str(suite))


def test_every_page_states_page_one_s_revenue_less_named_parts(tables):
    amounts, customers = amounts_by_kind(tables), tables["customer_360"]
    values = purchase_values(tables["transactions"], as_of=tables.as_of).frame
    tiers = Tiers().analyze(customers, as_of=tables.as_of)
    base = CustomerBaseAudit().analyze(amounts, as_of=tables.as_of)
    moves = Migration(period="month").analyze(amounts, as_of=tables.as_of)
    stated = {
        "03 base": base.deciles["revenue"].sum(),
        "03 periods": base.periods["revenue"].sum(),
        "04 segments": RFM().fit(values, as_of=tables.as_of).segments().to_frame()["revenue"].sum(),
        "05 tiers": tiers.to_frame()["revenue"].sum(),
        "05 moves": moves.spend.sum().sum(),  # as_of ends a month, so that every day is in a whole one
        "customer_360": customers["revenue"].sum(),
    }
    way = {page: revenue_bridge(tables, float(revenue)) for page, revenue in stated.items()}
    assert not [page for page, found in way.items() if not found.closes]
    first = way["03 base"].to_frame()
    assert first["amount"].iloc[0] == reconcile(tables).total("clean")[1]
    assert first["amount"].iloc[:-1].sum() == pytest.approx(first["amount"].iloc[-1], abs=1e-6)
    assert first["lines"].iloc[0] == first["lines"].iloc[1:].sum()


def test_the_best_fifth_is_one_number_wherever_it_is_said(tables):
    base = CustomerBaseAudit().analyze(amounts_by_kind(tables), as_of=tables.as_of)
    tiers = Tiers().analyze(tables["customer_360"], as_of=tables.as_of)
    facts = [{f.id: f.to_json() for f in found.facts()} for found in (base, tiers)]
    for name in ("revenue.top_20_share", "revenue.gini"):
        assert facts[0][name] == facts[1][name]


def test_the_interval_is_the_same_in_any_order_of_customers():
    revenue = pd.Series([5.0, 1.0, 3.0, -2.0, 8.0, 0.1 + 0.2])
    assert revenue_concentration(revenue) == revenue_concentration(revenue.iloc[::-1].replace(0.1 + 0.2, 0.3))


def test_each_part_is_named_and_counted(shop):
    way = revenue_bridge(shop.at("2024-06-30"))
    found = {row["step"]: (row["lines"], row["amount"]) for row in way.to_frame().to_dict("records")}
    assert found == {
        "clean": (7, 60.0),
        "later": (1, -99.9),
        "unknown_sales": (1, -60.0),
        "unknown_returns": (1, 30.0),
        "without_purchase": (1, 99.9),
        "named": (3, 30.0),
    }
    assert way.unknown == pytest.approx(0.5)
    assert way.readout().action.text("en").startswith("50% of sales name no customer")


def test_sale_lines_before_returns_are_another_revenue(shop):
    way = revenue_bridge(shop.at("2024-06-30"), 60.0, to="sales")
    assert way.closes
    assert way.amount("returns") == 30.0
    assert way.to_frame()["step"].iloc[-1] == "sales"


def test_a_figure_that_nothing_explains_is_said(shop):
    way = revenue_bridge(shop.at("2024-06-30"), 30.5)
    assert not way.closes
    assert way.amount("unexplained") == 0.5
    assert "states +0.50 EUR that no part explains" in way.readout().text("en")
    assert "+0.50 EUR 没有任何一项可以解释" in way.readout().text("zh")


def test_uci_nets_returns_on_every_page(uci):
    tables = uci.at("2011-12-09")
    base = CustomerBaseAudit().analyze(amounts_by_kind(tables), as_of=tables.as_of)
    revenue = float(base.deciles["revenue"].sum())
    assert round(revenue, 2) == round(tables["customer_360"]["revenue"].sum(), 2)
    assert revenue_bridge(tables, revenue).closes
    assert base.concentration == Tiers().analyze(tables["customer_360"], as_of=tables.as_of).spread
