"""Rolling origins: nothing of the future, lists per date, paired differences."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.churn.models.learners import fit_score
from crm_lab.results import payload
from crm_lab.stats.calibration import calibration_line

mpl.use("Agg")
RULES = {"silent_this_month": churn.silent_this_month, "recency": churn.longest_silence, "overdue": churn.most_overdue}
SPEC = churn.RollingOrigins(
    tests=("2023-09-01", "2023-10-01", "2023-11-01"),
    window_days=60,
    active_days=60,
    capacity=0.1,
    draws=60,
    train_dates=3,
    baseline="silent_this_month",
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
    assert report.row(report.spec.baseline)["ratio"] == 1
    there, ci = report.difference("logistic", "recency")
    back, reverse = report.difference("recency", "logistic")
    assert there == -back
    assert (ci.lo, ci.hi) == pytest.approx((-reverse.hi, -reverse.lo))


def test_readout_names_the_best_rule(report):
    text = report.readout().text("en")
    assert 'times what "silent this month" finds' in text
    assert report.best_rule in RULES
    assert report.plot().get_title(loc="left")


def test_the_yardstick_is_the_rule_that_was_best_before_the_first_test_date(orders):
    chosen = analyze(orders, replace(SPEC, baseline=""))
    cut = orders[orders["date"] < "2023-09-01"]  # what is later chooses nothing
    alone = replace(SPEC, baseline="", tests=("2023-07-01",), train_dates=1)
    early = alone.analyze(cut, last_day="2023-08-31", models={"logistic": churn.logistic()}, rules=RULES, rng=1)
    assert {chosen.spec.baseline, early.spec.baseline} <= set(RULES)
    assert chosen.row(chosen.spec.baseline)["ratio"] == 1
    difference, _ = chosen.difference(chosen.best_model, chosen.spec.baseline)
    assert f"{difference:+.2f}"[1:] in chosen.readout().text("en")


def test_of_rules_the_best_is_chosen_and_of_equals_the_first():
    table = pd.DataFrame({"n_days": [1, 5, 1, 5], "recency_days": [90, 80, 5, 4], "overdue": [1.0, 1.0, 1.0, 1.0]})
    left = pd.Series([1, 1, 0, 0])
    rules = {name: churn.SIMPLE_RULES[name] for name in ("overdue", "visit_count", "recency")}
    assert churn.best_rule(table, left, rules) == "recency"
    assert churn.best_rule(table, pd.Series([0, 0, 0, 0]), rules) == "overdue"


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
    plain = analyze(orders, replace(SPEC, recalibrate=False))
    raw, moved = plain.scored["logistic"], report.scored["logistic"]
    assert plain.row("logistic")["lift"] == report.row("logistic")["lift"]
    assert not np.allclose(raw, moved)
    assert plain.row("logistic")["slope"] != report.row("logistic")["slope"]
    assert "chances not corrected" in str(plain.readout().certainty)
    assert report.corrected == ("left_out",)
    assert "customers left out in turn (too few leavers for a later slice)" in str(report.readout().certainty)


def noisy(n, seed=6, drift=0.0):
    """25 features of which one matters; at the last third of nine dates leaving is likelier by `drift`."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 25)), index=[f"c{i}" for i in range(n)])
    day = np.sort(rng.integers(0, 9, n))
    y = pd.Series((rng.random(n) < 1 / (1 + np.exp(1 - x[0] - drift * (day >= 6)))).astype(int), index=x.index)
    return x, y, day


def test_recalibration_mends_chances_of_a_model_that_learnt_noise():
    x, y, day = noisy(3600)
    learnt, model = slice(0, 600), churn.logistic(1e4)
    raw = fit_score({"model": model}, (x[learnt], y[learnt]), x[600:])["model"]
    correction = churn.learn_correction(model, x[learnt], y[learnt], day[learnt] * 0)
    assert correction.method == "left_out"
    plain, mended = calibration_line(y[600:], raw), calibration_line(y[600:], correction.apply(raw))
    assert plain.slope < 0.85
    assert abs(mended.slope - 1) < abs(plain.slope - 1)


