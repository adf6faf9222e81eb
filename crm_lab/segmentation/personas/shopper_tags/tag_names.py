"""Names of tags as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crm_lab.messages import Message, named

_PRICE_GROUPS: Final = ("price_low", "price_middle", "price_high")


def tag_name(tag: object) -> str:
    """A tag as people read it: a column's label, a value of a product column behind it, or the name itself.

    >>> tag_name("weekend_share"), tag_name("category:tops")
    ('weekend share', 'category: tops')

    Args:
        tag: A feature, as ``weekend_share`` or ``category:tops``.

    Returns:
        Its name in the active language.
    """
    kind, colon, value = str(tag).partition(":")
    word = named("column", kind)
    return Message("persona_tags.tag_of", {"kind": word, "value": value}).text() if colon else word


def segment_label(segment: str, labels: Mapping[str, str]) -> str:
    """A segment as people read it: its label, a group by price share in words, or the name itself.

    >>> segment_label("s1", {"s1": "often at night"}), segment_label("price_low", {}), segment_label("VIP", {})
    ('often at night', 'low price share', 'VIP')

    Args:
        segment: Its name.
        labels: What readers call a segment, by its name.

    Returns:
        What stands in tables and sentences.
    """
    if segment in labels:
        return labels[segment]
    return Message(f"persona_tags.segment_{segment}").text() if segment in _PRICE_GROUPS else segment
