"""Where customers are not known to leave, no value and no chance of being there is listed, drawn or advised upon."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import CannotAnswer
from crm_lab.churn import revenue_at_risk
from crm_lab.clv import MBGNBD, CustomerValue, HoldoutCheck, alive_history, recency_map
from crm_lab.data.kernels.purchases import purchase_summary
from crm_lab.messages import LANGUAGES

AS_OF = "2024-12-31"


@pytest.fixture(scope="module")
def orders():
    """Four hundred customers who come at their own steady rate and never leave."""
    rng = np.random.default_rng(5)
    rows = []
    for customer, (first, rate) in enumerate(zip(rng.integers(0, 300, 400), rng.gamma(3, 1 / 60, 400), strict=True)):
        days = np.unique(first + np.concatenate([[0], np.cumsum(rng.exponential(1 / rate, 60))]).astype(int))
        rows.append(pd.DataFrame({"customer_id": f"c{customer}", "day": days[days < 700]}))
    table = pd.concat(rows, ignore_index=True)
    end = pd.Timestamp(AS_OF)
    return table.assign(
        date=end - pd.to_timedelta(699 - table["day"], unit="D"), net_amount=rng.gamma(4, 10, len(table))
    )


@pytest.fixture(scope="module")
def results(orders):
    check = HoldoutCheck(models=("mbgnbd",), draws=100).analyze(orders, "2024-06-30", AS_OF)
    value = CustomerValue(draws=100).fit(orders, AS_OF, check=check)
    assert value.refusal() is not None
    return check, value


def test_tables_hold_no_value_and_no_chance(orders, results):
    _, value = results
    stated = {"value", "lo", "hi", "p_alive", "expected_purchases", "value_share"}
    ranked = value.to_frame()
    assert len(ranked) == orders["customer_id"].nunique()
    assert not stated & set(ranked)
    assert ranked["repeat_spend"].is_monotonic_decreasing
    assert value.bands().to_frame().empty
    assert recency_map(value.fit, T=50.0, ahead=52.0).to_frame().empty
    assert alive_history(value.fit, orders, "c1", AS_OF).to_frame().empty


def test_a_chart_of_what_is_refused_says_why_in_its_place(orders, results):
    _, value = results
    for result in (
        value,
        value.bands(),
        recency_map(value.fit, T=50.0, ahead=52.0),
        alive_history(value.fit, orders, "c1", AS_OF),
    ):
        axes = result.plot()
        assert not axes.axison
        assert not axes.lines
        assert "".join(axes.texts[0].get_text().split()) == "".join(result.refusal().text().split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_advice_rests_on_the_refused_model(orders, results, lang):
    check, value = results
    instead = value.readout().action.text(lang)
    assert check.readout().action.text(lang) == instead
    for result in (recency_map(value.fit, T=50.0, ahead=52.0), alive_history(value.fit, orders, "c1", AS_OF)):
        assert result.readout().action.text(lang) == instead
    assert not any(sign.isdigit() for sign in value.fit.readout().finding.text(lang).replace(f"{value.fit.n:,}", ""))


def test_revenue_at_risk_needs_a_model_that_knows_when_customers_leave(orders):
    with pytest.raises(CannotAnswer, match="would be made up"):
        revenue_at_risk(MBGNBD().fit(purchase_summary(orders, AS_OF)), window_days=91)
