"""Shares of sale lines by customer: equal to a count by hand, comparable between windows."""

import numpy as np
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.data.sources.frames import frame_source
from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTags
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features

SOURCE = "simulated:fashion,customers=300"


@pytest.fixture(scope="module")
def tables():
    return open_workspace(SOURCE).at("latest")


@pytest.fixture(scope="module")
def features(tables):
    return shopper_features(tables)


def lines_of(tables):
    lines = tables["transactions"].merge(tables["products"], on="product_id", how="left")
    return lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]


def test_shares_are_those_counted_by_hand(tables, features):
    lines = lines_of(tables)
    age = (lines["date"] - lines["launched_on"]).dt.days
    by_hand = lines.assign(
        price_share=lines["discount_amount"] > 0,
        night_share=(lines["hour"] >= 22) | (lines["hour"] < 6),
        evening_share=lines["hour"].between(18, 21),
        weekend_share=lines["weekday"] >= 6,
        new_product_share=age.between(0, 59),
        eco_share=lines["eco"],
        **{"category:tops": lines["category"] == "tops", "scene:party": lines["scene"] == "party"},
    )
    names = ["price_share", "night_share", "evening_share", "weekend_share", "new_product_share", "eco_share"]
    names += ["category:tops", "scene:party"]
    expected = by_hand.groupby("customer_id")[names].mean().astype(float)
    found = features.frame.set_index("customer_id")[names]
    assert np.allclose(found.loc[expected.index], expected)
    assert features.frame["n_lines"].sum() == len(lines)
    assert features.frame["n_orders"].sum() == lines.groupby("customer_id")["order_id"].nunique().sum()


def test_parts_of_the_day_and_named_values_add_up(features):
    hours = features.frame[["night_share", "morning_share", "afternoon_share", "evening_share"]].sum(axis=1)
    styles = features.frame.filter(like="style:").sum(axis=1)
    assert np.allclose(hours, 1)
    assert np.allclose(styles, 1)


def test_windows_of_the_same_tables_have_the_same_features_and_split_the_lines(tables, features):
    before = shopper_features(tables, end="2023-12-31")
    after = shopper_features(tables, start="2024-01-01")
    assert set(after.names) <= set(features.names)
    assert before.frame["n_lines"].sum() + after.frame["n_lines"].sum() == features.frame["n_lines"].sum()
    again = shopper_features(tables, start="2024-01-01", names=features.names)
    assert again.names == features.names


def test_features_that_no_line_shows_are_not_there():
    names = shopper_features(open_workspace("cdnow_sample").at("1997-09-30")).names
    assert names == ("weekend_share",)


def test_a_customer_whose_lines_have_no_answer_has_no_share(tables):
    features = shopper_features(tables, names=["weekend_share", "category:no such"])
    k, n = features.of("category:no such")
    assert k.sum() == 0
    assert n.sum() == features.frame["n_lines"].sum()
    assert (features.frame["category:no such"] == 0).all()


def test_windows_that_cannot_be_are_refused(tables):
    with pytest.raises(BadInput, match="but these tables are as of"):
        shopper_features(tables, end="2030-01-01")
    with pytest.raises(BadInput, match="start must not lie after end"):
        shopper_features(tables, start="2024-02-01", end="2024-01-01")
    with pytest.raises(CannotAnswer, match="No named customer bought anything from 2022-01-01 to 2022-01-02"):
        shopper_features(tables, start="2022-01-01", end="2022-01-02")
    with pytest.raises(BadInput, match="These data have no brand_share; they have"):
        shopper_features(tables, names=["brand_share"])
    with pytest.raises(BadInput, match="These data have no brand_share"):
        shopper_features(tables).of("brand_share")


def test_customers_who_come_on_days_by_chance_get_no_tag_of_the_weekend_by_many_lines_an_order():
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 182, 300 * 12), unit="D")
    orders = pd.DataFrame({"order_id": np.arange(3600), "customer_id": np.arange(3600) % 300, "date": days, "eur": 5.0})
    lines = orders.loc[orders.index.repeat(rng.integers(1, 8, 3600))]
    names = {"order_id": "order_id", "customer_id": "customer_id", "date": "date", "amount": "eur"}
    found = shopper_features(open_workspace(frame_source(lines, names, name="chance")).at("latest"))
    k, n = found.independent("weekend_share")
    assert n.sum() == 3600
    assert k.sum() == (days.day_of_week >= 5).sum()
    assert ShareTags().analyze(found, ["weekend_share"]).rows["made"].tolist() == ["alike"]
