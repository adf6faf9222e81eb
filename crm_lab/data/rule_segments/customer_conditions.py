"""Conditions on the customer: how long ago, how often, how much, which tier, which group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crm_lab.checks import Problems
from crm_lab.data.rule_segments.condition_bounds import given_bounds, listed, wrong_bounds, wrong_list
from crm_lab.data.rule_segments.condition_tree import Condition
from crm_lab.messages import Message, catalogue

MEASURES: Final = ("recency_days", "tenure_days", "orders", "revenue")


@dataclass(frozen=True)
class CustomerCondition(Condition):
    """What must hold of the customer on the segment's day.

    >>> active = CustomerCondition(recency_days_at_most=30, groups={"age_group": ("19-24", "25-34")})
    >>> print(active.words())
    at most 30 days since the last purchase, and age group 19-24 or 25-34

    Attributes:
        recency_days_at_least: Fewest days since the last sale line.
        recency_days_at_most: Most days since the last sale line.
        tenure_days_at_least: Fewest days since the first sale line.
        tenure_days_at_most: Most days since the first sale line.
        orders_at_least: Fewest orders in the window.
        orders_at_most: Most orders in the window.
        revenue_at_least: Least net amount in the window, returns netted.
        revenue_at_most: Highest net amount in the window, returns netted.
        tier: Any of these tiers on the day.
        groups: Column of the table `customers` to the values of which one must hold.

    Raises:
        BadInput: If settings are of a wrong type, out of range, contradict each other, or nothing is set.
    """

    recency_days_at_least: float | None = None
    recency_days_at_most: float | None = None
    tenure_days_at_least: float | None = None
    tenure_days_at_most: float | None = None
    orders_at_least: float | None = None
    orders_at_most: float | None = None
    revenue_at_least: float | None = None
    revenue_at_most: float | None = None
    tier: tuple[str, ...] | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("CustomerCondition")
        problems.extend(wrong_bounds(self, MEASURES))
        for name, values in self.lists().items():
            problems.extend(wrong_list(name, values))
        problems.unless(self.measures() or self.lists(), "It is empty; say what must hold of the customer.")
        problems.raise_any()
        if self.tier is not None:
            object.__setattr__(self, "tier", tuple(self.tier))
        object.__setattr__(self, "groups", {name: tuple(values) for name, values in self.groups.items()})

    def measures(self) -> list[tuple[str, str, float]]:
        """Measure, end and value of each bound.

        >>> active.measures()
        [('recency_days', 'at_most', 30)]
        """
        return given_bounds(self, MEASURES)

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Tier and groups with the values that meet the condition.

        >>> active.lists()
        {'age_group': ('19-24', '25-34')}
        """
        return ({} if self.tier is None else {"tier": self.tier}) | dict(self.groups)

    def words(self) -> Message:
        """Each part in words, joined by *and*."""
        said = [
            Message(f"rule_segments.words.customer_{m}_{end}", {"x": f"{value:,.10g}"})
            for m, end, value in self.measures()
        ]
        said += [
            Message("rule_segments.words.group", {"column": _column(name), "x": listed(values)})
            for name, values in self.lists().items()
        ]
        whole = said[0]
        for one in said[1:]:
            whole = Message("rule_segments.words.and", {"a": whole, "b": one})
        return whole

    def to_dict(self) -> dict[str, Any]:
        """``{"customer": {...}}`` with what is set."""
        bounds = {f"{m}_{end}": value for m, end, value in self.measures()}
        return {"customer": bounds | {name: list(values) for name, values in self.lists().items()}}


def _column(name: str) -> Message | str:
    return Message(f"column.{name}") if f"column.{name}" in catalogue("en") else name
