"""Certification of the data room: exports in 10,000 forms, 5,000 damaged files of all formats, none silently wrong."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.data.sources.damaged import damaged_files, outcome
from tests.data.sources.damaged_formats import damaged, door, sound_files
from tests.data.sources.exports import make_export
from tests.data.sources.exports_read import outcome as read_outcome

FILES = 2_000
EXPORTS = 10_000
OF_ALL_FORMATS = 3_000
ASKED_AT_MOST, REFUSED_AT_MOST = 0.05, 0.02


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


def certify_exports() -> list[dict]:
    """Exports in random forms: silently wrong, asked without need, refused without need."""
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(EXPORTS):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                os.environ["CRM_LAB_WORKSPACES"] = f"{folder}/workspaces"
                end, words = read_outcome(make_export(seed, Path(own)))
            seen[end] += 1
            if end in ("wrong", "needless question", "needless refusal"):
                print(f"  export {seed}: {end}: {words}"[:300])
    os.environ.pop("CRM_LAB_WORKSPACES", None)
    limits = {"wrong": 0.0, "needless question": ASKED_AT_MOST, "needless refusal": REFUSED_AT_MOST}
    return [
        {
            "name": f"data.exports_{end.replace(' ', '_')}",
            "value": seen[end] / EXPORTS,
            "lo": 0,
            "hi": most,
            "ok": seen[end] <= most * EXPORTS,
            "what": f"{EXPORTS} exports in random forms: {dict(seen)}",
        }
        for end, most in limits.items()
    ]


def certify_damaged_formats() -> dict:
    """Damaged Excel, Parquet, DuckDB, JSON, gzip and UTF-16 files: refused in words, asked of, or built."""
    dice, seen = random.Random(16), Counter()  # noqa: S311 - made-up damage
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_LAB_WORKSPACES"] = f"{folder}/workspaces"
        sound = sound_files(Path(folder))
        for number in range(OF_ALL_FORMATS):
            path = sound[number % len(sound)]
            other = Path(folder) / f"{number}{path.name}"
            other.write_bytes(damaged(path.read_bytes(), dice))
            try:
                seen[door(other)] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, the certificate must say so and not stop
                print(f"  a damaged {path.name} broke the rule: {error!r}"[:300])
                seen["traceback"] += 1
            other.unlink()
    os.environ.pop("CRM_LAB_WORKSPACES", None)
    bad = seen["traceback"]
    return {
        "name": "data.damaged_formats_lost",
        "value": bad,
        "lo": 0,
        "hi": 0,
        "ok": bad == 0,
        "what": f"{dict(seen)}",
    }
