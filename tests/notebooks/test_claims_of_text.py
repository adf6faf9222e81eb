"""What a page's own text says holds for any data: every sentence about amounts, orders or groups is a listed definition."""

import tomllib

import pytest

from crm_lab.project import project_root
from tests.notebooks.claims_of_text import claims_of, is_claim

PAGES = sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))
LISTED = tomllib.loads((project_root() / "tests" / "notebooks" / "definitions.toml").read_text(encoding="utf-8"))
SAID_ONCE = (  # true of the data it was written on, untrue of others
    "the mean of revenue lies well above its median: a few customers carry much of the trade.",
    "a tenth of the base brings a third of the money.",
    "revenue is close to a bell: customers differ by factors, not by amounts.",
    "the spread between customers is larger than the difference between the parts of the day.",
    "the money sits in the upper right corner: those who came last and come most.",
    "customers of many orders are named surely, the others are not.",
    "Those on top were luckier than usual, so on average they fall; those at the bottom rise.",
    "If a programme is to bring two points, this group is too small to see it.",
    "most of those who come back do so early.",
    "both models rank customers right.",
    "about one customer little is certain, about twenty thousand together much is.",
    "how much wider this interval is than a model's own.",
    "who is likely to leave has mostly little to spend.",
    "Single weeks are far too noisy to be read one by one.",
    "Overall the loss is small; in the group it is plain.",
    "nearly all uncertainty of the net result comes from it.",
    "few claims name a comparison.",
    "most of an 18 % rise from C to B comes anyway, as things are run.",
    "with one quarter's customers the rise can neither be called on plan nor off it.",
    "Revenue rises towards Christmas.",
    "Loyal customers hold their segment.",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem[:2])
def test_a_sentence_about_amounts_orders_or_groups_is_a_listed_definition(page):
    new = [sentence for sentence in claims_of(page) if sentence not in LISTED[page.stem[:2]]]
    assert not new, "compute it in a readout, say it conditionally, or list it if no data can prove it wrong: " + str(new)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem[:2])
def test_no_listed_definition_is_out_of_use(page):
    assert not set(LISTED[page.stem[:2]]) - set(claims_of(page))


@pytest.mark.parametrize("sentence", SAID_ONCE)
def test_sentences_that_other_data_proved_wrong_are_noticed_and_not_listed(sentence):
    assert is_claim(sentence)
    assert not any(sentence in listed for listed in LISTED.values())


def test_questions_names_of_parameters_and_references_to_pages_are_no_claims():
    for sentence in ("Who moved most?", "Page 13 owns the list of the week.", "Set `n_calls_10` in section 2."):
        assert not is_claim(sentence)
