"""What an exercise is worth and what lateness costs: ``instructor/policy.toml``, to be edited by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from crm_lab.checks import BadInput, Problems
from crm_lab.messages import Message

POLICY_FILE: Final = "policy.toml"
POLICY_TEMPLATE: Final = """# How this course is marked. Grade again after a change; nothing else has to be done.

[weights]             # points of an exercise; 1 where nothing stands
# "04.q3" = 2
# "00.q1" = 0.5

[late]                # no deadline while `due` is not set; the time of a submission is that of its file
# due = 2026-03-01T23:59:00+01:00
# grace_minutes = 10  # not counted
# per_day = 0.1       # share of a page's points lost for each day begun
# most = 0.5          # and never more than this share
"""
_LATE: Final = {"due", "grace_minutes", "per_day", "most"}
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Lateness:
    """What a submission loses: the share of its points, and the sentence that says so."""

    share: float = 0.0
    remarks: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How a course is marked.

    Attributes:
        weights: Points by question, where they are not 1.
        due: When submissions have to be in; ``None`` without a deadline.
        grace_minutes: Lateness that does not count.
        per_day: Share of a page's points lost for each day begun.
        most: The greatest share that can be lost.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    due: datetime | None = None
    grace_minutes: float = 0
    per_day: float = 0.1
    most: float = 1.0

    def weight(self, question: str) -> float:
        """Points of a question."""
        return self.weights.get(question, 1.0)

    def lateness(self, path: Path) -> Lateness:
        """What a file loses by the time at which it was written."""
        if self.due is None:
            return Lateness()
        late_s = path.stat().st_mtime - self.due.timestamp() - 60 * self.grace_minutes
        return self.lost(late_s)

    def lost(self, late_s: float) -> Lateness:
        """What so many seconds of lateness cost.

        >>> Policy(per_day=0.1, most=0.25).lost(86_401).share, Policy().lost(-1).share
        (0.2, 0.0)
        """
        if late_s <= 0:
            return Lateness()
        days = int(-(-late_s // _DAY_S))
        share = round(min(self.most, self.per_day * days), 6)
        return Lateness(share, (Message("submission.too_late", {"days": days, "share": share}),))


def read_policy(folder: Path) -> Policy:
    """The policy of an instructor's folder; one point an exercise and no deadline where there is none.

    Raises:
        BadInput: If a setting is unknown or cannot be one; all of them are named.
    """
    path = folder / POLICY_FILE
    if not path.is_file():
        return Policy()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} cannot be read: {error}.") from None
    weights, late = given.get("weights", {}), given.get("late", {})
    problems = Problems(f"The policy {path}")
    _check(given, weights, late, problems)
    problems.raise_any()
    return Policy({name: float(points) for name, points in weights.items()}, **{**late, "due": _due(late.get("due"))})


def _check(given: Mapping[str, Any], weights: Mapping[str, Any], late: Mapping[str, Any], problems: Problems) -> None:
    for table in sorted(set(given) - {"weights", "late"}):
        problems.unless(False, f"there is no table [{table}]; there are [weights] and [late].")
    for name, points in weights.items():
        problems.unless(_number(points), f"the weight of {name} is {points!r}; it must be a number, 0 or more.")
    for name, value in late.items():
        problems.unless(name in _LATE, f"[late] has no setting {name}; it has {', '.join(sorted(_LATE))}.")
        if name == "due":
            problems.unless(isinstance(value, datetime), f"due is {value!r}; write it like 2026-03-01T23:59:00+01:00.")
        elif name in _LATE:
            fits = _number(value) and (name == "grace_minutes" or value <= 1)
            problems.unless(fits, f"{name} is {value!r}; it must be a number, shares from 0 to 1.")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _due(due: datetime | None) -> datetime | None:
    """A time without a zone is that of this computer."""
    local: tzinfo = datetime.now(UTC).astimezone().tzinfo or UTC
    return due if due is None or due.tzinfo else due.replace(tzinfo=local)
