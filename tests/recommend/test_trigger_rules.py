"""Trigger rules: whom an event makes eligible, and an effect only where customers were held out."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from certification.trigger_rules import certify_trigger_effects, planted_events
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import TriggerReport, TriggerRule
from crm_lab.recommend.trigger_rules.rate_differences import customer_rate, rate_difference
from crm_lab.recommend.trigger_rules.trigger_events import back_in_stock, birthdays, overdue
from crm_lab.results import unlabelled

MAY = (date(2024, 5, 1), date(2024, 5, 31))


def test_birthdays_across_the_year_and_in_leap_years():
    people = pd.DataFrame(
        {"customer_id": ["a", "b", "c", "d"], "birthday": ["1960-01-03", "2000-02-29", None, "1969-12-31"]}
    )
    turn = birthdays(people, date(2023, 12, 25), date(2024, 1, 5), lead=5)
    assert turn[["customer_id", "date"]].astype(str).to_numpy().tolist() == [["d", "2023-12-26"], ["a", "2023-12-29"]]
    assert birthdays(people, date(2023, 2, 1), date(2023, 3, 1))["date"].dt.day.tolist() == [28]
    assert birthdays(people, date(2024, 2, 1), date(2024, 3, 1))["date"].dt.day.tolist() == [29]


def test_only_what_was_out_is_back_and_only_for_who_wanted_it_before():
    stock = pd.DataFrame({
        "product_id": ["tea", "tea", "gin", "gin", "gin"], "in_stock": [True, True, False, True, False],
        "date": ["2024-05-01", "2024-05-05", "2024-04-01", "2024-05-10", "2024-05-12"],
    })  # fmt: skip
    wanted = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "product_id": ["tea", "gin", "gin"],
            "date": ["2024-04-01", "2024-04-02", "2024-05-11"],
        }
    )
    found = back_in_stock(stock, wanted, *MAY)
    assert found.astype(str).to_numpy().tolist() == [["a", "2024-05-10", "gin"]]


def test_who_bought_in_time_or_stopped_is_not_overdue():
    due = pd.DataFrame(
        {"customer_id": list("abcd"), "product_id": "tea", "hi": "2024-05-09", "goes_on": [0.9, 0.9, 0.1, 0.9]}
    )
    bought = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "tea", "date": ["2024-05-09", "2024-05-10"]})
    assert overdue(due, bought, *MAY)["customer_id"].tolist() == ["b", "d"]


def test_a_quiet_time_follows_each_event_and_the_lot_is_the_customers():
    bought = pd.DataFrame({"customer_id": "a", "date": ["2024-04-20", "2024-04-25", "2024-05-05", "2024-05-05"]})
    rule = TriggerRule(kind="post_purchase", quiet_days=10)
    assert rule.eligible(*MAY, purchases=bought, days=14)["date"].dt.day.tolist() == [4, 19]
    many = pd.DataFrame(
        {"customer_id": np.repeat([f"c{k}" for k in range(500)], 2), "date": ["2024-04-20", "2024-05-10"] * 500}
    )
    events = TriggerRule(kind="post_purchase", quiet_days=0, holdout=0.3).eligible(*MAY, purchases=many, days=14)
    assert len(events.drop_duplicates(["customer_id", "arm"])) == events["customer_id"].nunique()
    assert abs((events["arm"] == "control").mean() - 0.3) < 3 * np.sqrt(0.21 / 500)
    some = rule.eligible(*MAY, purchases=many, consent=many.head(10))
    assert some["customer_id"].nunique() == 5


def test_counts_of_the_report_are_those_of_the_tables():
    events = pd.DataFrame({
        "rule": "r", "customer_id": list("abcdef"), "arm": ["treatment"] * 4 + ["control"] * 2,
        "date": ["2024-05-01"] * 5 + ["2024-06-25"],
    })  # fmt: skip
    sent = pd.DataFrame(
        {
            "rule": ["r", "r", "r", "other"],
            "customer_id": list("abcd"),
            "date": ["2024-05-01", "2024-05-03", "2024-05-04", "2024-05-01"],
        }
    )
    bought = pd.DataFrame({"customer_id": list("abd"), "date": ["2024-05-15", "2024-05-16", "2024-04-30"]})
    gone = pd.DataFrame({"customer_id": ["b"], "date": ["2024-05-04"]})
    result = TriggerReport().analyze(events, sent, bought, as_of="2024-06-30", opt_outs=gone)
    row = result.to_frame().iloc[0]
    assert (row["eligible"], row["held_out"], row["sent"], result.open_events) == (5, 1, 2, 1)
    assert (row["response_rate"], row["opt_out"], row["refused"]) == (0.5, 0.5, "few")
    assert np.isnan(row["effect"])


def test_an_effect_needs_a_holdout_that_was_kept():
    events, sent, bought = planted_events(1, 500, 0.1)
    report = TriggerReport()
    ask = {"as_of": "2024-12-31"}
    plain = report.analyze(events.drop(columns="arm"), sent, bought, **ask)
    assert plain.refusal().key == "recommend.trigger.no_effect"
    assert plain.facts()[1].refusal.key == "recommend.trigger.refused_no_holdout"
    assert plain.readout().action.key.endswith("action_none")
    everybody = events.drop(columns="arm")
    assert report.analyze(events, everybody, bought, **ask).to_frame()["refused"].tolist() == ["sent_anyway"]
    with pytest.raises(BadInput, match="500 rows have an arm that is not treatment or control"):
        report.analyze(events.assign(arm="A"), sent, bought, **ask)
    with pytest.raises(CannotAnswer, match="No event has 14 days after it up to 2024-01-01"):
        report.analyze(events, sent, bought, as_of="2024-01-01")
    with pytest.raises(CannotAnswer, match="The rule birthday makes nobody eligible"):
        TriggerRule(kind="birthday").eligible(*MAY, customers=pd.DataFrame({"customer_id": ["a"], "birthday": [None]}))
    with pytest.raises(BadInput, match="lacks the column birthday"):
        TriggerRule(kind="birthday").eligible(*MAY, customers=pd.DataFrame({"customer_id": ["a"]}))


def test_differences_of_small_shares_have_newcombes_interval():
    """Newcombe (1998), table II, method 10: 9/10 less 3/10, and 5/56 less 0/29."""
    for (k, n), (j, m), ends in (((9, 10), (3, 10), (0.1705, 0.8090)), ((5, 56), (0, 29), (-0.0381, 0.1926))):
        rates = (customer_rate(np.repeat([1.0, 0.0], [x, y - x]), np.ones(y), 0.95) for x, y in ((k, n), (j, m)))
        assert rate_difference(*rates)[1:] == pytest.approx(ends, abs=5e-5)


def test_words_are_in_both_languages(monkeypatch):
    events, sent, bought = planted_events(2, 800, 0.2)
    results = [
        TriggerReport().analyze(events, sent, bought, as_of="2024-12-31"),
        TriggerReport().analyze(events.drop(columns="arm"), sent, bought, as_of="2024-12-31"),
    ]
    for result in results:
        texts = {}
        for lang in ("en", "zh"):
            monkeypatch.setenv("CRM_LAB_LANG", lang)
            texts[lang] = result.readout().text()
            assert not unlabelled(result)
            assert all(str(fact.label) for fact in result.facts())
            assert result.shown()["rule"].tolist() != ["post_purchase"]
        assert texts["en"] != texts["zh"]
        assert result.plot() is not None
        plt.close("all")


def test_what_is_certified_at_length_holds_in_short():
    rows = list(certify_trigger_effects(5))
    assert all(row["ok"] for row in rows), rows


def test_ids_fit_each_other_whatever_type_a_gap_has_made_them() -> None:
    events = pd.DataFrame({
        "rule": "r", "customer_id": range(400), "date": "2024-05-01", "arm": ["treatment", "control"] * 200,
    })  # fmt: skip
    bought = pd.DataFrame({"customer_id": [*range(0, 400, 2), None], "date": "2024-05-03"})
    assert bought["customer_id"].dtype == float
    sent = events[events["arm"] == "treatment"].astype({"customer_id": float})
    row = TriggerReport().analyze(events, sent, bought, as_of="2024-06-30").to_frame().iloc[0]
    assert (row["sent"], row["response_rate"], row["effect"]) == (200, 1.0, 1.0)


def test_nobody_without_an_id_gets_a_message() -> None:
    bought = pd.DataFrame({"customer_id": ["a", None, np.nan], "date": "2024-05-01"})
    rule = TriggerRule(kind="post_purchase", holdout=0.0)
    assert rule.eligible(*MAY, purchases=bought)["customer_id"].tolist() == ["a"]


def test_a_product_without_an_id_is_no_answer_to_an_event_without_one() -> None:
    events = pd.DataFrame({"rule": "r", "customer_id": list("ab"), "date": "2024-05-01", "product_id": None})
    bought = events.assign(date="2024-05-02")
    report = TriggerReport(same_product=True).analyze(events, events, bought, as_of="2024-06-30")
    assert report.to_frame()["response_rate"].tolist() == [0.0]


def test_states_of_stock_in_words_are_refused_and_numbers_of_products_may_be_text() -> None:
    stock = pd.DataFrame({"product_id": 1, "date": ["2024-05-01", "2024-05-09"], "in_stock": ["false", "true"]})
    wanted = pd.DataFrame({"customer_id": ["a"], "product_id": "1", "date": "2024-04-01"})
    with pytest.raises(BadInput, match="2 values of in_stock"):
        back_in_stock(stock, wanted, *MAY)
    found = back_in_stock(stock.assign(in_stock=[False, True]), wanted, *MAY)
    assert found[["customer_id", "product_id"]].to_numpy().tolist() == [["a", "1"]]


def test_the_purchase_itself_is_no_answer_and_leads_are_within_a_year() -> None:
    bought = pd.DataFrame({"customer_id": ["a"], "date": "2024-05-01"})
    with pytest.raises(BadInput, match="days is 0"):
        TriggerRule(kind="post_purchase").eligible(*MAY, purchases=bought, days=0)
    with pytest.raises(BadInput, match="lead is -5"):
        birthdays(pd.DataFrame({"customer_id": ["a"], "birthday": "1990-12-30"}), *MAY, lead=-5)


def test_quiet_days_hold_from_one_call_to_the_next() -> None:
    bought = pd.DataFrame({"customer_id": "a", "date": pd.date_range("2024-05-01", periods=3)})
    rule = TriggerRule(kind="post_purchase", holdout=0.0, quiet_days=28)
    first = rule.eligible("2024-05-15", "2024-05-15", purchases=bought)
    with pytest.raises(CannotAnswer):
        rule.eligible("2024-05-16", "2024-05-16", purchases=bought, earlier=first)
    assert len(rule.eligible("2024-05-16", "2024-05-16", purchases=bought, earlier=first.assign(rule="other"))) == 1


def test_who_left_before_the_message_did_not_leave_because_of_it() -> None:
    events = pd.DataFrame({"rule": "r", "customer_id": list("abcd"), "date": "2024-05-01"})
    sent = events.assign(date="2024-05-03")
    left = pd.DataFrame({"customer_id": list("abc"), "date": ["2024-05-02", "2024-05-03", "2024-05-16"]})
    made = TriggerReport().analyze(events, sent, events, as_of="2024-06-30", opt_outs=left)
    assert made.to_frame()["opt_out"].tolist() == [0.25]
