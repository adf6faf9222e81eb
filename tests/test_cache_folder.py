"""Results of slow fits are read only from a folder that nobody else can write into."""

import os

import pytest

from crm_lab.cache import cached

CALLS = []


@cached
def doubled(number):
    CALLS.append(number)
    return 2 * number


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no owner and mode on this system")
@pytest.mark.parametrize(("mode", "calls"), [(0o700, 1), (0o755, 1), (0o770, 2), (0o777, 2)])
def test_a_folder_that_others_may_write_into_is_not_read(tmp_path, monkeypatch, mode, calls):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(mode)
    monkeypatch.setenv("CRM_LAB_CACHE", str(folder))
    CALLS.clear()
    assert doubled(21) == doubled(21) == 42
    assert len(CALLS) == calls
