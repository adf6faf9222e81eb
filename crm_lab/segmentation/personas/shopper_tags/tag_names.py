"""Names of tags as people read them."""

from __future__ import annotations

from crm_lab.messages import named


def tag_name(tag: object) -> str:
    """A tag as people read it: a column's label, a value of a product column behind it, or the name itself.

    >>> tag_name("weekend_share"), tag_name("category:tops")
    ('weekend share', 'category: tops')
    """
    kind, colon, value = str(tag).partition(":")
    return f"{named('column', kind)}: {value}" if colon else named("column", kind)
