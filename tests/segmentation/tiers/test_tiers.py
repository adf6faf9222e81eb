import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.segmentation import Tiers
from crm_lab.stats.inequality import top_count

SPEND = st.lists(st.integers(0, 500), min_size=1, max_size=60).filter(sum).map(lambda v: np.array(v, dtype=float))
METHODS = st.sampled_from([Tiers(), Tiers("cumulative"), Tiers("fixed", (300, 50))])


@given(SPEND, METHODS)
def test_equal_spend_gives_equal_tiers_and_more_never_a_lower_one(spend, tiers):
    assigned = tiers.assign(spend)
    order = np.argsort(spend, kind="stable")
    assert (assigned[order][:-1] >= assigned[order][1:]).all()  # C before B before A
    assert len(set(zip(spend, assigned, strict=True))) == len(set(spend))


@given(SPEND, st.sampled_from([Tiers(), Tiers("cumulative")]), st.sampled_from([0.5, 10.0]))
def test_currency_changes_no_relative_tier(spend, tiers, scale):
    np.testing.assert_array_equal(tiers.assign(spend * scale), tiers.assign(spend))


def test_percentile_tiers_are_a_fifth_and_three_tenths_without_ties():
    tiers, counts = np.unique(Tiers().assign(np.arange(1000.0)), return_counts=True)
    assert dict(zip(tiers, counts, strict=True)) == {"A": 200, "B": 300, "C": 500}


def test_the_first_in_a_cumulative_tier_may_cross_its_cut():
    assert Tiers("cumulative", (0.5, 0.9)).assign(np.array([45.0, 45, 10])).tolist() == ["A", "A", "C"]


def test_result_conserves_customers_and_revenue(customers):
    result = Tiers().analyze(customers, as_of="2024-06-30")
    frame = result.to_frame()
    assert frame["customers"].sum() == 12
    assert frame["revenue"].sum() == pytest.approx(customers["revenue"].sum())
    assert result.readout().text("en").startswith("The top 20% of customers (2) hold 40.8% [")


@pytest.mark.parametrize("method", ["percentile", "cumulative"])
def test_the_readout_counts_the_top_share_and_tier_a_apart(customers, method):
    result = Tiers(method).analyze(customers, as_of="2024-06-30")
    best = result.to_frame().set_index("tier").loc["A"]
    said = result.readout().certainty.text("en")
    assert f"which gives {best['customers']:.0f} customers with {best['share_of_revenue']:.1%}" in said
    assert f"({top_count(0.2, 12)})" in result.readout().finding.text("en")


def test_net_returners_count_as_zero_in_the_curve(customers):
    odd = customers.assign(revenue=[-50.0, *customers["revenue"].iloc[1:]])
    result = Tiers().analyze(odd, as_of="2024-06-30")
    assert result.lorenz_frame()["revenue"].min() == 0
    assert result.to_frame()["revenue"].sum() == pytest.approx(odd["revenue"].sum())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "decile"}, "method is 'decile'; it must be one of"),
        ({"cuts": (0.5, 0.8)}, r"cuts is \(0.5, 0.8\); give the cut of A first"),
        ({"method": "fixed"}, "cuts has 0 values; A, B, C need two"),
    ],
)
def test_wrong_settings_are_refused(settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        Tiers(**settings)


def test_nobody_with_revenue_is_refused():
    empty = pd.DataFrame({"customer_id": ["a"], "revenue": [0.0]})
    with pytest.raises(BadInput, match="No customer has revenue above 0"):
        Tiers().analyze(empty, as_of="2024-06-30")
    with pytest.raises(BadInput, match="The amounts sum to 0"):
        Tiers("cumulative").assign(np.zeros(2))
