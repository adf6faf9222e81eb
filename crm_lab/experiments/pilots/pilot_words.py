"""Words for what a pilot is dealt among and how its time is counted, in the report's language."""

from __future__ import annotations

from typing import Literal

from crm_lab.messages import Message

Unit = Literal["city", "store", "region", "unit"]
Every = Literal["day", "week", "month", "year", "period"]


def counted(word: Unit | Every, n: int) -> Message:
    """So many cities, stores, weeks, ...

    >>> str(counted("city", 5)), str(counted("week", 1))
    ('5 cities', '1 week')

    Args:
        word: What is counted.
        n: How many.

    Returns:
        Words of the report's language.
    """
    return Message(f"experiments.pilots.count_{word}{'_one' if n == 1 else ''}", {"n": n})
