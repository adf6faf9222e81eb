"""The churn list: what it lists, that it is the list of rolling origins, and what it says of short data."""

import pandas as pd
import pytest

from crm_lab import churn, load_cdnow
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.churn import ChurnList

AS_OF = "1998-06-30"


@pytest.fixture(scope="module")
def sales():
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def listed(sales):
    return ChurnList(draws=100).analyze(sales, as_of=AS_OF, amount="amount")


def test_it_lists_the_active_customers_with_the_chances_of_rolling_origins(sales, listed):
    orders = sales.rename(columns={"amount": "net_amount"})
    origins = churn.RollingOrigins.back_from(AS_OF, dates=2)
    scored = origins.score(orders, as_of=AS_OF, model=churn.logistic()).set_index("customer_id")
    frame = listed.to_frame()
    assert frame["p_churn"].is_monotonic_decreasing
    assert set(frame["customer_id"]) == set(scored.index)
    made = frame.set_index("customer_id")["p_churn"].reindex(scored.index)
    pd.testing.assert_series_equal(made, scored["p_churn"])


def test_only_customers_active_and_known_long_enough_are_listed(sales, listed):
    known = sales[sales["date"] <= AS_OF].groupby("customer_id")["date"].agg(["min", "max"])
    day = pd.Timestamp(AS_OF)
    active = known[(day - known["max"]).dt.days.lt(91) & (day - known["min"]).dt.days.ge(91)]
    assert set(listed.to_frame()["customer_id"]) == set(active.index)


def test_what_comes_later_changes_nothing(sales):
    earlier = "1998-03-31"
    cut = sales[sales["date"] <= earlier]
    whole, known = (ChurnList(draws=100).analyze(s, as_of=earlier, amount="amount") for s in (sales, cut))
    pd.testing.assert_frame_equal(whole.to_frame(), known.to_frame())


def test_the_readout_says_how_such_lists_did_before(listed):
    readout = listed.readout()
    assert f"of {len(listed.to_frame()):,} active customers are more likely than not to buy nothing" in str(readout)
    assert str(readout.certainty) == str(listed.tested.readout().finding)
    ids = [fact.id for fact in listed.facts()]
    assert ids[:2] == ["churn.list.customers", "churn.list.likely"]
    assert "churn.origins.lift" in ids
    assert listed.plot() is not None


def test_where_no_earlier_date_leaves_room_to_learn_the_list_is_said_to_be_untested(sales):
    made = ChurnList(draws=100).analyze(sales, as_of="1997-08-15", amount="amount")
    assert made.tested is None
    assert "The list was not tested on the past" in str(made.readout())
    assert [fact.id for fact in made.facts()] == ["churn.list.customers", "churn.list.likely"]
    with pytest.raises(CannotAnswer, match="was not tested on the past"):
        made.plot()


def test_data_too_short_to_learn_from_are_refused(sales):
    with pytest.raises(CannotAnswer, match=r"Nothing can be learnt before 1997-05-01: .* Use 1997-07-02 or later"):
        ChurnList().analyze(sales, as_of="1997-05-01", amount="amount")
    with pytest.raises(CannotAnswer, match="There are no purchases up to 1990-01-01"):
        ChurnList().analyze(sales, as_of="1990-01-01", amount="amount")


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(BadInput, match=r"capacity is 0; it lies between 0 and 1\.[\s\S]*|draws is 1") as error:
        ChurnList(capacity=0, draws=1)
    assert "draws is 1; it must be 100 or more" in str(error.value)
    assert "capacity is 0" in str(error.value)
