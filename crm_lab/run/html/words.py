"""What readers see instead of names and marks of the code: labels, plain cells, prose without identifiers."""

from __future__ import annotations

import re
from typing import Final

from crm_lab.messages import Message, catalogue
from crm_lab.number_format import COLUMN_FORMATS, SIGNS, currency_name, currency_sign, per_cent, three_digits

NONE: Final = "–"
_NAME = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")
_FILE = r"[\w./-]*\w\.(?:csv|tsv|txt|json|toml|ya?ml|xlsx?|xlsb|ods|parquet|duckdb|zip|html|png|svg|py|ipynb|md)\b"
FILE_NAME = re.compile(_FILE)
_SNAKE = re.compile(rf"`[^`]*`|{_FILE}|\b(?:[a-z]+\.)?[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")
_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(?:e[-+]?\d+)?(%?)")
_MISSING: Final = {"", "nan", "nan%", "none", "nat", "<na>", "null", NONE}
_ENDLESS = re.compile(r"([-−+]?)inf(?:inity)?%?", re.IGNORECASE)
_ENDLESS_INSIDE = re.compile(r"(?<![\w])[-+]?inf%?(?!\w)")
_SHARE = re.compile(r"(?:.*_)?share(?:_.*)?|.*_rate|kept")
_WHOLE = re.compile(r"\d+")
_CHANCES: Final = {"p", "p_value", "pvalue", "p_holm", "qvalue"}
_SMALL_CHANCE: Final = 0.001
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*“\"`])|(?<=[。！？])")
_CATALOGUE = re.compile(r"\b00\d-\d+|\bF\d{1,2}\b|\bsection \d+ no|第\s*\d+\s*节第")
_CALL = re.compile(r"`[^`]*[(=\[{/][^`]*`")
_CODE = re.compile(r"`([^`]+)`")
_LABELLED = re.compile(
    r"\s*\*{1,2}(?:(?P<why>Why|为什么|为何)|What to notice|Notice|值得注意|注意)(?:[:.：。]\*{1,2}|\*{1,2}[:.：])\s*"
)
_HYPHEN = re.compile(r"(?<![\w.,-])-(?=\.?\d)")
_LARGE = re.compile(r"(?<![\d.,])\d{4,}(?=(?:\.\d+)?%)")
_APART = re.compile(r"(?<=\d)[ \u00a0]%")
_AMOUNT = r"([+−]?)(\d[\d,]*(?:\.\d+)?)"
_CODES = "|".join(SIGNS)
_FROM = re.compile(rf"{_AMOUNT}(?= (?:\([^()]*\) )?to {_AMOUNT} ({_CODES})\b)")
_AFTER = re.compile(rf"{_AMOUNT} ({_CODES})\b")
_BEFORE = re.compile(rf"\b({_CODES}) {_AMOUNT}")
_HAN = re.compile("[\u4e00-\u9fff]")
_INSIDE_HAN = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")  # a name of code stood there
_BRACKETS: Final = {")": "(", "）": "（"}
_GAPS: Final = "_missing"  # a column that says where another has none
_OF_COLUMNS: Final = {"", "check", "feature", "figure"}  # columns that list columns
_EXACT: Final = 2  # decimals that are kept: cents


def label(name: str, lang: str) -> str:
    """A column's or level's name in words: from the catalogue, else its own words without underscores.

    The name of a file stays what it is.

    >>> label("median_gap_days", "en"), label("Revenue by week", "en"), label("my_orders.csv", "en")
    ('usual gap, days', 'Revenue by week', 'my_orders.csv')
    """
    known = catalogue(lang).get(f"column.{name}", catalogue(lang).get(f"level.{name}"))
    if known is not None:
        return known
    if name.endswith(_GAPS) and name != _GAPS:
        return Message("report.missing_of", {"what": label(name.removesuffix(_GAPS), lang)}).text(lang)
    if " · " in name:  # a head of several rows
        return " · ".join(label(part, lang) for part in name.split(" · "))
    is_code = _NAME.fullmatch(name) and ("_" in name or "." in name) and not FILE_NAME.fullmatch(name)
    return name.replace("_", " ").replace(".", ": ") if is_code else name


def typeset(text: str) -> str:
    """A sentence in the report's own forms of numbers: a minus, per cent without a space, money with its sign.

    >>> typeset("from -176% to 95 % in weeks 5-26, at 12.00 USD; USD 668,040 of 4,000 CHF, -3 EUR")
    'from −176% to 95% in weeks 5-26, at $12.00; $668,040 of 4,000 CHF, −€3'
    >>> typeset("+7876.27%, as of 2017-12-31")
    '+7,876.27%, as of 2017-12-31'
    >>> typeset("from 1,149 (July) to 1,195 USD"), typeset("消费 USD 668,040，成本 12.00 USD")
    ('from $1,149 (July) to $1,195', '消费 668,040 美元，成本 12.00 美元')
    """
    text = _APART.sub("%", _HYPHEN.sub("−", text))
    return _money(_LARGE.sub(lambda of: f"{int(of[0]):,}", text))


def _money(text: str) -> str:
    """A text whose amounts have a sign before them, or in Chinese the currency's name behind them."""
    if _HAN.search(text):
        text = _BEFORE.sub(lambda of: f"{of[2]}{of[3]} {currency_name(of[1])}", text)
        return _AFTER.sub(lambda of: f"{of[1]}{of[2]} {currency_name(of[3])}", text)
    text = _FROM.sub(lambda of: f"{of[1]}{currency_sign(of[5])}{of[2]}", text)
    text = _BEFORE.sub(lambda of: f"{of[2]}{currency_sign(of[1])}{of[3]}", text)
    return _AFTER.sub(lambda of: f"{of[1]}{currency_sign(of[3])}{of[2]}", text)


