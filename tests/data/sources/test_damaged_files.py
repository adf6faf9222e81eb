"""Files damaged in every way: no traceback but `BadInput`, and rows in = rows out + quarantine."""

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.data.sources.damaged import DAMAGE, HARMLESS, HEADER, clean_rows, damaged_files, outcome


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged_files())
def test_a_damaged_file_is_refused_or_conserved(tmp_path_factory, monkeypatch, file):
    content, kinds = file
    folder = tmp_path_factory.mktemp("damaged")
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(folder / "workspaces"))
    seen = outcome(folder, content)
    event(seen)
    assert seen == "built" or not kinds <= HARMLESS


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_one_damaged_row_of_sixty_spoils_no_file_that_can_be_read(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    rows = clean_rows(60)
    rows[58] = DAMAGE[kind](rows[58])
    seen = outcome(tmp_path, b"\n".join([HEADER, *rows, b""]))
    assert seen == ("refused" if kind == "not utf-8" else "built")
