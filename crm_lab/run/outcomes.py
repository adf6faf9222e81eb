"""What engine and client both name: how a notebook can end beside well, and who hears how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

TIMEOUT: Final = "Timeout"
KERNEL_DIED: Final = "KernelDied"

Progress = Callable[[int, int], None]
