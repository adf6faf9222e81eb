"""Reading claims from YAML: one document per deck, numbers as printed, all problems reported together."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml  # type: ignore[import-untyped]  # PyYAML has no types

from crm_lab.checks import BadInput
from crm_lab.project import project_root
from crm_lab.results import table_html
from crm_lab.scorecard.claim import Claim, Control, change
from crm_lab.scorecard.printed_number import figure
from crm_lab.scorecard.yaml_text import documents

_BYTES: Final = 5_000_000
_DECK_KEYS: Final = ("deck", "title", "claims")


@dataclass(frozen=True)
class Deck:
    r"""One document and its claims.

    >>> deck = parse_claims("deck: spring\nclaims: [{id: a, metric: nps, value: 28}]").decks[0]
    >>> deck.name, len(deck.claims)
    ('spring', 1)

    Attributes:
        name: Name of the document.
        title: Title by language.
        claims: Its claims.
    """

    name: str
    title: Mapping[str, str]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, repr=False)
class ClaimList:
    r"""The claims of some decks.

    >>> claims = parse_claims("deck: spring\nclaims: [{id: a, metric: nps, value: 28, says: NPS is 28}]")

    Attributes:
        decks: The documents.
    """

    decks: tuple[Deck, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, in the order of the file.

        >>> [claim.name for claim in claims.claims]
        ['spring/a']
        """
        return tuple(claim for deck in self.decks for claim in deck.claims)

    def to_frame(self) -> pd.DataFrame:
        """One row per claim: deck, claim, metric, population, source.

        >>> list(claims.to_frame())
        ['deck', 'claim', 'metric', 'population', 'source']
        """
        rows = [(c.deck, c.id, c.metric, c.population, c.source) for c in self.claims]
        return pd.DataFrame(rows, columns=["deck", "claim", "metric", "population", "source"], dtype="str")

    def shown(self) -> pd.DataFrame:
        """`to_frame` with what each claim says, and the metrics in words.

        >>> list(claims.shown())
        ['deck', 'claim', 'says', 'metric', 'population', 'source']
        """
        frame = self.to_frame().assign(metric=[c.about.label.text() for c in self.claims])
        frame.insert(2, "says", pd.Series([c.text() for c in self.claims], dtype="str"))
        return frame

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.claims)} claims of {len(self.decks)} decks)"

    def _repr_html_(self) -> str:
        return table_html(self.shown().drop(columns="source"))


def read_claims(path: str | Path) -> ClaimList:
    """Read the claims of a YAML file.

    >>> read_claims("no_such_deck.yaml")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: ...

    Args:
        path: The file; one that is not found from here is looked for in the project's folder.

    Returns:
        The claims by deck.

    Raises:
        BadInput: If the file cannot be read, with all that is wrong in it.
    """
    given = Path(path)
    file = given if given.exists() else project_root() / given
    if not file.is_file():
        raise BadInput(f"There is no claims file '{path}'; docs/claims.md says what goes into one.")
    if file.stat().st_size > _BYTES:
        raise BadInput(f"'{path}' has {file.stat().st_size:,} bytes; a claims file has at most {_BYTES:,}.")
    try:
        return parse_claims(file.read_text(encoding="utf-8-sig"), f"The claims file '{path}'")
    except UnicodeDecodeError as error:
        raise BadInput(f"'{path}' is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error


def parse_claims(text: str, what: str = "The claims") -> ClaimList:
    r"""Read the claims of a YAML text.

    >>> parse_claims("deck: mine\nclaims: [{id: a, metric: nps, value: 28}]").claims[0].name
    'mine/a'

    Args:
        text: One YAML document per deck.
        what: What the text is called in errors.

    Returns:
        The claims by deck.

    Raises:
        BadInput: With all that is wrong in it.
    """
    try:
        contents = [content for content in documents(text) if content is not None]
    except yaml.YAMLError as error:
        raise BadInput(f"{what} is no YAML: {_one_line(error)}") from error
    except RecursionError as error:
        raise BadInput(f"{what} is nested too deeply to be a list of claims.") from error
    problems: list[str] = [] if contents else ["it is empty; give a document with 'deck' and 'claims'."]
    decks = tuple(_deck(content, place, problems) for place, content in enumerate(contents, 1))
    twice = [name for name, times in Counter(deck.name for deck in decks).items() if times > 1]
    problems.extend(f"deck {name} is there twice; give each document its own name." for name in twice)
    if problems:
        raise BadInput(what, problems)
    return ClaimList(decks)


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return f"{problem} (line {mark.line + 1})." if mark else f"{problem}."


def _deck(content: Any, place: int, problems: list[str]) -> Deck:
    if not isinstance(content, Mapping):
        problems.append(f"document {place} is no mapping; it needs 'deck' and 'claims'.")
        return Deck(f"#{place}", {}, ())
    given = content.get("deck")
    name = "" if given is None or isinstance(given, Mapping | list) else str(given)
    where = f"deck {name}" if name else f"document {place}"
    if not name:
        problems.append(f"{where} has no name; give it one as 'deck'.")
    problems.extend(f"{where}: {sentence}" for sentence in _unknown(content, _DECK_KEYS))
    entries = content.get("claims")
    if not isinstance(entries, list):
        problems.append(f"{where}: 'claims' is no list; write one entry per claim, or [] for none.")
        entries = []
    claims = []
    for number, entry in enumerate(entries, 1):
        claim = _claim(entry, name, number, problems)
        claims.extend([claim] if claim else [])
    twice = [name for name, times in Counter(claim.id for claim in claims).items() if times > 1]
    problems.extend(f"{where}: claim {one} is there twice; give each its own id." for one in twice)
    return Deck(name, _words(content.get("title")), tuple(claims))


def _claim(entry: Any, deck: str, number: int, problems: list[str]) -> Claim | None:
    if not isinstance(entry, Mapping):
        problems.append(f"deck {deck}, claim {number}: it is no mapping; it needs 'id' and 'metric'.")
        return None
    where = f"claim {deck}/{entry.get('id') or number}"
    found = [f"{name} is missing." for name in ("id", "metric") if not entry.get(name)]
    found.extend(_unknown(entry, _FIELDS))
    values = dict(_values(entry, _FIELDS, found))
    if not found:
        try:
            return Claim(deck=deck, **values)
        except BadInput as error:
            found.extend(error.problems)
    problems.extend(f"{where}: {sentence}" for sentence in found)
    return None


def _values(
    entry: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]], found: list[str]
) -> Iterator[tuple[str, Any]]:
    for name, reader in readers.items():
        if entry.get(name) is not None:
            try:
                yield name, reader(entry[name])
            except ValueError as error:
                found.append(f"{name}: {error}")


