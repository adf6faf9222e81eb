"""The analyses below the top take a table of any engine as well, with the columns of the contract."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from crm_lab import churn, clv, experiments, segmentation
from crm_lab.clv.models.mbgnbd import MBGNBD
from crm_lab.data.kernels.purchases import purchase_days, purchase_summary
from crm_lab.data.kernels.receipts import purchase_values
from crm_lab.data.samples import load_cdnow
from crm_lab.segmentation.customer_base import CustomerBaseAudit

ENGINES = {
    "polars": pl.from_pandas,
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": duckdb.from_df,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}
AS_OF, CUT = "1998-06-30", "1997-09-30"


@pytest.fixture(scope="module")
def orders():
    frame = load_cdnow(sample=True).rename(columns={"amount": "net_amount"})
    return frame.assign(customer_id="c" + frame["customer_id"].astype("str"), order_id=np.arange(len(frame)))


@pytest.fixture(scope="module")
def lines(orders):
    return orders.assign(kind="sale", product_id="p" + (orders["order_id"] % 7).astype("str"))


@pytest.fixture(scope="module")
def units():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"spend": rng.gamma(2, 20, 400), "before": rng.gamma(2, 20, 400), "arm": ["a", "b"] * 200})
    return frame.assign(removed=(frame.index % 9 == 0).astype(int), sent=1, opened=frame.index % 2)


PRODUCTS = pd.DataFrame({"product_id": [f"p{i}" for i in range(7)], "category": list("aabbccd")})
FEATURES = {}


def features(orders):
    if not FEATURES:
        FEATURES["at"] = churn.CustomerFeatures().analyze(orders, as_of=CUT).by_customer
    return FEATURES["at"]


def fitted(orders):
    return MBGNBD().fit(purchase_summary(orders, CUT))


def scored(orders):
    return segmentation.RFM().fit(purchase_values(orders, as_of=AS_OF).frame, as_of=AS_OF)


def called(engine, orders):
    values = purchase_values(orders, as_of=AS_OF).frame
    table = values.assign(revenue_12m=values["revenue"], median_gap_days=30.0, overdue=values["recency_days"] / 30)
    return segmentation.CallRule().analyze(scored(orders), engine(table)).to_frame()


def planned(engine):
    people = pd.DataFrame({"customer_id": list("abc"), "p_churn": [0.5, 0.9, 0.2], "value": [90.0, 80.0, 70.0]})
    arms = pd.Series("treatment", index=list("abc"))
    plan = churn.TreatmentPlan(budget=10)
    return plan.analyze(engine(people), as_of=AS_OF, arms=arms, experiment="e").to_frame()


def saved(engine, orders):
    ids = orders["customer_id"].drop_duplicates().head(200)
    drawn = pd.DataFrame({"experiment": "e", "customer_id": ids, "arm": ["control", "treatment"] * 100})
    drawn["assigned_on"] = pd.Timestamp(CUT)
    return churn.SaveRate("e", window_days=60).analyze(engine(drawn), engine(orders), last_day=AS_OF).to_frame()


def rolling(engine, orders):
    origins = churn.RollingOrigins.back_from(AS_OF, dates=1)
    return origins.score(engine(orders), as_of=AS_OF, model=churn.logistic())


def judged(engine, orders):
    origins = churn.RollingOrigins.back_from(AS_OF, dates=1, draws=100)
    rules, models = {"silent_this_month": churn.silent_this_month}, {"logistic": churn.logistic()}
    return origins.analyze(engine(orders), last_day=AS_OF, models=models, rules=rules, rng=1).frame


PURCHASES = {
    "Lifecycle": lambda e, o, _: segmentation.Lifecycle().analyze(e(o), as_of=AS_OF).to_frame(),
    "Migration": lambda e, o, _: segmentation.Migration().analyze(e(o), as_of=AS_OF).to_frame(),
    "interpurchase": lambda e, o, _: segmentation.interpurchase(e(o), as_of=AS_OF, rng=1, draws=20).to_frame(),
    "repeat_rates": lambda e, o, _: segmentation.repeat_rates(e(o), as_of=AS_OF).to_frame(),
    "product_repurchase": lambda e, _, r: segmentation.product_repurchase(
        e(r), e(PRODUCTS), "category", as_of=AS_OF, least=5
    ).to_frame(),
    "SegmentStability": lambda e, o, _: (
        segmentation.SegmentStability(draws=50).analyze(scored(o), e(o.drop(columns="order_id"))).frame
    ),
    "CallRule": lambda e, o, _: called(e, o),
    "CustomerBase": lambda e, o, _: CustomerBaseAudit().analyze(e(o), as_of=AS_OF).to_frame(),
    "purchase_values": lambda e, o, _: purchase_values(e(o), as_of=AS_OF).frame,
    "purchase_days": lambda e, o, _: purchase_days(e(o), AS_OF),
    "HoldoutCheck": lambda e, o, _: clv.HoldoutCheck(draws=100).analyze(e(o), CUT, AS_OF).to_frame(),
    "BackTest": lambda e, o, _: clv.BackTest(horizon_days=91).analyze(e(o), AS_OF).to_frame(),
    "track": lambda e, o, _: clv.track(fitted(o), e(o), CUT, AS_OF).to_frame(),
    "first_purchases": lambda e, o, _: clv.first_purchases(e(o), AS_OF).to_frame(),
    "alive_history": lambda e, o, _: clv.alive_history(fitted(o), e(o), "c1", AS_OF).to_frame(),
    "ValueGrowth": lambda e, o, _: clv.ValueGrowth(samples=50).analyze(e(o), CUT, AS_OF).to_frame(),
    "Payback": lambda e, o, _: clv.Payback(draws=50).analyze(e(o), AS_OF, {"all": 5.0}).to_frame(),
    "bootstrap": lambda e, o, _: clv.bootstrap(MBGNBD(), e(purchase_summary(o, CUT)), 5),
    "CustomerFeatures": lambda e, o, r: churn.CustomerFeatures().analyze(e(o), as_of=CUT, transactions=e(r)).frame,
    "LabelStability": lambda e, o, _: churn.LabelStability().analyze(e(o), days=[CUT], last_day=AS_OF).to_frame(),
    "ReturnHazard": lambda e, o, _: (
        churn.ReturnHazard(("n_days",)).analyze(features(o), e(o), as_of=CUT, last_day=AS_OF).to_frame()
    ),
    "RollingOrigins.score": lambda e, o, _: rolling(e, o),
    "RollingOrigins.analyze": lambda e, o, _: judged(e, o),
    "SaveRate": lambda e, o, _: saved(e, o),
    "HealthIndex": lambda e, _, r: pd.DataFrame(churn.HealthIndex().analyze(e(r)).index),
    "spend_windows": lambda e, o, _: experiments.spend_windows(e(o), start=CUT, pre_days=90, post_days=90, as_of=AS_OF),
}
UNITS = {
    "RoiDesign": lambda e, u: (
        experiments.RoiDesign(programme=experiments.Programme(margin_share=0.3, reward_rate=0.01), lift=0.1)
        .analyze(e(u), "spend", ["before"])
        .to_frame()
    ),
    "filter_removals": lambda e, u: experiments.filter_removals(e(u), "arm", ["removed"]),
    "RunTime": lambda e, u: experiments.RunTime().analyze(e(u.rename(columns={"spend": "median_gap_days"}))).to_frame(),
    "ResponseRates": lambda e, u: experiments.ResponseRates().analyze(e(u[["sent", "opened"]])).to_frame(),
    "assign_stratified": lambda e, u: pd.DataFrame({"arm": experiments.assign_stratified(e(u), ["removed"], 3)}),
    "TreatmentPlan": lambda e, _: planned(e),
}


def same(frame):
    return frame


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("call", PURCHASES)
def test_purchases_of_each_engine_give_what_those_of_pandas_give(call, engine, orders, lines):
    expected, made = (PURCHASES[call](e, orders, lines) for e in (same, ENGINES[engine]))
    assert len(expected)
    made.attrs = expected.attrs
    assert_frame_equal(made, expected, check_exact=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("call", UNITS)
def test_units_of_each_engine_give_what_those_of_pandas_give(call, engine, units):
    expected, made = (UNITS[call](e, units) for e in (same, ENGINES[engine]))
    assert len(expected)
    assert_frame_equal(made, expected, check_exact=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_labels_do_not_depend_on_the_engine(engine, orders):
    who = pd.Index(orders["customer_id"].unique())
    settings = {"as_of": CUT, "window_days": 90, "last_day": AS_OF}
    expected, made = (churn.left_after(e(orders), who, **settings) for e in (same, ENGINES[engine]))
    assert 0 < expected.mean() < 1
    assert_series_equal(made, expected)


def test_without_order_numbers_the_repeat_rates_count_days(orders):
    frame = segmentation.repeat_rates(orders.drop(columns="order_id"), as_of=AS_OF).to_frame().set_index("definition")
    assert frame.loc["two_orders", "share"] == frame.loc["two_days", "share"]


OWN = {"customer": "cust", "date": "when", "amount": "eur"}
WHO = {"customer": "cust", "date": "when"}
BY_NAME = {
    "interpurchase": lambda o, **n: segmentation.interpurchase(o, as_of=AS_OF, rng=1, draws=20, **n),
    "repeat_rates": lambda o, **n: segmentation.repeat_rates(o, as_of=AS_OF, **n),
    "Lifecycle": lambda o, **n: segmentation.Lifecycle().analyze(o, as_of=AS_OF, **n),
    "LabelStability": lambda o, **n: churn.LabelStability().analyze(o, days=[CUT], last_day=AS_OF, **n),
}
BY_NAME_WITH_AMOUNT = {
    "Migration": lambda o, _, **n: segmentation.Migration().analyze(o, as_of=AS_OF, **n),
    "HoldoutCheck": lambda o, _, **n: clv.HoldoutCheck(draws=100).analyze(o, CUT, AS_OF, **n),
    "BackTest": lambda o, _, **n: clv.BackTest(draws=50).analyze(o, AS_OF, **n),
    "track": lambda o, known, **n: clv.track(fitted(known), o, CUT, AS_OF, **n),
    "first_purchases": lambda o, _, **n: clv.first_purchases(o, AS_OF, **n),
    "alive_history": lambda o, known, **n: clv.alive_history(fitted(known), o, "c1", AS_OF, **n),
    "ValueGrowth": lambda o, _, **n: clv.ValueGrowth(samples=50).analyze(o, CUT, AS_OF, **n),
    "Payback": lambda o, _, **n: clv.Payback(draws=50).analyze(o, AS_OF, {"all": 5.0}, **n),
    "CustomerFeatures": lambda o, _, **n: churn.CustomerFeatures().analyze(o, as_of=CUT, **n),
}


@pytest.fixture(scope="module")
def mine(orders):
    """The same purchases under a user's names, in another engine, beside a date of ours that is another day's."""
    renamed = orders.rename(columns={"customer_id": "cust", "date": "when", "net_amount": "eur"})
    return pl.from_pandas(renamed.assign(date=pd.Timestamp("1990-01-01")))


@pytest.mark.parametrize("call", BY_NAME)
def test_columns_may_be_named(call, orders, mine):
    assert_frame_equal(BY_NAME[call](mine, **WHO).to_frame(), BY_NAME[call](orders).to_frame(), check_exact=True)


@pytest.mark.parametrize("call", BY_NAME_WITH_AMOUNT)
def test_columns_with_the_amount_may_be_named(call, orders, mine):
    analyse = BY_NAME_WITH_AMOUNT[call]
    assert_frame_equal(analyse(mine, orders, **OWN).to_frame(), analyse(orders, orders).to_frame(), check_exact=True)


def test_labels_of_named_columns(orders, mine):
    who, settings = pd.Index(orders["customer_id"].unique()), {"as_of": CUT, "window_days": 90, "last_day": AS_OF}
    assert_series_equal(churn.left_after(mine, who, **settings, **WHO), churn.left_after(orders, who, **settings))
