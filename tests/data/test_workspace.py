"""What comes in goes out or into quarantine, and as_of cuts everything known later."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab import BadInput, open_workspace
from crm_lab.locks import locked


def ledger(tables):
    return tables.workspace.stored("ledger").set_index("item")


def test_complete_journey_reconciles_to_the_published_total(complete_journey):
    book = ledger(complete_journey)
    assert book.loc["raw", "rows_touched"] == 1_469_307
    assert book.loc["raw", "money_touched"] == pytest.approx(4_596_039.58, abs=1e-6)
    assert book.loc["clean", "rows_touched"] + book.loc["quarantine", "rows_touched"] == 1_469_307
    assert book.loc["clean", "money_touched"] + book.loc["quarantine", "money_touched"] == pytest.approx(
        4_596_039.58, abs=1e-6
    )
    assert book["rows_out"].sum() == book.loc["quarantine", "rows_touched"]


def test_complete_journey_has_the_dirt_of_the_published_record(complete_journey):
    book = ledger(complete_journey)["rows_touched"]
    assert book["unknown_product"] == 4_836
    assert book["empty_line"] + book["zero_quantity"] == 8_869
    assert complete_journey.workspace.day_range == (date(2017, 1, 1), date(2017, 12, 31))
    assert complete_journey["orders"]["customer_id"].nunique() == 2_469
    assert len(complete_journey["orders"]) == 155_848


def test_cdnow_has_the_duplicates_of_the_published_record(cdnow):
    book = ledger(cdnow)["rows_touched"]
    assert book["repeated_line"] == 255
    assert book["free_line"] == 80
    assert len(cdnow["customer_360"]) == 23_570


def test_sample_has_the_published_customers(cdnow_sample):
    assert len(cdnow_sample["customer_360"]) == 2_357
    assert cdnow_sample["orders"]["customer_id"].min() == "0001"


def test_revenue_of_customers_is_revenue_of_lines(complete_journey):
    table = complete_journey["customer_360"]
    assert table["revenue"].sum() == pytest.approx(complete_journey["transactions"]["net_amount"].sum(), abs=1e-6)
    assert table["n_orders"].sum() == len(complete_journey["orders"])


@settings(max_examples=8, deadline=None)
@given(st.dates(date(1997, 1, 2), date(1998, 6, 29)))
def test_an_earlier_date_gives_what_it_would_have_given_then(as_of):
    workspace = open_workspace("cdnow_sample")
    lines = workspace.at("1998-06-30")["transactions"]
    known = lines[lines["date"] <= pd.Timestamp(as_of)]
    table = workspace.at(as_of)["customer_360"]
    by_hand = known.groupby("customer_id").agg(
        n_orders=("order_id", "nunique"), revenue=("net_amount", "sum"), last=("date", "max")
    )
    assert table["n_orders"].tolist() == by_hand["n_orders"].tolist()
    assert table["revenue"].tolist() == pytest.approx(by_hand["revenue"].tolist())
    assert table["recency_days"].tolist() == (pd.Timestamp(as_of) - by_hand["last"]).dt.days.tolist()


def test_median_gap_is_between_purchase_days(cdnow_sample):
    orders = cdnow_sample["orders"].drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    gaps = orders.groupby("customer_id")["day"].diff().dropna()
    by_hand = gaps.groupby(orders.loc[gaps.index, "customer_id"]).median()
    table = cdnow_sample["customer_360"].set_index("customer_id")["median_gap_days"].dropna()
    pd.testing.assert_series_equal(table, by_hand, check_names=False)


def test_sql_sees_the_tables_as_of_the_day():
    tables = open_workspace("cdnow_sample").at("1997-01-31")
    answer = tables.sql("select max(date) as last, count(*) as n from transactions")
    assert answer["last"].item() == pd.Timestamp("1997-01-31")
    assert tables.sql("select count(*) as n from customer_360")["n"].item() == len(tables["customer_360"])


@pytest.mark.parametrize("as_of", ["1996-12-31", "1998-07-01"])
def test_a_day_outside_the_data_is_refused(as_of):
    with pytest.raises(BadInput, match="runs from 1997-01-01 to 1998-06-30; choose a day in between"):
        open_workspace("cdnow_sample").at(as_of)


def test_unknown_source_rule_and_action_are_refused():
    with pytest.raises(BadInput, match="Did you mean cdnow"):
        open_workspace("cdnov")
    with pytest.raises(BadInput, match=r"no rule 'dirt'[^$]*free_line is 'fix'"):
        open_workspace("cdnow_sample", rules={"dirt": "fix", "free_line": "fix"})


def test_a_table_the_source_lacks_is_refused(cdnow_sample):
    with pytest.raises(BadInput, match="has no table 'products'"):
        cdnow_sample["products"]


def test_a_rule_set_to_quarantine_moves_the_lines_with_their_money():
    tables = open_workspace("cdnow_sample", rules={"free_line": "quarantine"}).at()
    set_aside = tables.workspace.stored("quarantine")
    assert set_aside["reason"].tolist() == ["free_line"] * 8
    assert ledger(tables).loc["clean", "rows_touched"] == 6_919 - 8
    assert '"fields"' in set_aside["raw_row"].iloc[0]


def test_frames_are_fresh_copies(cdnow_sample):
    mine = cdnow_sample["customer_360"]
    mine["n_orders"] = pd.NA
    assert cdnow_sample["customer_360"]["n_orders"].notna().all()


def test_building_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    sums = []
    for run in ("a", "b"):
        monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / run))
        folder = open_workspace("cdnow_sample").folder
        sums.append({p.name: p.read_bytes() for p in folder.iterdir()})
    assert sums[0] == sums[1]


def test_mix_agrees_with_the_transactions(complete_journey):
    mix = complete_journey["customer_mix"]
    lines = complete_journey["transactions"]
    sales = lines[lines["kind"] == "sale"]
    assert mix["n_units"].sum() == pytest.approx(sales["quantity"].sum())
    shares = mix[["morning_share", "afternoon_share", "evening_share"]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(1)
    assert mix["n_contacts"].sum() == 6_589
    assert mix["n_responses"].sum() == 2_102
    assert (mix["n_responses"] > 0).sum() == 410


def test_contacts_later_than_as_of_do_not_count(complete_journey):
    early = complete_journey.workspace.at("2017-06-30")
    assert early["exposures"]["date"].max() <= pd.Timestamp("2017-06-30")
    bought = early["exposures"]["customer_id"].isin(early["customer_360"]["customer_id"])
    assert early["customer_mix"]["n_contacts"].sum() == bought.sum()


def test_a_workspace_may_lie_behind_a_link(tmp_path, monkeypatch):
    given = open_workspace("cdnow_sample")
    there = given.folder.resolve()
    (tmp_path / there.name).symlink_to(there)
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path))
    linked = open_workspace("cdnow_sample")
    assert linked.folder == tmp_path / there.name
    assert len(linked.at("1998-06-30")["orders"]) == len(given.at("1998-06-30")["orders"])


def test_what_holds_direct_ids_is_private_from_its_first_byte():
    folder = open_workspace("cdnow_sample").folder
    assert oct((folder / "raw.parquet").stat().st_mode & 0o777) == "0o600"


def test_what_killed_builds_left_goes_with_the_next_and_builds_at_work_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path))
    dead, alive = (tmp_path / f".shop-{key}.abcd1234" for key in ("0123456789ab", "ba9876543210"))
    for part in (dead, alive):
        part.mkdir()
        (part / "raw.parquet").write_text("rows of people", encoding="utf-8")
        (tmp_path / part.name.split(".")[1]).with_suffix(".lock").touch()
    with locked(tmp_path / "shop-ba9876543210.lock"):
        open_workspace("cdnow_sample")
        assert not dead.exists()
        assert alive.exists()
