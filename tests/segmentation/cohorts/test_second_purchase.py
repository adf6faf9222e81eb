import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.number_format import ROWS_SHOWN
from crm_lab.segmentation import Repurchase, interpurchase, product_repurchase, repeat_rates
from crm_lab.segmentation.cohorts.interpurchase import GAP_SHARES
from crm_lab.stats.survival import kaplan_meier, weighted_quantiles

START = pd.Timestamp("2024-01-01")


def orders(**customers):
    """Days after the start of the data on which each customer bought."""
    rows = [(name, f"{name}{d}", START + pd.Timedelta(days=d)) for name, days in customers.items() for d in days]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "date"])


@pytest.fixture(scope="module")
def new_households(complete_journey):
    return Repurchase().analyze(complete_journey["orders"], as_of=complete_journey.as_of)


def test_second_visit_within_30_days_is_61_4_percent(new_households):
    # REFERENCE, section 6: first seen on or after 1 March with 30 days of follow-up, New York days
    row = new_households.to_frame().set_index("days").loc[30]
    assert str(new_households.new_from) == "2017-03-01"
    assert row["followed"] == 295
    assert round(100 * row["share_followed"], 1) == 61.4


def test_the_curve_uses_those_still_waiting_too(new_households):
    share, ci = new_households.curve.happened_by(30)
    assert new_households.curve.n == 301
    assert ci.lo < 0.614 < ci.hi
    assert share == pytest.approx(0.6161, abs=1e-4)


def test_the_readout(new_households):
    assert new_households.readout().finding.text("en") == (
        "61.6% [56.1%, 67.1%] of 301 new customers came back within 30 days; half of all within 19 days."
    )
    assert "Kaplan–Meier on customers first seen from 2017-03-01" in new_households.readout().certainty.text("en")


def test_several_purchases_on_one_day_are_one():
    result = Repurchase(guard_days=0, horizons=(7, 30)).analyze(orders(a=[0, 0, 5], b=[0, 0]), as_of="2024-02-15")
    assert result.gap.tolist() == [5, 45]
    assert result.again.tolist() == [True, False]


def test_purchases_after_the_day_are_unknown():
    result = Repurchase(guard_days=0).analyze(orders(a=[0, 50]), as_of="2024-01-31")
    assert result.again.tolist() == [False]


def test_a_horizon_nobody_reached_is_refused():
    result = Repurchase(guard_days=0, horizons=(30,)).analyze(orders(a=[0], b=[0, 3]), as_of="2024-01-10")
    assert result.refusal().text("en") == (
        "Nobody has been followed for 30 days yet (the longest for 9): the share is not known."
    )
    assert result.facts()[0].value is None
    assert result.readout().action.key == "segments.repurchase.wait"


def test_less_than_half_has_no_median():
    result = Repurchase(guard_days=0).analyze(orders(a=[0, 3], b=[0], c=[0], d=[0]), as_of="2024-06-30")
    assert "less than half have come back so far" in result.readout().text("en")


def test_nobody_new_is_refused():
    with pytest.raises(BadInput, match="Nobody was first seen from 2024-02-29 to 2024-06-30; lower guard_days"):
        Repurchase().analyze(orders(a=[0, 9]), as_of="2024-06-30")
    with pytest.raises(BadInput, match=r"horizons is \(30, 7\); it must be rising numbers of days"):
        Repurchase(horizons=(30, 7))


def test_repeat_rates_differ_by_definition():
    table = orders(a=[0, 100, 200], b=[0, 10], c=[150], d=[20])
    rates = repeat_rates(table, as_of="2024-08-31", window_days=244, repurchase=Repurchase(guard_days=0))
    by = rates.frame.set_index("definition")["share"]
    assert by["two_orders"] == 0.5
    assert by["both_halves"] == pytest.approx(1 / 3)
    assert by["orders_from_repeaters"] == pytest.approx(5 / 7)
    assert "anything from 25.0% to 71.4%" in rates.readout().text("en")


def test_orders_on_one_day_are_two_orders_but_one_day():
    table = orders(a=[0, 40], b=[3]).assign(date=lambda t: t["date"].where(t["customer_id"] == "a", START))
    twice = pd.concat([table, pd.DataFrame([("b", "again", START)], columns=table.columns)])
    by = repeat_rates(twice, as_of="2024-06-30", repurchase=Repurchase(guard_days=0)).frame.set_index("definition")
    assert (by.loc["two_orders", "share"], by.loc["two_days", "share"]) == (1.0, 0.5)


@given(st.lists(st.tuples(st.integers(1, 25), st.booleans()), min_size=1, max_size=40))
def test_gap_quantiles_are_those_of_kaplan_meier(gaps):
    gap, ended = (np.array(a) for a in zip(*gaps, strict=True))
    curve = kaplan_meier(gap, ended)
    expected = [curve.quantile(s) for s in (0.25, 0.5, 0.75, 0.9)]
    assert weighted_quantiles(gap, ended, np.ones(len(gap)), GAP_SHARES).tolist() == expected


def test_open_gaps_make_the_slow_tenth_longer():
    table = orders(**{f"c{i}": [0, 5, 10 + i % 3] for i in range(30)}, slow=[0, 80])
    times = interpurchase(table, as_of="2024-12-31", rng=1, draws=30)
    by = times.frame.set_index("share")
    assert by.loc[0.9, "days"] > by.loc[0.9, "ended_only"]
    assert times.ended == 61
    assert times.open == 31


