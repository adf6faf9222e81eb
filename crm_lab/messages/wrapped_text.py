"""Text broken into lines that fit a picture, in scripts with and without spaces."""

from __future__ import annotations

import re
from typing import Final

_WIDE: Final = 0x2E80  # from here on a character is as wide as two Latin ones
_PIECE = re.compile(r"\s+|[（《]*(?:[!-~–—−’“”]+|.)[，。；：、）》！？]*", re.DOTALL)


def wrapped(text: str, width: int = 44) -> str:
    """A text in lines of at most so many Latin characters; no word and no number is broken.

    Chinese may break between any two characters, but not before a closing mark or after an opening one.

    >>> print(wrapped("新客在 90 天内有第二个购买日的比例（Kaplan–Meier）", 32))
    新客在 90 天内有第二个购买日的比
    例（Kaplan–Meier）
    """
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return "\n".join([*lines, line.rstrip()])


def columns(text: str) -> int:
    """The width of a text in Latin characters."""
    return sum(2 if ord(sign) >= _WIDE else 1 for sign in text)
