"""Bounds of a numeric parameter, written in its comment: ``(2..10)``, ``(0<..<1)``, ``(1..)``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"-?\d+(?:\.\d+)?"
_WRITTEN = re.compile(rf"\(({_NUMBER})?(<?)\.\.(<?)({_NUMBER})?\)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest value; ``None`` where there is none, and whether the end itself is left out."""

    least: float | None = None
    greatest: float | None = None
    above: bool = False
    below: bool = False

    def take(self, value: object) -> bool:
        """Whether a value lies inside; what is no number is not theirs to judge."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        low = self.least is None or value > self.least or (value == self.least and not self.above)
        high = self.greatest is None or value < self.greatest or (value == self.greatest and not self.below)
        return low and high

    def words(self) -> str:
        """Them in words, with a space before; nothing where there are none.

        >>> Bounds(2, 10).words(), Bounds(0, 1, above=True, below=True).words(), Bounds(1).words()
        (' from 2 to 10', ' above 0 and below 1', ' of 1 or more')
        """
        if self.least is None and self.greatest is None:
            return ""
        if self.greatest is None:
            return f" above {self.least:g}" if self.above else f" of {self.least:g} or more"
        if self.least is None:
            return f" below {self.greatest:g}" if self.below else f" of {self.greatest:g} or less"
        if not (self.above or self.below):
            return f" from {self.least:g} to {self.greatest:g}"
        start = f"above {self.least:g}" if self.above else f"of {self.least:g} or more"
        return f" {start} and {'below' if self.below else 'up to'} {self.greatest:g}"

    def json_schema(self) -> dict[str, float]:
        """Them as JSON Schema."""
        low = {"exclusiveMinimum" if self.above else "minimum": self.least}
        high = {"exclusiveMaximum" if self.below else "maximum": self.greatest}
        return {name: end for name, end in (low | high).items() if end is not None}


def bounds_in(comment: str) -> Bounds:
    """The bounds that a comment states.

    >>> bounds_in("scores per dimension (2..10); 5 = best fifth").words(), bounds_in("no bounds").words()
    (' from 2 to 10', '')
    """
    found = _WRITTEN.search(comment)
    if found is None:
        return Bounds()
    low, above, below, high = found.groups()
    return Bounds(float(low) if low else None, float(high) if high else None, bool(above), bool(below))


def without_bounds(comment: str) -> tuple[str, str]:
    """A comment without its bounds, and these as they are written.

    >>> without_bounds("scores per dimension (2..10)"), without_bounds("no bounds")
    (('scores per dimension', '2..10'), ('no bounds', ''))
    """
    found = _WRITTEN.search(comment)
    return (comment, "") if found is None else (_WRITTEN.sub("", comment).strip(), found[0][1:-1])
