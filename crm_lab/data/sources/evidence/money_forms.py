"""Which decimal mark a file's numbers have, and which columns are numbers at all: on all rows."""

from __future__ import annotations

from collections.abc import Sequence

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.roles.row_currency import codes_of
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.own_forms import MONEY_ROLES
from crm_lab.data.sources.sql import filled, latin

_FEW, _SHARE = 10, 0.1


def settle_decimal(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find the decimal mark of all columns of numbers; refuse two marks, ask where a mark may be either."""
    used = [settled.columns[role] for role in MONEY_ROLES if role in settled.columns]
    if not used:
        settled.settings["decimal"] = answers.decimal or "."
        return
    if answers.decimal:
        settled.take(say("marks.as_given", decimal=answers.decimal), decimal=answers.decimal)
        return
    seen = [number_marks(file, column) for column in used]
    point, comma, either = (sum(counts[i] for counts in seen) for i in range(3))
    if not (point or comma) and (mark := _mark_before_whole(file, answers, settled, used) if either else ""):
        settled.take(say("marks.whole_currency", n=_example(file, used, "e")), decimal=mark)
        return
    if either and not (point or comma) and (mark := _mark_of_thousands(file, used)):
        settled.take(say("marks.groups", n=_example(file, used, "e")), decimal="." if mark == "," else ",")
        return
    if point and comma:
        examples = [_example(file, used, mark) for mark in ".,"]
        settled.ask(
            "decimal",
            say("marks.two_marks", point=point, n=examples[0], comma=comma, n2=examples[1]),
            (say("marks.point"), "--decimal ."), (say("marks.comma"), "--decimal ,"),
            *(() if either else ((say("marks.each_its_own"), "--decimal .,"),)),
        )  # fmt: skip
    elif either and not (point or comma):
        column = next(c for c, counts in zip(used, seen, strict=True) if counts[2])
        settled.ask(
            "decimal",
            say("marks.thousands", column=column, n=_example(file, [column], 'e')),
            (say("marks.point_is_decimal"), "--decimal ."), (say("marks.comma_is_decimal"), "--decimal ,"),
        )  # fmt: skip
    mark = "," if comma else "."
    settled.take(say("marks.mark", mark=mark, n=max(point, comma)), decimal=mark)


def _mark_before_whole(file: WholeFile, answers: Answers, settled: Settled, used: Sequence[str]) -> str:
    """The decimal mark where marks stand before three digits and the currency has no cents: the other one."""
    code = _only_currency(file, answers, settled)
    texts = " || ' ' || ".join(f"coalesce({file.text(column)}, '')" for column in used)
    points, commas = file.row(f"count(*) filter ({texts} like '%.%'), count(*) filter ({texts} like '%,%')")
    return "" if code not in WITHOUT_CENTS or (points and commas) else "," if points else "."


def _mark_of_thousands(file: WholeFile, used: Sequence[str]) -> str:
    """The mark that stands in each number of four digits and in none of three: numbers of that column have no cents."""
    marks = set()
    for column in used:
        bare = file.once(_bare(column))
        small, large, points, commas = file.row(
            f"count(*) filter (regexp_full_match({bare}, '[1-9]\\d{{0,2}}')),"
            f" count(*) filter (regexp_full_match({bare}, '\\d{{4,}}')),"
            f" count(*) filter ({bare} like '%.%'), count(*) filter ({bare} like '%,%')"
        )
        if points or commas:
            if large or small < max(_FEW, _SHARE * (points + commas)) or (points and commas):
                return ""
            marks.add("." if points else ",")
    return marks.pop() if len(marks) == 1 else ""


def _only_currency(file: WholeFile, answers: Answers, settled: Settled) -> str:
    """The currency that the user, a column or the signs beside the amounts say; nothing where they say several."""
    codes = codes_of(file, answers, settled).codes
    return answers.currency or (next(iter(codes)) if len(codes) == 1 else "")


WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "IDR", "CLP", "PYG", "ISK", "COP", "HUF", "UZS"})
"""Currencies in which no price has cents."""


def _bare(column: str) -> str:
    given = name_of(column)
    return f"case when regexp_full_match({given}, '[0-9.,]+') then {given} else {_undressed(column)} end"


def _undressed(column: str) -> str:
    text = latin(filled(column))
    exponent = f"regexp_matches({text}, '^-?[0-9.]+[eE][-+]?[0-9]+$')"
    return f"case when {exponent} then '0.5' else regexp_replace({text}, '[^0-9.,]', '', 'g') end"


_ONLY_POINT = (
    r"^\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*$|^\d+\.\d{1,2}$|^\d+\.\d{4,}$|^0?\.\d+$|^\d+(?:,\d{3}){2,}$|^\d{4,}\.\d+$"
)
_ONLY_COMMA = r"^\d{1,3}(?:\.\d{3})+,\d*$|^\d+,\d{1,2}$|^\d+,\d{4,}$|^0?,\d+$|^\d+(?:\.\d{3}){2,}$|^\d{4,},\d+$"
_EITHER = r"^[1-9]\d{0,2}[.,]\d{3}$"


def number_marks(file: WholeFile, column: str, where: str = "true") -> tuple[int, int, int]:
    """Rows that only a decimal point can read, only a comma, and either as one mark before three digits."""
    bare = file.once(_bare(column))
    point, comma, either = file.row(
        ", ".join(
            f"count(*) filter (regexp_matches({bare}, {text_of(pattern)}))"
            for pattern in (_ONLY_POINT, _ONLY_COMMA, _EITHER)
        ),
        where,
    )
    return int(point), int(comma), int(either)


def _example(file: WholeFile, columns: Sequence[str], mark: str) -> str:
    pattern = {".": _ONLY_POINT, ",": _ONLY_COMMA, "e": _EITHER}[mark]
    for column in columns:
        (value,) = file.row(
            f"min({file.text(column)}) filter (regexp_matches({file.once(_bare(column))}, {text_of(pattern)}))"
        )
        if value is not None:
            return str(value)
    return ""
