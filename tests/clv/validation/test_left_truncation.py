"""Records that begin in the middle of a business are told from those that begin with it, and that is said."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from crm_lab.clv import CustomerValue, Payback, ValueGrowth, first_purchases
from crm_lab.clv.validation.left_truncation import Use
from crm_lab.messages import catalogue
from crm_lab.segmentation import Repurchase

DAYS, OPENED = 500, pd.Timestamp("2023-01-02")
RHYTHMS = (10, 30, 70)  # days between visits of the typical customer


def shop(seed, rhythm, customers=800):
    """Customers who begin on any of the first 300 days and come at their own pace until they stop."""
    rng = np.random.default_rng(seed)
    gaps = rng.gamma(2.0, rhythm / 2.0, customers)
    begins, stays = rng.integers(0, 300, customers), rng.geometric(rng.beta(0.8, 6.0, customers) + 1e-3)
    visits = [
        (who, day)
        for who in range(customers)
        for day in begins[who] + np.cumsum(np.r_[0, np.ceil(rng.exponential(gaps[who], stays[who]))])
        if day < DAYS
    ]
    frame = pd.DataFrame(visits, columns=["customer_id", "day"])
    usual = 1 / rng.gamma(4.0, 1 / 60.0, customers)  # customers differ in what they spend
    amount = (rng.gamma(3.0, usual[frame["customer_id"]]) + 0.01).round(2)
    return frame.assign(date=OPENED + pd.to_timedelta(frame.pop("day"), unit="D"), net_amount=amount)


def last_day(orders):
    return str(orders["date"].max().date())


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("seed", range(4))
def test_a_shop_that_opens_is_not_taken_for_an_old_one_nor_the_other_way(seed, rhythm):
    orders = shop(seed, rhythm)
    assert not first_purchases(orders, last_day(orders)).truncated
    later = orders[orders["date"] >= OPENED + pd.Timedelta(days=160)]
    cut = first_purchases(later, last_day(orders))
    assert cut.truncated
    assert cut.guard_days > 0


def test_the_share_of_old_customers_is_about_what_it_is():
    orders = shop(5, 30, customers=4000)
    later = orders[orders["date"] >= OPENED + pd.Timedelta(days=160)]
    first = first_purchases(later, last_day(orders))
    known = orders[orders["date"] < later["date"].min()]["customer_id"].unique()
    early = later.groupby("customer_id")["date"].min()
    early = early[early < later["date"].min() + pd.Timedelta(days=14)]
    assert first.old_share == pytest.approx(early.index.isin(known).mean(), abs=0.15)
    new = first.newcomers(later)["customer_id"].unique()
    assert np.isin(new, known).mean() < 0.35 < np.isin(later["customer_id"].unique(), known).mean()


def test_records_of_a_few_weeks_tell_nothing():
    orders = shop(1, 30)
    short = orders[orders["date"] < OPENED + pd.Timedelta(days=35)]
    first = first_purchases(short, last_day(short))
    assert not first.truncated
    assert first.readout().finding.text("en").startswith("The records are too short")
    assert first.facts()[0].refusal is not None


@pytest.mark.parametrize("use", get_args(Use))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_use_has_its_own_advice(use, lang):
    said = catalogue(lang)
    advice = [said[f"clv.first.truncated_{other}"] for other in get_args(Use)]
    assert len(set(advice)) == len(advice)
    orders = shop(2, 30)
    later = orders[orders["date"] >= OPENED + pd.Timedelta(days=160)]
    first = first_purchases(later, last_day(orders), use=use)
    assert first.readout().action.text(lang) == said[f"clv.first.truncated_{use}"].format(
        settled=first.settled, guard=first.guard_days
    )


@pytest.fixture(scope="module")
def old_shop():
    orders = shop(3, 20, customers=2500)
    return orders[orders["date"] >= OPENED + pd.Timedelta(days=160)]


def test_values_growth_payback_and_returns_say_that_the_base_is_older(old_shop):
    as_of = last_day(old_shop)
    first = first_purchases(old_shop, as_of)
    value = CustomerValue(draws=100).fit(old_shop, as_of, first=first)
    assert "older than the records" in value.readout().certainty.text("en")
    assert "a new customer makes" not in value.fit.readout().finding.text("en")
    growth = ValueGrowth(samples=20).analyze(old_shop, "2024-02-01", as_of, first=first)
    assert "older than the records" in growth.readout().certainty.text("en")
    paid = Payback(margin=0.3, draws=50).analyze(old_shop, as_of, {"all": 5.0}, first=first)
    assert paid.frame["customers"].sum() == first.newcomers(old_shop)["customer_id"].nunique()
    assert f"first seen from {first.settled} on" in paid.readout().certainty.text("en")
    second = Repurchase(guard_days=7).analyze(old_shop, as_of=as_of, settled=first.settled)
    assert f"guard_days of {first.guard_days} or more" in second.readout().certainty.text("en")
    heeded = Repurchase(guard_days=first.guard_days).analyze(old_shop, as_of=as_of, settled=first.settled)
    assert "were customers already" not in heeded.readout().certainty.text("en")


def test_no_payback_is_stated_on_a_handful_of_new_customers(old_shop):
    as_of = last_day(old_shop)
    first = first_purchases(old_shop, as_of)
    begun = old_shop.groupby("customer_id")["date"].transform("min")
    few = old_shop[begun < pd.Timestamp(first.settled) + pd.Timedelta(days=7)]
    paid = Payback(draws=50).analyze(few, as_of, {"all": 5.0}, first=first)
    assert "what a new customer brings is not known" in paid.refusal().text("en")
    assert paid.to_frame().empty
    assert paid.readout().action.text("en").startswith("Run the page again")


def test_what_newcomers_alone_cannot_tell_is_said_of_them_and_not_of_the_base(old_shop):
    as_of = last_day(old_shop)
    first = first_purchases(old_shop, as_of)
    new = first.newcomers(old_shop)
    pairs = new[new.groupby("customer_id").cumcount() < 2]  # nobody of them comes a third time: drop-out is not told
    old = old_shop[~old_shop["customer_id"].isin(new["customer_id"])]
    shown = pd.concat([old, pairs])
    paid = Payback(draws=50).analyze(shown, as_of, {"all": 5.0}, first=first)
    alone = Payback(draws=50).analyze(pairs, as_of, {"all": 5.0})
    assert alone.refusal() is not None
    assert f"first seen from {first.settled} on alone" in paid.refusal().text("en")
    assert alone.refusal().text("en") in paid.refusal().text("en")
