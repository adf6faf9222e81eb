"""Campaigns: numbers of Complete Journey, small logs counted by hand, and refusals."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from crm_lab.channels import (
    AudienceOverlap,
    CampaignFunnel,
    CampaignLog,
    ContactCost,
    IncrementalResponse,
    PromotionDip,
    ReachPrecision,
)
from crm_lab.channels.campaigns import TablesOf
from crm_lab.channels.campaigns.holdout_response import effect_of
from crm_lab.channels.campaigns.order_windows import OrderWindows
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.data.sources.first_look.table_vocabulary import names_in_table
from crm_lab.tables import TABLES

DAY = pd.Timestamp("2024-03-01")


def log_of(sent, orders=(), as_of=date(2024, 12, 31), first="2023-06-01", **tables):
    """A log of (customer, campaign, day) and of (customer, day, amount), days counted from 1 March 2024."""
    messages = pd.DataFrame(sent, columns=["customer_id", "campaign", "day"])
    messages["date"] = DAY + pd.to_timedelta(messages.pop("day"), "D")
    bought = pd.DataFrame([*orders], columns=["customer_id", "day", "net_amount"])
    bought["date"] = DAY + pd.to_timedelta(bought.pop("day"), "D")
    begins = pd.DataFrame({"customer_id": ["early"], "net_amount": [1.0], "date": pd.to_datetime([first])})
    messages = messages.assign(**tables.pop("flags", {}))
    return CampaignLog.of(TablesOf({"exposures": messages, "orders": pd.concat([bought, begins]), **tables}, as_of))


def test_complete_journey_has_the_campaigns_and_targetings_of_the_reference(journey):
    funnel = CampaignFunnel(bought_days=14, again_days=60).analyze(journey)
    frame = funnel.to_frame()
    assert (len(frame), frame["sent"].sum()) == (27, 6_589)
    assert frame["redeemed"].sum() == 792
    rates = funnel.rates("redeemed / sent").set_index("group")["rate"]
    expected = {"all": 0.120, "Type A": 0.166, "Type B": 0.065, "Type C": 0.059}
    assert rates[list(expected)].round(3).to_dict() == expected
    assert funnel.missing == ("delivered", "opened", "clicked")


def test_stages_whose_days_are_not_in_the_data_are_missing_not_none(journey):
    frame = CampaignFunnel(bought_days=14, again_days=60).analyze(journey).to_frame().set_index("campaign")
    assert frame.loc[["24", "25", "26", "23"], "bought"].isna().all()  # before the first and after the last day
    assert np.isfinite(frame.loc["19", "bought"])
    assert np.isnan(frame.loc["19", "again"])


def test_audiences_of_complete_journey_overlap_as_the_reference_says(journey):
    overlap = AudienceOverlap().analyze(journey)
    assert len(overlap.pairs) == 351
    assert overlap.pairs["jaccard"].median() == pytest.approx(0.056, abs=5e-4)
    assert overlap.pairs["jaccard"].max() == pytest.approx(0.668, abs=5e-4)
    matrix = overlap.jaccard().to_numpy()
    np.testing.assert_array_equal(matrix, matrix.T)
    assert overlap.reached == 1_559


def test_combinations_add_up_to_everybody_in_the_largest_audiences(journey):
    overlap = AudienceOverlap(most_campaigns=27).analyze(journey)
    assert overlap.to_frame()["customers"].sum() == overlap.reached
    sizes = pd.Series({name: int(n) for name, n in zip(overlap.names, overlap.sizes, strict=True)})
    counted = overlap.cells.explode("campaigns").groupby("campaigns")["customers"].sum()
    assert counted.to_dict() == sizes.to_dict()


def test_targeted_campaigns_are_refused_with_the_spend_before(journey):
    result = IncrementalResponse().analyze(journey, "13")
    before = result.to_frame().set_index("group")["spend_before"]
    assert before.round(2).to_dict() == {"targeted": 1883.46, "others": 516.52}
    assert result.effect() is None
    assert "1,883.46" in result.refusal().text("en")
    assert result.facts()[0].value is None
    assert PromotionDip().analyze(journey, "13").facts()[0].value is None


def test_sums_of_windows_agree_with_counting_one_by_one():
    rng = np.random.default_rng(3)
    who, day, amount = rng.integers(0, 6, 200), rng.integers(100, 160, 200), rng.random(200)
    orders = OrderWindows.of(who, day, amount)
    asked, first = rng.integers(0, 7, 50), rng.integers(95, 165, 50)
    last = first + rng.integers(-2, 30, 50)
    n, spent = orders.sums(asked, first, last)
    inside = [(who == a) & (day >= f) & (day <= e) for a, f, e in zip(asked, first, last, strict=True)]
    np.testing.assert_array_equal(n, [m.sum() for m in inside])
    np.testing.assert_allclose(spent, [amount[m].sum() for m in inside], atol=1e-9)
    later = [day[(who == a) & (day >= f)].min(initial=10**6) for a, f in zip(asked, first, strict=True)]
    np.testing.assert_array_equal(orders.next_day(asked, first), [-1 if x == 10**6 else x for x in later])
    earlier = [day[(who == a) & (day < f)].max(initial=-1) for a, f in zip(asked, first, strict=True)]
    np.testing.assert_array_equal(orders.last_day(asked, first), earlier)


def test_stages_of_a_small_log_are_those_counted_by_hand():
    sent = [("a", "May", 0), ("b", "May", 0), ("c", "May", 0)]
    orders = [("a", 0, 10.0), ("a", 0, 5.0), ("b", 13, 7.0), ("b", 30, 3.0), ("c", 14, 9.0)]
    answers = pd.DataFrame({"customer_id": ["a", "a"], "campaign": "May", "date": DAY})
    log = log_of(sent, orders, responses=answers, flags={"delivered": 1, "opened": [1, 0, None]})
    row = CampaignFunnel(bought_days=14, again_days=31).analyze(log).to_frame().iloc[0]
    assert row[["sent", "delivered", "redeemed", "bought", "again", "revenue"]].tolist() == [3, 3, 1, 2, 1, 34.0]
    assert np.isnan(row["opened"])  # not known of one message
    rates = CampaignFunnel(bought_days=14, again_days=31).analyze(log).rates().set_index(["group", "definition"])
    assert rates.loc[("all", "opened / sent"), ["responders", "of"]].tolist() == [1, 2]


def test_clicks_are_a_stage_where_they_are_known():
    log = log_of([("a", "May", 0), ("b", "May", 0)], flags={"opened": 1, "clicked": [1, 0]})
    funnel = CampaignFunnel().analyze(log)
    assert funnel.rates("clicked / opened")["rate"].tolist() == [0.5, 0.5]  # of all, and of the campaign
    assert "clicked" not in funnel.missing


@pytest.mark.parametrize("table", ["exposures", "responses"])
def test_no_word_of_a_table_stands_for_two_columns(table):
    words = [word for column in TABLES[table].columns for word in names_in_table(table, column.name)]
    assert len(words) == len(set(words)) > 20


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((56, 70), (48, 80), (0.2, 0.0524, 0.3339)), ((9, 10), (3, 10), (0.6, 0.1705, 0.8090))],
)
def test_difference_of_shares_has_newcombes_interval(one, other, expected):
    """Newcombe (1998), table II, examples (a) and (b) by method 10."""
    y = np.concatenate([np.arange(n) < k for k, n in (one, other)]) * 1.0
    _, _, *found = effect_of(y, np.arange(len(y)) < one[1], share=True)
    assert found == pytest.approx(expected, abs=5e-5)


def lot(n=400, effect=0.3, seed=1, **columns):
    rng = np.random.default_rng(seed)
    ids, treated = [f"c{k:03}" for k in range(n)], np.arange(n) < n // 2
    buys = rng.random(n) < 0.2 + effect * treated
    arms = pd.DataFrame({"experiment": "test", "customer_id": ids, "arm": np.where(treated, "treatment", "control"),
                         "assigned_on": DAY}).assign(**columns)  # fmt: skip
    sent = [(name, "test", 0) for name, t in zip(ids, treated, strict=True) if t]
    orders = [(name, 3, 10.0) for name, b in zip(ids, buys, strict=True) if b]
    return log_of(sent, orders, assignments=arms, flags={"cost_amount": 0.5})


def test_a_holdout_gives_the_effect_and_the_cost_of_an_added_order():
    log = lot()
    result = IncrementalResponse().analyze(log, "test")
    effect, ci = result.effect("orders")
    assert ci.lo < 0.3 < ci.hi
    row = ContactCost().analyze(log).to_frame().iloc[0]
    assert row["cost"] == 100.0
    assert row["cost_per_incremental_order"] == pytest.approx(0.5 / effect)
    assert row["lo"] == pytest.approx(0.5 / ci.hi)
    nothing = ContactCost().analyze(lot(effect=0.0)).to_frame().iloc[0]
    assert nothing["hi"] == np.inf or np.isnan(nothing["hi"])


def test_orders_pulled_forward_are_found_with_a_holdout():
    rng, n = np.random.default_rng(2), 4_000
    ids, treated = [f"c{k:04}" for k in range(n)], np.arange(n) < n // 2
    base = rng.random(n) < 0.5  # would buy in day 20
    early = base & treated & (rng.random(n) < 0.6)
    orders = [(name, 5 if e else 20, 1.0) for name, b, e in zip(ids, base, early, strict=True) if b]
    arms = pd.DataFrame({"experiment": "sale", "customer_id": ids, "arm": np.where(treated, "treatment", "control"),
                         "assigned_on": DAY})  # fmt: skip
    log = log_of([(name, "sale", 0) for name, t in zip(ids, treated, strict=True) if t], orders, assignments=arms)
    result = PromotionDip().analyze(log, "sale")
    assert result.refusal() is None
    assert result.spans.pulled_ci.lo < 1 < result.spans.pulled_ci.hi
    assert result.readout().finding.key == "channels.dip.finding_dip"


def test_arms_that_differ_before_are_no_lot():
    log = lot()
    rich = [(f"c{k:03}", -30, 100.0 + k) for k in range(200)]
    richer = log_of([(f"c{k:03}", "test", 0) for k in range(200)], rich, assignments=pd.DataFrame({
        "experiment": "test", "customer_id": [f"c{k:03}" for k in range(400)],
        "arm": ["treatment"] * 200 + ["control"] * 200, "assigned_on": DAY,
    }))  # fmt: skip
    assert IncrementalResponse().analyze(richer, "test").refusal().key == "channels.incremental.refused_unequal"
    missing = IncrementalResponse(planned_share=0.7).analyze(log, "test")
    assert missing.refusal().key == "channels.incremental.refused_ratio"


def test_a_third_arm_is_asked_about():
    arms = pd.DataFrame({"experiment": "test", "customer_id": list("abc"), "arm": ["control", "A", "B"],
                         "assigned_on": DAY})  # fmt: skip
    with pytest.raises(CannotAnswer, match=r"other than control and treatment \(A, B\)"):
        IncrementalResponse().analyze(log_of([("a", "test", 0)], assignments=arms), "test")


def test_reach_is_held_against_a_named_target():
    sent = [("a", "May", 0), ("b", "May", 0), ("c", "May", 0), ("d", "May", 0)]
    log = log_of(sent, [("a", 2, 1.0), ("c", 2, 1.0)], flags={"cost_amount": [1.0, 2.0, 4.0, 8.0]})
    row = ReachPrecision(response="bought").analyze(log, ["a", "b", "e", "early"]).to_frame().iloc[0]
    assert row[["in_target", "responders", "precision", "waste", "wasted_cost"]].tolist() == [2, 2, 0.25, 0.5, 12.0]
    assert row["missed"] == pytest.approx(1 / 3)  # early; e is no customer that the data know


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        (lambda _: CampaignLog.of(TablesOf({}, date(2024, 1, 1))), "no messages"),
        (lambda log: ContactCost().analyze(log), "No cost is known"),
        (lambda log: ReachPrecision(response="clicked").analyze(log), "clicked"),
        (lambda log: IncrementalResponse().analyze(log, "June"), "June"),
        (lambda _: PromotionDip().analyze(log_of([("a", "May", 0)], as_of=date(2024, 3, 10)), "May"), "42 days"),
        (lambda log: CampaignFunnel(bought_days=400, again_days=400).analyze(log), "nothing is known"),
    ],
)
def test_what_is_not_known_is_refused(asks, words):
    with pytest.raises(CannotAnswer, match=words):
        asks(log_of([("a", "May", 0), ("b", "May", 0)], [("a", 1, 1.0)]))


def test_costs_of_some_messages_only_are_refused():
    with pytest.raises(CannotAnswer, match="1 of 2 messages have no cost"):
        ContactCost().analyze(log_of([("a", "May", 0), ("b", "May", 0)], flags={"cost_amount": [1.0, None]}))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CampaignFunnel(bought_days=20, again_days=10), "bought_days or more"),
        (lambda: CampaignFunnel(claim=75), "between 0 and 1"),
        (lambda: ReachPrecision(response="liked"), "liked"),
        (lambda: AudienceOverlap(most_campaigns=100), "60 campaigns"),
        (lambda: IncrementalResponse(planned_share=1.0), "planned_share"),
    ],
)
def test_wrong_settings_are_named(make, words):
    with pytest.raises(BadInput, match=words):
        make()
