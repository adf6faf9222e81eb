"""A part of a page that cannot be answered leaves the others standing."""

import pandas as pd
import pytest

from crm_lab import publish
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.mime import RESULT_MIME
from crm_lab.results import NoAnswer, attempt
from crm_lab.segmentation import RFM


def refuse(*_):
    raise CannotAnswer("Nobody bought twice.")


def test_what_cannot_be_answered_is_a_result_that_says_why():
    none = attempt(refuse, pd.DataFrame())
    assert none.refusal().text() == "Nobody bought twice."
    assert none.to_frame().empty
    assert none.facts() == ()
    assert none.readout().finding.text() == "Nobody bought twice."
    assert publish(none, headline=False)._repr_mimebundle_()[RESULT_MIME]["refusal"] == "Nobody bought twice."


def test_its_picture_is_the_reason():
    axes = attempt(refuse).plot()
    assert [text.get_text() for text in axes.texts] == ["Nobody bought twice."]
    assert not axes.axison


def test_what_rests_on_no_answer_has_the_same_reason():
    assert attempt(len, attempt(refuse)).why == "Nobody bought twice."


def test_an_answer_is_given_as_it_is():
    assert attempt(sorted, [2, 1], reverse=True) == [2, 1]


def test_what_the_user_can_mend_stops_the_page():
    with pytest.raises(BadInput, match="customer_id"):
        attempt(RFM().fit, pd.DataFrame({"a": [1]}), as_of="2024-01-01")
    assert isinstance(attempt(refuse), NoAnswer)
