"""The tree adds up, meets a truth computed by hand, and says when a change is season rather than growth."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab import BadInput, open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.plots import draw
from crm_lab.segmentation.revenue.amounts_by_kind import amounts_by_kind
from crm_lab.segmentation.revenue.revenue_tree import RevenueTree, split_change

factors = st.lists(st.floats(0.01, 1e4), min_size=3, max_size=3).map(np.array)


@given(factors, factors)
def test_parts_add_up_to_the_change(before, after):
    scale = max(before.prod(), after.prod())  # differences of products carry their rounding
    assert split_change(before, after).sum() == pytest.approx(after.prod() - before.prod(), abs=1e-10 * scale)


def test_a_single_factor_takes_the_whole_change():
    parts = split_change(np.array([10.0, 2.0, 5.0]), np.array([10.0, 3.0, 5.0]))
    assert parts.tolist() == pytest.approx([0, 50, 0])


def rows(*lines):
    columns = ["order_id", "customer_id", "date", "kind", "net_amount"]
    frame = pd.DataFrame(lines, columns=columns)
    return frame.assign(date=pd.to_datetime(frame["date"]))


LINES = rows(
    ("1", "a", "2023-04-03", "sale", 100.0),
    ("r", "a", "2023-05-03", "return", -10.0),
    ("2", None, "2023-06-03", "sale", 5.0),
    ("3", "a", "2024-04-01", "sale", 100.0),
    ("4", "a", "2024-04-02", "sale", 60.0),
    ("4", "a", "2024-04-02", "sale", 40.0),
    ("5", "b", "2024-05-01", "sale", 120.0),
    ("6", "b", "2024-06-30", "sale", 80.0),
    ("r", "b", "2024-06-30", "return", -30.0),
    ("7", None, "2024-06-30", "sale", 20.0),
    ("7", None, "2024-06-30", "return", -5.0),
    ("8", "b", "2024-06-30", "fee", 2.0),
)
YEAR_ON_YEAR = {"before": (date(2023, 4, 1), date(2023, 6, 30)), "after": (date(2024, 4, 1), date(2024, 6, 30))}


def test_contributions_meet_the_truth_by_hand():
    # 1 customer x 1 order x 100 becomes 2 x 2 x 100: of the 300 more, ln 2 / ln 4 = half is each doubled factor's
    tree = RevenueTree().analyze(LINES, as_of="2024-06-30", currency="EUR", **YEAR_ON_YEAR)
    found = tree.to_frame().set_index("node")["contribution"]
    assert found.to_dict() == pytest.approx(
        {
            "revenue": 387 - 95, "sales": 300, "customers": 150, "orders_per_customer": 150, "basket": 0,
            "returns": -20, "unknown_customers": 10, "fees": 2,
        }
    )  # fmt: skip
    assert tree.leaves["contribution"].sum() == pytest.approx(tree.change)


def test_without_windows_the_same_period_a_year_before_is_taken():
    early = rows(("0", "a", "2023-01-01", "sale", 1.0))
    tree = RevenueTree().analyze(pd.concat([early, LINES]), as_of="2024-07-31")
    assert (tree.before, tree.after) == (YEAR_ON_YEAR["before"], YEAR_ON_YEAR["after"])
    assert tree.same_season
    assert tree.readout().action.text("en").startswith("Look at ")


def test_a_change_without_a_year_before_is_no_growth(complete_journey):
    tree = RevenueTree().analyze(amounts_by_kind(complete_journey), as_of=complete_journey.as_of, currency="USD")
    assert (tree.before[0], tree.after[0]) == (date(2017, 7, 1), date(2017, 10, 1))
    assert not tree.same_season
    assert "cannot be told from growth" in tree.readout().certainty.text("en")
    assert tree.readout().action.text("en").startswith("Plan nothing on this change")


@pytest.mark.parametrize("source", ["complete_journey", "cdnow_sample", "simulated:messy"])
def test_the_root_is_the_revenue_of_the_clean_lines_in_the_window(source):
    tables = open_workspace(source).at("latest")
    tree = RevenueTree().analyze(amounts_by_kind(tables), as_of=tables.as_of)
    for window, column in ((tree.before, "before"), (tree.after, "after")):
        inside = (
            f"select sum(net_amount) as revenue from transactions where date between '{window[0]}' and '{window[1]}'"
        )
        assert round(tree.to_frame()[column].iloc[0], 2) == round(tables.sql(inside)["revenue"].item(), 2)
    assert tree.leaves["contribution"].sum() == pytest.approx(tree.change, abs=1e-6)


def test_ids_and_columns_are_the_same_in_chinese(monkeypatch):
    tree = RevenueTree().analyze(LINES, as_of="2024-06-30", **YEAR_ON_YEAR)
    ids, columns = [fact.id for fact in tree.facts()], list(tree.to_frame())
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    assert [fact.id for fact in tree.facts()] == ids
    assert list(tree.to_frame()) == columns
    assert tree.shown()["node"].iloc[2] == "购买客户数"
    assert len(draw(tree).patches) == 6


def test_what_has_no_tree_is_refused():
    with pytest.raises(CannotAnswer, match="two complete periods"):
        RevenueTree().analyze(LINES.iloc[3:], as_of="2024-06-30")
    nobody = LINES[LINES["customer_id"].isna() | (LINES["date"] > "2024")]
    with pytest.raises(CannotAnswer, match="No named customer bought anything from 2023-04-01 to 2023-06-30"):
        RevenueTree().analyze(nobody, as_of="2024-06-30", **YEAR_ON_YEAR)
    with pytest.raises(BadInput, match="amounts lacks the column kind"):
        RevenueTree().analyze(LINES.drop(columns="kind"), as_of="2024-06-30")
    with pytest.raises(BadInput, match="period"):
        RevenueTree(period="W")
