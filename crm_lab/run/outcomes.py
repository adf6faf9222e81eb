"""How a page can end, who hears how far it is, and which of its results answers its question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

TIMEOUT: Final = "Timeout"
KERNEL_DIED: Final = "KernelDied"

Progress = Callable[[int, int], None]


def headline(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result that answers the page's question: the first headline, else the first; may be empty."""
    results = page.get("results") or []
    return next((result for result in results if result.get("headline")), results[0] if results else {})
