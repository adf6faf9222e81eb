"""Currencies, files that belong together and pages: read exactly, or asked, and the answer gives exact books."""

import pytest

from tests.data.sources import forms_of_layouts
from tests.data.sources.door_outcomes import check


@pytest.mark.parametrize("name", forms_of_layouts.FORMS)
def test_a_form_is_read_or_asked_and_its_books_are_exact(tmp_path, monkeypatch, name):
    check(forms_of_layouts.FORMS[name], tmp_path, monkeypatch)
