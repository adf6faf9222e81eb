"""Matrix factors: the same on every run, new products of the customer's kind first, a sentence without the package."""

import sys

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.recommend import Interactions
from crm_lab.recommend.rankers import Als, Bpr

SPECS = (Als(factors=4), Bpr(factors=4, rounds=200))


@pytest.fixture(scope="module")
def two_kinds():
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], 60)
    row, column = np.nonzero(
        rng.random((120, 20)) < np.where((np.arange(20) >= 10) == kind[:, None].astype(bool), 0.6, 0.02)
    )
    lines = pd.DataFrame({"customer_id": [f"c{k:03}" for k in row], "product_id": [f"p{k:02}" for k in column]})
    return Interactions.of(lines.assign(date=pd.Timestamp("2024-01-01")), "2024-01-31")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_new_products_are_of_the_customers_kind_and_the_same_again(spec, two_kinds):
    pytest.importorskip("implicit")
    fitted = spec.fit(two_kinds)
    first = fitted.top(n=1, scope="new").products[:, 0]
    own = (first >= 10) == (np.arange(120) >= 60)
    assert own.mean() > 0.9
    assert (spec.fit(two_kinds).product_vectors == fitted.product_vectors).all()


def test_products_that_are_seldom_bought_are_not_listed(two_kinds):
    pytest.importorskip("implicit")
    fitted = Als(factors=2, most=5).fit(two_kinds)
    listed = fitted.top(n=10).products
    assert len(set(listed[listed >= 0])) == 5


def test_without_the_package_it_says_so(two_kinds, monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(BadInput, match="need the package implicit"):
        Als().fit(two_kinds)
    with pytest.raises(BadInput, match="factors is 0"):
        Als(factors=0)