def _unknown(entry: Mapping[str, Any], known: Any) -> Iterator[str]:
    for name in entry:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            yield f"'{name}' is no field; " + (f"did you mean '{close[0]}'?" if close else f"use {', '.join(known)}.")


def _words(raw: Any) -> dict[str, str]:
    if isinstance(raw, Mapping):
        return {str(lang): str(words) for lang, words in raw.items()}
    return {} if raw is None else {"en": str(raw)}


def _text(raw: Any) -> str:
    if isinstance(raw, Mapping | list):
        raise ValueError(f"{raw!r} is no text.")  # noqa: TRY004 - the file's author is told, not the caller
    return str(raw)


def _whole(raw: Any) -> int:
    if not isinstance(raw, Decimal) or raw != raw.to_integral_value():
        raise ValueError(f"{raw!s} is no whole number.")
    return int(raw)


def _scale(raw: Any) -> tuple[float, float]:
    if not (
        isinstance(raw, list) and len(raw) == 2 and all(isinstance(end, Decimal) for end in raw) and raw[0] < raw[1]
    ):
        raise ValueError("it must be the lowest and the highest value, like [0, 10].")
    return float(raw[0]), float(raw[1])


def _figures(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise ValueError("it must hold a number for each name.")  # noqa: TRY004 - as above
    return {str(name): figure(value) for name, value in raw.items()}


def _items(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError("it must be a list.")  # noqa: TRY004 - as above
    return tuple(str(item) for item in raw)


def _control(raw: Any) -> Control:
    if not isinstance(raw, Mapping):
        raise ValueError("it must hold value, before and after, or change.")  # noqa: TRY004 - as above
    found = list(_unknown(raw, _CONTROL))
    values = dict(_values(raw, _CONTROL, found))
    if found:
        raise ValueError(" ".join(found))
    return Control(**values)


_CONTROL: Final = {"value": figure, "before": figure, "after": figure, "change": change}
_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("id", "metric", "source", "population", "period", "unit"), _text),
    "says": _words,
    **dict.fromkeys(("value", "before", "after", "target", "base_rate", "count", "of", "margin", "total"), figure),
    **dict.fromkeys(("change", "effect"), change),
    "control": _control,
    **dict.fromkeys(("comparison", "credited_to", "basis", "verdict", "data"), _text),
    "scale": _scale,
    "n": _whole,
    **dict.fromkeys(("parts", "given"), _figures),
    "items": _items,
}
