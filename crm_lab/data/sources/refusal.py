"""What the door refuses, in the language of who stands before it."""

from __future__ import annotations

from typing import Any

from crm_lab.checks import BadInput
from crm_lab.messages import Message


def refused(key: str, **values: Any) -> BadInput:
    """The error that says why a file, or an answer about it, is not taken.

    Args:
        key: Of a sentence among ``door.refused``.
        **values: What stands in its places.

    >>> print(refused("empty", path="shop.csv"))
    shop.csv is empty; give a file with column names and rows.
    """
    return BadInput(Message(f"door.refused.{key}", values).text())
