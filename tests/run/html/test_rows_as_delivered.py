"""Rows that stand as their source delivered them keep their numbers as they were; a figure beside them does not."""

import pandas as pd

from crm_lab.run.html.table_view import table_view


def view(column):
    found = table_view(pd.DataFrame({column: [157, 158], "receipt": ["100111", "100112"]}).to_html(), "en")
    assert found is not None
    return found.rows[0]


def test_a_receipt_number_has_no_thousands_among_delivered_rows():
    assert view("source_row") == ("157", "100111")
    assert view("orders") == ("157", "100,111")
