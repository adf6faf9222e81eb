"""Columns, currencies, days and numbers that were once taken for others, or not found."""

import pytest

from tests.data.sources import forms_of_columns
from tests.data.sources.door_outcomes import check


@pytest.mark.parametrize("name", forms_of_columns.FORMS)
def test_a_column_is_found_or_asked_about(tmp_path, monkeypatch, name):
    check(forms_of_columns.FORMS[name], tmp_path, monkeypatch)
