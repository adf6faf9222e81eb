"""What people call the columns of a test, and what a name says about when a column became known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources

YES = ("true", "yes", "ja", "是")
NO = ("false", "no", "nein", "否")
_WEEK = re.compile(
    r"(?:(20\d\d)[ _./-]*年?[ _-]*)?(?:week|wk|w|woche|kw|第)[ _.-]*(\d{1,3})周?(?:[ _./-]+(20\d\d))?", re.IGNORECASE
)


@cache
def words_of(group: str) -> dict[str, tuple[str, ...]]:
    """Role to the words for it, by ``column_words_of_a_test.toml``."""
    text = resources.files(__package__).joinpath("column_words_of_a_test.toml").read_text(encoding="utf-8")
    return {role: tuple(names) for role, names in tomllib.loads(text)[group].items()}


def parts_of(name: str) -> list[str]:
    """The words of a name, lower case: ``spendBefore_2`` has ``spend``, ``before`` and ``2``.

    >>> parts_of("spendBefore_2")
    ['spend', 'before', '2']
    """
    return [part.lower() for part in re.findall(r"[A-Z]?[a-zäöüß]+|[A-Z]+|\d+", name)]


def has_word(name: str, words: Iterable[str]) -> bool:
    """Whether a name has one of some words: as a part of it, or anywhere in it for Chinese ones.

    >>> has_word("trans_after", ["after"]), has_word("afternoon", ["after"])
    (True, False)
    """
    parts = parts_of(name)
    joined = {"".join(parts[i : i + 2]) for i in range(len(parts))}
    return any(word in parts or word in joined or (not word.isascii() and word in name) for word in words)


def plain(name: str) -> str:
    """A name without spaces, marks and capitals.

    >>> plain("Hold-out")
    'holdout'
    """
    return re.sub(r"[\W_]+", "", name.lower())


def known_after(name: str) -> bool:
    """Whether a column's name says that it was measured after the assignment.

    >>> [known_after(name) for name in ("trans_after", "post_spend", "postcode", "opened", "opened_before")]
    [True, True, False, True, False]
    """
    when = words_of("when")
    if has_word(name, when["not_after"]):
        return False
    answered = has_word(name, when["after_unless_before"]) and not has_word(name, words_of("numbers")["covariates"])
    return answered or has_word(name, when["after"])


def chosen_by_units(arm: str, levels: Iterable[str]) -> str:
    """The name that says that units put themselves into an arm (responded, opened, member); empty for none.

    >>> chosen_by_units("responded", ["yes", "no"]), chosen_by_units("group", ["control", "offer"])
    ('responded', '')
    """
    words = words_of("when")["chosen"]
    return next((name for name in (arm, *levels) if has_word(name, words)), "")


def week_number(name: str) -> int | None:
    """The week that a column's name counts, or ``None``: a number, so that week_10 follows week_9, and years differ.

    >>> [week_number(name) for name in ("week_9", "Week 10", "w03", "第2周", "2024-W9", "KW 9/2024", "weekly_spend")]
    [9, 10, 3, 2, 202409, 202409, None]
    """
    found = _WEEK.fullmatch(name)
    return None if found is None else 100 * int(found[1] or found[3] or 0) + int(found[2])


def same_measure(before: str, outcome: str) -> bool:
    """Whether a column of the past may be the outcome's own, by their names: not orders for money.

    >>> [same_measure(past, "revenue") for past in ("spend_before", "before", "past_orders", "revenue_2023")]
    [True, True, False, True]
    """
    when, spend = words_of("numbers")["covariates"], words_of("numbers")["spend"]
    own = {word for word in parts_of(before) if word not in when and not word.isdigit()}
    shared = own & set(parts_of(outcome))
    return not own or bool(shared) or (has_word(before, spend) and has_word(outcome, spend))