def test_a_later_slice_that_is_large_enough_decides_and_a_small_one_does_not():
    x, y, day = noisy(4000, drift=1.0)
    late = churn.learn_correction(churn.logistic(), x, y, day)
    assert late.method == "later_slice"
    assert late.line.intercept == pytest.approx(1.0, abs=0.25)  # the drift that all dates together would hide
    few = slice(0, 900)
    assert churn.learn_correction(churn.logistic(), x[few], y[few], day[few]).method == "left_out"
    assert churn.learn_correction(churn.logistic(), x[:120], y[:120], day[:120]) == churn.Correction("none")


def test_no_correction_where_the_model_knows_less_than_nothing():
    x, y, day = noisy(600)
    y = pd.Series(np.arange(600) % 2, index=x.index)  # nothing to learn
    found = [churn.learn_correction(churn.logistic(), noisy(600, s)[0], y, day * 0) for s in range(6)]
    assert {c.method for c in found} == {"left_out", "none"}
    chance = np.array([0.2, 0.7])
    assert churn.Correction("none").apply(chance) is chance


def test_contacts_reach_the_list_where_exposures_are_known(orders):
    sent = orders[["customer_id"]].head(50).assign(date=pd.Timestamp("2023-11-20"))
    today = SPEC.score(orders, as_of="2023-12-01", model=churn.logistic(), exposures=sent)
    expected = sent["customer_id"].value_counts()
    known = today.set_index("customer_id")["contacts_91"]
    both = known.index.intersection(expected.index)
    assert known[both].tolist() == expected[both].tolist()
    assert known.drop(both).sum() == 0


def test_rules_add_columns_to_the_list(orders):
    today = SPEC.score(
        orders, as_of="2023-12-01", model=churn.logistic(), rules={"silence": churn.longest_silence}
    )  # fmt: skip
    assert today["silence"].tolist() == today["recency_days"].tolist()


def weekly(until="2024-02-20"):
    """200 customers who buy every week until a day."""
    days = pd.date_range("2023-01-01", until, freq="7D")
    one = [pd.DataFrame({"customer_id": f"c{i:03d}", "date": days + pd.Timedelta(days=i % 7)}) for i in range(200)]
    return pd.concat(one, ignore_index=True).assign(net_amount=10.0, n_units=1.0)


def test_nobody_or_everybody_leaves():
    spec = replace(SPEC, tests=("2023-10-01",), window_days=30, active_days=30)
    for log, words in ((weekly(), "Nobody"), (weekly("2023-07-01"), "Everybody")):
        when = "2023-10-10" if words == "Nobody" else "2023-07-25"
        early = replace(spec, train_dates=1)
        with pytest.raises(BadInput, match=f"{words} of 200 customers left after the 1 training dates; a model learns"):
            early.score(log, as_of="2023-08-05" if words == "Everybody" else when, model=churn.logistic())


def test_five_leavers_at_the_test_date_are_refused():
    log = weekly()
    gone = log["customer_id"].isin([f"c{i:03d}" for i in range(40)]) & (log["date"] > "2023-07-20")
    five = log["customer_id"].isin([f"c{i:03d}" for i in range(100, 105)]) & (log["date"] > "2023-09-28")
    spec = replace(SPEC, tests=("2023-10-01",), window_days=30, active_days=30, train_dates=6)
    found = spec.analyze(
        log[~gone & ~five], last_day="2024-02-05", models={"logistic": churn.logistic()}, rules=RULES, rng=1
    )
    assert "5 customers left and 155 stayed; 20 of each are needed" in str(found.refusal())
    assert found.to_frame().empty
    assert payload(found)["facts"][0]["value"] is None
    assert "pool several dates" in found.readout().text("en")
    found.plot()


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
    report = churn.RollingOrigins.back_from("2017-12-31", baseline="silent_this_month", draws=100).analyze(
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