def without_names(text: str, lang: str) -> str:
    """A text whose names of code are words; what is quoted as code is to be typed, and stays.

    >>> without_names("revenue_12m × overdue of my_shop.csv", "en")
    'revenue, 12 months × overdue of my_shop.csv'
    >>> without_names("revenue_12m: leave `revenue_12m` empty", "en")
    'revenue, 12 months: leave `revenue_12m` empty'
    """
    return _SNAKE.sub(lambda name: name[0] if name[0].startswith("`") else label(name[0], lang), text)


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
    if known := _level(text, column, lang):
        return known
    if text in ("True", "False"):
        return "✓" if text == "True" else "✗"
    if number := _NUMBER.fullmatch(text):
        return _grouped(text.replace("-", "−")) if number[1] else _number(text, column, plain=plain)
    return _money(without_names(_ENDLESS_INSIDE.sub(Message("report.not_reached").text(lang), text), lang))


def _level(text: str, column: str, lang: str) -> str | None:
    """A name of the code in words: a level, several of them, or a column where columns are what is listed."""
    words, scope = catalogue(lang), column.rpartition(" · ")[2]
    if known := words.get(f"level_of.{scope}.{text}", words.get(f"level.{text}")):
        return known
    if column in _OF_COLUMNS and f"column.{text}" in words:
        return words[f"column.{text}"]
    parts = [words.get(f"level_of.{scope}.{part}") for part in text.split(";")]
    return words["segments.comma"].join(filter(None, parts)) if len(parts) > 1 and all(parts) else None


def _number(text: str, column: str, *, plain: bool) -> str:
    value = float(text.replace(",", "").replace("−", "-"))
    decimals, plain = len(text.partition(".")[2]), plain and "," not in text
    if column in _CHANCES and 0 <= value < _SMALL_CHANCE:
        return f"<{_SMALL_CHANCE}"
    if plain and decimals and abs(value) <= 1 and is_share(column):
        return per_cent(value)
    if (
        "e" in text
        or (decimals > _EXACT and column not in COLUMN_FORMATS)
        or (plain and decimals and abs(value) >= 1000)
    ):
        sign = "+" if text.startswith("+") else ""
        return f"{sign}{three_digits(value)}".replace("-", "−")
    if plain and not decimals and not is_id(column) and abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _grouped(text: str) -> str:
    """Thousands apart, where they are not yet.

    >>> _grouped("+7876.27%"), _grouped("1,876%"), _grouped("95%")
    ('+7,876.27%', '1,876%', '95%')
    """
    return text if "," in text else _WHOLE.sub(lambda digits: f"{int(digits[0]):,}", text, count=1)


def is_share(column: str) -> bool:
    """Whether a column holds shares.

    >>> is_share("cumulative_share"), is_share("p_alive"), is_share("revenue")
    (True, True, False)
    """
    return bool(_SHARE.fullmatch(column.replace(" ", "_"))) or COLUMN_FORMATS.get(column, "").endswith("%")


def is_id(column: str) -> bool:
    """Whether a column's numbers name things and count nothing."""
    return column.endswith(("_id", "_row")) or column in ("customer", "year", "day", "hour", "seed")


def is_known(name: str) -> bool:
    """Whether the catalogue has a label for a column of this name.

    >>> is_known("as_of"), is_known("my_own")
    (True, False)
    """
    return f"column.{name}" in catalogue("en")


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

    >>> for_readers("Cut by `as_of`. Serves F5 (004-36. Call `f(x=1)` for more. `quota` is 95 %.) Then stop.", "en")
    'Cut by as-of day. Quota is 95%. Then stop.'
    """
    lines = (_line(line, lang) for line in source.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _line(line: str, lang: str) -> str:
    sentences = [s for s in _SENTENCE.split(line) if not (_CATALOGUE.search(s) or _CALL.search(s))]
    kept = "".join(f"{s} " if s[-1:].isascii() else s for s in sentences).rstrip()
    if len(kept) < len(line.rstrip()):
        kept = _in_pairs(kept)
    said = without_names(_CODE.sub(lambda code: _said(code, lang), kept), lang)
    return typeset(_INSIDE_HAN.sub("", said))


def _said(code: re.Match[str], lang: str) -> str:
    """A name of code in words; with a capital where it begins a sentence."""
    words = label(code[1], lang)
    begins = not code.start() or code.string[: code.start()].endswith((". ", "! ", "? "))
    return words[:1].upper() + words[1:] if begins and words.islower() else words


def _in_pairs(text: str) -> str:
    """A text without brackets that lost their partner with a sentence that was left out.

    >>> _in_pairs("Kept (as here). So it is.) And (so on.")
    'Kept (as here). So it is. And so on.'
    """
    open_: list[int] = []
    alone = set[int]()
    for place, letter in enumerate(text):
        if letter in _BRACKETS.values():
            open_.append(place)
        elif letter in _BRACKETS:
            if open_ and text[open_[-1]] == _BRACKETS[letter]:
                open_.pop()
            else:
                alone.add(place)
    alone.update(open_)
    return "".join(letter for place, letter in enumerate(text) if place not in alone)
