"""The pictures show what the tables hold, in both languages."""

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from crm_lab.scorecard import Auditor, PlanReader, Target, as_measured, packaged, recompute


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.mark.parametrize(("lang", "word"), [("en", "contradiction"), ("zh", "矛盾")])
def test_claims_of_each_deck(decks, monkeypatch, lang, word):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    audit = Auditor().analyze(decks)
    ax = audit.plot()
    widths = [[bar.get_width() for bar in bars] for bars in ax.containers]
    assert widths == [audit.per_deck()[state].tolist() for state in ("wrong", "unclear", "holds")]
    assert word in [text.get_text() for text in ax.texts]


def test_claimed_beside_measured(decks):
    compared = recompute(decks, packaged())
    claimed = compared.plot().get_lines()[-1].get_xdata()
    assert list(claimed) == compared.to_frame()["claimed"].tolist()


def test_targets_and_intervals():
    plan = PlanReader(targets=[Target(metric="response_rate", target=0.75), Target(metric="click_rate", target=0.5)])
    ax = plan.analyze(as_measured(packaged()), as_of="2017-12-31", days={"response_rate": 365}).plot()
    assert list(ax.get_lines()[-1].get_xdata()) == [0.75, 0.5]
    assert "missed" in ax.get_yticklabels()[0].get_text()
