"""A figure's data: everything a reader could read off the chart, and nothing of its pixels."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from crm_lab.run.committed.comparison import value_differences
from crm_lab.run.in_kernel.figure_data import figure_data, figure_title


def axes():
    return Figure().subplots()


def data(ax):
    return figure_data(ax.figure)


CHARTS = {
    "line": lambda ax, v: ax.plot([0, 1, 2], [1, v, 3]),
    "long line": lambda ax, v: ax.plot(np.arange(999) * v),
    "bar": lambda ax, v: ax.bar(["a", "b"], [1, v]),
    "scatter": lambda ax, v: ax.scatter([0, 1], [1, v]),
    "heat map": lambda ax, v: ax.pcolormesh(np.array([[1, v], [3, 4]])),
    "image": lambda ax, v: ax.imshow(np.array([[1, v], [3, 4]])),
    "band": lambda ax, v: ax.fill_between([0, 1], [0, 0], [1, v]),
    "words": lambda ax, v: ax.text(0, 0, f"{v:.2f}"),
    "title": lambda ax, v: ax.set_title(f"{v:.2f}", loc="left"),
    "segments": lambda ax, v: ax.vlines([0, 1], 0, [1, v]),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS.keys())
def test_a_changed_value_changes_the_data_and_noise_does_not(chart):
    first, noisy, changed = axes(), axes(), axes()
    for ax, value in ((first, 2.0), (noisy, 2.0 + 1e-12), (changed, 2.01)):
        chart(ax, value)
    assert not value_differences(data(first), data(noisy))
    assert value_differences(data(first), data(changed))


def test_missing_values_and_dates_are_fine():
    ax = axes()
    ax.plot(np.array(["2017-01-01", "2017-01-02"], dtype="datetime64[D]"), [np.nan, 1.0])
    (part,) = data(ax)["axes"]
    assert part["lines"][0]["y"].startswith("1 values")
    assert part["lines"][0]["x"].startswith("2 values")


def test_a_figure_without_title_is_described_by_its_axes():
    ax = axes()
    ax.set(xlabel="days", ylabel="customers")
    assert figure_title(data(ax)) == "customers · days"
    assert figure_title(None) == ""
