"""One truth per number: a figure that stands twice, or says two things of the same data, is found with both places."""

import pytest

from crm_lab.run.archive.fact_registry import contradictions, same_words

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


def said(number, *findings, data=SHOP):
    results = [{"data": data, "readout": {"finding": finding}} for finding in findings]
    return {"notebook": f"{number}_page", "number": number, "results": results}


AUC = "Of 2,562 customers known on 2024-07-01, 49.8% bought nothing; the best model{how} ranks them with AUC {auc}."


def test_the_same_words_with_other_figures_are_found_on_one_page_and_on_two():
    one, two = AUC.format(how="", auc=0.86), AUC.format(how="", auc=0.853)
    for pages in ([said("11", one, two)], [said("11", one), said("13", two)]):
        (found,) = same_words(pages, "en")
        assert one in found
        assert two in found


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (AUC.format(how="", auc=0.86), AUC.format(how="", auc=0.86)),
        (AUC.format(how=" (learnt earlier)", auc=0.86), AUC.format(how=" (learnt from the same days)", auc=0.853)),
        ("Of 2,562 customers: slope 1.01 [0.93, 1.09].", "Of 1,296 customers: slope 0.89 [0.78, 1.00]."),
        ("By week 104 customers had come back 14,081 times.", "By week 53 customers had come back 11,718 times."),
    ],
)
def test_what_says_how_or_of_whom_is_no_contradiction(one, two):
    assert same_words([said("11", one, two)], "en") == []
    assert same_words([said("11", one), said("13", two, data={**SHOP, "key": "k2"})], "en") == []


def test_figures_that_only_the_rest_of_a_sentence_tells_apart_are_found():
    moved = "{} [14.8%, 20.9%] of 607 customers moved from C to B in the latest period."
    assert len(same_words([said("05", moved.format("17.6%")), said("23", moved.format("17.5%"))], "en")) == 1
