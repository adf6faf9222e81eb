"""None and all are said of none and all: what only rounds to them gets more digits, in every language and on charts."""

import pytest

from crm_lab.messages import LANGUAGES, Message, written
from crm_lab.number_format import format_value, per_cent

SHARES = [0.0, 1.0, 1e-9, 0.00004, 0.0004, 0.004, 0.04, 0.5, 0.96, 0.996, 0.9996, 0.99996, 1 - 1e-9]


@pytest.mark.parametrize("spec", [".0%", ".1%", ".2%"])
@pytest.mark.parametrize("share", SHARES)
def test_only_none_and_all_are_said_to_be_so(share, spec):
    said = float(written(share, spec).rstrip("%")) / 100
    assert abs(said - share) <= 0.5 * 10 ** -(int(spec[1]) + 2) + 1e-12
    if 0.00005 < share < 0.99995:
        assert 0 < said < 1
    assert format_value(share, spec) == written(share, spec)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_say_so_too(lang):
    values = {"p": 0.9996, "ship_at": 0.9}
    assert "99.96%" in Message("experiments.roi.ship", values).text(lang)


@pytest.mark.parametrize("change", [0.0004, -0.9999, 0.01])
def test_a_change_keeps_its_digits(change):
    assert written(change, "+.0%") == f"{change:+.0%}"


def test_charts_and_cards_write_shares_alike():
    assert [per_cent(share) for share in (0.99979, 0.2534, 1.0)] == ["99.98%", "25.3%", "100.0%"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("value", "said"), [(float("nan"), "–"), (float("inf"), "∞"), (float("-inf"), "−∞")])
def test_no_sentence_says_nan_or_inf(value, said, lang):
    text = Message("format.interval", {"lo": value, "hi": 1.0}).text(lang)
    assert said in text
    assert "nan" not in text
    assert "inf" not in text
