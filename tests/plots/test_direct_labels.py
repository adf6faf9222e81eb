"""Words stand beside what is drawn, in a colour that can be read, and never over one another."""

import ast
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import seaborn as sns
from matplotlib import pyplot as plt

import crm_lab.plots
from crm_lab.plots.direct_labels import (
    _contrast,
    name_above,
    name_cells,
    name_lines,
    name_points,
    name_right,
    name_vertical,
    readable,
)
from crm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, PALE, RUST, SEQUENTIAL, SKY, style

PLOTS = Path(crm_lab.plots.__file__).parent


@pytest.fixture
def ax():
    mpl.use("Agg")
    with style():
        yield plt.subplots(figsize=(7.2, 3.8))[1]
    plt.close("all")


def boxes(ax):
    ax.figure.draw_without_rendering()
    return [text.get_window_extent() for text in ax.texts]


def meet(one, other):
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 - 1 and other.y0 < one.y1 - 1


@pytest.mark.parametrize("seed", range(12))
def test_names_of_lines_never_meet_and_keep_the_order_of_their_ends(ax, seed):
    chance = np.random.default_rng(seed)
    ends = chance.choice([0.5, 0.51, 0.55, 0.9], int(chance.integers(2, 6)))
    for place, end in enumerate(ends):
        ax.plot([0, 1], [0.2, end], label=f"a fairly long name of line {place}" if place % 2 else f"line {place}")
    ax.set_ylim(0, 1)
    name_lines(ax)
    found = boxes(ax)
    assert not [1 for k, one in enumerate(found) for other in found[:k] if meet(one, other)]
    heights = [text.xy[1] for text in ax.texts]
    assert np.all(np.diff(np.array(heights)[np.argsort(ends, kind="stable")]) > 0)
    assert all(box.x0 >= ax.get_window_extent().x1 for box in found)


def test_a_line_that_ends_early_is_named_at_its_last_point(ax):
    ax.plot([0, 1, 2], [1.0, 3.0, np.nan], label="early")
    ax.set_ylim(0, 4)
    name_lines(ax)
    assert ax.texts[0].xy == (1, 0.75)


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0])
def test_the_name_of_a_vertical_line_stays_over_the_drawing(ax, x):
    ax.plot([0, 1], [0, 1])
    name_vertical(ax, (x, "needed for it", RUST))
    (box,) = boxes(ax)
    assert box.x0 >= 0
    assert box.x1 <= ax.figure.bbox.x1
    assert box.y0 >= ax.get_window_extent().y1


def test_two_vertical_lines_side_by_side_turn_their_names_away(ax):
    ax.plot([0, 1], [0, 1])
    name_vertical(ax, (0.52, "promised", RUST), (0.5, "earlier windows", GREY))
    assert not meet(*boxes(ax))


@pytest.mark.parametrize("names", [("contradiction", "open question", "holds"), ("矛盾", "待确认的问题", "成立")])
def test_kinds_above_stacked_bars_stand_in_a_row(ax, names):
    name_above(ax, list(zip(names, (RUST, SKY, PALE), strict=True)))
    found = sorted(boxes(ax), key=lambda box: box.x0)
    assert all(one.x1 <= other.x0 + 1 for one, other in pairwise(found))


@pytest.mark.parametrize("seed", range(5))
def test_numbers_in_a_heat_map_can_be_read(ax, seed):
    values = np.random.default_rng(seed).random((6, 7))
    values[0, 0], values[2, 3] = np.nan, 0.5
    sns.heatmap(values, annot=True, cmap=SEQUENTIAL, cbar=False, ax=ax)
    name_cells(ax)
    colors = ax.collections[0].get_facecolor()
    assert len(ax.texts) == 41
    for text in ax.texts:
        x, y = text.get_position()
        assert _contrast(mpl.colors.to_rgb(text.get_color()), colors[int(y) * 7 + int(x)][:3]) >= 4.5


def test_names_of_points_side_by_side_turn_away(ax):
    ax.set(xlim=(0, 0.6), ylim=(0, 0.3))
    name_points(ax, [(0.53, 0.17), (0.55, 0.165), (0.07, 0.07)], ["silent this month", "health index below 25", "x"])
    assert not meet(*boxes(ax)[:2])


def test_words_are_dark_enough_to_be_read():
    for color in (BLUE, ORANGE, GREEN, SKY, RUST, GREY, PALE):
        channels = np.array(mpl.colors.to_rgb(readable(color)))
        linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5, color


def test_nothing_here_draws_a_legend():
    calls = {
        f"{file.relative_to(PLOTS)}:{node.lineno}"
        for file in PLOTS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "legend"
    }
    assert not calls


def test_names_beside_a_chart_take_no_part_of_it(ax):
    ax.bar(["a", "b"], [1, 2])
    name_right(ax, [0.5, 1.5], ["returning customers of before", "new"], [PALE, BLUE])
    assert all(box.x0 >= ax.get_window_extent().x1 for box in boxes(ax))
