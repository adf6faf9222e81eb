"""Guardrails: outcomes that a treatment must not make worse, and by how much at most."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crm_lab.checks import BadInput, Problems
from crm_lab.messages import Message

Direction = Literal["up", "down"]
_KEYS = ("metric", "direction", "margin")
_SAID = re.compile(r"(?P<metric>.+?)\s+(?P<direction>up|down)\s+(?P<margin>[\d.]+\s*%?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Guardrail:
    """An outcome that must be shown to be no worse.

    Attributes:
        metric: Column with the outcome, or two with `` / `` between them for a ratio of totals.
        better: Which direction is good: ``up`` or ``down``.
        margin: Largest loss that counts as none: in the outcome's unit (of a share: .01 is one point), or, if
            `relative`, as a share of the control's level.
        relative: Whether the margin is a share of the control's level.
    """

    metric: str
    better: Direction
    margin: float
    relative: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs."""
        return tuple(name.strip() for name in self.metric.split(" / "))


def guardrails_of(given: str | Sequence[Mapping[str, Any]]) -> tuple[Guardrail, ...]:
    """Guardrails as a suite states them, in tables, or in one line of text.

    >>> guardrails_of("complaints down 0.01; basket up 2%")[1]
    Guardrail(metric='basket', better='up', margin=0.02, relative=True)
    >>> guardrails_of([{"metric": "returns", "direction": "down", "margin": "5 %"}])[0].relative
    True

    Args:
        given: ``METRIC up|down MARGIN; ...``, or tables with the keys metric, direction and margin; a margin with
            ``%`` is one of the control's level.

    Returns:
        The guardrails, in order.

    Raises:
        BadInput: With every one that cannot be read.
    """
    problems = Problems(Message("door.test.guardrails").text())
    found = []
    for one in _stated(given):
        rail = _rail(one)
        if rail is None:
            problems.extend([Message("door.test.guardrail", {"said": repr(one)}).text()])
        else:
            found.append(rail)
    problems.raise_any()
    return tuple(found)


def _stated(given: str | Sequence[Mapping[str, Any]]) -> list[Any]:
    if not isinstance(given, str):
        return list(given)
    return [part.strip() for part in given.split(";") if part.strip()]


def _rail(one: object) -> Guardrail | None:
    if isinstance(one, str):
        said = _SAID.fullmatch(one)
        one = said.groupdict() if said else {}
    if not isinstance(one, Mapping) or set(one) != set(_KEYS) or str(one["direction"]).lower() not in ("up", "down"):
        return None
    text = str(one["margin"]).strip()
    relative = text.endswith("%")
    try:
        margin = float(text.rstrip("% ")) / (100 if relative else 1)
    except ValueError:
        return None
    if not 0 < margin < math.inf:
        return None
    return Guardrail(str(one["metric"]).strip(), _direction(str(one["direction"])), margin, relative)


def _direction(text: str) -> Direction:
    if text.lower() not in ("up", "down"):
        raise BadInput(f"{text!r} is no direction; up or down is good.")
    return "up" if text.lower() == "up" else "down"
