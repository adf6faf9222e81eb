"""Names of persons in one form: Latin letters without case, accents and titles; Chinese in pinyin."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, NamedTuple

TITLES: Final = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "madam",
        "dame",
        "lord",
        "rev",
        "herr",
        "frau",
        "fr",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "sr",
        "sra",
        "srta",
        "dott",
        "ing",
        "mag",
        "dipl",
        "jr",
        "jnr",
        "snr",
        "ii",
        "iii",
        "iv",
        "esq",
        "phd",
        "md",
    ]
)
HAN_TITLES: Final = ("先生", "女士", "小姐", "太太", "老师", "博士", "教授", "经理")
_PARTICLES: Final = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "da",
        "di",
        "del",
        "della",
        "la",
        "le",
        "du",
        "dos",
        "das",
        "ter",
        "ten",
        "bin",
        "al",
        "el",
    ]
)
_LETTERS: Final = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_COMPOUND: Final = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "司徒",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "长孙",
        "宇文",
        "夏侯",
        "轩辕",
        "端木",
        "独孤",
        "南宫",
        "西门",
        "东郭",
        "百里",
        "申屠",
        "太史",
        "公羊",
        "澹台",
        "赫连",
        "濮阳",
        "淳于",
        "单于",
        "钟离",
        "闻人",
        "万俟",
        "呼延",
        "拓跋",
        "完颜",
        "歐陽",
        "司馬",
        "諸葛",
        "東方",
        "尉遲",
        "公孫",
        "長孫",
        "獨孤",
        "南宮",
        "西門",
    ]
)
_SURNAME_TEXT: Final = """
单:shan 單:shan 仇:qiu 曾:zeng 查:zha 解:xie 任:ren 区:ou 區:ou 朴:piao 盖:ge 冼:xian 乐:yue 樂:yue 尉迟:yuchi
尉遲:yuchi
万俟:moqi 覃:qin 召:shao 洗:xian 翟:zhai 逄:pang 缪:miao 繆:miao 宓:fu 种:chong 秘:bi 黑:he 吕:lv 呂:lv 单于:chanyu
长孙:zhangsun 澹台:tantai
"""
_SURNAME_PINYIN: Final = dict(pair.split(":") for pair in _SURNAME_TEXT.split())
"""Readings of family names that differ from those of their characters elsewhere."""


class PersonName(NamedTuple):
    """A name in parts; ``han`` is how the given name is written in Chinese, where it is."""

    given: str | None
    family: str | None
    han: str | None = None


NO_NAME: Final = PersonName(None, None)


def plain_letters(text: str) -> str:
    """Lower case without accents, full-width forms or punctuation; words are parted by one space.

    >>> plain_letters("  MÜLLER-Lüdenscheidt "), plain_letters("O'Brien"), plain_letters("ＷＡＮＧ")
    ('muller ludenscheidt', 'obrien', 'wang')
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]|_", " ", re.sub(r"['’`´.]", "", bare)).split())


def is_han(text: str) -> bool:
    """Whether a text holds a Chinese character.

    >>> is_han("王伟"), is_han("Wang")
    (True, False)
    """
    return _HAN.search(text) is not None


@cache
def pinyin_syllables() -> frozenset[str]:
    """Every syllable of pinyin, without tones.

    >>> {"xiao", "ming"} <= pinyin_syllables(), "john" in pinyin_syllables()
    (True, False)
    """
    from pypinyin import lazy_pinyin

    common = "".join(chr(code) for code in range(0x4E00, 0x9FA6))
    return frozenset(s.replace("ü", "v") for s in lazy_pinyin(list(common)) if s.isascii() and s.isalpha())


def pinyin(text: str, *, is_family: bool = False) -> str:
    """Chinese characters in pinyin, run together; family names have readings of their own.

    >>> pinyin("小明"), pinyin("单", is_family=True), pinyin("上海")
    ('xiaoming', 'shan', 'shanghai')
    """
    from pypinyin import lazy_pinyin

    if is_family and text in _SURNAME_PINYIN:
        return _SURNAME_PINYIN[text]
    return "".join(lazy_pinyin(text, v_to_u=False)).replace("ü", "v").lower()


def split_han(text: str) -> tuple[str, str]:
    """Family name and given name of a Chinese name: the first character, or two of a double family name.

    >>> split_han("欧阳娜娜"), split_han("王伟")
    (('欧阳', '娜娜'), ('王', '伟'))
    """
    n = 2 if len(text) > 2 and text[:2] in _COMPOUND else 1
    return text[:n], text[n:]


def _han_only(text: str) -> str:
    for title in HAN_TITLES:
        text = text.removesuffix(title)
    return "".join(_HAN.findall(text))


def _words(text: str) -> list[str]:
    words = [word for word in plain_letters(text).split() if not word.isdigit()]
    return [word for word in words if word not in TITLES] or []


def _joined(words: list[str]) -> str | None:
    """Words of a name; syllables of pinyin are one name however they are parted."""
    if len(words) > 1 and all(word in pinyin_syllables() for word in words):
        return "".join(words)
    return " ".join(words) or None


def given_name(text: str) -> PersonName:
    """A given name on its own.

    >>> given_name("Dr. José").given, given_name("Xiao Ming").given, given_name("123").given
    ('jose', 'xiaoming', None)
    >>> given_name("小明")
    PersonName(given='xiaoming', family=None, han='小明')
    """
    if is_han(text):
        han = _han_only(text)
        return PersonName(pinyin(han), None, han) if han else NO_NAME
    return PersonName(_joined(_words(text)), None)


def family_name(text: str) -> str | None:
    """A family name on its own.

    >>> family_name("van der Berg"), family_name("单"), family_name("--")
    ('van der berg', 'shan', None)
    """
    if is_han(text):
        return pinyin(_han_only(text), is_family=True) or None
    return " ".join(_words(text)) or None


def full_name(text: str) -> PersonName:
    """A whole name in parts: Chinese begins with the family; otherwise a comma, capitals or the place tell it.

    >>> full_name("Mr. John SMITH")[:2], full_name("Smith, John")[:2]
    (('john', 'smith'), ('john', 'smith'))
    >>> full_name("王小明先生")
    PersonName(given='xiaoming', family='wang', han='小明')
    >>> full_name("WANG Xiaoming")[:2], full_name("Ludwig van Beethoven")[:2], full_name("Cher")[:2]
    (('xiaoming', 'wang'), ('ludwig', 'van beethoven'), ('cher', None))
    """
    if is_han(text):
        family, given = split_han(_han_only(text))
        if not family:
            return NO_NAME
        return PersonName(pinyin(given) or None, pinyin(family, is_family=True), given or None)
    before, comma, after = text.partition(",")
    if comma and _words(before) and _words(after):
        return PersonName(_joined(_words(after)), " ".join(_words(before)))
    words = _words(text)
    if len(words) < 2:
        return PersonName(words[0] if words else None, None)
    return _in_order(text, words)


def _in_order(text: str, words: list[str]) -> PersonName:
    shouted = [w for token in text.split() if len(token) > 1 and token.isupper() for w in _words(token)]
    if 0 < len(shouted) < len(words):
        rest = [word for word in words if word not in shouted]
        if rest:
            return PersonName(_joined(rest), " ".join(shouted))
    start = next((i for i, word in enumerate(words[1:-1], start=1) if word in _PARTICLES), len(words) - 1)
    return PersonName(_joined(words[:start]), " ".join(words[start:]))
