"""Settings of a test as people write them: columns, lists of columns, guardrails and levers, as text or tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from crm_lab.experiments.core.guardrail import Guardrail, guardrails_of


def _maybe(given: object) -> str | None:
    """Text as it is, a number or a day as text; nothing for nothing."""
    return None if given is None or given == "" else str(given)


def _names(given: object) -> tuple[str, ...]:
    """Columns as a list, or as text with commas."""
    if not isinstance(given, str | Sequence):
        raise ValueError(_LIST)  # noqa: TRY004 - pydantic collects it
    parts = given.split(",") if isinstance(given, str) else map(str, given)
    return tuple(part.strip() for part in parts if part.strip())


def _pasts(given: object) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    """Covariates for all outcomes, or each outcome's own: as a table, or as text with colons."""
    if isinstance(given, str) and ":" in given:
        pairs = (part.partition(":") for part in given.split(";") if part.strip())
        given = {outcome.strip(): names for outcome, _, names in pairs}
    if isinstance(given, Mapping):
        return {str(outcome): _names(names) for outcome, names in given.items()}
    return _names(given)


def _rails(given: object) -> tuple[Guardrail, ...]:
    """Guardrails in tables or in one line of text; read ones stay."""
    if not isinstance(given, str | Sequence):
        raise ValueError(_RAILS)  # noqa: TRY004 - pydantic collects it
    if not isinstance(given, str) and all(isinstance(one, Guardrail) for one in given):
        return tuple(given)
    return guardrails_of(given)


def _levers(given: object) -> dict[str, tuple[str, ...]]:
    """Lever to the arms in which it was on."""
    found = _pasts(given)
    if not isinstance(found, dict):
        if found:
            raise ValueError(_LEVERS)
        return {}
    return found


# what a setting should be: sentences of the catalogue, door.test.setting
_LEVERS, _LIST, _RAILS = "levers", "list", "rails"
Maybe = Annotated[str | None, BeforeValidator(_maybe)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(description=_LIST)]
Pasts = Annotated[tuple[str, ...] | dict[str, tuple[str, ...]], BeforeValidator(_pasts), Field(description=_LIST)]
Rails = Annotated[tuple[Guardrail, ...], BeforeValidator(_rails), Field(description=_RAILS)]
Levers = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_levers), Field(description=_LEVERS)]
Assignment = Annotated[Literal["random", "chosen"] | None, BeforeValidator(_maybe), Field(description="assignment")]
Missing = Annotated[Literal["zero", "drop"] | None, BeforeValidator(_maybe), Field(description="missing")]
