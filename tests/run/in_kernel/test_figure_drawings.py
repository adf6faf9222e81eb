"""A figure as SVG in two widths: text as text, no title, small, and the figure itself as it was."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.textpath import TextPath

from crm_lab.run.in_kernel.figure_drawings import LARGEST, _filled, figure_drawings


@pytest.fixture
def axes():
    figure, ax = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    ax.barh(["A cleaning rule with a name that is long", "b"], [1.23456789, 2], color="#00558a")
    ax.set_title("What was found", loc="left")
    ax.set_xlabel("mean absolute error, purchases per customer and quarter")
    yield ax
    plt.close(figure)


def width(svg):
    return float(re.search(r'viewBox="0 0 ([\d.]+) ', svg)[1])


def words(svg):
    texts = (node for node in ET.fromstring(svg).iter() if node.tag.endswith("text"))  # noqa: S314 - ours
    return [" ".join("".join(node.itertext()).split()) for node in texts]


def test_both_widths_are_well_formed_and_say_all_but_the_title(axes):
    drawn = figure_drawings(axes.figure)
    assert list(drawn) == ["wide", "narrow"]
    assert width(drawn["wide"]) == pytest.approx(7.2 * 72, abs=1)
    assert width(drawn["narrow"]) == pytest.approx(3.75 * 72, abs=1)
    for svg in drawn.values():
        assert "What was found" not in svg
        assert "#00558a" in svg
        assert "<style" not in svg
        assert "A cleaning rule" in " ".join(words(svg))


def test_long_words_stand_in_lines_in_the_narrow_one_alone(axes):
    drawn = figure_drawings(axes.figure)
    name = "A cleaning rule with a name that is long"
    assert name in words(drawn["wide"])
    assert name not in words(drawn["narrow"])


def test_the_figure_is_left_as_it_was(axes):
    figure_drawings(axes.figure)
    assert axes.get_title(loc="left") == "What was found"
    assert axes.get_xlabel() == "mean absolute error, purchases per customer and quarter"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A cleaning rule with a name that is long", "b"]
    assert tuple(axes.figure.get_size_inches()) == (7.2, 3.2)


def test_the_same_figure_gives_the_same_bytes(axes):
    assert figure_drawings(axes.figure) == figure_drawings(axes.figure)


def test_numbers_that_are_read_are_not_rounded(axes):
    axes.text(1, 0, "0.318 of 1.2345")
    assert "0.318 of 1.2345" in words(figure_drawings(axes.figure)["wide"])


def test_a_cloud_of_points_is_left_to_the_picture(axes):
    axes.scatter(np.linspace(0, 1, 4000), np.linspace(0, 1, 4000))
    assert LARGEST < 100_000
    assert figure_drawings(axes.figure) == {}


def test_several_drawings_keep_their_titles():
    figure, axes = plt.subplots(1, 2)
    for ax, title in zip(axes, ("Before", "After"), strict=True):
        ax.set_title(title)
    assert {"Before", "After"} <= set(words(figure_drawings(figure)["wide"]))
    plt.close(figure)


def test_ticks_that_are_many_are_thinned_in_the_narrow_one_alone(axes):
    axes.set_xticks(range(12), [f"week {n}" for n in range(12)])
    drawn = figure_drawings(axes.figure)
    assert "week 1" in words(drawn["wide"])
    assert "week 1" not in words(drawn["narrow"])
    assert {"week 0", "week 4", "week 8"} <= set(words(drawn["narrow"]))
    assert [label.get_text() for label in axes.get_xticklabels()][1] == "week 1"


def test_words_that_meet_stand_upright_and_none_is_left_out(axes):
    names = ["not yet a customer", "won back", "declining", "dormant", "growing", "mature"]
    axes.set_xticks(range(6), names)
    drawn = figure_drawings(axes.figure)
    assert set(names) <= set(words(drawn["narrow"]))
    assert "rotate(-90)" in drawn["narrow"]
    assert not any("rotate(-90)" in line for line in drawn["wide"].split("<text") if "won back" in line)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {0.0}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", "short"),
        ("two lines\nthat fit", "two lines\nthat fit"),
        ("spend · with the pre-period", "spend · with the pre-\nperiod"),
        ("new customers\nwith a second purchase day", "new customers with a\nsecond purchase day"),
        ("首次购买后九十天内再次购买", "首次购买后九十天内再次购\n买"),
    ],
)
def test_names_are_filled_by_the_width_of_their_letters(text, lines):
    assert _filled(text, 24) == lines


@pytest.mark.parametrize(
    "label",
    [
        "数量栏里记的是体积（燃油）：按一件计（已修正）",
        "365 天中前半段的客户，后半段也购买的比例",
        "新客户在 90 天内有第二个购买日的比例（Kaplan–Meier）",
        "2017-01（左侧截断）的同期群客户",
        "000/response-target\n最好五分之一客户的销售额占比",
    ],
)
def test_chinese_names_break_between_words_and_never_before_a_closing_mark(label):
    lines = _filled(label, 24).split("\n")
    assert len(lines) > 1
    assert not [line for line in lines if line[0] in "，。；：、）》！？" or line[-1] in "（《"]
    for word in re.findall(r"[!-~–]+", label):
        assert any(word in line for line in lines), word
    assert not re.search("[a-z][\u4e00-\u9fff]", "".join(lines).replace("（", ""))


def test_words_below_a_narrow_drawing_stay_inside_it():
    figure, ax = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    ax.barh(["a ranking with quite a long name", "another one with a long name, too"], [1, 2])
    ax.set_xlabel("Leavers among the top 5%, times the average (95% interval)")
    narrow = figure_drawings(figure)["narrow"]
    lines = re.findall(r"translate\(([\d.]+) [\d.]+\)\">([^<]+)</text>", narrow)
    label = [(float(x), line) for x, line in lines if line.split()[0] in ("Leavers", "average")]
    assert len(label) == 2
    right = float(re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', narrow)[1])
    assert max(x + TextPath((0, 0), line, size=10).get_extents().width for x, line in label) <= right
    assert ax.xaxis.label.get_ha() == "center"
    plt.close(figure)
