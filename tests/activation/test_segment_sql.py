"""SQL from saved scorings: every customer gets the lab's segment, in every dialect that can be run here."""

import duckdb
import pandas as pd
import pytest
import sqlglot

from certification.activation import rules
from crm_lab import RFM, Tiers, open_workspace
from crm_lab.activation import DIALECTS, segment_sql
from crm_lab.checks import BadInput
from crm_lab.data.rule_segments import CustomerCondition, LineCondition, RuleSegment, write_segments
from crm_lab.segmentation import THREE_SEGMENTS
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import scoring_of
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features


@pytest.fixture(scope="module")
def fashion():
    return open_workspace("simulated:fashion,customers=300").at("latest")


def run(tables, scoring, dialect="duckdb", **named):
    """The query of a dialect, brought back to DuckDB's words by sqlglot where it is another's, on the lab's tables."""
    text = segment_sql(scoring, dialect, **named)
    tree = sqlglot.parse_one(text, read=dialect)
    assert tree.sql(dialect=dialect, pretty=True) == text
    assert "NULLS FIRST" not in text
    assert "NULLS LAST" not in text
    return tables.sql(tree.sql(dialect="duckdb"))


def same(found, own, column="segment"):
    both = found.merge(own, on="customer_id", how="outer", suffixes=("", "_own"), indicator=True)
    assert (both["_merge"] == "both").all()
    assert len(found) == len(own) > 0
    assert (both[column].astype(object).fillna("-") == both[f"{column}_own"].astype(object).fillna("-")).all()
    return both


RFMS = (RFM(), RFM(bins=3, rules=THREE_SEGMENTS), RFM(bins=7, method="natural_breaks"))
VALUES = ("recency_days", "n_orders", "revenue", "r_score", "f_score", "m_score")


def rfm_equals(tables, rfm, dialects):
    own = rfm.fit(tables["customer_360"], as_of=tables.as_of)
    for dialect in dialects:
        both = same(run(tables, own.scoring, dialect), own.to_frame())
        for name in VALUES:
            assert (both[name] == both[f"{name}_own"]).all(), (dialect, name)


@pytest.mark.parametrize("rfm", RFMS, ids=lambda rfm: rfm.method + str(rfm.bins))
def test_rfm_equals_the_labs_for_every_simulated_customer(rfm, fashion):
    rfm_equals(fashion, rfm, DIALECTS)


@pytest.mark.parametrize("source", ["cdnow", "complete_journey"])
def test_rfm_equals_the_labs_for_every_customer_of_public_data(source, request):
    rfm_equals(request.getfixturevalue(source), RFM(), ["duckdb"])


def test_a_window_counts_its_days_and_no_others(fashion):
    lines = fashion.sql("select * from transactions")
    own = RFM(bins=3).fit(lines, as_of=fashion.as_of, window_days=90)
    same(run(fashion, own.scoring, window_days=90), own.to_frame())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "tiers", [Tiers(), Tiers("cumulative"), Tiers("fixed", (500, 100)), Tiers("percentile", (0.9, 0.3))], ids=str
)
def test_tiers_equal_the_labs_for_every_customer(tiers, dialect, fashion):
    own = tiers.analyze(fashion["customer_360"], as_of=fashion.as_of)
    same(run(fashion, tiers, dialect, as_of=fashion.as_of), own.customers.rename(columns={"tier": "segment"}))


NAMES = ("price_share", "night_share", "evening_share", "weekend_share", "new_product_share", "eco_share")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_shopper_segments_equal_the_labs_for_every_customer(dialect, fashion):
    features = shopper_features(fashion)
    kinds = tuple(name for name in features.names if name.startswith("category:"))[:3]
    groups = (("price_share",), ("night_share", "evening_share"), ("weekend_share",), ("new_product_share",),
              ("eco_share",), kinds)  # fmt: skip
    centres = {
        f"s{k}": {
            n: 0.05 + 0.3 * ((j * k) % 3) / (len(kinds) if n in kinds else 1) for j, n in enumerate((*NAMES, *kinds))
        }
        for k in (1, 2, 3)
    }
    scoring = scoring_of(
        centres, groups, {"s1": 0.5, "s2": 0.3, "s3": 0.2}, (0.05, 0.02, 0.0, 0.1, 0.01, 0.03), as_of=fashion.as_of
    )
    own = scoring.score(features)
    both = same(run(fashion, scoring, dialect), own)
    assert (both["p"] - both["p_own"]).abs().max() < 1e-9
    assert own["segment"].nunique() == 3


