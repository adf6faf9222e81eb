"""What data cannot answer, in the language of who asked."""

from __future__ import annotations

from typing import Any

from crm_lab.checks import CannotAnswer
from crm_lab.messages import Message


def cannot_answer(key: str, **values: Any) -> CannotAnswer:
    """The error that says why these data do not answer a question, and what would.

    A page that ends with it is refused in the report's language; the run goes on.

    >>> print(cannot_answer("nobody_in_tier", tier="C"))
    Nobody was in C at the start of a period; choose another tier.

    Args:
        key: Of a sentence among ``cannot``.
        **values: What stands in its places.

    Returns:
        An error to raise.

    Raises:
        KeyError: If there is no such sentence, or a place in it has no value.
    """
    return CannotAnswer(Message(f"cannot.{key}", values).text())
