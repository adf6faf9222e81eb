"""Each mark of a small chart says its value to those who point at it; large charts and odd ones say nothing."""

import html
import re

import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter

from crm_lab.run.in_kernel.figure_drawings import figure_drawings
from crm_lab.run.in_kernel.mark_values import MOST


@pytest.fixture
def ax():
    figure, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    yield axes
    plt.close(figure)


def titles(ax):
    drawn = figure_drawings(ax.figure)
    found = [[html.unescape(text) for text in re.findall(r"<title>([^<]*)</title>", svg)] for svg in drawn.values()]
    assert found[0] == found[1]
    return found[0]


def test_bars_across_say_their_name_and_size(ax):
    ax.barh(["Loyal & late", "b"], [1234.5, 2])
    assert titles(ax) == ["Loyal & late: 1,234", "b: 2"]
    ax.xaxis.set_major_formatter("{x:,.0f} USD")
    assert titles(ax) == ["Loyal & late: 1,234 USD", "b: 2 USD"]


def test_upright_bars_of_seaborn_and_shares(ax):
    sns.barplot(pd.DataFrame({"q": ["Q1", "Q2"], "share": [0.1234, -0.5]}), x="q", y="share", ax=ax)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    assert titles(ax) == ["Q1: 12.3%", "Q2: −50.0%"]


@pytest.mark.parametrize("draw", ["plot", "scatter", "errorbar"])
def test_points_with_names_beside_them(ax, draw):
    marks = {"plot": ("o",), "scatter": (), "errorbar": ()}[draw]
    more = {"fmt": "o", "xerr": [0.1, 0.1]} if draw == "errorbar" else {}
    getattr(ax, draw)([0.25, 0.5], [0, 1], *marks, **more)
    ax.set_yticks([0, 1], ["a long\nname", "b"])
    assert titles(ax) == ["a long name: 0.250", "b: 0.500"]


def test_points_by_day_and_by_number(ax):
    ax.plot(pd.to_datetime(["2024-02-29", "2024-03-07"]), [3, 4], "o")
    assert titles(ax) == ["2024-02-29: 3", "2024-03-07: 4"]
    ax.figure.clear()
    other = ax.figure.subplots()
    other.plot([7, 30], [0.3, np.nan], "o")
    assert titles(other) == ["7: 0.300"]


def test_lines_without_marks_say_nothing(ax):
    ax.plot([0, 1], [1, 2])
    ax.axvline(0.5)
    assert titles(ax) == []


@pytest.mark.parametrize(("marks", "said"), [(MOST, MOST), (MOST + 1, 0)])
def test_of_many_marks_none_says_anything(ax, marks, said):
    ax.plot(range(marks), range(marks), "o")
    assert len(titles(ax)) == said


def test_the_figure_keeps_no_names(ax):
    bars = ax.bar([1], [1])
    figure_drawings(ax.figure)
    assert bars[0].get_gid() is None


def test_words_in_chinese(ax, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    ax.barh(["a"], [2])
    assert titles(ax) == ["a：2"]
