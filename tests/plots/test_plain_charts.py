"""Charts of a page's own tables say columns and groups in the words of the report, and keep the lab's look."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from crm_lab.plots.plain_charts import boxes, cloud, log_histogram


@pytest.fixture(autouse=True)
def _no_window():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("lang", "label", "arms"), [("en", "spend", ["control", "mine"]), ("zh", "消费", ["对照组", "mine"])]
)
def test_groups_and_columns_are_in_words_and_own_names_stay(monkeypatch, lang, label, arms):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    points = pd.DataFrame({"my_own": [1, 2], "spend": [3, 4], "arm": ["control", "mine"]})
    ax = cloud(points, "my_own", "spend", "arm")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("my_own", label)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == arms
    assert not ax.spines["top"].get_visible()


@pytest.mark.filterwarnings("ignore:vert:matplotlib.MatplotlibDeprecationWarning")  # seaborn 0.13 still says it
def test_boxes_are_named_by_the_catalogue(monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    ax = boxes(pd.DataFrame({"weekend_share": [0.1, 0.5], "my_own": [0.2, 0.3]}), "page.parts", "page.share")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["周末占比", "my_own"]
    assert ax.get_title(loc="left") == "客户何时购买"


def test_all_values_are_counted():
    values = pd.Series(np.geomspace(1, 1000, 50))
    ax = log_histogram(values, "page.spread", "USD", "column.customers")
    assert sum(bar.get_height() for bar in ax.patches) == 50
    assert ax.get_xscale() == "log"


@pytest.mark.filterwarnings("ignore:vert:matplotlib.MatplotlibDeprecationWarning")  # seaborn 0.13 still says it
def test_a_share_that_nobody_has_gets_no_box():
    shares = pd.DataFrame({"weekend_share": [0.1, 0.2, 0.3], "morning_share": [float("nan")] * 3})
    assert len(boxes(shares, "page.parts", "page.share").get_yticklabels()) == 1
