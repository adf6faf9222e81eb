"""Tables as readers get them: words, three digits, intervals in one cell, constants as the caption."""

import pandas as pd
import pytest

from crm_lab.number_format import table_html
from crm_lab.run.html.table_view import table_view
from crm_lab.run.html.words import cell, for_readers


def view(frame, lang="en", **options):
    return table_view(frame.to_html(**options), lang)


@pytest.mark.parametrize(
    ("text", "column", "shown"),
    [
        ("4903.464095338956", "revenue", "4,903"),
        ("0.0051234", "gain", "0.00512"),
        ("0.351408", "share", "35.1%"),
        ("54.3%", "share", "54.3%"),
        ("-12.3456", "change", "−12.3"),
        ("1469307", "rows", "1,469,307"),
        ("1469307", "customer_id", "1469307"),
        ("4,596,039.58", "money", "4,596,039.58"),
        ("inf%", "roi", "not reached"),
        ("NaN", "mean", "–"),
        ("None", "mean", "–"),
        ("True", "holds", "✓"),
        ("False", "holds", "✗"),
        ("units_per_day", "feature", "units per day"),
        ("from inf to 3", "what", "from not reached to 3"),
    ],
)
def test_cells_read_as_people_write(text, column, shown):
    assert cell(text, column, "en", plain=True) == shown


def test_the_row_index_goes_where_it_only_counts():
    frame = pd.DataFrame({"segment": ["a", "b"], "n_orders": [1, 2]})
    assert view(frame).head == ("segment", "orders")
    named = view(frame.set_index("segment"))
    assert named.rows == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize("ends", [("lo", "hi"), ("low", "high"), ("share_lo", "share_hi"), ("lo_share", "hi_share")])
def test_an_interval_stands_behind_the_number_it_holds(ends):
    frame = pd.DataFrame(
        {
            "k": ["a", "b"],
            "share": [0.545, 0.1],
            "standard_error": [0.01, 0.02],
            ends[0]: [0.533, 0.05],
            ends[1]: [0.558, 0.2],
        }
    )
    if ends[0].startswith("lo_"):  # follows its number
        frame = frame[["k", "standard_error", "share", *ends]]
    shown = view(frame)
    place = shown.head.index("share")
    assert [row[place] for row in shown.rows] == ["54.5% (53.3–55.8)", "10.0% (5.0–20.0)"]
    assert len(shown.head) == 3


def test_ends_without_their_number_stay_columns():
    frame = pd.DataFrame({"k": ["a", "b"], "x": [9.5, 9.5], "lo": [1.5, 2.5], "hi": [3.5, 4.5]})
    assert view(frame).head == ("k", "x", "lower end", "upper end")


def test_what_never_varies_is_the_caption():
    frame = pd.DataFrame({"k": ["a", "b"], "source": ["cdnow", "cdnow"], "x": [1, 2], "none": [None, None]})
    shown = view(frame)
    assert shown.caption == "source: CDNOW"
    assert shown.head == ("k", "x")


def test_a_long_table_is_folded_and_says_of_how_many():
    frame = pd.DataFrame({"k": [f"c{n}" for n in range(2469)], "x": range(2469)})
    shown = table_view(table_html(frame), "en", "tables/x.csv")
    assert (shown.folded, len(shown.rows), shown.total, shown.csv) == (True, 20, 2469, "tables/x.csv")
    assert not view(frame.head(3)).folded


def test_rows_of_the_catalogue_are_not_shown():
    frame = pd.DataFrame({"metric": ["a", "b"], "source": ["000-7", "004-38"], "x": [1, 2]})
    assert view(frame).head == ("metric", "x")


def test_labels_are_in_the_language():
    assert view(pd.DataFrame({"segment": ["a"], "n_orders": [1]}), "zh").head == ("分群", "订单数")


def test_prose_keeps_blanks_of_english_and_none_of_chinese():
    assert for_readers("One. Two.", "zh") == "One. Two."
    assert for_readers("第一句。第二句。", "zh") == "第一句。第二句。"
