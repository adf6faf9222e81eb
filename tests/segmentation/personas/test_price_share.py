"""Price share: the published shares, planted ones, honest groups, and refusals with their reason."""

import numpy as np
import pandas as pd
import pytest

from certification.shopper_tags import covered
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.segmentation.personas.shopper_tags.price_shares import PriceShare, price_counts_of_orders


def two_kinds(rng):
    """True shares of 2,000 customers, half of them around a fifth and half around four fifths."""
    return np.where(rng.random(2_000) < 0.5, rng.beta(20, 80, 2_000), rng.beta(80, 20, 2_000))


def orders(k, n):
    return pd.DataFrame({"customer_id": np.arange(len(n)), "discounted": k, "bought": n})


def test_posterior_intervals_hold_true_shares_and_groups_that_are_told_are_right():
    found = covered(4.0, 6.0, 0.1, bases=6, seed=3)
    assert 0.93 < found["interval"] < 0.97
    assert found["group"] > 0.9


def test_customers_with_few_lines_are_drawn_to_the_base_and_not_told():
    rng = np.random.default_rng(2)
    n = np.r_[np.full(300, 40), 1]
    k = np.r_[rng.binomial(40, rng.beta(3, 3, 300)), 1]
    last = PriceShare(draws=50).analyze(price_counts_of_orders(orders(k, n))).customers().iloc[-1]
    assert last["raw_share"] == 1
    assert last["share"] < 0.65
    assert last["group"] == "not_told"


def test_membership_names_those_who_are_told_only():
    rng = np.random.default_rng(2)
    counts = price_counts_of_orders(orders(rng.binomial(60, rng.beta(2, 2, 200)), np.full(200, 60)))
    found = PriceShare(draws=50, cuts=(0.3, 0.6)).analyze(counts)
    told = found.groups().set_index("group")["customers"]
    assert len(found.membership()) == 200 - told["not_told"]
    assert found.cuts == (0.3, 0.6)


@pytest.mark.parametrize(
    ("k", "n", "why"),
    [
        (np.zeros(50), np.full(50, 9), "none"),
        (np.full(50, 9), np.full(50, 9), "all"),
        (np.ones(5), np.full(5, 9), "few"),
        (np.full(60, 3), np.full(60, 9), "alike"),
        (np.arange(80) % 2, np.ones(80), "alike"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_reason(k, n, why):
    found = PriceShare(draws=50).analyze(price_counts_of_orders(orders(k, n)))
    assert found.refusal().key == f"persona_tags.price_refused_{why}"
    assert found.customers().columns.tolist() == ["customer_id", "bought", "raw_share"]
    assert found.membership().empty
    assert all(fact.value is None for fact in found.facts() if ".true_" in fact.id)
    assert all(found.readout().text(lang) for lang in ("en", "zh"))


def test_bad_counts_are_said_together():
    bad = orders([1, 5, np.nan], [2, 3, 4])
    with pytest.raises(BadInput, match=r"1 rows lack a count.*\n.*1 rows have less than 0 or more discounted"):
        price_counts_of_orders(bad)
    with pytest.raises(BadInput, match="lacks the column bought"):
        price_counts_of_orders(bad.drop(columns="bought"))
    with pytest.raises(CannotAnswer, match="has no rows"):
        price_counts_of_orders(orders([], []))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(BadInput, match="two rising shares"):
        PriceShare(cuts=(0.6, 0.3))
    with pytest.raises(BadInput, match=r"0\.5 is one of them"):
        PriceShare(quantiles=(0.1, 0.9))
    with pytest.raises(BadInput, match="by is 'kilos'"):
        PriceShare(by="kilos")


def test_units_that_weigh_differently_tell_less_than_as_many_lines():
    from crm_lab import open_workspace

    tables = open_workspace("simulated:fashion,customers=300").at("latest")
    lines, money = (PriceShare(by=by, draws=50).analyze(tables) for by in ("lines", "money"))
    assert money.effective.sum() < lines.effective.sum()
    assert (lines.effective <= lines.counts.sums.n + 0.05).all()


@pytest.mark.parametrize(("shares", "follows"), [(lambda rng: rng.beta(4, 6, 2_000), True), (two_kinds, False)])
def test_customers_of_two_kinds_are_said_not_to_follow_one_curve(shares, follows):
    rng = np.random.default_rng(5)
    n = rng.integers(20, 80, 2_000)
    found = PriceShare(draws=50).analyze(price_counts_of_orders(orders(rng.binomial(n, shares(rng)), n)))
    assert found.follows_curve() is follows
    assert ("one-humped curve" in found.readout().certainty.text()) is not follows
