"""Headline rules over all pages, on what they last said: one answer each, its advice can be followed, dates are named."""

import json
import re
from collections import Counter

import nbformat
import pytest

from crm_lab.mime import RESULT_MIME
from crm_lab.project import project_root
from crm_lab.messages import catalogue
from tests.notebooks.claims_of_text import claims_of

PAGES = sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))
USED = {  # the result whose number the page says to use
    "01": "reconciliation", "02": "threshold_curve", "03": "customer_base", "04": "call_list", "05": "move_baseline", "06": "repurchase", "07": "shopper_clusters",
    "08": "customer_value", "09": "back_test", "11": "churn_comparison", "13": "alerts", "14": "roi_design",
    "15": "soundness", "16": "steady", "17": "targeting_list", "18": "pilot_return", "19": "liability_rollforward", "20": "list_worth",
    "23": "plan",
}  # fmt: skip
THIS_WEEK = re.compile(r"\b(this week|next week|today|nowadays)\b", re.IGNORECASE)


def published(path):
    """What a page published, in order, each with the text of its table."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output.get("data", {}) for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return [(data[RESULT_MIME], "".join(data.get("text/html", ""))) for data in outputs if RESULT_MIME in data]


def headline_of(path):
    return next(content for content, _ in published(path) if content["headline"])


@pytest.fixture(params=PAGES, ids=lambda path: path.stem[:2])
def page(request):
    return request.param


def test_the_answer_is_the_number_that_the_page_says_to_use(page):
    wanted = USED.get(page.stem[:2])
    if wanted is not None:
        assert headline_of(page)["id"] == wanted


def test_page_11_answers_with_the_ranking_that_could_have_been_used():
    path = next(path for path in PAGES if path.stem.startswith("11"))
    assert all(fact["id"].startswith("in_time.") for fact in headline_of(path)["facts"])


def test_page_14_states_as_many_units_as_deciding_takes():
    path = next(path for path in PAGES if path.stem.startswith("14"))
    facts = {fact["id"]: fact["value"] for content, _ in published(path) for fact in content["facts"]}
    assert f"{facts['roi_design.units']:,} units" in headline_of(path)["readout"]["finding"]
    assert facts["roi_design.units"] >= facts["design.spend.units"]


def test_page_16_states_one_roi_of_the_whole_window():
    path = next(path for path in PAGES if path.stem.startswith("16"))
    said = {content["id"]: content for content, _ in published(path)}
    roi = next(fact["value"] for fact in said["roi"]["facts"] if fact["id"] == "roi.net")
    assert f"launch included, it is {roi:+.0%}" in said["steady"]["readout"]["finding"]


def test_advice_asks_for_no_more_units_than_three_times_those_at_hand(page):
    for content, _ in published(page):
        said = content["readout"]["action"]
        for more in re.findall(r"([\d,.]+) times (?:as many|the units)", said):
            times = float(more.replace(",", ""))
            assert times <= 3 or "will not decide" in said or "would take" in said or "out of reach" in said, said
        for wanted, there in re.findall(r"about ([\d,]+) units instead of ([\d,]+)", said):
            assert int(wanted.replace(",", "")) <= 3 * int(there.replace(",", "")) + 1


def test_advice_prefers_one_of_two_or_more(page):
    for content, _ in published(page):
        if content["id"] == "payback":
            channels = [fact for fact in content["facts"] if fact["id"].startswith("clv.payback.")]
            assert len(channels) > 1 or not re.search(r"\bfirst\b", content["readout"]["action"])


def test_no_week_is_meant_that_has_no_date(page):
    said = [text for content, _ in published(page) for text in content["readout"].values()]
    assert not [text for text in said if THIS_WEEK.search(text)]


def test_most_is_said_of_more_than_half(page):
    for content, _ in published(page):
        for share in re.findall(r"Most of the movement \((\d+)%\)", json.dumps(content["readout"])):
            assert int(share) >= 50


def test_a_group_that_a_finding_names_is_in_its_table(page):
    for content, table in published(page):
        if content["id"] == "product_cohorts":
            best, worst = re.search(r"first buyers of (.+?) [\d.]+% .*, of (.+?) [\d.]+%", content["readout"]["finding"]).groups()
            assert best in table
            assert worst in table


def test_claims_are_counted_once():
    path = next(path for path in PAGES if path.stem.startswith("23"))
    facts = {fact["id"]: fact["value"] for content, _ in published(path) for fact in content["facts"]}
    assert facts["claims.holds"] + facts["claims.in_wrong"] + facts["claims.in_unclear"] == facts["claims.read"]
    said = headline_of(path)["readout"]["finding"]
    assert said.startswith("On plan: ")
    assert f"Of {facts['claims.read']} claims" in said


def test_pages_that_rest_on_first_purchases_say_whether_they_are_first():
    said = {path.stem[:2]: {c["id"]: c for c, _ in published(path)} for path in PAGES}
    rest = {"03", "05", "06", "08", "09", "11", "13"}
    assert {page for page, results in said.items() if "first_purchases" in results} == rest
    found = {}
    for page in sorted(rest):
        content = said[page]["first_purchases"]
        fact, of = content["facts"][0], (content["data"]["source"], content["data"]["as_of"])
        found.setdefault(of, set()).add((fact["value"], fact["lo"], fact["hi"]))
    assert all(len(values) == 1 for values in found.values())


def test_a_share_that_left_names_the_days_in_which_nothing_was_bought(page):
    for content, _ in published(page):
        if content["id"] in ("churn_comparison", "churn_origins"):
            assert re.search(r"bought nothing (with)?in( the)? \d+ days", content["readout"]["finding"])


def test_a_page_that_promises_money_on_chances_has_not_said_that_they_are_off(page):
    readouts = {content["id"]: content["readout"] for content, _ in published(page)}
    if "alerts" in readouts:
        off = "Do not take sums of money" in readouts["churn_calibration"]["action"]
        assert ("plan no money on this list" in readouts["alerts"]["action"]) is off


def test_data_are_called_real_by_nobody():
    """Any page may run on a simulated retailer: no sentence of the package may call histories or customers real."""
    claim = re.compile(r"\breal (purchase )?(histor|customer|purchase|data)", re.IGNORECASE)
    assert not {key: text for key, text in catalogue("en").items() if claim.search(text)}
    assert not [text for path in PAGES for text in claims_of(path) if claim.search(text)]


def test_no_two_figures_of_a_page_share_a_label(page):
    labels = Counter(fact["label"] for content, _ in published(page) for fact in content["facts"])
    assert not [label for label, times in labels.items() if times > 1]


WRITTEN = re.compile(r"(?<![\w.,\-−+])[+\-−]?\d[\d,]*(?:\.\d+)?%?(?!\w)")
BY_CHANCE = {("14", "1.6"), ("14", "0.05"), ("15", "0.01"), ("16", "0.01")}  # another figure, or a bound that is set


def decimals(text):
    """A number as written, and in how many decimals; nothing for whole numbers, which count."""
    bare = text.replace(",", "").replace("−", "-").rstrip("%")
    whole, _, after = bare.partition(".")
    return (float(bare), len(after)) if after or (text.endswith("%") and text[0] in "+-−") else None


def longer_in(cells, said):
    """Cells that write a sentence's number with more digits, where none writes it with as many."""
    value, digits = decimals(said)
    near = {
        cell: found[1]
        for cell in cells
        if cell.endswith("%") == said.endswith("%") and (found := decimals(cell))
        and abs(found[0] - value) <= 0.5 * 10**-digits + 1e-12
    }  # fmt: skip
    return [] if digits in near.values() else [cell for cell, own in near.items() if own > digits]


def test_a_figure_has_the_same_digits_in_sentence_and_table(page):
    found = []
    for content, table in published(page):
        cells = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)</td>", table)]
        cells = [cell for cell in cells if WRITTEN.fullmatch(cell)]
        for said in WRITTEN.findall(" ".join(content["readout"].values())):
            if decimals(said) and (page.stem[:2], said) not in BY_CHANCE and (longer := longer_in(cells, said)):
                found.append((content["id"], said, longer))
    assert not found
