"""Which columns of an export hold what of a ledger of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_lab.data.sources.first_look.column_vocabulary import names_by_role, plain_name
from crm_lab.data.sources.first_look.value_looks import looks_like_numbers
from crm_lab.data.sources.point_ledgers.event_words import direction_of, meaning_of, names_of_columns

ROLES = (
    "customer_id", "date", "kind", "points", "direction", "balance", "order_id", "expires_on", "channel",
    "counterpart_id", "cost_amount", "event",
)  # fmt: skip
_NUMBERS = ("points", "balance", "cost_amount")
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class LedgerColumns:
    """Columns of an export.

    Attributes:
        roles: Role to column.
        parts: Column of points to what its points mean, where there are several (earned, redeemed, ...).
        unused: Other columns.
    """

    roles: Mapping[str, str]
    parts: Mapping[str, str]
    unused: tuple[str, ...]


def ledger_columns(
    header: Sequence[str], values: Mapping[str, Sequence[str]], given: Mapping[str, str]
) -> LedgerColumns:
    """Find the columns by their names; points and balances must hold numbers.

    >>> found = ledger_columns(["Member", "Date", "Earned", "Redeemed"], {"Earned": ["5"], "Redeemed": ["2"]}, {})
    >>> found.parts
    {'Earned': 'earn', 'Redeemed': 'redeem'}

    Args:
        header: Names of the columns.
        values: Column to its first values.
        given: Role to column, or to nothing, where the user knows better.

    Returns:
        The columns.
    """
    plain = {plain_name(name): name for name in reversed(header)}
    roles = {role: column for role, column in given.items() if column}
    for role in ROLES:
        if role in given:
            continue
        could = (plain[name] for name in _names(role) if name in plain and plain[name] not in roles.values())
        found = next((c for c in could if role not in _NUMBERS or looks_like_numbers(values.get(c, ()))), None)
        if found is not None:
            roles[role] = found
    if roles.get("kind") and "direction" not in roles and _only_directions(values.get(roles["kind"], ())):
        roles["direction"] = roles.pop("kind")
    parts = {} if "points" in given else _parts(header, values, roles)
    if parts:
        roles.pop("points", None)
    taken = {*roles.values(), *parts}
    return LedgerColumns(roles, parts, tuple(name for name in header if name not in taken))


def _names(role: str) -> tuple[str, ...]:
    """Plain names of a role, the ledger's own words first."""
    if role == "event":
        return ("event",)
    also = names_by_role().get(role, ()) if role in ("customer_id", "date", "order_id") else ()
    names = dict.fromkeys([plain_name(role), *names_of_columns(role), *map(plain_name, also)])
    return tuple(name for name in names if role != "order_id" or name not in names_of_columns("not_an_order"))


def _only_directions(seen: Sequence[str]) -> bool:
    return bool(seen) and all(direction_of(value) and not meaning_of(value) for value in set(seen))


def _parts(header: Sequence[str], values: Mapping[str, Sequence[str]], roles: Mapping[str, str]) -> dict[str, str]:
    """Columns of numbers whose names say a kind of event, where there are several of them."""
    found = {}
    for name in header:
        meaning = meaning_of(name)
        if meaning and "|" not in meaning and name not in roles.values() and looks_like_numbers(values.get(name, ())):
            found[name] = meaning
    return found if len(found) >= _ENOUGH else {}
