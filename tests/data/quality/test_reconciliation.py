"""The books close, and what each defect would do is measured against them."""

import dataclasses
import datetime as dt
import re

import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.quality.coverage import questions, what_can_be_answered
from crm_lab.data.quality.defect_impact import defect_impact
from crm_lab.data.quality.page_windows import PageWindows
from crm_lab.data.quality.quality import audited_accuracy, check_quality
from crm_lab.data.quality.reconciliation import reconcile, rows_behind
from crm_lab.tables import TABLES


def test_books_close_and_say_the_published_total(complete_journey):
    books = reconcile(complete_journey)
    assert books.closes
    assert "1,469,307 lines and 4,596,039.58 USD came in" in books.readout().text("en")
    assert "1,469,307 行、4,596,039.58 USD" in books.readout().text("zh")


def test_books_that_close_name_customers_without_a_profile(complete_journey, cdnow_sample):
    said = reconcile(complete_journey, check_quality(complete_journey)).readout().finding
    assert said.text("en").startswith("No line and no cent of Complete Journey is lost")
    assert "But 1,668 of 2,469 customers have no complete profile" in said.text("en")
    assert "2,469 位客户中有 1,668 位没有完整的客户画像" in said.text("zh")
    no_profiles = reconcile(cdnow_sample, check_quality(cdnow_sample)).readout().finding
    assert no_profiles.key == "reconciliation.closes"


def test_a_lost_line_or_cent_is_seen(cdnow_sample):
    books = reconcile(cdnow_sample)
    for column, amount in (("rows_touched", 1), ("money_touched", 0.01)):
        ledger = books.ledger.copy()
        ledger.loc[ledger["item"] == "clean", column] -= amount
        broken = dataclasses.replace(books, ledger=ledger)
        assert not broken.closes
        assert broken.readout().finding.key == "reconciliation.does_not_close"


def test_rows_behind_a_rule_are_the_rows_as_they_came(complete_journey):
    rows = rows_behind(complete_journey, "volume_as_quantity", rows=5)
    assert len(rows) == 5
    assert (rows["quantity"] > 1).all()
    assert "sales_value" in rows


@pytest.mark.slow
def test_fuel_left_in_drowns_units_and_nothing_else(complete_journey):
    moved = defect_impact(complete_journey).to_frame()
    fuel = moved[moved["defect"] == "volume_as_quantity"].set_index("figure")
    assert set(fuel.index) == {"units", "units_per_order"}
    raw = complete_journey.workspace.stored("judged")["quantity"].sum()
    assert fuel.loc["units", "left_in"] == pytest.approx(raw)


def test_local_days_lie_in_2017_and_utc_days_do_not(complete_journey):
    judged = complete_journey.workspace.stored("judged")
    late = judged[judged["given_date"] > pd.Timestamp("2017-12-31")]
    assert len(late) == 534
    assert late["net_amount"].sum() == pytest.approx(1_893.26, abs=1e-6)
    assert judged["local_date"].max() == pd.Timestamp("2017-12-31")


def test_profiles_cover_the_published_share(complete_journey):
    checks = check_quality(complete_journey).checks.set_index("check")
    row = checks.loc["profile_of_all_customers"]
    assert row["rows"] - row["failing"] == 801
    assert checks.loc["product_known", "failing"] == 4_836


def test_quality_floor_refuses_with_counts(cdnow_sample):
    quality = check_quality(cdnow_sample)
    quality.require(1.0)
    checks = quality.checks.copy()
    checks.loc[checks["check"] == "hour_of_day", "failing"] = 1_000
    with pytest.raises(
        BadInput, match=r"below the floor of 95%:\n  - transactions\.hour_of_day: 1,000 of 6,919 rows fail"
    ):
        dataclasses.replace(quality, checks=checks).require(0.95)


@pytest.mark.parametrize(("audited", "needed"), [(400, 389), (1000, 964), (3000, 2874)])
def test_an_audit_needs_the_published_number_right(audited, needed):
    assert audited_accuracy(needed, audited).met
    assert not audited_accuracy(needed - 1, audited).met


def test_impossible_audits_are_refused():
    with pytest.raises(BadInput, match="5 right of 4 audited is impossible"):
        audited_accuracy(5, 4)


def test_a_page_is_refused_where_history_is_too_short(cdnow_sample):
    early = cdnow_sample.workspace.at("1997-02-15")
    coverage = what_can_be_answered(early)
    frame = coverage.shown().set_index("page")
    assert coverage.count("no") == len(questions()) - 1
    assert "at least 90 needed" in frame.loc["04", "because"]
    assert coverage.size.days == 46


@pytest.fixture(scope="module")
def fashion():
    return open_workspace("simulated:fashion").at("2024-12-31")


def test_an_empty_value_that_is_an_answer_is_no_gap(fashion):
    assert fashion["customers"]["opted_out_on"].isna().mean() > 0.5
    checks = check_quality(fashion).checks
    answers = {(table.name, c.name) for table in TABLES.values() for c in table.columns if c.empty_says}
    complete = checks[checks["dimension"] == "completeness"]
    assert not answers & set(zip(complete["table"], complete["check"], strict=True))
    gaps = checks.set_index("check").loc["profile_of_all_customers", "failing"]
    own = [column.name for column in TABLES["customers"].columns if column.empty_says]
    fields = fashion["customers"].drop(columns=["customer_id", *own])
    bought = fashion["customers"]["customer_id"].isin(fashion["customer_360"]["customer_id"])
    assert gaps == fields[bought].isna().any(axis=1).sum()


def test_pages_00_and_01_count_the_same_orders_and_buyers(fashion):
    size = what_can_be_answered(fashion).size
    figures = {fact.id: fact.value for fact in defect_impact(fashion).facts()}
    assert size.orders == len(fashion["orders"]) == figures["kpis.orders"]
    assert size.customers == len(fashion["customer_360"]) == figures["kpis.customers"]
    assert size.revenue == pytest.approx(figures["kpis.revenue"])


def test_counts_are_said_without_a_fraction(fashion):
    assert re.search(r"from [\d,]+ into [\d,]+ \(", defect_impact(fashion).readout().finding.text("en"))


def test_a_suite_of_own_data_promises_no_move_of_somebody_elses_deck():
    fitted = PageWindows(400).parameters(dt.date(2024, 6, 30), categories=False)
    assert fitted["05_did_they_move"] == {"target": 0.0}


def test_money_of_unknown_customers_is_named_only_where_there_is_some(cdnow_sample):
    everybody = what_can_be_answered(cdnow_sample)
    assert everybody.unnamed == 0
    others = dataclasses.replace(everybody, unnamed=3)
    for lang, words in (("en", "with those of unknown customers"), ("zh", "含不明客户")):
        assert words not in everybody.readout().finding.text(lang)
        assert words in others.readout().finding.text(lang)


def test_what_a_check_looks_at_is_said_in_words(complete_journey):
    quality = check_quality(complete_journey)
    for row in quality.checks.index[~quality.checks["dimension"].isin(["completeness", "uniqueness"])]:
        checks = quality.checks.assign(failing=(quality.checks.index == row).astype(int))
        said = dataclasses.replace(quality, checks=checks).readout().action
        assert "_" not in said.text("en") + said.text("zh")
