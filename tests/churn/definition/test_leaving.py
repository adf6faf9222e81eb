"""Whether anybody leaves: bases of every kind that nobody leaves, and bases that some, many or all leave."""

import pandas as pd
import pytest

from crm_lab.checks import CannotAnswer
from crm_lab.churn import LeavingCheck
from crm_lab.clv import MBGNBD, Standing
from crm_lab.data.kernels.purchases import purchase_summary
from crm_lab.messages import LANGUAGES
from tests.matrix.shapes import customer_days, purchases

RATES = (1 / 20, 1 / 60, 1 / 200)


def checked(stays, rate, seed, window=137, stories=True):
    base = customer_days(purchases(customers=900, days=700, seed=seed, rate=rate, stays=stays))
    orders = base.rename(columns={"amount": "net_amount"}).assign(date=pd.to_datetime(base["date"]))
    as_of = str(orders["date"].max().date())
    story = MBGNBD().fit(purchase_summary(orders, as_of, unit="W")) if stories else None
    return LeavingCheck(window_days=window).analyze(orders, as_of=as_of, story=story)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seed", [31, 32, 33])
def test_where_nobody_leaves_nobody_is_called_gone(rate, seed):
    leaving = checked(1.0, rate, seed)
    assert leaving.refusal() is not None
    with pytest.raises(CannotAnswer, match="Nobody is called gone"):
        Standing.of(leaving).require()


@pytest.mark.parametrize(("stays", "rate"), [(0.97, RATES[0]), (0.9, RATES[1]), (0.6, RATES[1]), (0.1, RATES[0])])
@pytest.mark.parametrize("seed", [31, 32])
def test_where_some_many_or_all_leave_silence_may_be_called_leaving(stays, rate, seed):
    leaving = checked(stays, rate, seed)
    assert leaving.refusal() is None
    Standing.of(leaving).require()


def test_nearly_all_who_come_back_are_reason_enough_without_a_model():
    assert (
        checked(1.0, RATES[0], 31, window=30, stories=False).refusal().values["why"].key == "churn.leaving.all_return"
    )


def test_records_too_short_to_follow_anybody_say_so():
    leaving = checked(1.0, RATES[1], 31, window=690, stories=False)
    assert leaving.frame.empty
    assert leaving.facts() == ()
    assert "690" in leaving.readout().text("en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stays", [1.0, 0.9])
def test_the_readout_is_whole_in_every_language(stays, lang):
    text = checked(stays, RATES[1], 31).readout().text(lang)
    assert "137" in text
    assert "nan" not in text
