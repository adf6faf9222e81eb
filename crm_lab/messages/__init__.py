"""The text of every readout and label, in English and Chinese.

One TOML file a room in ``en/`` and ``zh/``; a key is its path, e.g. ``rfm.finding``. Templates are
`str.format` strings, so digits and percent signs are decided beside the words they belong to.
"""

from __future__ import annotations

import math
import os
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

LANGUAGES = ("en", "zh")


def language() -> str:
    """The language of readouts: ``CRM_LAB_LANG``, English unless set."""
    lang = os.environ.get("CRM_LAB_LANG", "en")
    return lang if lang in LANGUAGES else "en"


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All templates of one language, by key."""
    entries: dict[str, str] = {}
    for file in sorted(resources.files(__name__).joinpath(lang).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            _flatten(tomllib.loads(file.read_text(encoding="utf-8")), "", entries)
    return MappingProxyType(entries)


def _flatten(node: Mapping[str, Any], prefix: str, into: dict[str, str]) -> None:
    for key, value in node.items():
        if isinstance(value, Mapping):
            _flatten(value, f"{prefix}{key}.", into)
        else:
            into[f"{prefix}{key}"] = str(value)


@cache
def explanations(lang: str) -> Mapping[str, str]:
    """What parameters of the lab's pages mean in a language, by their English comment; none in English."""
    file = resources.files(__name__).joinpath(f"parameters.{lang}.toml")
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})


def written(value: Any, spec: str) -> str:
    """A value in a format; a share that only rounds to none or all gets up to two more decimals, a change does not.

    What is missing is a dash, what has no end has its sign. The format ``p`` is that of p values, with their sign
    of relation: none of them is 0, and below one in a thousand it says no more, as in tables.

    >>> written(0.0312, "p"), written(3e-134, "p"), written(0.996, "p")
    ('= 0.0312', '< 0.001', '= 0.996')
    >>> written(0.97, ".0%"), written(0.9998, ".1%"), written(0.004, ".0%"), written(1.0, ".0%"), written(0.01, ".1%")
    ('97%', '99.98%', '0.4%', '100%', '1.0%')
    >>> written(float("nan"), ".1%"), written(float("-inf"), "+,.2f")
    ('–', '−∞')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if spec == "p":
        return "< 0.001" if value < 0.001 else f"= {value:.3g}"
    places = _SHARE.fullmatch(spec)
    shortest = format(value, spec)
    if places is None or not 0 < abs(value) < 1:
        return shortest
    said = (format(value, f".{int(places[1]) + more}%") for more in range(3))
    return next((text for text in said if abs(float(text[:-1])) not in _NONE_OR_ALL), shortest)


_SHARE = re.compile(r"\.(\d)%")
_NONE_OR_ALL = (0.0, 100.0)


class _Words(string.Formatter):
    """Sentences whose shares say none and all of none and all only."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return written(value, format_spec)


class _ChineseWords(_Words):
    """Sentences whose values stand apart from the words around them by rule, whatever the values turn out to be.

    A space between a Chinese character and a Latin letter or a digit, none between two Chinese characters; what is
    inside a value stays as it is.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        text = super().format_field(value, format_spec)
        return f"{_OPENS}{text}{_CLOSES}" if text else ""

    def vformat(self, format_string: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        return _SEAM.sub(_joint, super().vformat(format_string, args, kwargs)).replace(_OPENS, "").replace(_CLOSES, "")


_OPENS, _CLOSES = "\ue000", "\ue001"  # around a value while a sentence is made
_SEAM = re.compile(
    rf"(?<=(?P<before>[^{_OPENS}{_CLOSES}]))(?P<space> ?)(?P<seam>[{_OPENS}{_CLOSES}]+)(?P<more> ?)(?=(?P<after>.))"
)


def _joint(seam: re.Match[str]) -> str:
    sides = [_script(seam[side]) for side in ("before", "after")]
    if "" in sides:
        return seam["space"] + seam["more"]
    return " " if sides[0] != sides[1] else "" if sides[0] == "han" else seam["space"] + seam["more"]


def _script(letter: str) -> str:
    return (
        "han"
        if "\u4e00" <= letter <= "\u9fff"
        else "latin"
        if letter == "%" or (letter.isascii() and letter.isalnum())
        else ""
    )


_WORDS = {"en": _Words(), "zh": _ChineseWords()}


@dataclass(frozen=True)
class Message:
    """A sentence by its key, with the numbers that go into it; its words come from the catalogue.

    A value may itself be a `Message`: it is put in its own words first.

    >>> Message("format.interval", {"lo": 1.25, "hi": 2.5}).text("en")
    '[1.25, 2.50]'
    >>> Message("report.data_to", {"data": "CDNOW", "day": "1998-06-30"}).text("zh")
    'CDNOW，截至 1998-06-30'
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: str | None = None) -> str:
        """The sentence in a language (default: `language()`).

        Raises:
            KeyError: If the catalogue has no such key.
        """
        lang = lang or language()
        values = {k: v.text(lang) if isinstance(v, Message) else v for k, v in self.values.items()}
        return _WORDS[lang].vformat(catalogue(lang)[self.key], (), values)

    def __str__(self) -> str:
        return self.text()


def as_message(given: Message | str) -> Message:
    """A message, or the one without values of a key."""
    return Message(given) if isinstance(given, str) else given


def named(kind: str, name: str) -> str:
    """A column, a level or the like in the active language; a name that only the data have stands for itself.

    >>> named("column", "n_days"), named("column", "my own")
    ('purchase days', 'my own')
    """
    return catalogue(language()).get(f"{kind}.{name}", name)


def in_words(given: Message | str) -> str:
    """A message, a key or plain text as people read it in the active language."""
    return catalogue(language()).get(given, given) if isinstance(given, str) else given.text()
