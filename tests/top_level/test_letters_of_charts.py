"""Labels of a chart come from data in any script: no letter of theirs is drawn as an empty box, in no language."""

import warnings

import pytest
from matplotlib import pyplot as plt

from crm_lab.plots.style import new_axes, style

NAMES = (
    "北京旗舰店",
    "臺北門市",
    "カテゴリー ひらがな",
    "서울 매장",
    "Crème brûlée",
    "Žižkov – Łódź",
    "Αθήνα",
    "Магазин",
    "ＡＢＣ１２３",
    "¥ 1,000 ≥ 5 %",
)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_every_letter_of_a_label_has_a_picture(name, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        axes = new_axes()
        axes.bar([name], [1.0], label=name)
        axes.set(title=name, xlabel=name)
        axes.legend()
        axes.figure.canvas.draw()
        plt.close(axes.figure)


def test_a_letter_that_no_font_has_is_noticed_by_the_test_above():
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        axes = new_axes()
        axes.set(title="\u0e01")
        with pytest.raises(UserWarning, match="missing from font"):
            axes.figure.canvas.draw()
        plt.close(axes.figure)
