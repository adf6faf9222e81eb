"""Conditions and how they are joined: all of them, any of them, not that one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.messages import Message


class Condition:
    """What a customer must meet; joined by ``&`` (all), ``|`` (any) and ``~`` (not).

    >>> from crm_lab.data.rule_segments import LineCondition
    >>> night, weekend = (
    ...     LineCondition(hours=(22, 6), lines_at_least=3),
    ...     LineCondition(weekdays=(6, 7), orders_at_least=2),
    ... )
    >>> type(night & ~weekend).__name__
    'AllOf'
    """

    def __and__(self, other: Condition) -> AllOf:
        return AllOf((*_flat(self, AllOf), *_flat(other, AllOf)))

    def __or__(self, other: Condition) -> AnyOf:
        return AnyOf((*_flat(self, AnyOf), *_flat(other, AnyOf)))

    def __invert__(self) -> NotThat:
        return NotThat(self)

    def leaves(self) -> Iterator[Condition]:
        """The conditions at the ends of the tree, in reading order.

        >>> len(list((night & ~weekend).leaves()))
        2
        """
        yield self

    def words(self) -> Message:
        """The condition in words.

        >>> print(night.words())
        at least 3 lines between 22 and 6 h
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The condition as a segment file writes it.

        >>> (~night).to_dict()
        {'not': {'hours': [22, 6], 'lines_at_least': 3}}
        """
        raise NotImplementedError

    def contradictions(self) -> Iterator[str]:
        """What in it can never be true of one customer, a sentence each.

        >>> list((night & ~night).contradictions())
        ['It wants and excludes the same: at least 3 lines between 22 and 6 h; nobody can meet both.']
        """
        yield from ()


def _flat(condition: Condition, kind: type) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, AllOf | AnyOf) and type(condition) is kind else (condition,)


@dataclass(frozen=True)
class _Joined(Condition):
    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise BadInput(f"{type(self).__name__} is empty; put a condition into it.")

    def leaves(self) -> Iterator[Condition]:
        for part in self.parts:
            yield from part.leaves()

    def contradictions(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.contradictions()

    def _in_words(self, join: str) -> Message:
        said = [_bracketed(part) for part in self.parts]
        whole = said[0]
        for one in said[1:]:
            whole = Message(f"rule_segments.words.{join}", {"a": whole, "b": one})
        return whole


def _bracketed(part: Condition) -> Message:
    inner = part.words()
    several = isinstance(part, _Joined) and len(part.parts) > 1
    return Message("rule_segments.words.bracket", {"a": inner}) if several else inner


class AllOf(_Joined):
    """All of the conditions must be met.

    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> both = AllOf((CustomerCondition(orders_at_least=5), CustomerCondition(recency_days_at_most=30)))
    >>> print(both.words())
    at least 5 orders, and at most 30 days since the last purchase
    """

    def words(self) -> Message:
        """The conditions in words, joined by *and*."""
        return self._in_words("and")

    def to_dict(self) -> dict[str, Any]:
        """``{"all": [...]}``."""
        return {"all": [part.to_dict() for part in self.parts]}

    def contradictions(self) -> Iterator[str]:
        """Parts that exclude each other, and bounds of one measure that do not meet."""
        yield from super().contradictions()
        wanted = [part for part in self.parts if not isinstance(part, NotThat)]
        for part in self.parts:
            if isinstance(part, NotThat) and part.part in wanted:
                yield f"It wants and excludes the same: {part.part.words().text('en')}; nobody can meet both."
        yield from _crossed(wanted)


def _crossed(parts: list[Condition]) -> Iterator[str]:
    """Measures of the same lines, or of the customer, whose highest lower bound is above the lowest upper one."""
    bounds: dict[str, tuple[float, float]] = {}
    for part in parts:
        given = part.to_dict()
        if not {"all", "any", "not"} & set(given):
            for name, (low, high) in bounds_of(given).items():
                old = bounds.get(name, (float("-inf"), float("inf")))
                bounds[name] = (max(old[0], low), min(old[1], high))
    for name, (low, high) in bounds.items():
        if low > high:
            yield f"{name.rpartition('|')[2]} is at least {low:g} and at most {high:g}; nobody can meet both."


def bounds_of(given: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Lower and upper bound of each measure of a condition, by what it is measured on.

    >>> bounds_of({"hours": [22, 6], "lines_at_least": 3})
    {"[('hours', [22, 6])]|lines": (3, inf)}
    """
    given = given.get("customer", given)
    ends = ("_at_least", "_at_most")
    on = str(sorted((k, v) for k, v in given.items() if not k.endswith(ends)))
    measures = dict.fromkeys(k.removesuffix(end) for k in given for end in ends if k.endswith(end))
    infinite = (float("-inf"), float("inf"))
    return {
        f"{on}|{m}": (given.get(f"{m}_at_least", infinite[0]), given.get(f"{m}_at_most", infinite[1])) for m in measures
    }


class AnyOf(_Joined):
    """At least one of the conditions must be met.

    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> either = AnyOf((CustomerCondition(orders_at_least=5), CustomerCondition(revenue_at_least=100)))
    >>> print(either.words())
    at least 5 orders, or at least 100 of revenue
    """

    def words(self) -> Message:
        """The conditions in words, joined by *or*."""
        return self._in_words("or")

    def to_dict(self) -> dict[str, Any]:
        """``{"any": [...]}``."""
        return {"any": [part.to_dict() for part in self.parts]}


@dataclass(frozen=True)
class NotThat(Condition):
    """The condition must not be met; who is not known is not in it either.

    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> print(NotThat(CustomerCondition(orders_at_least=5)).words())
    not: at least 5 orders

    Attributes:
        part: What must not be met.
    """

    part: Condition

    def leaves(self) -> Iterator[Condition]:
        """The ends of what is excluded."""
        yield from self.part.leaves()

    def words(self) -> Message:
        """The condition in words, after *not*."""
        return Message("rule_segments.words.not", {"a": _bracketed(self.part)})

    def to_dict(self) -> dict[str, Any]:
        """``{"not": {...}}``."""
        return {"not": self.part.to_dict()}

    def contradictions(self) -> Iterator[str]:
        """Those of what is excluded."""
        yield from self.part.contradictions()
