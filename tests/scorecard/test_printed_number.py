"""A printed number stands for every number that would be printed so."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.scorecard import Span, change, figure

numbers = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("raw", "value", "lo", "hi"),
    [
        ("61", 61, 60.5, 61.5),
        ("45.0", 45, 44.95, 45.05),
        ("31 %", 0.31, 0.305, 0.315),
        ("≥75 %", 0.75, 0.75, math.inf),
        ("<20", 20, -math.inf, 20),
        ("~30", 30, 28.5, 31.5),
        ("1:4", 4, 3.5, 4.5),
        ("12,000", 12000, 11999.5, 12000.5),
        ("−40%", -0.4, -0.405, -0.395),
    ],
)
def test_what_a_figure_may_be(raw, value, lo, hi):
    read = figure(raw)
    assert (read.value, read.span.lo, read.span.hi) == pytest.approx((value, lo, hi))


@pytest.mark.parametrize("raw", ["many", "", "%", "1,23", "12 of 30", True, "1e400", "nan"])
def test_what_is_no_number_is_refused(raw):
    with pytest.raises(ValueError, match="no number"):
        figure(raw)


@pytest.mark.parametrize("raw", ["a lot", "+5 relative", "+5 % points", "up 5 %"])
def test_what_is_no_change_is_refused(raw):
    with pytest.raises(ValueError, match="is no change; write one like"):
        change(raw)


@given(numbers, st.integers(0, 4))
def test_rounding_never_leaves_the_span(value, digits):
    assert figure(f"{value:.{digits}f}").span.meets(Span(value, value))


@given(numbers, numbers, st.sampled_from("+-*"))
def test_arithmetic_on_spans_holds_the_arithmetic_on_what_is_in_them(a, b, sign):
    one, other = figure(f"{a:.1f}").span, figure(f"{b:.1f}").span
    span, exact = {"+": (one + other, a + b), "-": (one - other, a - b), "*": (one * other, a * b)}[sign]
    assert span.meets(Span(exact, exact))


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_division_too(a, b):
    assert (figure(f"{a:.1f}").span / figure(f"{b:.1f}").span).meets(Span(a / b, a / b))


def test_division_by_what_may_be_zero_says_nothing():
    assert Span(1, 2) / Span(-1, 1) == Span(-math.inf, math.inf)
