"""Figures as text: the unit decides the form, nothing is lost or made up."""

import pytest

from crm_lab.run.html.presentation import figure, number, parameters, provenance


@pytest.mark.parametrize(
    ("value", "unit", "kind", "text"),
    [
        (0.1234, "share", "estimate", "12.3%"),
        (0.00012, "share", "estimate", "0.01%"),
        (0.0, "share", "fact", "0.0%"),
        (-0.05, "share", "estimate", "−5.0%"),
        (4596039.58, "USD", "fact", "$4,596,039.58"),
        (4596039.58, "USD", "estimate", "$4,596,040"),
        (12.3, "CHF", "estimate", "CHF 12.30"),
        (2469, "customers", "fact", "2,469"),
        (0.24312, "", "estimate", "0.243"),
        (12345.6, "days", "estimate", "12,346"),
        (None, "USD", "fact", "–"),
        (float("nan"), "", "fact", "–"),
        ("extend", "", "fact", "extend"),
        (True, "", "fact", "True"),
    ],
)
def test_numbers_read_as_their_unit_says(value, unit, kind, text):
    assert number(value, unit, kind) == text


def test_an_estimate_has_its_interval_kind_and_unit_in_the_language():
    fact = {"label": "x", "value": 3.5, "unit": "days", "lo": 3.0, "hi": 4.0, "level": 0.9, "kind": "estimate"}
    english, chinese = figure(fact, "en"), figure(fact, "zh")
    assert (english.unit, english.interval, english.kind) == ("days", "90% interval 3.00 to 4.00", "estimate")
    assert (chinese.unit, chinese.interval, chinese.kind) == ("天", "90% 区间：3.00 至 4.00", "估计")


def test_a_unit_the_catalogue_does_not_know_stays_as_it_is():
    assert figure({"label": "x", "value": 1, "unit": "parsecs"}, "zh").unit == "parsecs"


def test_parameters_as_a_list_need_no_notebook():
    rows = [{"name": "bins", "value": 4, "default": 5, "comment": "bins"}, {"name": "n", "value": None}]
    bins, n = parameters({"parameters": rows}, "en")
    assert (bins.changed, bins.default, bins.comment) == (True, "5", "bins")
    assert (n.changed, n.value) == (False, "–")


def test_provenance_says_only_what_is_known():
    assert provenance({}, [], "en") == []
    record = {"command": ["crm-lab", "run", "my suite"], "code": {"commit": "a" * 40}}
    assert provenance(record, [], "en") == [("Code", "a" * 12), ("Command", "crm-lab run 'my suite'")]
