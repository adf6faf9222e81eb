"""Exports in random forms of one known table: read exactly, asked, or refused; never silently wrong."""

from collections import Counter

import pytest

from tests.data.sources.exports import make_export
from tests.data.sources.exports_read import outcome

BATCH = 50


@pytest.mark.parametrize("batch", range(6))
def test_no_export_is_silently_wrong(tmp_path, monkeypatch, batch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    seen, faults = Counter(), []
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        export = make_export(seed, tmp_path)
        end, words = outcome(export)
        seen[end] += 1
        if words and end != "refused":
            faults.append(f"{seed} {end}: {words[:300]}")
    assert seen["wrong"] == 0, faults
    assert seen["needless question"] <= 0.05 * BATCH, faults
    assert seen["needless refusal"] <= 0.02 * BATCH, faults
    assert seen["exact"] + seen["asked"] > 0.8 * BATCH
