"""Rolling origins: nothing of the future, lists per date, paired differences."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.churn.models import fit_score
from crm_lab.stats.scoring import calibration_line

mpl.use("Agg")
RULES = {
    "silent_this_month": churn.silent_this_month,
    "recency": churn.longest_silence,
    "overdue": churn.most_overdue,
}
SPEC = churn.RollingOrigins(
    tests=("2023-09-01", "2023-10-01", "2023-11-01"),
    window_days=60,
    active_days=60,
    capacity=0.1,
    draws=60,
    train_dates=3,
)


def analyze(orders, spec=SPEC, **extra):
    return spec.analyze(
        orders, last_day="2024-02-05", models={"logistic": churn.logistic()}, rules=RULES, rng=1, **extra
    )


@pytest.fixture(scope="module")
def report(orders):
    return analyze(orders)


def test_scores_do_not_change_when_the_future_is_removed(orders, report):
    cut = orders[orders["date"] <= "2023-10-31"]  # the window of the first test date ends on this day
    one = churn.RollingOrigins(
        tests=("2023-09-01",), window_days=60, active_days=60, capacity=0.1, draws=60, train_dates=3
    )
    early = one.analyze(cut, last_day="2023-10-31", models={"logistic": churn.logistic()}, rules=RULES, rng=1).scored
    same = report.scored[report.scored["origin"] == "2023-09-01"].reset_index(drop=True)
    pd.testing.assert_frame_equal(early, same)


def test_lists_are_made_per_date_and_pooled_by_hand(report):
    scored = report.scored
    place = scored.groupby("origin")["logistic"].rank(ascending=False, method="first")
    size = scored.groupby("origin")["logistic"].transform("size")
    listed = scored[place <= 0.1 * size]
    by_hand = listed["left"].mean() / scored["left"].mean()
    assert report.row("logistic")["lift"] == pytest.approx(by_hand, rel=0.06)  # the list is cut by pooled rank


def test_baseline_is_one_and_differences_are_antisymmetric(report):
    assert report.row("silent_this_month")["ratio"] == 1
    there, ci = report.difference("logistic", "recency")
    back, reverse = report.difference("recency", "logistic")
    assert there == -back
    assert (ci.lo, ci.hi) == pytest.approx((-reverse.hi, -reverse.lo))


def test_readout_names_the_best_rule(report):
    text = report.readout().text("en")
    assert 'times what "silent this month" finds' in text
    assert report.best_rule in RULES
    assert report.plot().get_title(loc="left")


def test_back_from_leaves_the_window_free():
    spec = churn.RollingOrigins.back_from("2024-02-05", dates=3, every_days=20, window_days=60)
    assert spec.tests == ("2023-10-28", "2023-11-17", "2023-12-07")


def test_today_is_scored_from_the_past_with_reasons(orders):
    today = SPEC.score(orders, as_of="2023-12-01", model=churn.logistic())
    late = SPEC.score(orders[orders["date"] <= "2023-12-01"], as_of="2023-12-01", model=churn.logistic())
    pd.testing.assert_frame_equal(today, late)
    assert today["p_churn"].between(0, 1).all()
    assert (today["recency_days"] < 60).all()
    named = set(";".join(today["reasons"]).split(";")) - {""}
    assert named <= {"frequency", "rhythm", "money", "basket", "discount"}


def test_recalibration_moves_the_chances_and_keeps_the_ranking(orders, report):
    moved = analyze(orders, replace(SPEC, recalibrate=True))
    plain, there = report.scored["logistic"], moved.scored["logistic"]
    assert moved.row("logistic")["lift"] == report.row("logistic")["lift"]
    assert not np.allclose(plain, there)
    assert moved.row("logistic")["slope"] != report.row("logistic")["slope"]


def test_recalibration_mends_chances_of_a_model_that_learnt_noise():
    rng = np.random.default_rng(6)
    x = pd.DataFrame(rng.normal(size=(3600, 25)))
    y = pd.Series((rng.random(3600) < 1 / (1 + np.exp(1 - x[0]))).astype(int))
    train, model = (x[:600], y[:600]), {"model": churn.logistic(1e4)}
    plain, mended = (
        calibration_line(y[600:], fit_score(model, train, x[600:], recalibrate=choice)["model"])
        for choice in (False, True)
    )
    assert plain.slope < 0.85
    assert abs(mended.slope - 1) < abs(plain.slope - 1)


def test_contacts_reach_the_list_where_exposures_are_known(orders):
    sent = orders[["customer_id"]].head(50).assign(date=pd.Timestamp("2023-11-20"))
    today = SPEC.score(orders, as_of="2023-12-01", model=churn.logistic(), exposures=sent)
    expected = sent["customer_id"].value_counts()
    known = today.set_index("customer_id")["contacts_91"]
    both = known.index.intersection(expected.index)
    assert known[both].tolist() == expected[both].tolist()
    assert known.drop(both).sum() == 0


def test_bad_input_is_named(orders):
    with pytest.raises(BadInput, match=r"tests is \('2023-10-01', '2023-09-01'\); it must be one or more rising dates"):
        churn.RollingOrigins(tests=("2023-10-01", "2023-09-01"))
    with pytest.raises(BadInput, match="The baseline 'silent_this_month' is not among the rules"):
        SPEC.analyze(orders, last_day="2024-02-05", models={}, rules={"recency": churn.longest_silence}, rng=1)
    with pytest.raises(BadInput, match=r"Nothing can be learnt before 2023-03-01: .* Use 2023-05-.* or later"):
        analyze(orders, churn.RollingOrigins(tests=("2023-03-01",), window_days=60, active_days=60))
    with pytest.raises(BadInput, match=r"and the data end on 2024-02-05. Choose as_of 2023-12-07 or earlier"):
        analyze(orders, churn.RollingOrigins(tests=("2024-01-01",), window_days=60, active_days=60))


@pytest.mark.slow
def test_complete_journey_lift_and_calibration(complete_journey):
    """Lift at 5 % of at least 7 pooled over four dates, 1.3 times "silent this month", slope .9-1.1."""
    rules = {
        "silent_this_month": churn.silent_this_month,
        "recency": churn.longest_silence,
        "visit_count": churn.fewest_visits,
    }
    report = churn.RollingOrigins.back_from("2017-12-31", draws=100).analyze(
        complete_journey["orders"], last_day="2017-12-31", models={"logistic": churn.logistic()}, rules=rules, rng=13
    )
    row = report.row("logistic")
    assert row["lift"] >= 7
    assert row["ratio"] >= 1.3
    assert row["ratio_lo"] > 1
    assert 0.9 <= row["slope"] <= 1.1
    for rule in ("recency", "visit_count"):
        difference, interval = report.difference("logistic", rule)
        assert difference > 0
        assert interval.hi > 0
    assert np.isclose(report.scored["left"].mean(), 0.0345, atol=1e-3)
