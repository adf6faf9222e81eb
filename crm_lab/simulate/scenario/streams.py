"""Random streams: one for each fixed block of customers and each aspect of their lives.

A block is always simulated whole, and what lies beyond the last customer asked for is dropped. So neither
the number of customers, nor the size of chunks, nor the number of processes changes anybody's rows; and an
aspect that is switched on or off leaves the draws of the others as they were.
"""

from __future__ import annotations

import hashlib
from typing import Final

from numpy.random import PCG64, Generator, SeedSequence

BLOCK: Final = 512
"""Customers of one block. Part of what a seed means: changing it changes every retailer."""

ASPECTS: Final = (
    "retailer", "habits", "traits", "timing", "orders", "lines", "returns", "test", "edits", "caused",
    "caused_lines", "rewards", "contacts", "save_offer", "dirt", "city_shocks", "pilot", "pilot_orders", "pilot_lines",
    "referrals", "account_marks", "members_points", "points_orders", "points_lines", "points_chance", "points_copy",
    "accounts", "account_orders", "identity_records", "personas", "persona_days",
    "basket_plan", "baskets", "basket_needs", "basket_shelf", "basket_slots", "action_world",
)  # fmt: skip


def stream(seed: int, aspect: str, block: int = 0) -> Generator:
    """The generator of one aspect of one block.

    >>> stream(7, "timing", 3).random() == stream(7, "timing", 3).random()
    True
    """
    return Generator(PCG64(SeedSequence(seed, spawn_key=(ASPECTS.index(aspect), block))))


def student_seed(student: str, course: str = "") -> int:
    """A seed for each student: different numbers, equal difficulty.

    >>> student_seed("ada") == student_seed("Ada "), student_seed("ada") == student_seed("ben")
    (True, False)

    Args:
        student: Name or id; case and spaces do not matter.
        course: Name of the course.

    Returns:
        A seed for `make_retailer`.
    """
    text = f"{course.strip().casefold()}/{student.strip().casefold()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def blocks_of(n_customers: int) -> range:
    """The blocks that hold the first `n_customers` customers."""
    return range(-(-n_customers // BLOCK))
