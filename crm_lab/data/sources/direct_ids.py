"""What an e-mail address or a telephone number looks like, in its usual forms."""

from __future__ import annotations

import re

GAP = r"[\s\x{a0}\x{2000}-\x{200b}\x{202f}\x{3000}()./-]"
MAIL = r"[^@\s\"<>,;:]+@[^@\s\"<>,;]+\.[^@\s\"<>,;]+"
ABROAD = rf"\+{GAP}*\d(?:{GAP}*\d){{6,14}}|\b00[1-9]\d{{8,12}}\b|\b00{GAP}[1-9](?:{GAP}*\d){{6,14}}"
AMERICAN = r"\(?\b[2-9]\d{2}\)?[\s./-]\s?[2-9]\d{2}[\s./-]\d{4}\b|\b1[-. ][2-9]\d{2}[-. ]\d{3}[-. ]\d{4}\b"
CHINESE = r"\b1[3-9]\d{9}\b|\b1[3-9]\d[ -]\d{4}[ -]\d{4}\b"
AT_HOME = rf"[0(]\d*{GAP}(?:{GAP}*\d){{6,12}}"
TELEPHONE = rf"(?:tel|phone|fax|mobile|mob|whatsapp|sms)\.?:{GAP}*\+?\d(?:{GAP}*\d){{5,14}}"
_CALLED = re.compile(
    r"e?[-_ ]?mail|phone|telefon|telephone|tel\b|mobile?|mobil|handy|whatsapp|邮箱|手机|电话|correo|courriel|portable",
    re.IGNORECASE,
)


def names_direct_ids(column: str) -> bool:
    """Whether a column's name says that it holds e-mail addresses or telephone numbers.

    >>> names_direct_ids("Customer E-Mail"), names_direct_ids("customer_id")
    (True, False)
    """
    return _CALLED.search(column) is not None


def masked(text: str) -> str:
    """A text for people to read, e-mail addresses and telephone numbers in it replaced by stars.

    >>> masked("Ann <ann@example.com>, +49 30 1234567")
    'Ann <***>, ***'
    """
    return _IN_TEXT.sub("***", text)


def _python(pattern: str) -> str:
    """A pattern of DuckDB's regular expressions as one of Python's."""
    return re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: f"\\u{int(found[1], 16):04x}", pattern)


_IN_TEXT = re.compile(_python("|".join((MAIL, ABROAD, AMERICAN, CHINESE, TELEPHONE))), re.IGNORECASE)
