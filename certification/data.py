"""Certification of the data room: 2,000 damaged files, none lost, none a traceback."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.data.sources.damaged import damaged_files, outcome

FILES = 2_000


def certify_damaged_files() -> dict:
    """Files that are refused in words or built with books that close; anything else raises and counts as lost."""
    seen: Counter[str] = Counter()

    @settings(max_examples=FILES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(damaged_files())
    def every_file(file: tuple[bytes, set[str]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CRM_LAB_WORKSPACES"] = f"{folder}/workspaces"
            seen[outcome(Path(folder), file[0])] += 1

    try:
        every_file()
        lost = 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the certificate must say so and not stop
        print(f"  a damaged file broke the rule: {error!r}"[:500])
        lost = 1
    finally:
        os.environ.pop("CRM_LAB_WORKSPACES", None)
    return {
        "name": "data.damaged_files_lost",
        "value": lost,
        "lo": 0,
        "hi": 0,
        "ok": lost == 0 and sum(seen.values()) >= FILES,
        "what": f"{sum(seen.values())} damaged files: {dict(seen)}",
    }
