"""Back-tests: no leakage, sound scores, a champion or a refusal in words, a value in currency."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.totals import past
from crm_lab.checks import BadInput
from crm_lab.clv import BackTest, forecast_by_record
from crm_lab.clv.validation.backtest import model_title
from crm_lab.clv.validation.boosting_hurdle import FEATURES, features, hurdle_forecast
from crm_lab.clv.validation.forecast_scores import (
    bias,
    champion_of,
    decile_error,
    mean_absolute_error,
    money_deviance,
    poisson_deviance,
    ranking_gini,
    untried,
)
from crm_lab.data.kernels.purchases import purchase_days
from crm_lab.messages import LANGUAGES


@pytest.fixture(scope="module")
def result(sample):
    return BackTest(draws=50).analyze(sample, "1998-06-30", rng=1)


counts = st.lists(st.integers(0, 9), min_size=3, max_size=30).filter(lambda v: sum(v) > 0 and len(set(v)) > 1)


@settings(max_examples=80, deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_ranking_gini_is_one_for_the_best_order_and_ignores_scale_and_order_of_rows(values, random):
    actual = np.array(values, dtype=float)
    assert ranking_gini(actual, 3 * actual + 1) == pytest.approx(1)
    assert ranking_gini(actual, -actual) == pytest.approx(-1)
    assert ranking_gini(actual, np.ones(len(actual))) == pytest.approx(0)
    order = random.sample(range(len(actual)), len(actual))
    predicted = np.arange(len(actual)) // 3 * 1.0
    assert ranking_gini(actual[order], predicted[order]) == pytest.approx(ranking_gini(actual, predicted))


def test_scores_by_hand():
    actual, predicted = np.array([0.0, 2.0, 4.0, 2.0]), np.array([1.0, 2.0, 2.0, 1.0])
    assert bias(actual, predicted) == pytest.approx(6 / 8 - 1)
    assert mean_absolute_error(actual, predicted) == pytest.approx(1.0)
    # halves by prediction: rows 0, 3 (mean 1 for 1 predicted) and rows 1, 2 (mean 3 for 2)
    assert decile_error(actual, predicted, groups=2) == pytest.approx((0 + 1) / 2 / 2)


def test_the_hurdle_sees_nothing_after_its_date(sample):
    days = purchase_days(sample, "1998-06-30")
    date = int(days["day"].min()) + 400
    forecast = hurdle_forecast(days, date, 91)
    future = days["day"] > date
    changed = days.assign(amount=days["amount"].where(~future, 1e6))
    pd.testing.assert_series_equal(hurdle_forecast(changed, date, 91), forecast)
    pd.testing.assert_series_equal(hurdle_forecast(days[~future], date, 91), forecast)
    table = features(days, date)
    assert tuple(table.columns) == FEATURES
    pd.testing.assert_frame_equal(features(days[~future], date), table)


def test_features_by_hand():
    days = pd.DataFrame({"customer_id": ["a", "a", "b"], "day": [0, 80, 90], "amount": [10.0, 30.0, 5.0]})
    table = features(days, 100)
    assert table.loc["a"].drop("overdue").to_dict() == {
        "frequency": 1, "recency": 80, "T": 100, "silence": 20, "gap": 80,
        "last_28": 1, "last_91": 1, "mean_amount": 20, "first_amount": 10,
    }  # fmt: skip
    assert table.loc["a", "overdue"] == pytest.approx(0.25)
    assert np.isnan(table.loc["b", "gap"])


def test_too_few_customers_give_no_hurdle():
    days = pd.DataFrame({"customer_id": list("abc"), "day": [0, 1, 200], "amount": 1.0})
    assert hurdle_forecast(days, 150, 91) is None
    assert hurdle_forecast(days, 50, 91) is None


def test_scores_of_the_cdnow_sample(result):
    table = result.to_frame()
    assert set(table["model"]) == {"naive", "own_rate", "nbd", "bgnbd", "mbgnbd", "paretonbd", "boosting", "blend"}
    assert table["deviance"].is_monotonic_increasing
    assert result.scores["origin"].nunique() == 3
    assert table["coverage"].dropna().between(0.88, 1).all()
    nbd = table.set_index("model").loc["nbd"]
    assert nbd["bias"] > 0.2, "a model in which nobody leaves must overshoot a cohort that leaves"


def test_champion_is_at_most_one_per_cent_worse_than_the_best_single_model(result):
    table = result.to_frame().set_index("model")
    singles = [m for m in table.index if m not in ("blend", "naive", "own_rate")]
    assert table.loc[result.champion, "deviance"] <= 1.01 * table.loc[singles, "deviance"].min()


def test_deviance_is_least_at_the_mean_where_absolute_error_is_not():
    actual = np.array([0.0, 0.0, 0.0, 4.0])
    flat = {level: np.full(4, level) for level in (0.2, 1.0, 2.0)}
    assert min(flat, key=lambda level: poisson_deviance(actual, flat[level])) == 1.0
    assert min(flat, key=lambda level: mean_absolute_error(actual, flat[level])) == 0.2
    by_hand = 2 * (4 * np.log(4) - 4 + 1 + 3) / 4
    assert poisson_deviance(actual, flat[1.0]) == pytest.approx(by_hand)


def test_a_model_that_one_origin_does_not_identify_is_no_champion(result):
    scores = result.scores.copy()
    lost = (scores["model"] == "blend") & (scores["origin"] == scores["origin"].min())
    barred = replace(result, scores=scores.assign(identified=scores["identified"] & ~lost))
    assert result.champion == "blend"
    assert barred.champion != "blend"


def test_the_yardstick_is_the_rule_that_earlier_origins_chose(result):
    """At the last origin the other rule is made the better one: what is chosen beforehand does not move."""
    scores = result.scores.copy()
    last, other = scores["origin"] == scores["origin"].max(), scores["model"] != result.yardstick
    scores.loc[last & other, "deviance"] = 0.0
    assert replace(result, scores=scores).yardstick == result.yardstick == "own_rate"


def test_predictions_at_an_origin_use_only_what_was_known(sample, result):
    origin = result.scores["origin"].min()
    cut = sample[sample["date"] <= pd.Timestamp(origin) + pd.Timedelta(days=91)]
    alone = BackTest(draws=50, origins=1).analyze(cut, cut["date"].max(), rng=1)
    ours = result.predictions[result.predictions["origin"] == origin].reset_index(drop=True)
    theirs = alone.predictions.reset_index(drop=True)
    for key in ("naive", "mbgnbd", "paretonbd", "boosting"):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-9)


def test_forecast_adds_up_and_holds_its_total(result):
    forecast = forecast_by_record(result, margin=0.3, rng=2)
    frame = forecast.to_frame()
    assert frame["value"].sum() == pytest.approx(forecast.total)
    assert forecast.interval.lo < forecast.total < forecast.interval.hi
    assert frame["value"].is_monotonic_decreasing
    assert ((frame["lo"] <= frame["value"]) & (frame["value"] <= frame["hi"])).all()
    assert sum(forecast.by_tenth) == pytest.approx(forecast.total)
    again = forecast_by_record(result, margin=0.3, rng=2)
    assert again.interval == forecast.interval


def test_forecast_of_any_model_scales_with_margin(result):
    one, half = (forecast_by_record(result, "nbd", margin=m, rng=2) for m in (1.0, 0.5))
    assert half.total == pytest.approx(one.total / 2)


def worse_than_the_yardstick(result):
    """The same back-test, had every model been twice as wrong."""
    scores = result.scores.copy()
    scores.loc[~scores["model"].isin(["naive", "own_rate"]), "deviance"] *= 2
    return replace(result, scores=scores)


def test_models_that_the_best_simple_rule_beats_are_refused(result):
    refused = worse_than_the_yardstick(result)
    assert refused.refusal().key == "clv.backtest.naive_wins"
    assert "which takes no model, and plan totals" in refused.readout().text("en")
    assert forecast_by_record(refused).refusal() is not None


@pytest.mark.parametrize("bias", [0.2, 0.4])
@pytest.mark.parametrize("years_back", [0, 1])
def test_totals_off_the_track_are_said_and_held_by_the_interval(result, bias, years_back):
    """Pages 08 and 09 treat a missed total alike: taken off where the season was the same, in the interval if not."""
    back = result.as_of - timedelta(days=365)
    scores = result.scores.assign(bias=bias)
    off = replace(result, scores=scores.assign(origin=back) if years_back else scores)
    assert off.refusal() is None
    said = off.readout().certainty.text("en")
    assert ("missed by +40.0% on average" in said) is (bias > 0.25)
    assert ("takes that off" in said) is (bias > 0.25 and years_back == 1)


def test_an_interval_too_wide_to_plan_with_states_no_value(result):
    said = result.predictions
    wild = np.where(said["origin"] == said["origin"].max(), 6.0, 1 / 6)
    forecast = forecast_by_record(replace(result, predictions=said.assign(spend=said["spend"] * wild)), "mbgnbd")
    assert forecast.refusal().key == "clv.total.too_wide"
    assert "value" not in forecast.to_frame()


def test_one_origin_leaves_the_choice_untested(result):
    one = replace(result, scores=result.scores[result.scores["origin"] == result.scores["origin"].max()])
    assert "There is one origin only" in one.readout().text("en")


def test_a_base_without_dropout_is_said_to_fit_no_model():
    rng = np.random.default_rng(4)
    days = [
        (f"c{customer:03d}", int(day), 10.0 + customer % 5)
        for customer, rate in enumerate(rng.gamma(2.0, 1 / 40, 400))
        for day in np.concatenate([[0], np.cumsum(rng.exponential(1 / rate, 60))])
        if day < 450
    ]
    frame = pd.DataFrame(days, columns=["customer_id", "day", "net_amount"])
    result = BackTest(draws=50, origins=2, models=("nbd", "bgnbd", "paretonbd")).analyze(frame, "1971-03-26")
    assert {"bgnbd", "paretonbd"} <= set(result.refused)
    assert result.champion not in {"bgnbd", "paretonbd"}
    readout = result.readout().text("en")
    assert "BG/NBD, Pareto/NBD" in readout or "Not fit for this base" in readout


def test_results_read_and_draw_in_both_languages(result):
    forecast = forecast_by_record(result)
    for one in (result, forecast):
        for lang in LANGUAGES:
            assert one.readout().text(lang)
        assert all(fact.to_json()["label"] for fact in one.facts())
        axes = one.plot()
        assert axes.get_title(loc="left")
        axes.figure.clear()
    axes = result.plot(what="bias")
    assert axes.get_xlabel() == "Total predicted over actual, minus 1"
    axes.figure.clear()
    assert model_title("blend").text("zh") == "组合模型"


def test_readout_names_champion_error_and_regret(result):
    text = result.readout().text("en")
    assert "Over 3 origins of 91 days" in text
    table = result.to_frame().set_index("model")
    assert f"{table.loc[result.champion, 'deviance']:.4f} per customer" in text
    assert "Choosing by the earlier origins would have cost" in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"models": ()}, "models is empty"),
        ({"models": ("arima",)}, r"models has \['arima'\]"),
        ({"horizon_days": 3}, "horizon_days is 3"),
        ({"origins": 0}, "origins is 0"),
        ({"level": 0.2}, "level is 0.2"),
        ({"draws": 5}, "draws is 5"),
    ],
)
def test_bad_settings_are_refused(change, sentence):
    with pytest.raises(BadInput, match=sentence):
        BackTest(**change)


def test_too_short_records_are_refused(sample):
    with pytest.raises(BadInput, match="The records hold 5 periods of 91 days, and 9 origins need 10"):
        BackTest(origins=9).analyze(sample, "1998-06-30")


def test_a_period_without_purchases_is_refused(sample):
    with pytest.raises(BadInput, match="Nobody bought between 1999-"):
        BackTest(origins=1).analyze(sample, "1999-12-31")


def test_unknown_model_or_margin_is_refused(result):
    with pytest.raises(BadInput, match="model is 'arima'"):
        forecast_by_record(result, "arima")
    with pytest.raises(BadInput, match="margin is 2"):
        forecast_by_record(result, margin=2)


def test_the_horizon_is_a_year_where_two_are_known_and_a_quarter_elsewhere():
    day = pd.to_datetime(["2021-01-01", "2022-06-01", "2024-12-31"])
    orders = pd.DataFrame({"customer_id": "a", "date": day, "net_amount": 1.0})
    found = [BackTest.as_used(orders, as_of) for as_of in ("2022-06-30", "2023-01-15", "2024-12-31")]
    assert [(test.horizon_days, test.origins) for test in found] == [(91, 3), (365, 1), (365, 3)]
    asked = BackTest.as_used(orders, "2024-12-31", 182, origins=2)
    assert (asked.horizon_days, asked.origins) == (182, 2)


def test_money_and_counts_may_choose_different_champions():
    means = pd.DataFrame({
        "model": ["naive", "mbgnbd", "boosting"], "identified": True,
        "deviance": [0.1, 0.2, 0.3], "money_deviance": [0.1, 0.5, 0.4],
    })  # fmt: skip
    assert champion_of(means, "deviance", "naive") == "mbgnbd"
    assert champion_of(means, "money_deviance", "naive") == "boosting"
    assert champion_of(means.assign(identified=False), "deviance", "own_rate") == "own_rate"


def test_money_deviance_is_least_at_the_mean_and_knows_no_currency():
    spent = np.random.default_rng(3).gamma(0.3, 40, 4000)
    at = {share: money_deviance(spent, np.full(4000, share * spent.mean())) for share in (0.8, 1.0, 1.25)}
    assert at[1.0] < min(at[0.8], at[1.25])
    in_cents = money_deviance(100 * spent, np.full(4000, 100 * spent.mean()))
    assert in_cents == pytest.approx(at[1.0])


def test_what_could_not_be_tried_at_every_date_is_no_choice():
    """A base that is young at its first origins: boosting learns nothing there, so its mean would be of other dates."""
    shop = past("fashion", 1000, 0, 365)
    result = BackTest(draws=50).analyze(shop.orders, shop.as_of)
    table = result.to_frame()
    assert result.scores.groupby("model")["origin"].nunique().eq(3).all()
    assert not {"boosting", "blend"} & {*table["model"], *result.predictions, *result.now}
    assert result.scores["expected"].notna().all()
    forecast = forecast_by_record(result)
    assert np.isfinite([forecast.total, forecast.interval.lo, forecast.interval.hi]).all()


def test_which_trained_models_are_untried():
    scores = pd.DataFrame({"origin": [1, 1, 2, 2, 2], "model": ["nbd", "boosting", "nbd", "boosting", "blend"]})
    now = pd.DataFrame({"nbd": [1.0], "boosting": [1.0], "blend": [1.0]})
    assert untried(scores, now) == ["blend"]
    assert untried(scores, now.drop(columns="boosting")) == ["boosting", "blend"]


def test_boosting_learns_on_a_day_when_nobody_had_come_twice(full):
    """CDNOW's records begin with new customers: 136 days before 1997-05-17 gaps are known of nobody."""
    result = BackTest(models=("mbgnbd",), horizon_days=136, origins=1, draws=50).analyze(full, "1997-09-30")
    assert result.scores["expected"].notna().all()
    assert "boosting" in result.predictions
