"""Numbers of a column look alike: digits, thousands, ends of intervals; what says nothing takes no table."""

import pandas as pd
import pytest

from crm_lab.run.html.number_columns import even, interval
from crm_lab.run.html.table_view import table_view
from crm_lab.run.html.words import for_readers, typeset


def view(frame, lang="en"):
    return table_view(frame.to_html(), lang)


@pytest.mark.parametrize(
    ("cells", "raw", "shown"),
    [
        (["0.85", "0.869", "1"], ["0.85", "0.869", "1.0"], ["0.850", "0.869", "1.00"]),
        (["1", "2", "3.5"], ["1.0", "2.0", "3.5"], ["1.0", "2.0", "3.5"]),
        (["1,628", "353.63"], ["1628.2", "353.63"], ["1,628", "354"]),
        (["2,320.00", "17.15"], ["2320", "17.15"], ["2,320.00", "17.15"]),
        (["23,570", "0.406"], ["23570", "0.406"], ["23,570", "0.406"]),
        (["12.3%", "5%"], ["0.123", "0.05"], ["12.3%", "5%"]),
        (["a", "–"], ["a", ""], ["a", "–"]),
    ],
)
def test_decimals_are_alike_as_far_as_three_digits_go(cells, raw, shown):
    assert even(cells, raw) == shown


@pytest.mark.parametrize("value", [0.0123, 0.5, 4.0, 33.3, 812.0])
def test_ends_are_as_exact_as_their_number(value):
    frame = pd.DataFrame({"k": ["a", "b"], "x": [value, value * 2], "lo": value * 0.9, "hi": value * 2.1})
    number, _, ends = view(frame).rows[0][1].partition(" (")
    decimals = {len(part.partition(".")[2]) for part in (number, *ends.rstrip(")").split("–"))}
    assert len(decimals) == 1


def test_an_interval_of_no_width_is_none():
    assert interval("+0.0%", ("+0.0%", "+0.0%"), ("0", "0")) == ""


def test_thousands_stand_apart_in_every_cell():
    frame = pd.DataFrame({"k": ["a", "b"], "x": [4836, 23970613], "growth": ["+7876.27%", "+1.2%"]})
    assert [row[1:] for row in view(frame).rows] == [("4,836", "+7,876.27%"), ("23,970,613", "+1.2%")]


def test_a_chance_too_small_to_matter_is_not_spelled_out():
    frame = pd.DataFrame({"k": ["a", "b"], "p_value": [1.05e-11, 0.68]})
    assert [row[1] for row in view(frame).rows] == ["<0.001", "0.680"]


def test_a_table_whose_rows_differ_in_name_alone_is_a_line():
    shown = view(pd.DataFrame({"age_days": [7, 14, 30], "share_back": [0.0, 0.0, 0.0]}))
    assert (shown.head, shown.rows) == ((), ())
    assert shown.caption == "share back: 0.0% · the same for age, days: 7, 14, 30"


def test_a_list_of_customers_stays_a_table_though_they_are_alike():
    assert view(pd.DataFrame({"customer_id": ["a", "b"], "orders": [2, 2]})).rows == (("a", "2"), ("b", "2"))


def test_a_constant_first_column_is_the_caption_too():
    shown = view(
        pd.DataFrame({"customers": [1119] * 4, "stated": [0.1, 0.2, 0.3, 0.4], "observed": [0.1, 0.3, 0.2, 0.5]})
    )
    assert (shown.caption, shown.head) == ("customers: 1,119", ("stated", "observed"))


def test_one_thing_with_its_properties_is_a_row():
    audit = pd.Series(
        {"right": 389, "audited": 400, "share": 0.9725, "lower": 0.951, "upper": 0.985}, name="audit (example)"
    )
    shown = view(audit.astype(object).to_frame())
    assert (shown.caption, shown.head) == ("audit (example)", ("right", "audited", "share"))
    assert shown.rows == (("389", "400", "97.2% (95.1–98.5)"),)


def test_a_row_is_named_once():
    frame = pd.DataFrame({"stage": ["won_back"], "name": ["Won back"], "customers": [3]})
    assert (view(frame).head, view(frame).rows) == (("stage", "customers"), (("Won back", "3"),))


def test_a_column_means_what_it_means_beside_others():
    second = pd.DataFrame({"days": [7, 30], "returned": [89, 181], "share_followed": [0.2, 0.6]})
    assert view(second, "zh").head[1] == "回来人数"
    assert view(second.rename(columns={"share_followed": "other"}), "zh").head[1] != "回来人数"


@pytest.mark.parametrize(
    ("column", "name", "shown"),
    [
        ("model", "own_rate", "沿用客户自己迄今的频率"),
        ("reasons", "frequency;rhythm", "购买频次、节奏"),
        ("check", "weekday", "星期"),
        ("tier", "base", "base"),  # a name of the data's own
    ],
)
def test_names_of_the_code_are_words_where_the_code_names(column, name, shown):
    assert view(pd.DataFrame({column: [name], "x": [1]}), "zh").rows[0][0] == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("for USD 50, to bring USD 29", "for $50, to bring $29"),
        ("−154.47 USD (−6 %)", "−$154.47 (−6%)"),
        ("from 219,720 to 230,897 USD", "from $219,720 to $230,897"),
        ("从 219,720 变为 230,897 USD，每位 12.00 EUR", "从 219,720 变为 230,897 美元，每位 12.00 欧元"),
        ("12 CSV files of 365 days", "12 CSV files of 365 days"),
    ],
)
def test_money_has_one_form_a_language(text, shown):
    assert typeset(text) == shown


def test_sentences_in_cells_have_the_same_form_of_money():
    frame = pd.DataFrame({"customer_id": ["a"], "reason": ["Silent 21 d; spent USD 7,067 in 12 months."]})
    assert view(frame).rows[0][1] == "Silent 21 d; spent $7,067 in 12 months."


def test_a_sentence_left_out_takes_its_bracket_along():
    assert for_readers("第一句（见 004-36。更高。）第三句。", "zh") == "更高。第三句。"
