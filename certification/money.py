"""Certification of the money of a run: every page's revenue is page 01's less named parts, on all sources."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.matrix.test_money import OWN_FILES, SOURCES, reconcile


def certify_money() -> dict:
    """Sources on which two pages state another revenue, or contradict each other."""
    broken, sources = [], [*SOURCES, *(path for path in OWN_FILES if path.exists())]
    for source in sources:
        with tempfile.TemporaryDirectory() as folder:
            try:
                reconcile(source, Path(folder))
            except AssertionError as error:
                broken.append(f"{source}: {error}"[:300])
    return {
        "name": "money.sources_that_do_not_reconcile",
        "value": len(broken),
        "lo": 0,
        "hi": 0,
        "ok": not broken,
        "what": "; ".join(broken) or f"{len(sources)} sources, five pages each",
    }
