import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.experiments import draw_round
from crm_lab.fronts.front import front_of
from crm_lab.results import payload
from crm_lab.segmentation import RFM, TEN_SEGMENTS, CallRule, SegmentRule, SegmentRules

AS_OF = "2024-06-30"


@pytest.fixture
def scored(customers):
    return RFM().fit(customers, as_of=AS_OF)


def test_the_order_is_segment_then_money_times_overdue(scored, customers):
    calls = CallRule(segments=("loyal", "need_attention", "hibernating")).analyze(scored, customers)
    assert calls.to_frame()["customer_id"].tolist() == ["c06", "c07", "c08", "c09", "c10"]
    assert calls.frame["priority"].tolist() == pytest.approx([3900, 1920, 68, 61.875, 44.5])
    assert calls.no_rhythm == 1


def test_the_reason_names_gap_silence_and_money(scored, customers):
    calls = CallRule(segments=("loyal",)).analyze(scored, customers)
    assert calls.shown()["reason"].iloc[0] == ("Usual gap 4 d, now silent 13 d (3.2×); spent USD 1,200 in 12 months.")


def test_the_readout_says_what_is_at_stake_and_that_the_rule_is_untested(scored, customers):
    rule = CallRule(n=3, segments=("loyal", "need_attention", "hibernating"))
    readout = rule.analyze(scored, customers).readout()
    assert readout.finding.text("en") == (
        "5 customers of the segments to call are late on their own rhythm, with USD 1,975 in the last 12 months. The "
        "first 3 by the rule (Loyal, Need attention and Hibernating) spent USD 1,900 of it, 36.9% of what all "
        "customers spent in these months; they are silent 3.0 times as long as usual (median)."
    )
    assert "that a call brings anybody back is untested" in readout.certainty.text("en")
    assert "致电能否挽回尚未验证" in readout.certainty.text("zh")
    assert "（忠诚客户、需关注和沉睡）" in readout.finding.text("zh")


def test_nobody_who_is_held_out_is_called_and_the_list_of_the_week_is_named(scored, customers):
    rule = CallRule(n=4, segments=("loyal", "need_attention", "hibernating"))
    arms = pd.Series("treatment", index=customers["customer_id"], name="save-2024-06-30")
    arms[["c06", "c09"]] = "control"
    calls = rule.analyze(scored, customers, arms=arms)
    assert calls.to_frame()["customer_id"].tolist() == ["c07", "c08", "c10"]
    assert calls.to_frame()["place"].tolist() == [1, 2, 3]
    assert (calls.late, calls.held_out) == (5, 2)
    said = calls.readout().action
    assert "Where page 13 draws a list for the week after 2024-06-30, its customers come first." in said.text("en")
    assert "2 late customers are left alone, as page 13's hold-out needs" in said.text("en")
    assert "若第 13 页为 2024-06-30 之后一周抽取了名单，则以该名单为先" in said.text("zh")


@pytest.mark.parametrize("holdout", [0.1, 0.2, 0.5])
def test_the_calls_of_page_4_never_meet_the_hold_out_of_page_13(complete_journey, holdout):
    customers, day = complete_journey["customer_360"], complete_journey.as_of
    arms = draw_round(customers["customer_id"], day, holdout)
    calls = CallRule(n=2_000).analyze(RFM().fit(customers, as_of=day), customers, arms=arms)
    worth_a_contact = customers["customer_id"].sample(500, random_state=3)  # page 13 draws its own customers alone
    held = draw_round(worth_a_contact, day, holdout).loc[lambda arm: arm == "control"].index
    assert len(held) > 500 * holdout / 2
    assert calls.held_out
    assert not set(calls.to_frame()["customer_id"]) & set(held)


def test_nobody_late_is_a_refusal(scored, customers):
    calls = CallRule(min_overdue=99).analyze(scored, customers)
    assert calls.refusal().text("en") == (
        "Nobody in the segments to call is late on their own rhythm as of 2024-06-30."
    )
    assert payload(calls)["facts"][0]["value"] == 0


def test_unknown_segments_are_refused(scored, customers):
    with pytest.raises(BadInput, match="segments names friends; the rules have champions, loyal"):
        CallRule(segments=("friends",)).analyze(scored, customers)


def test_own_rules_need_own_segments_to_call(customers):
    rules = SegmentRules((SegmentRule("vip", r=(5, 5)), SegmentRule("rest", r=(1, 4))))
    scored = RFM(rules=rules).fit(customers, as_of=AS_OF)
    with pytest.raises(BadInput, match="No segment to call is known among vip, rest; name them in segments"):
        CallRule().analyze(scored, customers)


def test_settings_are_checked():
    with pytest.raises(BadInput, match=r"n is 0; it must be 1 or more"):
        CallRule(n=0)


def test_call_list_on_complete_journey(complete_journey):
    customers = complete_journey["customer_360"]
    calls = CallRule().analyze(RFM(rules=TEN_SEGMENTS).fit(customers, as_of=complete_journey.as_of), customers)
    listed = calls.to_frame()
    assert len(listed) == 20
    assert listed["overdue"].min() >= 1
    assert listed["priority"].is_monotonic_decreasing or len(set(listed["segment"])) > 1
    chosen = customers.set_index("customer_id").loc[listed["customer_id"], "revenue_12m"]
    assert calls.revenue == pytest.approx(chosen.sum())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_drawings_speak_the_language(scored, customers, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    grid, calls = scored.plot(), CallRule(segments=("loyal",)).analyze(scored, customers).plot()
    titles = {"en": "Whom to call first: what they spent in 12 months", "zh": "先致电谁：近 12 个月消费"}
    assert calls.get_title(loc="left") == titles[lang]
    assert len(grid.texts) == 25


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_said_to_be_at_stake_where_nothing_was_spent(lang):
    tables = open_workspace("cdnow_sample").at("1998-06-30")  # who is late there has not bought for a year
    calls = CallRule().analyze(RFM().fit(tables["customer_360"], as_of=tables.as_of), tables["customer_360"])
    assert calls.revenue == 0
    said = calls.readout()
    assert {"en": "nothing is at stake", "zh": "并无金额可失"}[lang] in said.finding.text(lang)
    assert {"en": "Call none of them", "zh": "不必为金额致电"}[lang] in said.action.text(lang)


@pytest.mark.parametrize("money", [True, False])
def test_the_card_calls_nobody_whom_the_page_does_not(scored, customers, money):
    rule = CallRule(n=3, segments=("loyal", "need_attention", "hibernating"))
    spent = customers if money else customers.assign(revenue_12m=0.0)
    calls = rule.analyze(scored, spent)
    card, advice = front_of(calls), calls.readout().action.text("en")
    assert advice.startswith("Call none") is not money
    assert (card["decision"] is None) is not money
    assert ("call nobody" in card["answer"]) is not money


def test_who_spent_nothing_is_called_last_whatever_the_segment(scored, customers):
    rule = CallRule(segments=("loyal", "need_attention", "hibernating"))
    first = rule.analyze(scored, customers).to_frame()["customer_id"].iloc[0]
    spent = customers.assign(revenue_12m=customers["revenue_12m"].where(customers["customer_id"] != first, 0.0))
    calls = rule.analyze(scored, spent).to_frame()
    assert calls["customer_id"].iloc[-1] == first
    assert (calls["revenue_12m"].to_numpy()[:-1] > 0).all()