def rule_equals(tables, rule, dialects):
    own = rule.evaluate(tables)
    assert own["member"].any(), rule.name
    for dialect in dialects:
        found = run(tables, rule, dialect)
        both = same(found.assign(member=found["member"].astype("boolean")), own, "member")
        assert (both["segment"].notna() == both["member"].fillna(False)).all(), (rule.name, dialect)


def test_a_segment_by_rule_equals_the_labs_for_every_simulated_customer(fashion):
    for rule in rules(fashion):
        rule_equals(fashion, rule, DIALECTS)


def test_a_segment_by_rule_equals_the_labs_on_complete_journey(complete_journey):
    rule_equals(complete_journey, rules(complete_journey)[-1], ["duckdb"])


def test_products_stores_groups_and_tiers_are_joined(fashion):
    found = fashion.sql("select channel from stores where channel is not null limit 1").iloc[0]["channel"]
    new = LineCondition(new_within_days=60, lines_at_least=1)
    parts = [new, LineCondition(channel=(found,), lines_at_least=1), LineCondition(eco=True, share_at_most=0.5)]
    age = fashion.sql("select age_group from customers where age_group is not null limit 1").iloc[0]["age_group"]
    parts.append(CustomerCondition(groups={"age_group": (age,)}))
    if "tiers" in fashion:
        tier = fashion.sql("select tier from tiers limit 1").iloc[0]["tier"]
        parts.append(CustomerCondition(tier=(tier,)))
    for part in parts:
        rule_equals(fashion, RuleSegment("one", part, fashion.as_of, 365), DIALECTS)


def test_a_day_of_each_run_gives_that_days_segments(fashion):
    today = pd.Timestamp.today().date()
    shop = duckdb.connect()
    shop.execute("create table sales (cust integer, sold date, eur double, order_id integer, kind text)")
    rows = [
        (c, today - pd.Timedelta(days=d).to_pytimedelta(), 10.0 + c, c * 100 + d, "sale")
        for c in range(9)
        for d in (c, 40)
    ]
    shop.executemany("insert into sales values (?, ?, ?, ?, ?)", rows)
    columns = {"customer_id": "cust", "date": "sold", "net_amount": "eur"}
    fixed = {"recency_days": (3, 6), "n_orders": (1,), "revenue": (12, 15)}
    scoring = RFM(bins=3, method="fixed", cut_points=fixed).fit(fashion["customer_360"], as_of=fashion.as_of).scoring
    rule = RuleSegment(
        "soon", LineCondition(days_since_at_most=4, kind=("sale",), orders_at_least=1), fashion.as_of, 30
    )
    for one in (scoring, rule):
        said = [segment_sql(one, table="sales", columns=columns, as_of=day, window_days=30) for day in ("today", today)]
        now, then = (shop.sql(text).df() for text in said)
        assert "CURRENT_DATE" in said[0]
        pd.testing.assert_frame_equal(now, then)
    assert now["member"].sum() == 5


def test_a_value_on_a_cut_point_falls_where_the_lab_puts_it():
    amounts = [0.1 + 0.2, 20.35, 20.3501, 1e-4, 7.005, 33.3333]
    lines = pd.DataFrame({"customer_id": range(6), "date": pd.Timestamp("2024-01-05"), "net_amount": amounts})
    cuts = {"recency_days": (10.0,), "n_orders": (1.0,), "revenue": (0.3, 7.005, 20.35, 20.349999999999998 + 1e-4)}
    cuts["revenue"] = tuple(sorted(cuts["revenue"]))
    own = RFM(bins=5, method="fixed", cut_points=cuts).fit(lines, as_of="2024-01-31")
    text = segment_sql(own.scoring, table="sold", columns={"kind": "", "order_id": ""})
    shop = duckdb.connect()
    shop.register("sold", lines)
    found = shop.sql(text).df()
    both = same(found, own.to_frame())
    assert (both["m_score"] == both["m_score_own"]).all()


NASTY = ("O'Neil", "back\\slash", "semi;colon -- no comment", '"quoted"', "`ticks`", "日本 /* x */", "{brace} %s")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_hostile_value_stays_a_text(dialect):
    n = len(NASTY)
    lines = pd.DataFrame({
        "customer_id": range(2 * n), "order_id": 1, "date": pd.Timestamp("2024-01-05"), "kind": "sale",
        "net_amount": 5.0, "product_id": range(2 * n),
    })  # fmt: skip
    goods = pd.DataFrame({"product_id": range(2 * n), "category": [*NASTY, *(f"{value} other" for value in NASTY)]})
    rule = RuleSegment("r", LineCondition(category=NASTY, lines_at_least=1), pd.Timestamp("2024-01-31").date(), 90)
    text = segment_sql(rule, dialect)
    assert len(sqlglot.parse(text, read=dialect)) == 1
    shop = duckdb.connect()
    shop.register("transactions", lines)
    shop.register("products", goods)
    found = shop.sql(sqlglot.transpile(text, read=dialect, write="duckdb")[0]).df()
    assert found["member"].tolist() == [True] * n + [False] * n


