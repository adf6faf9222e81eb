"""Limits that settings of a scenario keep to, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterator


def share(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is no share."""
    for name in names:
        value = getattr(section, name)
        if not 0 <= value <= 1:
            yield f"{name} is {value}; it must be a share from 0 to 1."


def positive(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is not above 0."""
    for name in names:
        value = getattr(section, name)
        if not value > 0:
            yield f"{name} is {value}; it must be above 0."


def not_negative(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting below 0."""
    for name in names:
        value = getattr(section, name)
        if not value >= 0:
            yield f"{name} is {value}; it must be 0 or more."
