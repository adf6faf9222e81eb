"""SQL from saved scorings: every customer gets the lab's segment, in every dialect that can be run here."""

import duckdb
import pandas as pd
import pytest
import sqlglot

from crm_lab import RFM, Tiers, open_workspace
from crm_lab.activation import DIALECTS, segment_sql
from crm_lab.checks import BadInput
from crm_lab.data.rule_segments import AllOf, AnyOf, CustomerCondition, LineCondition, NotThat, RuleSegment
from crm_lab.segmentation import THREE_SEGMENTS
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import scoring_of
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features


@pytest.fixture(scope="module")
def fashion():
    return open_workspace("simulated:fashion,customers=300").at("latest")


def run(tables, scoring, dialect="duckdb", **named):
    """The query of a dialect, brought back to DuckDB's words by sqlglot where it is another's, on the lab's tables."""
    text = segment_sql(scoring, dialect, **named)
    assert sqlglot.parse_one(text, read=dialect).sql(dialect=dialect, pretty=True) == text
    return tables.sql(sqlglot.transpile(text, read=dialect, write="duckdb")[0])


def same(found, own, column="segment"):
    both = found.merge(own, on="customer_id", how="outer", suffixes=("", "_own"), indicator=True)
    assert (both["_merge"] == "both").all()
    assert len(found) == len(own) > 0
    assert (both[column].astype(object).fillna("-") == both[f"{column}_own"].astype(object).fillna("-")).all()
    return both


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("source", ["cdnow", "complete_journey", "fashion"])
def test_rfm_equals_the_labs_for_every_customer(source, dialect, request):
    tables = request.getfixturevalue(source)
    for rfm in (RFM(), RFM(bins=3, rules=THREE_SEGMENTS), RFM(bins=7, method="natural_breaks")):
        own = rfm.fit(tables["customer_360"], as_of=tables.as_of)
        both = same(run(tables, own.scoring, dialect), own.to_frame())
        for name in ("recency_days", "n_orders", "revenue", "r_score", "f_score", "m_score"):
            assert (both[name] == both[f"{name}_own"]).all(), name


def test_a_window_counts_its_days_and_no_others(fashion):
    lines = fashion.sql("select * from transactions")
    own = RFM(bins=3).fit(lines, as_of=fashion.as_of, window_days=90)
    same(run(fashion, own.scoring, window_days=90), own.to_frame())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "tiers", [Tiers(), Tiers("cumulative"), Tiers("fixed", (500, 100)), Tiers("percentile", (0.9, 0.3))], ids=str
)
def test_tiers_equal_the_labs_for_every_customer(tiers, dialect, cdnow, fashion):
    for tables in (cdnow, fashion):
        own = tiers.analyze(tables["customer_360"], as_of=tables.as_of)
        same(run(tables, tiers, dialect, as_of=tables.as_of), own.customers.rename(columns={"tier": "segment"}))


NAMES = ("price_share", "night_share", "evening_share", "weekend_share", "new_product_share", "eco_share")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_shopper_segments_equal_the_labs_for_every_customer(dialect, fashion):
    features = shopper_features(fashion)
    kinds = tuple(name for name in features.names if name.startswith("category:"))[:3]
    groups = (("price_share",), ("night_share", "evening_share"), ("weekend_share",), ("new_product_share",),
              ("eco_share",), kinds)  # fmt: skip
    centres = {
        f"s{k}": {n: 0.05 + 0.3 * ((j * k) % 3) / (len(kinds) if n in kinds else 1) for j, n in enumerate((*NAMES, *kinds))}
        for k in (1, 2, 4)
    }
    scoring = scoring_of(
        centres, groups, {"s1": 0.5, "s2": 0.3, "s4": 0.2}, (0.05, 0.02, 0.0, 0.1, 0.01, 0.03), as_of=fashion.as_of
    )
    own = scoring.score(features)
    both = same(run(fashion, scoring, dialect), own)
    assert (both["p"] - both["p_own"]).abs().max() < 1e-9
    assert own["segment"].nunique() == 3


def rules(tables):
    """Conditions of every kind that the data have."""
    products = tables.sql("select category, brand from products where category is not null limit 1").iloc[0]
    day = tables.as_of
    return [
        RuleSegment("late", CustomerCondition(recency_days_at_least=30, orders_at_least=2), day, 365),
        RuleSegment("spend", CustomerCondition(revenue_at_least=100.5, tenure_days_at_most=400), day, 200),
        RuleSegment("night", LineCondition(hours=(20, 8), share_at_least=0.1), day, 365),
        RuleSegment("weekend", LineCondition(weekdays=(6, 7), orders_at_least=2), day, 365),
        RuleSegment("cheap", LineCondition(discounted=True, spend_share_at_least=1 / 3), day, 365),
        RuleSegment(
            "mixed",
            AnyOf((
                AllOf((LineCondition(category=(products["category"],), lines_at_least=2),
                       NotThat(LineCondition(brand=(products["brand"],), share_at_least=0.5)))),
                LineCondition(category=(products["category"],), days_since_at_most=20),
            )), day, 180,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("source", ["complete_journey", "fashion"])
def test_a_segment_by_rule_equals_the_labs_for_every_customer(source, dialect, request):
    tables = request.getfixturevalue(source)
    for rule in rules(tables):
        own = rule.evaluate(tables)
        found = run(tables, rule, dialect)
        both = same(found.assign(member=found["member"].astype("boolean")), own, "member")
        assert both["member"].any(), rule.name
        assert (both["segment"].notna() == both["member"].fillna(False)).all()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_products_stores_groups_and_tiers_are_joined(dialect, fashion):
    found = fashion.sql("select channel from stores where channel is not null limit 1").iloc[0]["channel"]
    new = LineCondition(new_within_days=60, lines_at_least=1)
    parts = [new, LineCondition(channel=(found,), lines_at_least=1), LineCondition(eco=True, share_at_most=0.5)]
    if "tiers" in fashion:
        tier = fashion.sql("select tier from tiers limit 1").iloc[0]["tier"]
        parts.append(CustomerCondition(tier=(tier,)))
    for part in parts:
        rule = RuleSegment("one", part, fashion.as_of, 365)
        result = run(fashion, rule, dialect)
        same(result.assign(member=result["member"].astype("boolean")), rule.evaluate(fashion), "member")
