"""Segments that people write: read, refused with every problem, counted as brute force counts them, told in words."""

from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.data.rule_segments import (
    CustomerCondition,
    LineCondition,
    RuleSegment,
    SegmentSizes,
    load_segments,
    write_segments,
)
from crm_lab.data.rule_segments.segment_files import read_segments, segments_toml
from crm_lab.results import unlabelled

BABY = ("BABY FOODS", "BABY HBC", "BABYFOOD", "DIAPERS & DISPOSABLES", "INFANT CARE PRODUCTS", "INFANT FORMULA")
HEAD = 'kind = "crm_lab rule segments"\n[[segment]]\nname="a"\nas_of=2024-01-01\nwindow_days=3\n'
HOSTILE = "x'); drop table t; -- \"}\n#\x7f{en}"


@pytest.fixture(scope="module")
def journey():
    return open_workspace("complete_journey").at("latest")


def test_the_410_baby_households_spend_two_percent_on_babies_and_100_of_them_buy_at_night(journey):
    baby = LineCondition(category=BABY, spend_share_at_least=0.02)
    night = LineCondition(hours=(22, 6), share_at_least=0.1)
    day = date(2017, 12, 31)
    made = [RuleSegment("baby", baby, day, 365), RuleSegment("night_parents", baby & night, day, 365)]
    assert SegmentSizes().analyze(made, journey).to_frame()["customers"].tolist() == [410, 100]


def test_five_lines_of_baby_goods_find_472_households_of_which_103_buy_at_night(journey):
    baby = LineCondition(category=(*BABY,), lines_at_least=5)
    made = RuleSegment("b", baby & LineCondition(hours=(22, 6), share_at_least=0.1), date(2017, 12, 31), 365)
    lines = journey.sql("select customer_id, hour, category from transactions left join products using (product_id)")
    by = lines.assign(night=(lines["hour"] >= 22) | (lines["hour"] < 6), baby=lines["category"].isin(BABY))
    counted = by.groupby("customer_id").agg(night=("night", "mean"), baby=("baby", "sum"))
    brute = counted.index[(counted["baby"] >= 5) & (counted["night"] >= 0.1)]
    assert set(made.members(journey)["customer_id"]) == set(brute)
    assert len(brute) > 90


@dataclass(frozen=True)
class Shop:
    """Tables of a day, as a workspace gives them."""

    tables: dict
    as_of: date

    @property
    def workspace(self):
        return self

    def at(self, day):
        return replace(self, as_of=day)

    def __contains__(self, name):
        return name in self.tables

    def sql(self, query):
        with duckdb.connect() as connection:
            for name, table in self.tables.items():
                known = table[table["date"] <= pd.Timestamp(self.as_of)] if "date" in table else table
                connection.register(f"{name}_given", known)
                cast = " replace (date::date as date)" if "date" in table else ""
                connection.execute(f"create view {name} as select *{cast} from {name}_given")
            return connection.sql(query).df()


@pytest.fixture(scope="module")
def shop():
    """Four customers with hostile names of categories, one bought nothing in the window."""
    rows = [
        ("a", "o1", "2024-01-05 23:00", "p1", 10.0), ("a", "o1", "2024-01-05 23:00", "p2", 5.0),
        ("a", "o2", "2024-02-01 12:00", "p2", 5.0), ("b", "o3", "2024-02-03 05:00", "p1", 8.0),
        ("c", "o4", "2023-01-01 12:00", "p2", 4.0), ("d", "o5", "2024-02-05 12:00", "p3", 4.0),
        ("d", "o6", "2024-03-05 12:00", "p2", 400.0),
    ]  # fmt: skip
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "product_id", "net_amount"])
    lines["date"] = pd.to_datetime(lines["date"])
    products = pd.DataFrame({"product_id": ["p1", "p2", "p3"], "category": [HOSTILE, "tea", None]})
    customers = pd.DataFrame({"customer_id": list("abcd"), "age_group": ["18-24", "25+", None, HOSTILE]})
    lines["hour"], lines["weekday"] = lines["date"].dt.hour, lines["date"].dt.isocalendar().day.astype(int)
    lines["date"], lines["kind"], lines["discount_amount"] = lines["date"].dt.normalize(), "sale", 0.0
    return Shop({"transactions": lines, "products": products, "customers": customers}, date(2024, 3, 5))


