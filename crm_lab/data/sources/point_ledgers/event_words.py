"""What the words of a ledger of points mean: a kind of event, with or without a sign; what is not known is asked."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.tables.programmes import POINT_KINDS

MEANINGS = (*POINT_KINDS, "adjust+", "adjust-", "transfer+", "transfer-")
"""What a word may mean; ``adjust`` and ``transfer`` take their sign from the points."""

NO_EVENT = "none"
"""What a word means whose rows move no points."""

_ABOUT = re.compile(r"(?:loyalty|member)?(?:points?|pts)|(?:会员)?积分|積分|點數|类型|类$")


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("point_words.toml").read_text(encoding="utf-8"))


@cache
def _kinds() -> dict[str, str]:
    return {plain_name(word): meaning for meaning, words in _vocabulary()["kinds"].items() for word in words}


@cache
def names_of_columns(role: str) -> tuple[str, ...]:
    """Plain names of the columns of a role."""
    return tuple(plain_name(name) for name in _vocabulary()["columns"].get(role, ()))


def meaning_of(word: str) -> str:
    """What a word means; ``A|B`` for one that means A above 0 and B below; empty where that is not known.

    >>> (
    ...     meaning_of("Points Earned"),
    ...     meaning_of("积分兑换"),
    ...     meaning_of("转入"),
    ...     meaning_of("消费"),
    ...     meaning_of("兑换取消"),
    ... )
    ('earn', 'redeem', 'transfer+', 'earn|redeem', '')
    """
    plain = plain_name(word)
    known = _kinds()
    for said in (plain, _ABOUT.sub("", plain)):
        if said in known:
            return known[said]
    held = {meaning for said, meaning in known.items() if len(said) > 1 and _holds(plain, said)}
    turned = any(turn in plain for turn in _vocabulary()["turns"]["words"])
    certain = {meaning for meaning in held if "|" not in meaning}
    return certain.pop() if len(held) == 1 and certain and not turned else ""


def _holds(plain: str, said: str) -> bool:
    """Whether a word holds another: a Chinese one anywhere, a Latin one of some length at an end."""
    if not said.isascii():
        return said in plain
    return len(said) > 4 and (plain.startswith(said) or plain.endswith(said))


def direction_of(word: str) -> str:
    """``+`` or ``-`` for a word that says only whether points come or go; else empty.

    >>> direction_of("收入"), direction_of("Debit"), direction_of("earn")
    ('+', '-', '')
    """
    plain = plain_name(word) or word.strip()
    return next(
        (
            sign
            for sign, words in _vocabulary()["directions"].items()
            if plain in map(plain_name, words) or word in words
        ),
        "",
    )
