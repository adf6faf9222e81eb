"""Lower and upper bounds of measures, and lists of values: what conditions may hold, checked by type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from crm_lab.messages import Message

ENDS: Final = ("at_least", "at_most")


def is_number(value: object) -> bool:
    """Whether a value is a finite number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def wrong_bounds(condition: object, measures: Iterable[str], shares: Iterable[str] = ()) -> Iterator[str]:
    """A sentence for each bound that is no number, out of range, or below the other one."""
    for measure in measures:
        low, high = (getattr(condition, f"{measure}_{end}") for end in ENDS)
        for end, value in zip(ENDS, (low, high), strict=True):
            if value is not None:
                yield from _wrong_bound(f"{measure}_{end}", value, measure in shares)
        if is_number(low) and is_number(high) and low > high:
            yield f"{measure}_at_least is {low:g} and {measure}_at_most is {high:g}; nobody can meet both."


def _wrong_bound(name: str, value: Any, share: bool) -> Iterator[str]:
    if not is_number(value):
        yield f"{name} is {value!r}; it must be a number."
    elif share and not 0 <= value <= 1:
        yield f"{name} is {value:g}; it must be a share from 0 to 1."
    elif value < 0 and not name.startswith(("revenue", "spend_at")):
        yield f"{name} is {value:g}; it must be 0 or more."


def wrong_list(name: str, values: Any) -> Iterator[str]:
    """A sentence for each thing wrong with a list of texts."""
    if not isinstance(values, list | tuple):
        yield f"{name} is {values!r}; it must be a list of texts."
        return
    wrong = [value for value in values if not isinstance(value, str) or not value]
    if not values:
        yield f"{name} is empty; name a value or leave it out."
    if wrong:
        yield f"{name} has {', '.join(map(repr, wrong[:3]))}; each must be a text that is not empty."
    if len({str(v) for v in values}) < len(values):
        yield f"{name} names a value twice; once is enough."


def given_bounds(condition: object, measures: Iterable[str]) -> list[tuple[str, str, float]]:
    """Measure, end and value of each bound that is set, in order."""
    found = [(m, end, getattr(condition, f"{m}_{end}")) for m in measures for end in ENDS]
    return [(m, end, value) for m, end, value in found if value is not None]


def listed(values: Iterable[object]) -> Message | str:
    """Values joined by *or*."""
    first, *others = [str(v) for v in values]
    said: Message | str = first
    for other in others:
        said = Message("rule_segments.words.one_of", {"a": said, "b": other})
    return said


def percent(share: float) -> str:
    """A share in per cent with the digits it was given.

    >>> percent(0.1), percent(0.125)
    ('10%', '12.5%')
    """
    return f"{100 * share:.10g}%"