def members(shop, condition, day=date(2024, 2, 10), days=90):
    return "".join(sorted(RuleSegment("s", condition, day, days).members(shop)["customer_id"]))


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        (LineCondition(hours=(22, 6), lines_at_least=1), "ab"),
        (LineCondition(hours=(22, 6), lines_at_least=2), "a"),
        (LineCondition(hours=(6, 22), share_at_most=0.4), "ab"),
        (LineCondition(category=(HOSTILE,), share_at_least=0.5), "b"),
        (LineCondition(category=("tea",), spend_share_at_least=0.4), "a"),
        (LineCondition(category=("tea", HOSTILE), spend_at_least=9), "a"),
        (~LineCondition(category=("tea",), share_at_least=0.5), "b"),  # of c and d no category is known: not told
        (LineCondition(category=("tea",), days_since_at_most=9), "a"),
        (CustomerCondition(orders_at_most=0), "c"),
        (CustomerCondition(tenure_days_at_least=300) | CustomerCondition(orders_at_least=2), "ac"),
        (CustomerCondition(groups={"age_group": (HOSTILE, "25+")}), "bd"),
        (CustomerCondition(revenue_at_least=8) & ~CustomerCondition(groups={"age_group": ("25+",)}), "a"),
        (LineCondition(weekdays=(6, 7), orders_at_least=1), "b"),
    ],
)
def test_conditions_find_whom_they_describe(shop, condition, who):
    assert members(shop, condition) == who


def test_what_is_bought_after_the_day_changes_nobody(shop):
    assert members(shop, CustomerCondition(revenue_at_least=100)) == ""
    assert members(shop, CustomerCondition(revenue_at_least=100), date(2024, 3, 5)) == "d"


def test_the_window_ends_with_the_day_and_has_so_many_days(shop):
    condition = LineCondition(hours=(12, 13), lines_at_least=1)
    assert members(shop, condition, date(2024, 2, 5), 1) == "d"
    assert members(shop, condition, date(2024, 2, 5), 5) == "ad"


def test_values_and_columns_that_are_not_there_are_all_named(shop):
    condition = LineCondition(category=("teaa", "coffee"), lines_at_least=1) & LineCondition(
        eco=True, share_at_least=0.1
    )
    condition &= CustomerCondition(tier=("gold",), groups={"job": ("cook",)})
    with pytest.raises(BadInput) as refused:
        members(shop, condition)
    said = str(refused.value)
    for part in (
        "'teaa' occurs nowhere in category of products; did you mean 'tea'?", "'coffee' occurs nowhere",
        "no eco of products", "no tier of tiers", "no job of customers; customers has customer_id, age_group",
    ):  # fmt: skip
        assert part in said


def test_a_segment_of_a_later_day_is_refused(shop):
    with pytest.raises(BadInput, match="is known on 2024-03-06, the tables end on 2024-03-05"):
        members(shop, CustomerCondition(orders_at_least=1), date(2024, 3, 6))


def test_segments_come_back_from_their_file_as_they_were(tmp_path):
    condition = LineCondition(category=(HOSTILE,), hours=(0, 24), share_at_least=0.125) & (
        ~LineCondition(discounted=False, new_within_days=60, lines_at_most=3)
        | CustomerCondition(recency_days_at_most=9, tier=("a",), groups={HOSTILE: ("y",)})
    )
    made = (
        RuleSegment("one", condition, date(2024, 2, 29), 30, 'A "label"\n', "标签"),
        RuleSegment("two", CustomerCondition(orders_at_least=2), date(2024, 2, 29), 30),
    )
    assert load_segments(write_segments(made, tmp_path / "s.toml")) == made
    assert segments_toml(load_segments(tmp_path / "s.toml")) == segments_toml(made)


