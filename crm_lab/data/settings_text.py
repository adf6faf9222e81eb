"""Settings in one line of text, as parameters of pages hold them."""

from __future__ import annotations

from crm_lab.data.sources.refusal import refused


def settings_in(text: str) -> dict[str, str]:
    """Settings in one line of text, ``NAME = VALUE; ...``; a part without ``=`` belongs to the one before it.

    >>> settings_in("arm = group; guardrails = complaints down 0.01; returns down 2%")
    {'arm': 'group', 'guardrails': 'complaints down 0.01; returns down 2%'}

    Args:
        text: What a page's parameter says.

    Returns:
        Name to value.

    Raises:
        BadInput: If the text begins without a name.
    """
    given: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign and not given:
            raise refused("test_settings", part=part)
        if sign:
            given[name] = value
        else:
            last = next(reversed(given))
            given[last] = f"{given[last]}; {part}"
    return given
