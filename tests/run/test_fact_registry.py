"""One truth per number: a figure that stands twice, or says two things of the same data, is found with both places."""

import pytest

from crm_lab.run.archive.fact_registry import contradictions

SHOP = {"key": "k1", "as_of": "2024-01-31"}


def fact(value=1.0, name="tiers.top_share", **more):
    return {"id": name, "value": value, "lo": None, "hi": None, "n": 10, "unit": "share", "refusal": None, **more}


def page(number, *facts, data=SHOP):
    return {"notebook": f"{number}_page", "number": number, "results": [{"data": data, "facts": list(facts)}]}


def test_the_same_figure_of_the_same_data_on_two_pages_is_none():
    assert contradictions([page("03", fact()), page("05", fact())], "en") == []


@pytest.mark.parametrize(
    ("other", "second"),
    [(fact(2.0), "2"), (fact(lo=0.5), "1"), (fact(n=11), "1"), (fact(None, refusal="too few"), "None")],
)
def test_a_figure_that_differs_in_anything_is_found(other, second):
    (said,) = contradictions([page("03", fact()), page("05", other)], "en")
    assert said == f"the figure tiers.top_share is 1 on page 03 and {second} on page 05, of the same data"


def test_a_figure_that_stands_twice_on_a_page_is_found():
    assert contradictions([page("11", fact(), fact())], "zh") == ["指标 tiers.top_share 在第 11 页出现了两次"]


@pytest.mark.parametrize("data", [{**SHOP, "key": "k2"}, {**SHOP, "as_of": "2024-02-29"}, None])
def test_other_data_or_another_day_are_another_figure(data):
    assert contradictions([page("03", fact()), page("05", fact(2.0), data=data)], "en") == []
