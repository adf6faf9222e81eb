"""How a page can end, who hears how far it is, and which of its results answers its question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

TIMEOUT: Final = "Timeout"
KERNEL_DIED: Final = "KernelDied"

Progress = Callable[[int, int], None]


def short_name(page: Mapping[str, Any]) -> str:
    """What a page is called in a sentence: its number, else its name, and the part of the data that it is about.

    >>> short_name({"notebook": "06_back-Bonn", "number": "06", "part": {"value": "Bonn"}})
    '06 Bonn'
    """
    part = (page.get("part") or {}).get("value")
    return " ".join(filter(None, (str(page.get("number") or page.get("notebook") or ""), part)))


def headline(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result that answers the page's question: the first headline, else the first; may be empty."""
    results = page.get("results") or []
    return next((result for result in results if result.get("headline")), results[0] if results else {})
