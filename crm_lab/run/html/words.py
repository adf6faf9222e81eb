"""What readers see instead of names and marks of the code: labels, plain cells, prose without identifiers."""

from __future__ import annotations

import re
from typing import Final

from crm_lab.messages import Message, catalogue
from crm_lab.number_format import COLUMN_FORMATS, per_cent, three_digits

NONE: Final = "–"
_NAME = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")
_FILE = r"[\w./-]*\w\.(?:csv|tsv|txt|json|toml|ya?ml|xlsx?|xlsb|ods|parquet|duckdb|zip|html|png|svg|py|ipynb|md)\b"
FILE_NAME = re.compile(_FILE)
_SNAKE = re.compile(rf"{_FILE}|\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")
_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(?:e[-+]?\d+)?(%?)")
_MISSING: Final = {"", "nan", "nan%", "none", "nat", "<na>", "null", NONE}
_ENDLESS = re.compile(r"([-−+]?)inf(?:inity)?%?", re.IGNORECASE)
_ENDLESS_INSIDE = re.compile(r"(?<![\w])[-+]?inf%?(?!\w)")
_SHARE = re.compile(r"(?:.*_)?share(?:_.*)?|.*_rate")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*“\"`])|(?<=[。！？])")
_CATALOGUE = re.compile(r"\b00\d-\d+|\bF\d{1,2}\b|\bsection \d+ no|第\s*\d+\s*节第")
_CALL = re.compile(r"`[^`]*[(=\[{/][^`]*`")
_CODE = re.compile(r"`([^`]+)`")
_LABELLED = re.compile(
    r"\s*\*{1,2}(?:(?P<why>Why|为什么|为何)|What to notice|Notice|值得注意|注意)(?:[:.：。]\*{1,2}|\*{1,2}[:.：])\s*"
)
_HYPHEN = re.compile(r"(?<![\w.,-])-(?=\.?\d)")
_GAPS: Final = "_missing"  # a column that says where another has none
_EXACT: Final = 2  # decimals that are kept: cents


def label(name: str, lang: str) -> str:
    """A column's or level's name in words: from the catalogue, else its own words without underscores.

    The name of a file stays what it is.

    >>> label("median_gap_days", "en"), label("Revenue by week", "en"), label("my_orders.csv", "en")
    ('usual gap, days', 'Revenue by week', 'my_orders.csv')
    """
    known = catalogue(lang).get(f"column.{name}")
    if known is not None:
        return known
    if name.endswith(_GAPS) and name != _GAPS:
        return Message("report.missing_of", {"what": label(name.removesuffix(_GAPS), lang)}).text(lang)
    if " · " in name:  # a head of several rows
        return " · ".join(label(part, lang) for part in name.split(" · "))
    is_code = _NAME.fullmatch(name) and ("_" in name or "." in name) and not FILE_NAME.fullmatch(name)
    return name.replace("_", " ").replace(".", ": ") if is_code else name


def typeset(text: str) -> str:
    """A sentence whose negative numbers have a minus, not a hyphen.

    >>> typeset("anywhere from -176% to +151% in weeks 5-26, as of 2017-12-31")
    'anywhere from −176% to +151% in weeks 5-26, as of 2017-12-31'
    """
    return _HYPHEN.sub("−", text)


def without_names(text: str, lang: str) -> str:
    """A text whose names of code are words.

    >>> without_names("revenue_12m × overdue of my_shop.csv", "en")
    'revenue, 12 months × overdue of my_shop.csv'
    """
    return _SNAKE.sub(lambda name: label(name[0], lang), text)


def cell(text: str, column: str, lang: str, *, plain: bool) -> str:
    """A cell as people read it.

    >>> [cell(text, "share", "en", plain=True) for text in ("0.351408", "NaN", "inf", "True", "a_b")]
    ['35.1%', '–', 'not reached', '✓', 'a b']

    Args:
        text: As the table has it.
        column: Its column's name.
        lang: Language of the words.
        plain: Whether the number comes as the computer has it, not in a format that somebody chose.
    """
    text = text.strip()
    if text.lower() in _MISSING:
        return NONE
    if endless := _ENDLESS.fullmatch(text):
        return Message("report.not_reached").text(lang) if endless[1] in ("", "+") else "−∞"
    if known := catalogue(lang).get(f"level.{text}"):
        return known
    if text in ("True", "False"):
        return "✓" if text == "True" else "✗"
    if number := _NUMBER.fullmatch(text):
        return text.replace("-", "−") if number[1] else _number(text, column, plain=plain)
    return without_names(_ENDLESS_INSIDE.sub(Message("report.not_reached").text(lang), text), lang)


def _number(text: str, column: str, *, plain: bool) -> str:
    value = float(text.replace(",", "").replace("−", "-"))
    decimals, plain = len(text.partition(".")[2]), plain and "," not in text
    if plain and decimals and abs(value) <= 1 and is_share(column):
        return per_cent(value)
    if (
        "e" in text
        or (decimals > _EXACT and column not in COLUMN_FORMATS)
        or (plain and decimals and abs(value) >= 1000)
    ):
        sign = "+" if text.startswith("+") else ""
        return f"{sign}{three_digits(value)}".replace("-", "−")
    if plain and not decimals and not is_id(column) and abs(value) >= 10_000:
        return f"{value:,.0f}".replace("-", "−")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def is_share(column: str) -> bool:
    """Whether a column holds shares.

    >>> is_share("cumulative_share"), is_share("p_alive"), is_share("revenue")
    (True, True, False)
    """
    return bool(_SHARE.fullmatch(column.replace(" ", "_"))) or COLUMN_FORMATS.get(column, "").endswith("%")


def is_id(column: str) -> bool:
    """Whether a column's numbers name things and count nothing."""
    return column.endswith("_id") or column in ("customer", "year", "day", "hour", "seed")


def first_sentence(text: str) -> str:
    """What a text says first.

    >>> first_sentence("There is no test in these data. Put one in as a file.")
    'There is no test in these data.'
    """
    return _SENTENCE.split(text.strip(), maxsplit=1)[0]


def why_or_note(source: str) -> tuple[str, str]:
    """Prose without the label it begins with, and what that label says: ``why``, ``note`` or nothing.

    >>> why_or_note("*Why:* nothing is sure.")
    ('Nothing is sure.', 'why')
    """
    found = _LABELLED.match(source)
    if not found:
        return source, ""
    rest = source[found.end() :]
    return rest[:1].upper() + rest[1:], "why" if found["why"] else "note"


def for_readers(source: str, lang: str) -> str:
    """Markdown without sentences for analysts (catalogue ids, calls) and with names of code in words.

    >>> for_readers("Cut by `as_of`. Serves F5, 004-36. Call `f(x=1)` for more. Then stop.", "en")
    'Cut by as-of day. Then stop.'
    """
    lines = (_line(line, lang) for line in source.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _line(line: str, lang: str) -> str:
    sentences = [s for s in _SENTENCE.split(line) if not (_CATALOGUE.search(s) or _CALL.search(s))]
    kept = "".join(f"{s} " if s[-1:].isascii() else s for s in sentences).rstrip()
    return without_names(_CODE.sub(lambda code: label(code[1], lang), kept), lang)
