"""How a hand, an ear or a scanner gets a word wrong."""

from __future__ import annotations

from typing import Final

_KEYBOARD: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_READ_AS: Final = {
    "m": "rn", "rn": "m", "cl": "d", "d": "cl", "l": "i", "i": "l", "o": "c", "e": "c", "h": "b", "vv": "w", "w": "vv",
    "u": "v", "n": "h", "t": "f", "g": "q",
}  # fmt: skip
_HEARD_AS: Final = {
    "ph": "f", "f": "ph", "ck": "k", "k": "ck", "c": "k", "y": "ie", "ie": "y", "ee": "ea", "ea": "ee", "ll": "l",
    "tt": "t", "nn": "n", "sh": "ch", "th": "t", "z": "s", "s": "ss", "er": "ar", "on": "en", "an": "en",
}  # fmt: skip
_DIGITS: Final = "0123456789"


_SOUND_ALIKE: Final = """
伟炜玮纬 芳方 娜那 敏闽 静婧靖敬 强蔷 磊蕾雷 洋阳扬杨 艳燕彦 勇永咏 军君俊均 杰洁捷 娟涓 涛韬 明铭鸣 超潮 秀绣
霞侠 平萍苹 刚钢 桂贵 英瑛颖莹 华桦 玉宇雨羽 兰岚 丹单 红宏鸿虹 建健剑 文雯 志智致 国果 海亥 春椿 晓小筱 雪学
梅玫 丽莉立力 婷庭亭 慧惠辉卉 鑫欣新心 浩皓昊 博伯 子紫梓 佳嘉家 思斯丝 梦孟 琪琦奇 涵晗寒 轩萱宣 泽择 天添 鹏朋
飞菲霏 凯恺 龙隆 斌彬宾 林琳霖 波菠 峰锋丰枫 云芸 月悦跃 倩茜 薇微 宁凝 安桉 康糠 成诚程 光广 东冬 亮靓 金锦
"""
_SOUNDS: Final = {character: group for group in reversed(_SOUND_ALIKE.split()) for character in group}


def wrong_word(word: str, how: float, place: float, other: float) -> str:
    """A word in Latin letters as somebody typed, heard or read it wrongly.

    >>> wrong_word("Philip", 0.5, 0.0, 0.0), wrong_word("Smith", 0.0, 0.5, 0.0), wrong_word("Wilma", 0.8, 0.0, 0.0)
    ('Filip', 'Smirh', 'Vvilma')

    Args:
        word: As it is.
        how: From 0 to 1: which kind of mistake.
        place: From 0 to 1: where.
        other: From 0 to 1: what instead.
    """
    if len(word) < 2:
        return word
    if how < 0.45:
        return _mistyped(word, how / 0.45, place, other)
    wrong = _replaced(word, _HEARD_AS if how < 0.75 else _READ_AS, place)
    return wrong if wrong != word else _mistyped(word, other, place, how)


def _mistyped(word: str, how: float, place: float, other: float) -> str:
    """A neighbouring key, two letters turned round, one left out or struck twice."""
    at = min(int(place * (len(word) - 1)) + 1, len(word) - 1)
    letter = word[at]
    if how < 0.4:
        return word[:at] + _neighbour(letter, other) + word[at + 1 :]
    if how < 0.6 and at + 1 < len(word):
        return word[:at] + word[at + 1] + letter + word[at + 2 :]
    return word[:at] + word[at + 1 :] if how < 0.8 and len(word) > 3 else word[:at] + letter + word[at:]


def _neighbour(letter: str, other: float) -> str:
    row = next((keys for keys in _KEYBOARD if letter.lower() in keys), "")
    if not row:
        return letter
    at = row.index(letter.lower())
    beside = [row[place] for place in (at - 1, at + 1) if 0 <= place < len(row)]
    return beside[min(int(other * len(beside)), len(beside) - 1)]


def _replaced(word: str, table: dict[str, str], place: float) -> str:
    """The word with one of the groups of letters of a table as the other one."""
    small = word.lower()
    found = [(at, group) for group in table for at in range(len(word)) if small.startswith(group, at)]
    if not found:
        return word
    at, group = sorted(found)[min(int(place * len(found)), len(found) - 1)]
    new = table[group].capitalize() if word[at].isupper() else table[group]
    return word[:at] + new + word[at + len(group) :]


def wrong_characters(name: str, place: float, other: float) -> str:
    """A Chinese given name with a character that sounds the same.

    >>> wrong_characters("小玉", 0.9, 0.4)
    '小雨'

    Args:
        name: As it is.
        place: From 0 to 1: which character.
        other: From 0 to 1: what instead.
    """
    at = min(int(place * len(name)), len(name) - 1)
    choice = _SOUNDS.get(name[at], "").replace(name[at], "") or name[at]
    return name[:at] + choice[min(int(other * len(choice)), len(choice) - 1)] + name[at + 1 :]


def wrong_digit(text: str, place: float, other: float, last: int = 4) -> str:
    """A text with one of its last digits wrong.

    >>> wrong_digit("2015550100", 0.99, 0.3)
    '2015550103'

    Args:
        text: As it is.
        place: From 0 to 1: which digit.
        other: From 0 to 1: what instead.
        last: Which digits may be wrong: so many at the end.
    """
    at = [n for n, c in enumerate(text) if c.isdigit()][-last:]
    chosen = at[min(int(place * len(at)), len(at) - 1)]
    choice = _DIGITS.replace(text[chosen], "")
    return text[:chosen] + choice[min(int(other * len(choice)), len(choice) - 1)] + text[chosen + 1 :]
