"""Shopper features as conditions of segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crm_lab.data.rule_segments.line_conditions import LineCondition
from crm_lab.segmentation.personas.shopper_tags.shopper_features import LAUNCH_DAYS

_PLAIN: Final[Mapping[str, Mapping[str, Any]]] = {
    "price_share": {"discounted": True}, "night_share": {"hours": (22, 6)}, "morning_share": {"hours": (6, 12)},
    "afternoon_share": {"hours": (12, 18)}, "evening_share": {"hours": (18, 22)},
    "weekend_share": {"weekdays": (6, 7)}, "new_product_share": {"new_within_days": LAUNCH_DAYS - 1},
    "eco_share": {"eco": True},
}  # fmt: skip


def condition_of(feature: str, share: float, lines: int) -> LineCondition:
    """A shopper feature from a share on, as a condition of a segment file.

    >>> print(condition_of("category:baby", 0.2, 3).words())
    at least 20% of lines of category baby, and at least 3 lines of category baby

    Args:
        feature: Name of the feature.
        share: Least share.
        lines: Fewest lines.

    Returns:
        The condition.
    """
    column, _, value = feature.partition(":")
    chosen: Mapping[str, Any] = {column: (value,)} if value else _PLAIN[feature]
    return LineCondition(**chosen, share_at_least=share, lines_at_least=lines)
