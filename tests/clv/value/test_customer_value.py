"""Values: they add up, their intervals hold them, bad settings are refused, readouts read well."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput
from crm_lab.clv import CustomerValue, GammaGamma, HoldoutCheck, alive_history, recency_map, track
from crm_lab.fronts.front import front_of
from crm_lab.messages import LANGUAGES


@pytest.fixture(scope="module")
def result(sample):
    return CustomerValue(margin=0.3, draws=200).fit(sample, "1998-06-30", rng=3)


@pytest.fixture(scope="module")
def check(sample):
    return HoldoutCheck(draws=200).analyze(sample, "1997-09-30", "1998-06-30", rng=3)


def test_customers_are_ranked_by_value(result):
    frame = result.to_frame()
    assert frame["rank"].tolist() == list(range(1, 2358))
    assert frame["value"].is_monotonic_decreasing
    assert frame["value_share"].iloc[-1] == pytest.approx(1)
    assert frame["customer_id"].is_unique
    assert ((frame["lo"] <= frame["hi"]) & (frame["lo"] >= 0)).all()


def test_values_add_up_to_the_total_and_its_interval_holds_it(result):
    total, interval = result.total()
    assert result.to_frame()["value"].sum() == pytest.approx(total)
    assert interval.lo < total < interval.hi
    bands = result.bands().to_frame()
    assert bands["value"].sum() == pytest.approx(total)
    assert bands["customers"].sum() == 2357
    assert ((bands["lo"] < bands["value"]) & (bands["value"] < bands["hi"])).all()


def test_value_is_margin_times_discounted_purchases_times_spend(result):
    frame = result.to_frame()
    upper = 0.3 * frame["expected_purchases"] * frame["expected_spend"]
    assert (frame["value"] <= upper).all()
    assert (frame["value"] >= upper / 1.1).all()


def test_the_same_seed_gives_the_same_interval(sample, result):
    again = CustomerValue(margin=0.3, draws=200).fit(sample, "1998-06-30", rng=3)
    assert again.total() == result.total()


def test_unit_of_time_changes_no_value(sample, result):
    daily = CustomerValue(margin=0.3, draws=200, unit="D").fit(sample, "1998-06-30", rng=3)
    assert daily.total()[0] == pytest.approx(result.total()[0], rel=1e-6)


def test_a_group_left_out_takes_its_value_along(result):
    frame = result.to_frame()
    some = pd.Series("kept", index=frame["customer_id"].head(100))
    group = result.by(some).to_frame()
    assert group["value"].tolist() == [pytest.approx(frame["value"].head(100).sum())]


def test_readout_of_a_base(result):
    total, interval = result.total()
    text = result.readout().text("en")
    assert text.startswith(
        f"The 2,357 customers are worth {total:,.0f} USD [{interval.lo:,.0f}, {interval.hi:,.0f}] over the next "
        "365 days; the 235 most valuable carry "
    )
    assert "90% predictive interval" in text
    assert "under MBG/NBD" in text


def test_readout_names_what_the_model_missed_on_held_out_time(sample, check):
    value = CustomerValue(model="bgnbd", draws=100).fit(sample, "1998-06-30", check=check)
    text = value.readout().text("en")
    assert "on held-out time revenue came out +18% against this model, which is more than chance" in text
    assert value.missed == pytest.approx(70_976.39 / 59_931.63)
    assert value.total() == CustomerValue(model="bgnbd", draws=100).fit(sample, "1998-06-30").total()


def test_holdout_verdict_below(check):
    readout = check.readout()
    assert readout.finding.values["model"] == "MBG/NBD"
    assert "Purchases lie above the 90% interval, so the model is too low" in readout.text("en")
    assert "do not plan with its bare total: revenue came out +24% against it." in readout.text("en")


def test_every_result_reads_in_both_languages_and_draws(sample, result, check):
    fit = result.fit
    results = [
        result,
        result.bands(),
        fit,
        result.spend,
        check,
        track(check.fits["bgnbd"], sample, "1997-09-30", "1998-06-30"),
        recency_map(fit, 39.0, 39.0, most=5, steps=4),
        alive_history(fit, sample, "0001", "1998-06-30"),
    ]
    for one in results:
        for lang in LANGUAGES:
            assert one.readout().text(lang)
        assert all(fact.to_json()["label"] for fact in one.facts())
        assert str(one)
        assert one._repr_html_()
        if one is not result.spend:
            axes = one.plot()
            assert axes.get_title(loc="left")
            axes.figure.clear()


def test_pictures_are_in_chinese_when_asked(check, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    axes = check.plot()
    assert axes.get_title(loc="left") == "按消费频次比较预期与实际"


def test_alive_history_falls_in_silence_and_jumps_at_a_purchase(result, sample):
    frame = alive_history(result.fit, sample, "0001", "1998-06-30").to_frame()
    change = frame["p_alive"].diff()
    silent = ~frame["purchase"]
    assert (change[silent].dropna() <= 1e-12).all()
    assert frame["purchase"].sum() == sample.query("customer_id == '0001'")["date"].nunique()


def test_unknown_customer_is_refused(result, sample):
    with pytest.raises(BadInput, match="'nobody' has no purchase up to 1998-06-30"):
        alive_history(result.fit, sample, "nobody", "1998-06-30")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "x"}, "model is 'x'; it must be one of"),
        ({"horizon_days": 0}, "horizon_days is 0; it must be 1 or more"),
        ({"annual_discount_rate": 10.0}, "write 0.1 for 10 % a year"),
        ({"margin": 0.0}, r"margin is 0.0; it must lie in \(0, 1\]"),
        ({"level": 95}, "level is 95"),
        ({"draws": 3}, "draws is 3; it must be 100 or more"),
        ({"unit": "Q"}, "unit is 'Q'"),
    ],
)
def test_bad_settings_are_refused(change, sentence):
    with pytest.raises(BadInput, match=sentence):
        CustomerValue(**change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"models": ()}, "models is empty"),
        ({"models": ("x",)}, r"models has \['x'\]"),
        ({"level": 2}, "level is 2"),
        ({"draws": 3}, "draws is 3"),
        ({"most": 0}, "most is 0"),
    ],
)
def test_bad_holdout_settings_are_refused(change, sentence):
    with pytest.raises(BadInput, match=sentence):
        HoldoutCheck(**change)


def test_an_empty_holdout_is_refused():
    day = np.array([0, 10, 0, 7, 3])
    frame = pd.DataFrame({"customer_id": list("aabbc"), "day": day, "net_amount": 1.0})
    with pytest.raises(BadInput, match="Not one of the 3 customers bought between"):
        HoldoutCheck().analyze(frame, "1970-01-15", "1970-02-15")


@pytest.mark.parametrize(
    ("money", "sentence"),
    [(-1.0, "11 rows have monetary_value < 0"), (np.nan, "11 rows have a missing monetary_value")],
)
def test_bad_money_is_refused(money, sentence):
    with pytest.raises(BadInput, match=sentence):
        GammaGamma().fit(pd.DataFrame({"frequency": [1.0] * 11, "monetary_value": [money] * 11}))


def test_too_few_repeat_buyers_are_refused():
    with pytest.raises(BadInput, match="1 customers have a repeat purchase with positive spend"):
        GammaGamma().fit(pd.DataFrame({"frequency": [1.0, 0.0], "monetary_value": [5.0, 0.0]}))


def test_spend_is_never_negative_or_missing(result):
    x = np.array([0.0, 1.0, 50.0, 3.0])
    mean = np.array([0.0, 0.01, 1e6, 0.0])
    spend = result.spend.expected_spend(x, mean)
    assert np.isfinite(spend).all()
    assert (spend > 0).all()
    assert_allclose(spend[[0, 3]], result.spend.mean_spend)


@pytest.mark.parametrize("key", ["bgnbd", "mbgnbd"])
def test_the_check_judges_the_model_behind_the_values(sample, key):
    checked = HoldoutCheck(draws=100, values_by=key).analyze(sample, "1997-09-30", "1998-06-30", rng=3)
    title = checked.fits[key].model.title
    assert title in checked.readout().finding.text("en")
    assert title in checked.readout().action.text("en")
    said = {fact.id: fact.value for fact in checked.facts()}
    row = checked.to_frame().set_index("model").loc[title]
    assert said["clv.holdout.expected_revenue"] == row["expected_revenue"]


def test_a_sum_that_held_by_two_misses_is_not_called_right(check):
    counts_off = check.frame.assign(revenue_lo=0.0, revenue_hi=1e9)
    said = replace(check, frame=counts_off).readout()
    assert "more than chance" in said.certainty.text("en")
    assert "need not happen again" in said.action.text("en")


def test_the_card_of_a_value_that_missed_states_no_total(sample, check):
    missed = CustomerValue(margin=0.3, draws=200).fit(sample, "1998-06-30", check=check, rng=3)
    held = CustomerValue(margin=0.3, draws=200).fit(sample, "1998-06-30", rng=3)
    assert (missed.off, held.off) == (True, False)
    money = re.compile(r"\$[\d.]+k")
    assert not money.search(front_of(missed)["answer"])
    assert money.search(front_of(held)["answer"])


def test_no_figure_of_a_value_that_missed_has_an_interval(sample, check):
    missed = CustomerValue(margin=0.3, draws=100).fit(sample, "1998-06-30", check=check, rng=3)
    held = CustomerValue(margin=0.3, draws=100).fit(sample, "1998-06-30", rng=3)
    assert [fact.id for fact in missed.facts() if fact.ci is not None] == []
    with_ci = {fact.id for fact in held.facts() if fact.ci is not None}
    assert with_ci == {"clv.base_value", "clv.value_per_customer", "clv.expected_purchases"}
