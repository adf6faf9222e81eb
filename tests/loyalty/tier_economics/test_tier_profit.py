"""Each tier's money adds up to the whole, orders and days count for the tier of their day, and nothing is invented."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.loyalty.tier_economics import ThresholdEffect, TierProfit, threshold_members
from tests.loyalty.tier_economics.shops import TIERS, history, members, orders

HISTORY = history(
    [
        ("a", "base", "2022-05-01", None),
        ("a", "gold", "2023-07-02", 700.0),
        ("b", "silver", "2022-01-01", 400.0),
        ("b", "base", "2023-12-01", 90.0),
        ("c", "base", "2023-12-30", None),
    ]
)
ORDERS = orders(
    [("a", "2023-02-01", 50.0), ("a", "2023-07-02", 200.0), ("b", "2023-05-05", 80.0), ("b", "2022-05-05", 9.0)]
)
REWARDS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"], "date": ["2023-02-01", "2023-08-01", "2023-05-05"],
        "kind": ["earn", "redeem", "earn"],
        "points": [50, -40, 80], "cost_amount": [0.0, 4.0, 0.0],
    }
)  # fmt: skip


def profit(**settings):
    return TierProfit(tiers=TIERS, margin_share=0.5, perk_cost={"gold": 73.0}, **settings)


def test_orders_and_days_count_for_the_tier_of_their_day():
    frame = profit().analyze(HISTORY, ORDERS, REWARDS, as_of="2023-12-31").to_frame().set_index("tier")
    assert frame["spend"].to_dict() == {"base": 50.0, "silver": 80.0, "gold": 200.0}
    assert (frame["member_years"] * 365).round().to_dict() == {"base": 182 + 31 + 2, "silver": 334, "gold": 183}
    assert frame.loc["gold", "perk_cost"] == pytest.approx(73.0 * 183 / 365)
    assert frame["points_cost"].to_dict() == {"base": 0.0, "silver": 0.0, "gold": 4.0}
    assert frame["members"].to_dict() == {"base": 2, "silver": 0, "gold": 1}
    assert frame[["up", "down"]].loc["base"].tolist() == [1.0, 0.0]
    assert frame[["up", "down"]].loc["silver"].tolist() == [0.0, 1.0]


def test_points_may_be_charged_when_they_are_issued():
    frame = (
        profit(point_cost=0.1, redemption_share=0.5).analyze(HISTORY, ORDERS, REWARDS, as_of="2023-12-31").to_frame()
    )
    assert frame["points_cost"].tolist() == pytest.approx([2.5, 4.0, 0.0])


def test_tiers_add_up_to_the_whole():
    frame = profit().analyze(HISTORY, ORDERS, REWARDS, as_of="2023-12-31").to_frame()
    assert frame["spend"].sum() == ORDERS["net_amount"].sum() - 9
    parts = frame["margin"] - frame["points_cost"] - frame["perk_cost"] - frame["service_cost"]
    np.testing.assert_allclose(parts, frame["contribution"])


def test_what_a_tier_adds_is_unknown_unless_a_threshold_earned_it():
    frame = profit().analyze(HISTORY, ORDERS, as_of="2023-12-31").to_frame()
    assert frame["incremental"].isna().all()
    spec = ThresholdEffect(tier="gold", threshold=500, outcome="margin", margin_share=0.5)
    for sort, basis in ((False, "threshold"), (True, "unknown")):
        effect = spec.analyze(members(sort=sort))
        found = profit().analyze(HISTORY, ORDERS, as_of="2023-12-31", effects=[effect])
        assert found.to_frame().set_index("tier").loc["gold", "incremental_basis"] == basis
        assert ("gold" in str(found.readout().certainty)) == (basis == "threshold")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tier": "platin"}, "Tiers platin are not among base, silver, gold"),
        ({"since": None}, "rows lack customer, tier or day"),
        ({"customer_id": "a", "since": "2022-05-01"}, "rows repeat a customer and day"),
    ],
)
def test_a_history_that_cannot_be_read_is_said(change, said):
    with pytest.raises(BadInput, match=said):
        profit().analyze(HISTORY.assign(**change), ORDERS, as_of="2023-12-31")


def test_settings_are_refused_together():
    with pytest.raises(BadInput, match=r"(?s)margin_share is 2.*platin are not among"):
        TierProfit(tiers=TIERS, margin_share=2, perk_cost={"platin": 1.0})


def test_follow_ups_are_whole_and_equal():
    found = threshold_members(HISTORY, ORDERS, tiers=TIERS, tier="silver", as_of="2024-06-30")
    assert found[["customer_id", "qualifying_amount", "spend", "left"]].to_dict("records") == [
        {"customer_id": "a", "qualifying_amount": 700.0, "spend": 200.0, "left": 0.0},
        {"customer_id": "b", "qualifying_amount": 400.0, "spend": 9.0, "left": 0.0},
    ]
    with pytest.raises(CannotAnswer, match="No tier was decided 365 days"):
        threshold_members(HISTORY, ORDERS, tiers=TIERS, tier="silver", as_of="2022-06-30")
    with pytest.raises(BadInput, match="tier is 'base'"):
        threshold_members(HISTORY, ORDERS, tiers=TIERS, tier="base", as_of="2024-06-30")


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Where the margin of a member-year goes"), ("zh", "每会员年的毛利去了哪里")]
)
def test_the_bars_are_the_margin_of_a_member_year(lang, title, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    found = profit().analyze(HISTORY, ORDERS, REWARDS, as_of="2023-12-31")
    ax = found.plot()
    assert ax.get_title(loc="left") == title
    widths = sum(bar.get_width() for bar in ax.patches)
    frame = found.to_frame()
    assert widths == pytest.approx((frame["margin"] / frame["member_years"]).sum())
    assert found.readout().text()


def test_a_loss_and_examples_are_said_first():
    losing = TierProfit(tiers=TIERS, margin_share=0.1, perk_cost={"gold": 900.0})
    assert losing.analyze(HISTORY, ORDERS, as_of="2023-12-31").readout().action.key.endswith("profit_loss")
    examples = TierProfit(tiers=TIERS, margin_share=0.1, assumed=("margin_share",))
    assert "margin_share" in str(examples.analyze(HISTORY, ORDERS, as_of="2023-12-31").readout().action)


def test_nobody_in_a_tier_is_said():
    with pytest.raises(CannotAnswer, match="Nobody was in a tier on 2021-12-31 or before"):
        profit().analyze(HISTORY, ORDERS, as_of="2021-12-31")


@pytest.mark.parametrize(("lang", "words"), [("en", "No cost of points or service"), ("zh", "积分、服务的成本未知")])
def test_costs_that_are_not_known_are_named(lang, words):
    history = pd.DataFrame({"customer_id": ["a", "b"], "tier": ["base", "gold"], "since": ["2022-01-01"] * 2})
    orders = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2023-03-01"] * 2, "net_amount": [50.0, 80.0]})
    terms = TierProfit(tiers=("base", "gold"), margin_share=0.4, perk_cost={"gold": 12.0})
    found = terms.analyze(history, orders, as_of="2023-12-31")
    assert words in found.readout().text(lang)
    costs = TierProfit(tiers=("base", "gold"), margin_share=0.4, perk_cost={"gold": 1.0}, service_cost={"gold": 1.0})
    assert "No cost of points is known" in costs.analyze(history, orders, as_of="2023-12-31").readout().text("en")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_of_tiers_has_its_words_in_both_languages(lang, monkeypatch):
    history = pd.DataFrame({"customer_id": ["a"], "tier": ["base"], "since": ["2022-01-01"]})
    orders = pd.DataFrame({"customer_id": ["a"], "date": ["2023-03-01"], "net_amount": [50.0]})
    found = TierProfit(tiers=("base",), margin_share=0.4).analyze(history, orders, as_of="2023-12-31")
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    assert {"en": "points", "zh": "积分成本"}[lang] in [text.get_text() for text in found.plot().texts]
