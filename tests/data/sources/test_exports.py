"""Exports in random forms of one known table: read exactly, asked, or refused; never silently wrong."""

from collections import Counter

import pytest

from tests.data.sources.exports import make_export
from tests.data.sources.exports_read import outcome


def outcomes(tmp_path, monkeypatch, seeds):
    """How often each end was seen, and what was said where it was no good one."""
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    seen, faults = Counter(), []
    for seed in seeds:
        end, words = outcome(make_export(seed, tmp_path))
        seen[end] += 1
        if words and end != "refused":
            faults.append(f"{seed} {end}: {words[:300]}")
    return seen, faults


def test_no_export_of_a_few_is_silently_wrong(tmp_path, monkeypatch):
    seen, faults = outcomes(tmp_path, monkeypatch, range(300, 315))
    assert seen["exact"] + seen["asked"] + seen["refused"] == 15, faults


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(2))
def test_no_export_is_silently_wrong(tmp_path, monkeypatch, batch):
    seen, faults = outcomes(tmp_path, monkeypatch, range(batch * 50, (batch + 1) * 50))
    assert seen["wrong"] == 0, faults
    assert seen["needless question"] <= 0.05 * 50, faults
    assert seen["needless refusal"] <= 0.02 * 50, faults
    assert seen["exact"] + seen["asked"] > 0.8 * 50
