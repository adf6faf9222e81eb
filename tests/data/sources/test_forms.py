"""Exports as systems and people write them: read exactly, asked (the right answer gives exact books), or refused."""

import pytest

from tests.data.sources import forms_in_the_wild, forms_invented, forms_once_wrong
from tests.data.sources.door_outcomes import check

AT_ONCE = {"one year", "full"}
LONG = [name for name in forms_once_wrong.FORMS if name.startswith("short_years") and name.split()[-1] not in AT_ONCE
        and not name.endswith(("%d/%m/%y of ten days", "%y%m%d of ten days", "%y.%m.%d of 2005"))]  # fmt: skip
SHORT = ("a number", "as a line", "Retouren", "two exports", "Storno", "active N", "came back", "by their numbers")
LONG += [name for name in forms_once_wrong.FORMS if name.startswith("counted") and not name.endswith(SHORT)]


@pytest.mark.parametrize("name", [name for name in forms_once_wrong.FORMS if name not in LONG])
def test_a_form_once_read_wrong_is_read_or_asked_or_refused(tmp_path, monkeypatch, name):
    check(forms_once_wrong.FORMS[name], tmp_path, monkeypatch)


@pytest.mark.parametrize("name", forms_in_the_wild.FORMS)
def test_a_form_in_the_wild_is_read_or_asked_or_refused(tmp_path, monkeypatch, name):
    check(forms_in_the_wild.FORMS[name], tmp_path, monkeypatch)


@pytest.mark.parametrize("name", forms_invented.FORMS)
def test_an_invented_form_is_read_or_asked_or_refused(tmp_path, monkeypatch, name):
    check(forms_invented.FORMS[name], tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_form_of_a_kind_is_read_or_asked_in_all_its_variants(tmp_path, monkeypatch, name):
    check(forms_once_wrong.FORMS[name], tmp_path, monkeypatch)
