"""The front of lists claims a list only where its joint interval lies above the plain sort."""

from datetime import date

import pandas as pd
import pytest

from crm_lab.fronts.pictures import LARGEST, svg
from crm_lab.fronts.recommend import worth_front
from crm_lab.messages import LANGUAGES
from crm_lab.recommend.offer_lists.list_worth_result import LISTS, ListWorthResult

DAY = date(2024, 1, 1)


def worth(remind, new, by="score"):
    measure = "margin" if by == "margin" else "purchases"
    gains = {"remind": remind, "try": new, "both": remind + new}
    rows = [(name, measure, 2.0 + g, 2.0, g, g - 0.1, g + 0.1, 0.5) for name, g in gains.items()]
    columns = ["list", "measure", "own", "plain", "gain", "lo", "hi", "p_holm"]
    promised = pd.DataFrame(columns=["list", "said", "came", "ratio", "lo", "hi"])
    return ListWorthResult(pd.DataFrame(rows, columns=columns), promised, by, 10, DAY, DAY, 100, 0.95, False)


@pytest.mark.parametrize(
    ("remind", "new", "by", "key", "fact"),
    [
        (0.0, 0.05, "score", "none", "both.purchases"),
        (0.2, 0.0, "score", "remind_better", "remind.purchases"),
        (0.0, 0.2, "score", "try_better", "try.purchases"),
        (0.2, 0.2, "chance", "both_better", "both.purchases"),
        (0.0, 0.2, "margin", "margin_better", "try.margin"),
    ],
)
def test_a_list_is_claimed_only_beyond_its_interval(remind, new, by, key, fact):
    front = worth_front(worth(remind, new, by))
    assert front.answer.key == f"front.offers.{key}"
    assert front.fact == f"recommend.worth.{fact}"
    for lang in LANGUAGES:
        assert len(front.answer.text(lang).split()) <= 12
    assert len(svg(front.picture, front.answer.text()).encode()) <= LARGEST
    assert set(LISTS) == {"remind", "try", "both"}
