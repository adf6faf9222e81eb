"""The table of actions: what goes into it, what is assumed, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import NextBestAction
from crm_lab.recommend.next_best_action import candidate_table, channel_responses, send_times

DAYS = ["2024-05-03", "2024-05-06"]
LISTS = pd.DataFrame({
    "customer_id": ["a", "a", "b"], "list": "remind", "rank": [1, 2, 1], "product_id": ["tea", "gin", "tea"],
    "chance": [0.2, 0.1, 0.4], "margin": [5.0, 9.0, 5.0],
})  # fmt: skip
CHANNELS = pd.DataFrame(
    {"channel": ["email", "sms"], "cost": [0.01, 0.1], "relative_uplift": [0.1, 0.3], "relative_se": 0.05}
)
CONSENT = pd.DataFrame(
    {"customer_id": ["a", "a", "b"], "channel": ["email", "sms", "email"], "consent": [True, False, True]}
)


def test_every_product_channel_and_day_is_a_row_with_its_assumption():
    made = candidate_table(LISTS, CHANNELS, DAYS, consent=CONSENT)
    assert len(made) == 3 * 2 * 2
    assert made["uplift"].to_numpy() == pytest.approx(made["chance"] * np.where(made["channel"] == "sms", 0.3, 0.1))
    assert made["uplift_se"].to_numpy() == pytest.approx(made["chance"] * 0.05)
    assert set(made["source"]) == {"assumed"}
    agreed = made[made["consent"]]
    assert set(zip(agreed["customer_id"], agreed["channel"], strict=True)) == {("a", "email"), ("b", "email")}


def test_an_effect_is_measured_only_for_the_product_that_was_shown():
    effects = pd.DataFrame({"customer_id": ["a"], "uplift": [0.03], "uplift_se": [0.01]})
    one = candidate_table(LISTS, CHANNELS[["channel", "cost"]], DAYS, consent=CONSENT, effects=effects)
    assert set(one["source"]) == {"assumed"}
    assert set(one["customer_id"]) == {"a"}
    shown = candidate_table(LISTS, CHANNELS, DAYS, consent=CONSENT, effects=effects.assign(product_id="gin"))
    assert set(shown["source"]) == {"measured"}
    assert set(shown["action"]) == {"gin"}
    with pytest.raises(BadInput, match="1 rows for one customer_id; keep one of each"):
        candidate_table(LISTS, CHANNELS, DAYS, consent=CONSENT, effects=pd.concat([effects, effects]))
    with pytest.raises(CannotAnswer, match="no rows"):
        candidate_table(LISTS, CHANNELS, DAYS, consent=CONSENT, effects=effects.assign(customer_id="z"))


def test_contacts_of_the_four_weeks_before_each_day_count():
    sent = pd.DataFrame(
        {"customer_id": ["a", "a", "a", "b"], "date": ["2024-04-05", "2024-05-03", "2024-04-06", "2024-05-06"]}
    )
    made = candidate_table(LISTS, CHANNELS, DAYS, consent=CONSENT, messages=sent)
    by = made.groupby(["customer_id", "day"])["recent_contacts"].unique().map(list)
    assert by.tolist() == [[2], [1], [0], [0]]


def test_answers_and_send_times_join_and_a_plan_comes_out():
    sent = pd.DataFrame(
        {"customer_id": list("aab") * 4, "channel": ["email", "sms", "email"] * 4, "opened": [1, 0, 0, 1, 1, 1] * 2}
    )
    orders = pd.DataFrame({"customer_id": ["a"] * 6, "date": ["2024-04-05"] * 5 + ["2024-04-08"]})
    made = candidate_table(
        LISTS, CHANNELS, DAYS, consent=CONSENT, times=send_times(orders),
        responses=channel_responses(sent, customers=["a", "b"]),
    )  # fmt: skip
    assert made["response"].between(0, 1, inclusive="neither").all()
    assert (made.loc[made["customer_id"] == "b", "send_time"] == 1).all()
    plan = NextBestAction(holdout=0, currency="EUR").analyze(made).to_frame()
    assert dict(zip(plan["customer_id"], plan["day"].astype(str), strict=True))["a"] == "2024-05-03"
    with pytest.raises(BadInput, match="4 rows have no response"):
        candidate_table(
            LISTS, CHANNELS, DAYS, consent=CONSENT, responses=channel_responses(sent.query("customer_id == 'a'"))
        )


def test_shares_of_customers_are_recovered_and_shrunk():
    rng = np.random.default_rng(5)
    true = rng.beta(2, 6, 2_000)
    sent = pd.DataFrame({"customer_id": np.repeat(np.arange(2_000).astype(str), 6), "channel": "email"})
    sent["opened"] = (rng.random(12_000) < np.repeat(true, 6)).astype(int)
    found = channel_responses(sent).set_index("customer_id")["response"][np.arange(2_000).astype(str)].to_numpy()
    raw = sent.groupby("customer_id", sort=False)["opened"].mean().to_numpy()
    assert np.mean((found - true) ** 2) < 0.7 * np.mean((raw - true) ** 2)
    assert abs(found.mean() - true.mean()) < 3 * true.std() / np.sqrt(2_000)
    none = channel_responses(sent.assign(opened=0))["response"]
    assert none.to_numpy() == pytest.approx(np.full(2_000, 0.5 / 12_001))


def test_send_times_are_one_on_average_and_flat_without_habits():
    rng = np.random.default_rng(6)
    orders = pd.DataFrame({"customer_id": rng.integers(0, 300, 6_000).astype(str)})
    orders["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 364, 6_000), "D")
    found = send_times(orders)
    assert found.groupby("customer_id")["send_time"].mean().to_numpy() == pytest.approx(np.ones(300))
    assert found["send_time"].between(0.8, 1.2).all()
    with pytest.raises(CannotAnswer, match="No order has a hour"):
        send_times(orders.assign(hour=None), by="hour")
    with pytest.raises(BadInput, match="6,000 hours that are not 0 to 23"):
        send_times(orders.assign(hour=24), by="hour")
