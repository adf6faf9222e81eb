"""Shares with customers as the sampling unit, and values taken from published facts."""

import nbformat
import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.messages import Message
from crm_lab.mime import RESULT_MIME
from crm_lab.project import project_root
from crm_lab.results import Fact, Interval
from crm_lab.scorecard import as_measured, from_fact, packaged, share_by_customer
from crm_lab.stats.intervals import z_value


def test_one_each_is_the_usual_error_of_a_share():
    hits = np.repeat([1, 0], [30, 70])
    row = share_by_customer("response_rate", hits, np.ones(100), data="d")
    assert row.value == pytest.approx(0.3)
    assert row.hi - row.value == pytest.approx(z_value() * np.sqrt(0.3 * 0.7 / 99))


def test_customers_who_repeat_themselves_count_once():
    hits, of = np.repeat([1, 0], [30, 70]), np.ones(100)
    once = share_by_customer("response_rate", hits, of, data="d")
    ten = share_by_customer("response_rate", hits * 10, of * 10, data="d")
    assert (ten.lo, ten.hi) == pytest.approx((once.lo, once.hi))
    assert ten.n == 10 * once.n


def test_coverage_over_customers_who_differ():
    rng = np.random.default_rng(23)
    caught = 0
    for _ in range(400):
        of = rng.integers(1, 8, 300)
        hits = rng.binomial(of, rng.beta(1, 4, 300))
        row = share_by_customer("response_rate", hits, of, data="d")
        caught += row.lo <= 0.2 <= row.hi
    assert 0.92 <= caught / 400 <= 0.98  # binomial: .95 +- .022 at 95 %


def test_refusals():
    with pytest.raises(BadInput, match="1 customers with 3 in all"):
        share_by_customer("response_rate", [1], [3], data="d")
    label = Message("claims.fact.read")
    with pytest.raises(BadInput, match=r"the fact x has no number with interval and n"):
        from_fact("response_rate", Fact(id="x", label=label, value=0.3), data="d")
    row = from_fact("response_rate", Fact(id="x", label=label, value=0.3, ci=Interval(0.2, 0.4), n=9), data="d")
    assert (row.value, row.lo, row.hi, row.n) == (0.3, 0.2, 0.4, 9)


def test_the_packaged_values_are_those_of_page_23():
    page = nbformat.read(project_root() / "notebooks" / "23_do_the_numbers_hold.ipynb", as_version=4)
    shown = [
        o.get("data", {}).get(RESULT_MIME, {}) for cell in page.cells if cell.cell_type == "code" for o in cell.outputs
    ]
    facts = {fact["id"]: fact for content in shown for fact in content.get("facts", [])}
    for row in as_measured(packaged()):
        fact = facts[f"recomputed.{row.metric}"]
        assert (row.value, row.lo, row.hi) == pytest.approx((fact["value"], fact["lo"], fact["hi"]), abs=5e-5)
        assert row.n == fact["n"]
