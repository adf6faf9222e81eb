"""What people call the columns of a further table, where that is not what columns of purchases are called."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(resources.files(__package__).joinpath("table_words.toml").read_text(encoding="utf-8"))


def names_in_table(table: str, column: str) -> tuple[str, ...]:
    """What people call a column of a further table; nothing where nothing is known.

    >>> names_in_table("referrals", "customer_id")[:2], names_in_table("costs", "item")
    (('inviterid', 'inviter'), ())

    Args:
        table: Name in the contract.
        column: Name in the contract.
    """
    return tuple(_words().get(table, {}).get(column, ()))
