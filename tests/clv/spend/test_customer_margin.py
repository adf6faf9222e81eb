"""Customers' own margins: by hand, adding up, drawn together, negative where they are; what a contact may cost."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.clv import CustomerValue, customer_margins
from crm_lab.messages import LANGUAGES

AS_OF = "2024-12-31"


def shop(size=800, seed=1):
    """Customers with own margins, normal about 30 % with a spread of 20 points, some below zero."""
    rng = np.random.default_rng(seed)
    own, orders = rng.normal(0.3, 0.2, size), 1 + rng.negative_binomial(1, 0.3, size)
    who = np.repeat(np.arange(size), orders)
    amount = rng.gamma(4, 10, len(who))
    lines = pd.DataFrame({
        "customer_id": [f"c{i}" for i in who], "order_id": [f"o{i}" for i in range(len(who))], "day": 19_800,
        "kind": "sale", "product_id": [f"p{i}" for i in range(len(who))], "quantity": 2.0, "net_amount": amount,
    })  # fmt: skip
    cost = amount * (1 - rng.normal(own[who], 0.3))
    return lines, pd.DataFrame({"product_id": lines["product_id"], "unit_cost": cost / 2}), own


def test_margins_add_up_and_come_nearer_the_truth_than_what_was_seen():
    lines, products, own = shop()
    margins = customer_margins(lines, products, AS_OF)
    frame = margins.to_frame()
    earned = lines["net_amount"].sum() - (2 * products["unit_cost"]).sum()
    assert frame["contribution"].sum() == pytest.approx(earned)
    assert (frame["margin"] * frame["sales"]).sum() == pytest.approx(earned)
    truth = own[frame["customer_id"].str[1:].astype(int)]
    error = {name: np.sqrt(np.mean((frame[name] - truth) ** 2)) for name in ("own_margin", "margin")}
    assert error["margin"] < 0.85 * error["own_margin"]
    assert error["margin"] < 0.2  # which is what everybody's mean would miss
    assert (frame["margin"] < 0).any()


def test_lines_without_cost_are_counted_and_too_many_refused():
    lines, products, _ = shop(200)
    most, few = products.iloc[:-20], products.iloc[: len(products) // 2]
    assert customer_margins(lines, most, AS_OF).refusal() is None
    for bare in (few, None, products[["product_id"]]):
        margins = customer_margins(lines, bare, AS_OF)
        assert margins.refusal().key == "clv.margins.no_costs"
        assert margins.to_frame().empty
        assert margins.facts()[0].value is None
        assert margins.of(pd.Series(["c1"]), 0.25).tolist() == [0.25]


def test_later_lines_and_returns_are_left_out():
    lines, products, _ = shop(50)
    more = pd.concat([lines, lines.assign(day=30_000), lines.assign(kind="return", net_amount=-1.0)])
    ours, theirs = customer_margins(lines, products, AS_OF), customer_margins(more, products, AS_OF)
    pd.testing.assert_frame_equal(ours.to_frame(), theirs.to_frame())


def test_values_are_at_own_margins(sample):
    spec = CustomerValue(margin=0.3, draws=100)
    plain = spec.fit(sample, "1998-06-30")
    margins = pd.Series(0.3, index=pd.Index(plain.summary["customer_id"]))
    margins.iloc[:100] = -0.1
    ours = spec.fit(sample, "1998-06-30", margins=margins)
    np.testing.assert_allclose(ours.valuation.value[100:], plain.valuation.value[100:])
    np.testing.assert_allclose(ours.valuation.value[:100], -plain.valuation.value[:100] / 3)
    assert ours.margin < 0.3
    assert f"margin {ours.margin:.0%}" in ours.facts()[0].definition.text("en")
    with pytest.raises(BadInput, match="2,356 customers have no margin"):
        spec.fit(sample, "1998-06-30", margins=margins.iloc[:1])


def test_a_contact_is_worth_most_in_the_middle(sample):
    value = CustomerValue(margin=0.3, draws=100).fit(sample, "1998-06-30")
    prices = value.contact_prices(0.1)
    frame = value.to_frame().set_index("customer_id")
    assert (prices <= 0.1 * frame["value"].reindex(prices.index) + 1e-9).all()
    per_value = (prices / frame["value"].reindex(prices.index)).dropna()
    assert per_value.between(0, 0.1).all()
    assert value.contact_prices(0.2).sum() == pytest.approx(2 * prices.sum())
    with pytest.raises(BadInput, match=r"write 0\.1 for 10 %"):
        value.contact_prices(2)


def test_margins_read_in_both_languages():
    margins = customer_margins(*shop(100)[:2], AS_OF)
    for lang in LANGUAGES:
        assert margins.readout().text(lang)