HOSTILE = ('x" ; drop table sales; --', "a`b", "back\\slash", "line\nend", "", " ", "n" * 129, "zero\0")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name):
    tiers = Tiers("fixed", (5, 1))
    with pytest.raises(BadInput, match=r"is no name of a column or table|is no table"):
        segment_sql(tiers, table=name, as_of="2024-01-31")
    if name:
        with pytest.raises(BadInput, match="is no name of a column or table"):
            segment_sql(tiers, columns={"net_amount": name}, as_of="2024-01-31")


def test_every_wrong_name_is_said_at_once():
    with pytest.raises(BadInput) as error:
        segment_sql(
            Tiers("fixed", (5, 1)), table="lab_lines", as_of="2024-01-31", columns={"netto": "x", "date": "a;b"},
            tables={"shops": "s"},
        )  # fmt: skip
    assert len(error.value.problems) == 4


@pytest.mark.parametrize("dialect", DIALECTS)
def test_unusual_names_are_quoted_in_the_dialects_way(dialect):
    names = {"customer_id": "Kunden Nr.", "net_amount": "Order", "date": "select", "kind": "", "order_id": "日付"}
    text = segment_sql(
        Tiers("fixed", (5, 1)), dialect, table="my-db.Shop.2024 sales", columns=names, as_of="2024-01-31"
    )
    mark = "`" if dialect == "bigquery" else '"'
    for name in (*filter(None, names.values()), "my-db", "Shop", "2024 sales"):
        assert f"{mark}{name}{mark}" in text, name


def test_what_a_warehouse_lacks_is_asked_for(fashion):
    rule = RuleSegment("night", LineCondition(hours=(20, 8), share_at_least=0.1), fashion.as_of, 365)
    with pytest.raises(BadInput, match="needs hour of transactions; name the column that holds it"):
        segment_sql(rule, columns={"hour": ""})
    text = segment_sql(rule, columns={"time": "sold_at", "hour": ""})
    assert "EXTRACT(HOUR FROM sold_at)" in text


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"dialect": "oracle"}, "dialect is 'oracle'; it must be one of duckdb, snowflake, bigquery, postgres"),
        ({"window_days": 0}, "window_days is 0; it must be a whole number of days"),
        ({"as_of": "soon"}, "as_of is 'soon'; it must be a date like"),
        ({}, "Tiers are of no day; give as_of"),
    ],
)
def test_wrong_settings_are_refused(named, said):
    with pytest.raises(BadInput, match=said):
        segment_sql(
            Tiers("fixed", (5, 1)), **({"as_of": "2024-01-31"} if named and "as_of" not in named else {}), **named
        )


def test_a_saved_file_of_each_kind_is_read(tmp_path, fashion):
    fitted = RFM().fit(fashion["customer_360"], as_of=fashion.as_of).scoring
    (tmp_path / "rfm.toml").write_text(fitted.to_toml(), encoding="utf-8")
    assert segment_sql(tmp_path / "rfm.toml") == segment_sql(fitted)
    scoring = scoring_of({"s1": {"price_share": 0.2}}, (("price_share",),), {"s1": 1.0}, (0.05,), as_of=fashion.as_of)
    (tmp_path / "kinds.toml").write_text(scoring.to_toml(), encoding="utf-8")
    assert segment_sql(tmp_path / "kinds.toml") == segment_sql(scoring)
    both = rules(fashion)[:2]
    write_segments(both, tmp_path / "rules.toml")
    assert segment_sql(tmp_path / "rules.toml", segment="spend") == segment_sql(both[1])
    for file, segment, said in [
        ("rules.toml", "", "has the segments late, spend; name one of them"),
        ("rfm.toml", "late", "leave segment out"),
        ("none.toml", "", "There is no file"),
        ("other.toml", "", "is of the kind 'shopping list'"),
        ("broken.toml", "", "is no scoring that can be read"),
    ]:
        (tmp_path / "other.toml").write_text('kind = "shopping list"', encoding="utf-8")
        (tmp_path / "broken.toml").write_text("kind = ", encoding="utf-8")
        with pytest.raises(BadInput, match=said):
            segment_sql(tmp_path / file, segment=segment)
