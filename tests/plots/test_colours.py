"""The palette's colours are told apart by readers with each of the three kinds of colour blindness, in both modes."""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib import pyplot as plt

from crm_lab.mime import DRAWING_MIME
from crm_lab.plots import style
from crm_lab.run.html.charts import TEMPLATES, chart, variables
from crm_lab.run.in_kernel.figure_drawings import figure_drawings

LEAST = 10  # CIE76 difference: plain to see side by side
# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB
SEEN_AS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "full colour": np.eye(3).tolist(),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
NAMES = ("blue", "orange", "sky", "rust", "grey", "green")


def linear(colour):
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def palette(mode):
    light, dark = (TEMPLATES / "style.css").read_text(encoding="utf-8").split("}", 2)[:2]
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", light if mode == "light" else dark))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("sight", SEEN_AS)
def test_colours_of_the_palette_are_told_apart(mode, sight):
    seen = {name: lab(np.array(SEEN_AS[sight]) @ linear(palette(mode)[name])) for name in NAMES}
    near = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(NAMES, 2)}
    assert not {pair: round(gap, 1) for pair, gap in near.items() if gap < LEAST}


def test_colours_of_figures_are_those_of_the_page():
    for name in (*NAMES, "pale", "ink", "soft", "line", "gold"):
        assert variables()[getattr(style, name.upper())] == name
    assert tuple(style.PALETTE) == tuple(palette("light")[name] for name in NAMES)


@pytest.mark.filterwarnings("ignore:vert:matplotlib.MatplotlibDeprecationWarning")  # seaborn 0.13 still says it
def test_what_seaborn_draws_in_greys_and_white_follows_the_page():
    mpl.use("Agg")
    with style.style():
        _, (bars, boxes) = plt.subplots(2)
        values = pd.DataFrame({"k": list("aabb"), "x": [1.0, 2.0, 3.0, 5.0]})
        sns.barplot(values, x="k", y="x", color=style.BLUE, saturation=1, ax=bars)
        sns.boxplot(values, x="k", y="x", color=style.SKY, saturation=1, ax=boxes)
        drawn = figure_drawings(bars.figure)
        plt.close("all")
    shown = chart({"data": {DRAWING_MIME: drawn}}, "", itertools.count(1), "en")
    assert set(re.findall(r"#[0-9a-f]{6}", shown.html)) == set()
