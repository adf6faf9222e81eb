"""Values that stand for nothing: words for "unknown", repeated digits, and what far too many different people share."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import pandas as pd

_WORDS: Final = frozenset(
    [
        "unknown",
        "unkown",
        "unbekannt",
        "inconnu",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "nil",
        "no",
        "not",
        "known",
        "not",
        "given",
        "not",
        "provided",
        "notprovided",
        "anonymous",
        "anon",
        "guest",
        "test",
        "tester",
        "testing",
        "testuser",
        "dummy",
        "sample",
        "example",
        "xxx",
        "xx",
        "x",
        "asdf",
        "qwerty",
        "customer",
        "client",
        "user",
        "member",
        "firstname",
        "lastname",
        "surname",
        "tbd",
        "tba",
        "-",
        "--",
        ".",
        "?",
        "??",
        "***",
        "未知",
        "无",
        "無",
        "不详",
        "不詳",
        "匿名",
        "测试",
        "測試",
        "客户",
        "会员",
        "用户",
        "暂无",
        "空",
        "待定",
    ]
) | {"not known", "not given", "not provided", "no name", "no email"}
_MAIL_USERS: Final = frozenset(
    [
        "test",
        "noemail",
        "nomail",
        "none",
        "unknown",
        "na",
        "no",
        "noreply",
        "no-reply",
        "donotreply",
        "example",
        "asdf",
        "dummy",
        "anonymous",
        "guest",
        "a",
        "aa",
        "aaa",
        "abc",
        "xxx",
        "nobody",
        "null",
        "noname",
        "none123",
        "test123",
        "customer",
    ]
)
_MAIL_DOMAINS: Final = frozenset(
    {"test.com", "example.com", "example.org", "none.com", "noemail.com", "nomail.com", "test.test"}
)
_DATES: Final = frozenset({"1900-01-01", "1901-01-01", "1899-12-30", "9999-12-31"})
_RUNS: Final = ("0123456789012345", "9876543210987654")
_TIMES: Final = 10  # as many as on all but one in twenty of the values
_LEAST: Final = 10
_LEAST_AT_AN_ADDRESS: Final = 50
_DIFFERENT: Final = 0.5


def is_placeholder(text: str, role: str) -> bool:
    """Whether a text as it was written says that nothing is known.

    >>> (
    ...     is_placeholder("Unknown", "given_name"),
    ...     is_placeholder("000000", "phone"),
    ...     is_placeholder("test@test.com", "email"),
    ... )
    (True, True, True)
    >>> (
    ...     is_placeholder("Tess", "given_name"),
    ...     is_placeholder("1900-01-01", "birth_date"),
    ...     is_placeholder("7", "house_number"),
    ... )
    (False, True, False)
    """
    bare = unicodedata.normalize("NFKC", text).strip().lower()
    if bare in _WORDS:
        return True
    if role == "email":
        user, _, domain = bare.partition("@")
        return user in _MAIL_USERS or domain in _MAIL_DOMAINS
    if role == "birth_date":
        return bare[:10] in _DATES or re.fullmatch(r"[0\W]+", bare) is not None
    digits = re.sub(r"\D", "", bare)
    if role == "phone":
        return len(digits) >= 5 and (len(set(digits[-7:])) == 1 or any(digits in run for run in _RUNS))
    return (
        role == "postcode"
        and len(digits) >= 4
        and digits == bare
        and set(digits) <= {"0"} | ({"9"} if len(digits) > 4 else set())
    )


def shared_by_too_many(
    values: pd.Series, companions: pd.Series | None = None, *, least: int = _LEAST
) -> frozenset[str]:
    """Values that stand beside far too many different companions to be anybody's own.

    A value counts when it occurs at least `least` times, ten times as often as all but one in twenty of the values, and
    at least every second occurrence has another companion (name).

    >>> phones = pd.Series(["+4912345"] * 12 + ["+491", "+492", "+493"])
    >>> sorted(shared_by_too_many(phones, pd.Series([f"name {n}" for n in range(15)])))
    ['+4912345']
    >>> sorted(shared_by_too_many(phones, pd.Series(["one name"] * 15)))
    []

    Args:
        values: One field, in its standard form.
        companions: What tells different people apart, with the same index; all count as different without it.
        least: Fewest occurrences.
    """
    counts = values.value_counts()
    if counts.empty:
        return frozenset()
    usual = float(counts.quantile(0.95, interpolation="lower"))
    single = counts[counts > usual].empty
    bound = max(least, _TIMES * (1.0 if single else usual))
    suspects = counts[counts >= bound]
    if companions is None or suspects.empty:
        return frozenset(map(str, suspects.index))
    beside = values[values.isin(suspects.index)]
    different = companions.reindex(beside.index).groupby(beside).nunique().reindex(suspects.index, fill_value=0)
    return frozenset(map(str, suspects.index[different.to_numpy() >= _DIFFERENT * suspects.to_numpy()]))


def least_shared(role: str) -> int:
    """Fewest occurrences from which a value of a role may stand for nothing; houses hold many.

    >>> least_shared("phone"), least_shared("street")
    (10, 50)
    """
    return _LEAST_AT_AN_ADDRESS if role == "street" else _LEAST