def test_every_problem_of_a_file_is_listed():
    with pytest.raises(BadInput) as refused:
        read_segments("""
            kind = "other"
            extra = 1
            [[segment]]
            name = "a"
            window_days = 0
            all = [{hours = [22, 22], lines_at_least = "x"}, {category = [], share_at_least = 2}, {colour = 1}]
            [[segment]]
            name = "a"
            as_of = "2024-01-01"
            window_days = 10
            any = [{not = {kind = ["gift"], lines_at_least=1}}, {eco = 3, orders_at_least = 1}, {share_at_least = 0.1}]
            [[segment]]
            name = "c#"
            as_of = 2024-01-01
            window_days = 0
            all = [{customer = {orders_at_least = 5}}, {customer = {orders_at_most = 2}}]
            [[segment]]
            all = []
            any = [{lines_at_least = true, weekdays = [0]}]
            """)
    said = str(refused.value)
    for part in (
        'kind is \'other\'; it must be "crm_lab rule segments"', "It has extra;", "a lacks as_of",
        "that is no span of a day", "lines_at_least is 'x'; it must be a number", "category is empty",
        "share_at_least is 2; it must be a share", "'colour' is no part of a condition", "kind has 'gift'",
        "eco is 3; it must be true or false", "A share of all lines is always 1", "The names a occur more than once",
        "orders is at least 5 and at most 2", "window_days is 0", "holds", "segment 4 lacks name, as_of, window_days",
        "needs its conditions below `all` or below `any`",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = ", "is no TOML"),
        ('kind = "crm_lab rule segments"', "It has no segment"),
        ('kind = "crm_lab rule segments"\nsegment = 3', "It has no segment"),
        (HEAD.replace("01-01", "01-01T00:00:00") + "all=[{customer={orders_at_least=1}}]", "as_of is datetime"),
        (HEAD + "all=[{any=[], lines_at_least=1}]", "mixes any with lines_at_least"),
        (HEAD + "all=[1]", "has 1 where"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_answered(text, said):
    with pytest.raises(BadInput, match=said):
        read_segments(text)


def test_rules_are_told_in_both_languages():
    rule = LineCondition(hours=(22, 6), share_at_least=0.1) & LineCondition(category=("奶粉", "尿布"), lines_at_least=5)
    made = RuleSegment("n", rule, date(2024, 1, 1), 30)
    assert (
        made.explain("en") == "at least 10% of lines between 22 and 6 h, and at least 5 lines of category 奶粉 or 尿布"
    )
    assert made.explain("zh") == "22 时至 6 时的订单行占比不低于 10%，且品类为奶粉或尿布的订单行不少于 5 行"


def test_the_customers_of_a_segment_are_a_source(tmp_path):
    journey = open_workspace("cdnow_sample")
    made = RuleSegment("regulars", CustomerCondition(orders_at_least=3), date(1997, 12, 31), 365, "Regulars", "常客")
    file = write_segments([made], tmp_path / "s.toml")
    part = open_workspace(f"cdnow_sample,segment={file}#regulars")
    assert part.title == "CDNOW (1/10 sample) · Regulars (1997-12-31)"
    whole, mine = (w.at("latest") for w in (journey, part))
    ids = set(made.members(whole)["customer_id"])
    assert set(mine["customer_360"]["customer_id"]) == ids
    inside = whole["customer_360"][whole["customer_360"]["customer_id"].isin(ids)]
    assert mine["customer_360"]["revenue"].sum() == pytest.approx(inside["revenue"].sum())
    with pytest.raises(BadInput, match=r"There is no segment 'x' in .*; it has regulars"):
        open_workspace(f"cdnow_sample,segment={file}#x")
    for nameless in (f"cdnow_sample,segment={file}", f"cdnow_sample,segment={file}#"):
        with pytest.raises(BadInput, match=r"Say which segment of .*, as .*#regulars; it has regulars"):
            open_workspace(nameless)


def test_a_segment_nobody_is_in_is_no_source(tmp_path):
    made = RuleSegment("none", CustomerCondition(orders_at_least=9_999), date(1997, 12, 31), 365)
    file = write_segments([made], tmp_path / "s.toml")
    with pytest.raises(BadInput, match="Nobody is in the segment 'none' on 1997-12-31; widen"):
        open_workspace(f"cdnow_sample,segment={file}#none")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (LineCondition(hours=(22, 6), lines_at_least=1), "No row of transactions has a known hour"),
        (LineCondition(discounted=True, lines_at_least=1), "No row of transactions has discounted = true"),
        (LineCondition(store=("1",), lines_at_least=1), "'1' occurs nowhere in store_id of transactions"),
        (LineCondition(eco=True, lines_at_least=1), "no eco of products"),
        (LineCondition(new_within_days=60, lines_at_least=1), "no launched_on of products"),
        (CustomerCondition(tier=("A",)), "no tier of tiers"),
        (CustomerCondition(groups={"age_group": ("x",)}), "no age_group of customers"),
    ],
)
def test_data_without_hours_discounts_products_or_customers_are_answered(condition, said):
    tables = open_workspace("cdnow_sample").at("1997-12-31")
    with pytest.raises(BadInput, match=said):
        RuleSegment("s", condition, date(1997, 12, 31), 90).members(tables)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sizes_of_full_and_empty_segments_are_told_labelled_and_drawn(lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    tables, day = open_workspace("cdnow_sample").at("1997-12-31"), date(1997, 12, 31)
    some = [RuleSegment(f"s{n}", CustomerCondition(orders_at_least=n), day, 365) for n in (1, 3, 9_999)]
    sizes = SegmentSizes().analyze(some, tables)
    assert sizes.to_frame()["customers"].tolist() == [2357, 615, 0]
    assert sizes.readout().action.key.endswith("widen")
    assert not unlabelled(sizes)
    assert [fact.to_json() for fact in sizes.facts()]
    assert sizes.readout().text()
    sizes.plot()
