"""Pictures of cards: at most 1 KB, well formed, inside their frame, whatever the numbers and the letters."""

import math
import re
from xml.etree import ElementTree as ET

import pytest

from crm_lab.fronts.pictures import HEIGHT, LARGEST, WIDTH, Bar, Dot, Mark, bars, columns, curve, dots, svg, tiles
from crm_lab.run.html.index_parts import safe_picture

LONG, CHINESE, SHARP = "a label that is far too long for a card", "一个太长而放不下的标签名称", '<b> & "c"'
PICTURES = {
    "bars": bars([Bar(LONG, 1e9, "1,469,307", True), Bar(CHINESE, 0, "0"), Bar(SHARP, 1e-9, "9.45 万美元")]),
    "five bars": bars([Bar(str(n), n, f"{n}×", n == 5) for n in range(5, 0, -1)]),
    "five long bars": bars([Bar(CHINESE * 3, n, "平时间隔的 100.5 倍", n == 5) for n in range(5, 0, -1)]),
    "no bars": bars([]),
    "dots": dots([Dot(LONG, 0.1, -2, 3, True), Dot(CHINESE, 0.2, 0.2, 0.2)], 0.0, "break-even"),
    "targets": dots([Dot(SHARP, 12, 11, 13, False, 75), Dot("b", 62, 56, 67, True, 30)], words="dashed: target"),
    "one point": dots([Dot("a", 0.0, 0.0, 0.0)]),
    "no interval": dots([Dot("a", math.nan, 0.0, 0.0), Dot("b", 1.0, 0.5, 1.5)], 1.0, "needed"),
    "nothing known": dots([Dot("a", math.inf, 0.0, math.inf)], 0.0, "needed"),
    "columns": columns([1e6 / n for n in range(1, 11)], 2, "55%", LONG),
    "no columns": columns([], 0, "", ""),
    "curve": curve([(n, n**0.5) for n in range(24)], [Mark(8, 8**0.5, "62% by day 30"), Mark(23, 4.8, "第 90 天 82%")]),
    "falling": curve([(0, -50), (0.14, 60)], [Mark(0.063, 0, "break-even 6.3%"), Mark(0.1, 29, "assumed 10%")]),
    "level": curve([(0, 0), (1, 0)], []),
    "tiles": tiles([(7, "on"), (4, "half"), (2, "off")], "7 in full · 4 in part · 2 not"),
    "no tiles": tiles([], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_well_formed_and_safe(name):
    picture = svg(PICTURES[name], "The best 20% bring 55% of revenue & more.")
    assert len(picture.encode()) <= LARGEST
    assert ET.fromstring(picture).get("role") == "img"  # noqa: S314 - ours
    assert safe_picture(picture)
    assert not re.search(r"nan|inf", re.sub(r">[^<]*<", "><", picture))


@pytest.mark.parametrize("name", PICTURES)
def test_shapes_stay_inside_the_frame(name):
    for shape in ET.fromstring(svg(PICTURES[name], "")).iter():  # noqa: S314 - ours
        place = {side: float(shape.get(side, 0)) for side in ("x", "y", "cx", "cy", "width", "height")}
        if shape.tag in ("rect", "circle"):
            assert 0 <= place["x"] + place["width"] <= WIDTH
            assert 0 <= place["y"] + place["height"] <= HEIGHT
            assert 0 <= place["cx"] <= WIDTH
            assert 0 <= place["cy"] <= HEIGHT


def test_bars_begin_at_zero_and_are_as_long_as_their_number():
    one, two = re.findall(r'<rect x="(\d+)"[^>]* width="(\d+)"', bars([Bar("a", 50, "x"), Bar("b", 100, "x")]))
    assert one[0] == two[0]
    assert float(one[1]) / float(two[1]) == pytest.approx(0.5, abs=0.01)
