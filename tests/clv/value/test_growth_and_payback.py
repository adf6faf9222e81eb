"""Growth splits without a remainder; payback is when the curve meets the cost."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.clv import CustomerValue, Payback, ValueGrowth
from crm_lab.messages import LANGUAGES


@pytest.fixture(scope="module")
def growth(sample):
    return ValueGrowth(samples=20).analyze(sample, "1997-12-31", "1998-06-30", rng=1)


@pytest.fixture(scope="module")
def payback(sample):
    ids = sample["customer_id"].unique()
    channel = pd.Series(np.where(np.arange(len(ids)) % 3 == 0, "search", "mail"), index=ids)
    spec = Payback(margin=0.3, draws=50)
    return spec.analyze(sample, "1998-06-30", {"search": 14.0, "mail": 500.0}, channel, rng=1)


def test_parts_multiply_to_the_value_and_their_currency_adds_up(growth, sample):
    frame = growth.to_frame().set_index("part")
    parts = frame.drop(index="value")
    assert np.prod(1 + parts["growth"]) == pytest.approx(1 + frame.loc["value", "growth"])
    assert parts["currency"].sum() == pytest.approx(frame.loc["value", "currency"])
    assert frame.loc["value", "currency"] == pytest.approx(frame.loc["value", "later"] - frame.loc["value", "earlier"])
    value = CustomerValue(draws=100).fit(sample, "1998-06-30")
    assert frame.loc["value", "later"] == pytest.approx(value.total()[0])
    assert (frame["lo"] <= frame["growth"]).all()
    assert (frame["growth"] <= frame["hi"]).all()


def test_a_cohort_that_ages_loses_value_through_survival(growth):
    frame = growth.to_frame().set_index("part")
    assert frame.loc["base", "growth"] == pytest.approx(0)
    assert frame.loc["survival", "growth"] < 0
    assert "From 1997-12-31 to 1998-06-30 the base's value went from" in growth.readout().text("en")


def test_more_margin_is_growth_through_margin(sample):
    flat = ValueGrowth(samples=20).analyze(sample, "1998-03-31", "1998-06-30")
    more = ValueGrowth(samples=20, margin=(0.5, 1.0)).analyze(sample, "1998-03-31", "1998-06-30")
    assert 1 + more.growth == pytest.approx(2 * (1 + flat.growth))


def test_payback_is_when_contribution_has_reached_the_cost(payback):
    table = payback.to_frame().set_index("channel")
    curve = payback.curves[payback.curves["channel"] == "search"]
    days = table.loc["search", "payback_days"]
    assert np.interp(days, curve["day"], curve["value"]) == pytest.approx(14.0)
    assert table.loc["search", "payback_lo"] <= days <= table.loc["search", "payback_hi"]
    assert np.isinf(table.loc["mail", "payback_days"])
    assert table.loc["search", "customers"] + table.loc["mail", "customers"] == 2357


def test_readout_names_the_channel_that_pays_and_the_one_that_does_not(payback):
    text = payback.readout().text("en")
    assert text.startswith("search pays soonest: 14.00 USD for a customer are back by day ")
    assert "Do not buy more customers here at this cost: mail." in text
    refused = {f.id: f for f in payback.facts()}["clv.payback.mail"]
    assert refused.value is None
    assert refused.refusal.text("en") == "Not paid back within 730 days."


def test_a_free_customer_pays_at_once_and_a_dear_one_never(sample):
    spec = Payback(margin=0.3, draws=50)
    free = spec.analyze(sample, "1998-06-30", {"all": 0.0})
    assert free.to_frame()["payback_days"].tolist() == [0.0]
    assert "the money is back with the first purchase" in free.readout().finding.text("en")
    assert "首次购买即回本" in free.readout().finding.text("zh")
    never = spec.analyze(sample, "1998-06-30", {"all": 1e6})
    assert "an assumed cost, the money is not back within 730 days" in never.readout().text("en")


def test_one_channel_is_not_preferred_to_others(sample):
    text = Payback(margin=0.3, draws=50).analyze(sample, "1998-06-30", {"all": 12.0}).readout().text("en")
    assert "an assumed cost" in text
    assert "soonest" not in text
    assert "Feed" not in text


def test_most_of_the_movement_is_said_only_of_more_than_half(growth):
    parts = growth.to_frame().set_index("part").drop(index="value")["currency"].abs()
    largest = parts.max() / parts.sum()
    said = growth.readout().action.text("en")
    assert said.startswith("Most of the movement" if largest > 0.5 else "No part makes half")
    even = replace(growth, ends=(np.array([10.0, 0.5, 2.0, 4.0]), np.array([11.0, 0.55, 2.2, 4.0])))
    assert even.readout().action.text("en").startswith("No part makes half of the movement")


@pytest.fixture(scope="module")
def nobody_leaves():
    rng = np.random.default_rng(4)
    days = [(who, day) for who in range(300) for day in np.cumsum(1 + rng.geometric(0.05, 40)) if day < 400]
    frame = pd.DataFrame(days, columns=["customer_id", "day"])
    return frame.assign(date=pd.Timestamp("2023-01-01") + pd.to_timedelta(frame.pop("day"), unit="D"), net_amount=10.0)


def test_where_no_value_is_stated_no_part_of_it_is(nobody_leaves):
    as_of = "2024-02-04"
    value = CustomerValue(draws=100).fit(nobody_leaves, as_of)
    assert value.refusal() is not None
    grown = ValueGrowth(samples=20).analyze(nobody_leaves, "2023-11-01", as_of)
    paid = Payback(draws=50).analyze(nobody_leaves, as_of, {"all": 12.0})
    for one in (value.bands(), grown, paid):
        assert one.refusal() is not None
        assert one.to_frame().empty
        assert not [fact for fact in one.facts() if fact.value is not None]
        for lang in LANGUAGES:
            assert not any(letter.isdigit() for letter in one.readout().finding.text(lang))
        one.plot().figure.clear()


def test_results_read_and_draw(growth, payback):
    for one in (growth, payback):
        for lang in LANGUAGES:
            assert one.readout().text(lang)
        assert all(fact.to_json()["label"] for fact in one.facts())
        axes = one.plot()
        assert axes.get_title(loc="left")
        axes.figure.clear()


@pytest.mark.parametrize("cost", [{}, {"all": -1.0}, {"all": np.nan}])
def test_costs_that_are_none_are_refused(sample, cost):
    with pytest.raises(BadInput, match="give a cost ≥ 0 per acquired customer"):
        Payback().analyze(sample, "1998-06-30", cost)


def test_unknown_channels_are_refused(sample):
    with pytest.raises(BadInput, match="No customer belongs to the channels tv"):
        Payback().analyze(sample, "1998-06-30", {"tv": 3.0})


@pytest.mark.parametrize(
    ("spec", "change", "sentence"),
    [
        (ValueGrowth, {"model": "x"}, "model is 'x'"),
        (ValueGrowth, {"horizon_days": 0}, "horizon_days is 0"),
        (ValueGrowth, {"margin": (0.0, 1.0)}, "two shares in"),
        (ValueGrowth, {"samples": 2}, "samples is 2"),
        (Payback, {"model": "x"}, "model is 'x'"),
        (Payback, {"margin": 3.0}, "margin is 3.0"),
        (Payback, {"horizon_days": 2}, "horizon_days is 2"),
        (Payback, {"draws": 2}, "draws is 2"),
    ],
)
def test_bad_settings_are_refused(spec, change, sentence):
    with pytest.raises(BadInput, match=sentence):
        spec(**change)
