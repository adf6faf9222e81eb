"""How sure a segment is: certain where it must be, impossible where it cannot be, right in simulation."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.segmentation import RFM, SegmentRules, SegmentStability, purchase_values
from crm_lab.segmentation.rfm.segment_rules import SegmentRule

AS_OF = "2024-12-31"
START = np.datetime64("2024-01-01")
BY_FREQUENCY = SegmentRules(
    (SegmentRule("few", f=(1, 2)), SegmentRule("some", f=(3, 3)), SegmentRule("many", f=(4, 5)))
)


def lines_of(orders_a_year, rng):
    """Steady customers: orders on random days of 2024, 10 to 30 euro each."""
    n = rng.poisson(orders_a_year)
    customer = np.repeat(np.arange(len(n)), n)
    return pd.DataFrame(
        {
            "customer_id": customer.astype(str),
            "order_id": np.arange(len(customer)).astype(str),
            "date": START + rng.integers(0, 366, len(customer)).astype("timedelta64[D]"),
            "net_amount": rng.integers(10, 30, len(customer)).astype(float),
        }
    )


def fitted(lines, cuts, rules=BY_FREQUENCY):
    values = purchase_values(lines, as_of=AS_OF).frame
    points = {"recency_days": [30, 60, 120, 240], "revenue": [50, 100, 200, 400], "n_orders": cuts}
    return RFM(method="fixed", cut_points=points, rules=rules).fit(values, as_of=AS_OF)


def test_far_from_every_cut_point_is_sure_and_one_order_never_is():
    lines = lines_of(np.full(5, 100.0), np.random.default_rng(1))
    single = lines.iloc[:1].assign(customer_id="one")
    rfm = fitted(pd.concat([lines, single]), [2, 4, 8, 16])
    held = SegmentStability().analyze(rfm, pd.concat([lines, single])).to_frame().set_index("customer_id")
    assert held.loc[list("01234"), "holds"].tolist() == [1.0] * 5
    assert held.loc[list("01234"), "else_segment"].tolist() == [""] * 5
    # one order is dealt 1 or 2 times with probability e^-1 (1 + 1/2), 3 or more times with .080
    assert held.loc["one", "holds"] == pytest.approx(1.5 / np.e + 0.061, abs=0.1)


def test_a_customer_on_a_cut_point_is_as_unsure_as_a_coin_and_the_neighbour_is_named():
    rng = np.random.default_rng(2)
    lines = lines_of(np.full(200, 50.0), rng)
    sizes = lines["customer_id"].value_counts()
    cut = int(sizes.median())
    held = SegmentStability(draws=100).analyze(fitted(lines, [1, 2, cut, cut + 900]), lines).to_frame()
    at_cut = held[held["customer_id"].map(sizes).between(cut - 1, cut + 1)]
    assert at_cut["holds"].mean() == pytest.approx(0.5, abs=0.1)
    assert set(at_cut["else_segment"]) == {"some", "many"}


def test_shares_agree_with_the_truth_of_steady_customers():
    """Of 4,000 customers whose true rate is known, the share in the segment of their rate is what `holds` says."""
    rng = np.random.default_rng(3)
    rate = rng.gamma(1.5, 8.0, 4000)
    lines = lines_of(rate, rng)
    rfm = fitted(lines, [3, 6, 12, 24])
    held = SegmentStability(draws=100).analyze(rfm, lines).to_frame()
    place = np.searchsorted([3, 6, 12, 24], rate[held["customer_id"].astype(int)], side="left") + 1
    true = np.select([place <= 2, place == 3], ["few", "some"], "many")
    assert held["holds"].mean() == pytest.approx((true == held["segment"]).mean(), abs=0.04)
    sure = held["holds"] >= 0.95
    assert (true == held["segment"])[sure].mean() > 0.95


def test_the_same_seed_gives_the_same_shares_and_row_order_does_not_matter():
    lines = lines_of(np.full(30, 6.0), np.random.default_rng(4))
    rfm = fitted(lines, [2, 4, 6, 8])
    one = SegmentStability(draws=50, rng=5).analyze(rfm, lines).to_frame()
    assert one.equals(SegmentStability(draws=50, rng=5).analyze(rfm, lines).to_frame())
    assert one["holds"].between(0, 1).all()
    assert one["customer_id"].tolist() == rfm.customers["customer_id"].tolist()


def test_returns_are_dealt_with_their_order():
    lines = lines_of(np.full(20, 10.0), np.random.default_rng(6)).assign(kind="sale")
    back = lines.head(3).assign(kind="return", net_amount=-5.0)
    both = pd.concat([lines, back])
    result = SegmentStability(draws=50).analyze(fitted(both, [2, 4, 6, 8]), both)
    assert len(result.to_frame()) == lines["customer_id"].nunique()


def test_readout_facts_and_plot(complete_journey):
    lines = complete_journey["transactions"]
    rfm = RFM().fit(purchase_values(lines, as_of=complete_journey.as_of).frame, as_of=complete_journey.as_of)
    result = SegmentStability(draws=50).analyze(rfm, lines)
    share, interval = result.sure
    assert interval.lo < share < interval.hi
    facts = {fact.id: fact for fact in result.facts()}
    assert facts["stability.sure_share"].value == share
    assert facts["stability.mean"].value == pytest.approx(result.to_frame()["holds"].mean())
    assert f"{share:.0%}" in result.readout().finding.text()
    assert result.by_segment()["customers"].sum() == len(result.to_frame())
    assert len(result.plot().get_yticklabels()) == len(result.by_segment())


def test_other_lines_and_too_few_draws_are_refused():
    lines = lines_of(np.full(10, 9.0), np.random.default_rng(7))
    rfm = fitted(lines, [2, 4, 6, 8])
    with pytest.raises(BadInput, match="scored customers have no receipt in these lines"):
        SegmentStability().analyze(rfm, lines[lines["customer_id"] != "3"])
    with pytest.raises(BadInput, match="draws is 10"):
        SegmentStability(draws=10)
