"""Conditions on a customer's lines: which lines, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any, Final

from crm_lab.checks import Problems
from crm_lab.data.rule_segments.condition_bounds import (
    given_bounds,
    is_number,
    listed,
    percent,
    wrong_bounds,
    wrong_list,
)
from crm_lab.data.rule_segments.condition_tree import Condition
from crm_lab.messages import Message

LISTS: Final = ("department", "category", "brand", "style", "scene", "product", "store", "channel", "kind")
MEASURES: Final = ("share", "lines", "orders", "spend", "spend_share", "days_since")
SHARES: Final = ("share", "spend_share")
KINDS: Final = ("sale", "return", "cancellation", "fee")


@dataclass(frozen=True)
class LineCondition(Condition):
    """Lines of a kind, and how much of them a customer must have in the segment's window.

    Sale lines count unless `kind` says otherwise. A share is that of lines of which it is known (the hour, the
    category); who has none of these is not known to meet the condition.

    >>> babies = LineCondition(category=("BABY FOODS",), lines_at_least=5)
    >>> print(babies.words())
    at least 5 lines of category BABY FOODS

    Attributes:
        hours: From this hour up to that one, e.g. ``(22, 6)`` for 22:00 to 5:59.
        weekdays: Days of the week, 1 is Monday.
        department: Any of these departments; likewise `category`, `brand`, `style`, `scene`.
        category: Any of these categories.
        brand: Any of these brands.
        style: Any of these styles.
        scene: Any of these scenes.
        product: Any of these products' ids.
        store: Any of these stores' ids.
        channel: Any of these channels of the store.
        kind: Any of sale, return, cancellation, fee.
        discounted: With a discount, or without.
        eco: With an eco tag, or without.
        new_within_days: At most so many days after the product's launch; one without a day of launch is not new.
        share_at_least: Least share of the lines.
        share_at_most: Highest share of the lines.
        lines_at_least: Fewest lines.
        lines_at_most: Most lines.
        orders_at_least: Fewest orders with such a line.
        orders_at_most: Most orders with such a line.
        spend_at_least: Least net amount of the lines.
        spend_at_most: Highest net amount of the lines.
        spend_share_at_least: Least share of the net amount.
        spend_share_at_most: Highest share of the net amount.
        days_since_at_least: Fewest days from the last such line to the segment's day.
        days_since_at_most: Most days from the last such line to the segment's day.

    Raises:
        BadInput: If settings are of a wrong type, out of range, contradict each other, or no measure is given.
    """

    hours: tuple[int, int] | None = None
    weekdays: tuple[int, ...] | None = None
    department: tuple[str, ...] | None = None
    category: tuple[str, ...] | None = None
    brand: tuple[str, ...] | None = None
    style: tuple[str, ...] | None = None
    scene: tuple[str, ...] | None = None
    product: tuple[str, ...] | None = None
    store: tuple[str, ...] | None = None
    channel: tuple[str, ...] | None = None
    kind: tuple[str, ...] | None = None
    discounted: bool | None = None
    eco: bool | None = None
    new_within_days: int | None = None
    share_at_least: float | None = None
    share_at_most: float | None = None
    lines_at_least: float | None = None
    lines_at_most: float | None = None
    orders_at_least: float | None = None
    orders_at_most: float | None = None
    spend_at_least: float | None = None
    spend_at_most: float | None = None
    spend_share_at_least: float | None = None
    spend_share_at_most: float | None = None
    days_since_at_least: float | None = None
    days_since_at_most: float | None = None

    def __post_init__(self) -> None:
        problems = Problems("LineCondition")
        problems.extend(_wrong_choice(self))
        problems.extend(wrong_bounds(self, MEASURES, SHARES))
        measured = given_bounds(self, MEASURES)
        problems.unless(
            measured, f"It has no measure; say how much, with one of {', '.join(MEASURES)} at least/at most."
        )
        chosen = self.choices()
        shares = [m for m, _, _ in measured if m in SHARES]
        problems.unless(chosen or not shares, "A share of all lines is always 1; say of which lines.")
        problems.raise_any()
        for name in ("hours", "weekdays", *LISTS):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))

    def choices(self) -> dict[str, Any]:
        """What chooses the lines, by name.

        >>> babies.choices()
        {'category': ('BABY FOODS',)}
        """
        names = [f.name for f in fields(self) if not f.name.endswith(("_at_least", "_at_most"))]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def measures(self) -> list[tuple[str, str, float]]:
        """Measure, end and value of each bound.

        >>> babies.measures()
        [('lines', 'at_least', 5)]
        """
        return given_bounds(self, MEASURES)

    def words(self) -> Message:
        """Each bound in words, joined by *and*."""
        lines = _chosen_words(self.choices())
        said = [
            Message(
                f"rule_segments.words.{measure}_{end}",
                {"x": percent(value) if measure in SHARES else f"{value:,.10g}", "of": lines},
            )
            for measure, end, value in self.measures()
        ]
        return reduce(lambda a, b: Message("rule_segments.words.and", {"a": a, "b": b}), said)

    def to_dict(self) -> dict[str, Any]:
        """What is set, lists as lists."""
        chosen = {k: list(v) if isinstance(v, tuple) else v for k, v in self.choices().items()}
        return chosen | {f"{measure}_{end}": value for measure, end, value in self.measures()}


def _wrong_choice(condition: LineCondition) -> Iterator[str]:
    if condition.hours is not None:
        yield from _wrong_hours(condition.hours)
    if condition.weekdays is not None:
        yield from _wrong_weekdays(condition.weekdays)
    for name in LISTS:
        if getattr(condition, name) is not None:
            yield from wrong_list(name, getattr(condition, name))
    kinds = condition.kind if isinstance(condition.kind, list | tuple) else ()
    strange = [kind for kind in kinds if isinstance(kind, str) and kind and kind not in KINDS]
    if strange:
        yield f"kind has {', '.join(map(repr, strange))}; each must be one of {', '.join(KINDS)}."
    yield from _wrong_flags(condition)


def _wrong_flags(condition: LineCondition) -> Iterator[str]:
    for name in ("discounted", "eco"):
        if not isinstance(getattr(condition, name), bool | None):
            yield f"{name} is {getattr(condition, name)!r}; it must be true or false."
    days = condition.new_within_days
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
        yield f"new_within_days is {days!r}; it must be a whole number of days, 1 or more."


def _whole(values: Any, least: int, most: int) -> bool:
    return all(is_number(v) and isinstance(v, int) and least <= v <= most for v in values)


def _wrong_hours(hours: Any) -> Iterator[str]:
    if not isinstance(hours, list | tuple) or len(hours) != 2 or not _whole(hours, 0, 24):
        yield f"hours is {hours!r}; it must be two hours from 0 to 24, such as [22, 6]."
    elif hours[0] == hours[1] or hours[0] == 24:
        yield f"hours is {hours!r}; that is no span of a day: give [0, 24] for all of it, [0, 6] from midnight on."


def _wrong_weekdays(days: Any) -> Iterator[str]:
    if not isinstance(days, list | tuple) or not days or not _whole(days, 1, 7) or len(set(days)) < len(days):
        yield f"weekdays is {days!r}; it must be a list of days from 1 (Monday) to 7, each once."


def _chosen_words(chosen: dict[str, Any]) -> Message:
    said = [_choice_words(name, value) for name, value in chosen.items()]
    if not said:
        return Message("rule_segments.words.all_lines")
    whole = said[0]
    for one in said[1:]:
        whole = Message("rule_segments.words.also", {"a": whole, "b": one})
    return whole


def _choice_words(name: str, value: Any) -> Message:
    key = f"rule_segments.words.{name}"
    if name == "hours":
        return Message(key, {"a": value[0], "b": value[1]})
    if name == "weekdays":
        days: Message | str = Message(f"rule_segments.words.day_{value[0]}")
        for day in value[1:]:
            days = Message("rule_segments.words.one_of", {"a": days, "b": Message(f"rule_segments.words.day_{day}")})
        return Message(key, {"x": days})
    if isinstance(value, bool):
        return Message(f"{key}_{str(value).lower()}")
    return Message(key, {"x": value if name == "new_within_days" else listed(value)})