def test_no_gap_is_refused():
    with pytest.raises(BadInput, match="Nobody has bought on two days; there is no time between purchases"):
        interpurchase(orders(a=[1]), as_of="2024-12-31", rng=1)


GOODS = pd.DataFrame({"product_id": ["1", "2"], "category": ["tea", "milk"]})


def test_product_cohorts_follow_the_product_not_the_customer():
    lines = orders(a=[0, 10], b=[0, 10], c=[5, 9]).assign(product_id=["1", "2", "1", "1", "2", "2"])
    none = Repurchase(guard_days=0)
    found = product_repurchase(lines, GOODS, "category", as_of="2024-12-31", spec=none, least=1)
    by = found.to_frame().set_index("category")
    assert by.loc["tea", "first_buyers"] == 2
    assert by["share"].to_dict() == {"tea": 0.5, "milk": 0.5}


def test_returns_are_no_repurchase():
    lines = orders(a=[0, 10]).assign(product_id="1", kind=["sale", "return"])
    found = product_repurchase(lines, GOODS, "category", as_of="2024-12-31", spec=Repurchase(guard_days=0), least=1)
    assert found.to_frame()["share"].tolist() == [0.0]


@pytest.mark.parametrize("products", [None, GOODS])
def test_without_products_the_result_refuses(products):
    lines = orders(a=[0, 10]).assign(product_id=None)
    found = product_repurchase(lines, products, "category", as_of="2024-12-31")
    assert found.refusal().text("en") == (
        "The data name no category of what was bought: what is bought again cannot be told."
    )
    assert found.facts() == ()
    assert "The data name no category" in found.plot().texts[0].get_text()


def test_too_few_first_buyers_are_refused():
    lines = orders(a=[90], b=[0]).assign(product_id="1")
    with pytest.raises(BadInput, match="No category has 50 first buyers; lower least or take a wider grouping"):
        product_repurchase(lines, GOODS, "category", as_of="2024-12-31")


def test_every_group_that_the_readout_names_is_in_table_and_chart(complete_journey):
    lines, products = complete_journey["transactions"], complete_journey["products"]
    again = product_repurchase(lines, products, "category", as_of=complete_journey.as_of)
    assert len(again.to_frame()) > 40
    named = again.readout().finding.values
    assert {named["best"], named["worst"]} <= set(again.shown()["category"])
    assert {named["best"], named["worst"]} <= set(again.ends()["category"])
    assert len(again.shown()) <= ROWS_SHOWN
    assert f"the first 10 and the last 5 of {len(again.to_frame())} groups" in again.readout().certainty.text("en")
    drawn = {label.get_text().lower() for label in again.plot().get_yticklabels()}
    assert {named["best"].lower(), named["worst"].lower()} <= drawn


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_drawings(new_households, complete_journey, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    axes = new_households.plot()
    assert axes.get_title(loc="left") == {"en": "How soon new customers come back", "zh": "新客户多快回来"}[lang]
    rates = repeat_rates(complete_journey["orders"], as_of=complete_journey.as_of)
    assert len(rates.plot().get_yticklabels()) == 5
    assert interpurchase(complete_journey["orders"], as_of=complete_journey.as_of, rng=1, draws=5).plot().lines


def test_products_without_the_column_asked_for_name_those_they_have():
    lines = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "product_id": ["tea"]})
    products = pd.DataFrame({"product_id": ["tea"], "category": ["drinks"], "style": ["green"]})
    products = products.assign(list_price=2.5, eco=True, launched_on=pd.Timestamp("2024-01-01"))
    asked = product_repurchase(lines, products, "department", as_of="2024-04-30")
    assert asked.readout().action.text("en") == (
        "Name in product_column what the products are grouped by: category, style."
    )
    none = product_repurchase(lines, None, "department", as_of="2024-04-30")
    assert "Supply a table products" in none.readout().action.text("en")


def arriving(early, late):
    """One customer a visit pair: so many first seen on each day of the first 8 weeks after the guard, and later."""
    counts = [1000] * 2 + [0] * 57 + [early] * 56 + [late] * 200
    first = np.repeat(np.arange(len(counts)), counts)
    rows = pd.DataFrame(
        {"customer_id": np.arange(len(first)).astype(str), "date": START + pd.to_timedelta(first, unit="D")}
    )
    back = rows.assign(date=rows["date"] + pd.Timedelta(days=5))
    both = pd.concat([rows, back]).reset_index(drop=True)
    return both.assign(order_id=both.index.astype(str))


@pytest.mark.parametrize(
    ("early", "late", "looked_at", "said"), [(6, 1, True, True), (3, 3, True, False), (6, 1, False, False)]
)
def test_arrivals_that_still_fall_after_the_guard_are_said(early, late, looked_at, said):
    as_of = START + pd.Timedelta(days=314)
    settled = (START + pd.Timedelta(days=59)).date() if looked_at else None
    result = Repurchase(guard_days=59).analyze(arriving(early, late), as_of=as_of.date(), settled=settled)
    english, chinese = (result.readout().certainty.text(lang) for lang in ("en", "zh"))
    assert ("arrivals were still falling" in english, "新出现的人数仍在下降" in chinese) == (said, said)
    assert (f"{7 * early:.1f} a week were first seen, {7 * late:.1f} later" in english) == said
