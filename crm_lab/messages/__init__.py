"""The text of every readout and label, in English and Chinese.

One TOML file a room in ``en/`` and ``zh/``; a key is its path, e.g. ``rfm.finding``. Templates are
`str.format` strings, so digits and percent signs are decided beside the words they belong to.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
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


@dataclass(frozen=True)
class Message:
    """A sentence by its key, with the numbers that go into it; its words come from the catalogue.

    A value may itself be a `Message`: it is put in its own words first.

    >>> Message("format.interval", {"lo": 1.25, "hi": 2.5}).text("en")
    '[1.25, 2.50]'
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
        return catalogue(lang)[self.key].format(**values)

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
