"""Streets, house numbers, postcodes and towns in one form."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from crm_lab.data.identity.standards.person_names import is_han, pinyin, plain_letters

_KINDS: Final = {
    "st": "street", "str": "strasse", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "dr": "drive",
    "ln": "lane", "ct": "court", "pl": "place", "cres": "crescent", "cct": "circuit", "sq": "square", "hwy": "highway",
    "pde": "parade", "tce": "terrace", "cl": "close", "pkwy": "parkway", "straße": "strasse",
}  # fmt: skip
_NUMBER: Final = re.compile(r"\d+[a-z]?")
_HAN_NUMBER: Final = re.compile(r"(\d+)\s*(?:号|號|弄)")


class Street(NamedTuple):
    """A street and the number of the house in it."""

    street: str | None
    number: str | None


def street_of(text: str) -> Street:
    """Street and number of an address in one line; the kind of street is written out.

    >>> street_of("12 Main St."), street_of("-")
    (Street(street='main street', number='12'), Street(street=None, number=None))
    >>> tuple(street_of("Hauptstr. 7a")), tuple(street_of("中山路100号3楼"))
    (('hauptstrasse', '7a'), ('中山路3楼', '100'))
    """
    if is_han(text):
        folded = re.sub(r"[^\w]", "", unicodedata.normalize("NFKC", text)).lower()
        found = _HAN_NUMBER.search(folded)
        kept = folded.replace(found[0], "", 1) if found else folded
        return Street(kept or None, found[1] if found else None)
    words = plain_letters(re.sub(r"(?<=[a-zß])[Ss]tr(\.|aße|asse|\b)", "strasse", text)).split()
    number = next((word for word in words if _NUMBER.fullmatch(word)), None)
    rest = [word for word in words if word != number]
    if rest and rest[-1] in _KINDS and len(rest) > 1:
        rest[-1] = _KINDS[rest[-1]]
    return Street(" ".join(rest) or None, number)


def house_number(text: str) -> str | None:
    """The number of a house on its own.

    >>> house_number("No. 12 A"), house_number("12.0"), house_number("none")
    ('12a', '12', None)
    """
    found = re.search(r"\d+\s*[a-z]?\b", re.sub(r"\.0$", "", unicodedata.normalize("NFKC", text).strip()).lower())
    return found[0].replace(" ", "") if found else None


def post_code(text: str) -> str | None:
    """A postal code without blanks or signs.

    >>> post_code("sw1a 1aa"), post_code("200000.0"), post_code("?")
    ('SW1A1AA', '200000', None)
    """
    bare = re.sub(r"\.0$", "", unicodedata.normalize("NFKC", text).strip())
    return re.sub(r"[^A-Z0-9]", "", bare.upper()) or None


def place_name(text: str) -> str | None:
    """A town or region; Chinese ones in pinyin, without the word for what they are.

    >>> place_name("上海市"), place_name("Saint-Étienne"), place_name("!")
    ('shanghai', 'saint etienne', None)
    """
    if is_han(text):
        bare = re.sub(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|市|省)$", "", text.strip())
        return pinyin(bare) or None
    return plain_letters(text) or None


def gender_of(text: str) -> str | None:
    """``f`` or ``m`` where a word says it, else the word itself.

    >>> gender_of("Female"), gender_of("男"), gender_of("x")
    ('f', 'm', 'x')
    """
    word = unicodedata.normalize("NFKC", text).strip().lower()
    women, men = (
        {"f", "female", "woman", "w", "frau", "女", "女士", "mrs", "ms"},
        {"m", "male", "man", "herr", "男", "先生"},
    )
    return "f" if word in women else "m" if word in men else word or None
