"""Hazard ratios of coming back: planted ones are found on either clock, and censoring is respected."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.results import payload
from crm_lab.stats.ranking import auc

mpl.use("Agg")
DATES = {"as_of": "2024-01-01", "last_day": "2024-07-01"}


def planted(n=4000, seed=0, factor=1.6):
    """Customers whose rate of coming back grows by `factor` with each doubling of 1 + n_days."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(
        {"n_days": rng.integers(1, 30, n).astype(float), "order_value": rng.gamma(2, 20, n), "recency_days": 1.0},
        index=[f"c{i}" for i in range(n)],
    )
    features["recency_days"] = rng.integers(1, 200, n).astype(float)
    rate = 0.001 * factor ** np.log2(1 + features["n_days"])
    wait = np.ceil(rng.exponential(1 / rate)).astype(int)
    back = wait <= 182
    orders = pd.DataFrame(
        {"customer_id": features.index[back], "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(wait[back], "D")}
    )
    return features, orders


@pytest.mark.parametrize("clock", ["silence", "waiting"])
def test_planted_ratios_are_found(clock):
    features, orders = planted()
    spec = churn.ReturnHazard(covariates=("n_days", "order_value"), clock=clock, period_days=30)
    found = spec.analyze(features, orders, **DATES)
    rows = found.to_frame().set_index("feature")
    assert rows.loc["n_days", "ratio"] == pytest.approx(1.6, rel=0.06)
    assert rows.loc["n_days", "ratio_lo"] < 1.6 < rows.loc["n_days", "ratio_hi"]
    assert rows.loc["order_value", "ratio_lo"] < 1 < rows.loc["order_value", "ratio_hi"]
    assert rows.loc["n_days", "odds"] > rows.loc["n_days", "ratio"]  # odds of a month are further from 1
    assert "n_days multiplies the rate of coming back by" in found.readout().text("en")
    assert ("length of silence" in found.readout().text("en")) == (clock == "silence")
    assert "翻一番" in found.readout().text("zh")
    fact = payload(found)["facts"][0]
    assert fact["lo"] < fact["value"] < fact["hi"]
    assert found.plot().get_title(loc="left") == "What goes with coming back"
    away = found.plot(kind="survival")
    assert away.get_title(loc="left") == "Not back yet"
    assert found.curve.survival[-1] == pytest.approx(1 - found.events / found.customers)  # nobody is censored before


def test_purchases_after_the_last_day_change_nothing():
    features, orders = planted(800)
    spec = churn.ReturnHazard(covariates=("n_days",))
    early = {"as_of": "2024-01-01", "last_day": "2024-05-01"}
    whole = spec.analyze(features, orders, **early)
    cut = spec.analyze(features, orders[orders["date"] <= "2024-05-01"], **early)
    pd.testing.assert_frame_equal(whole.to_frame(), cut.to_frame())


def test_the_fit_ranks_other_customers():
    spec = churn.ReturnHazard(covariates=("n_days", "recency_days"), clock="waiting")
    found = spec.analyze(*planted(seed=1), **DATES)
    features, orders = planted(seed=2)
    left = ~features.index.isin(orders["customer_id"])
    assert auc(left.astype(int), found.risk(features)) > 0.65


def test_too_few_who_came_back_are_refused():
    features, orders = planted(300)
    found = churn.ReturnHazard(covariates=("n_days",)).analyze(features, orders.head(9), **DATES)
    assert str(found.refusal()) == "No answer: 9 customers came back; 10 are needed for so many features."
    assert payload(found)["facts"][0]["value"] is None
    with pytest.raises(BadInput, match="Only 9 customers came back; there is no fit to rank by"):
        found.risk(features)


def test_bad_input_is_named():
    features, orders = planted(50)
    with pytest.raises(BadInput, match="features lacks the column overdue"):
        churn.ReturnHazard(covariates=("overdue",)).analyze(features, orders, **DATES)
    with pytest.raises(BadInput, match="order_value has one value for all customers; leave it out"):
        churn.ReturnHazard(covariates=("order_value",)).analyze(features.assign(order_value=1.0), orders, **DATES)
    with pytest.raises(BadInput, match="last_day is 2023-01-01, not after as_of 2024-01-01"):
        churn.ReturnHazard().analyze(
            features.assign(units_per_day=1.0), orders, as_of="2024-01-01", last_day="2023-01-01"
        )
    with pytest.raises(BadInput) as error:
        churn.ReturnHazard(covariates=(), clock="age", period_days=0)
    assert len(error.value.problems) == 3


@pytest.mark.parametrize("clock", ["silence", "waiting"])
@pytest.mark.parametrize("period_days", [30, 60, 91, 181, 182])
def test_a_last_period_in_which_nobody_came_back_joins_the_one_before(clock, period_days):
    """182 days are six periods of 30 and one of two days; a log that ends before that has none in it."""
    features, orders = planted(n=1500)
    early = orders[orders["date"] < "2024-06-29"]
    spec = churn.ReturnHazard(covariates=("n_days",), clock=clock, period_days=period_days)
    row = spec.analyze(features, early, **DATES).to_frame().iloc[0]
    assert row["odds_lo"] < row["odds"] < row["odds_hi"]
