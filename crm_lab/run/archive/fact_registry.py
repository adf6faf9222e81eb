"""One truth per number: the facts of a run by id, and where two places contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from crm_lab.messages import Message
from crm_lab.run.outcomes import short_name

_NUMBER = re.compile(r"[+\-−]?\d[\d,]*(?:[.\-]\d+)*%?")
_WHOLE = re.compile(r"\d{1,3}(?:,\d{3})*|\d{4}-\d{2}-\d{2}")
_SAID = ("value", "lo", "hi", "n", "unit", "refusal")


class Place(NamedTuple):
    """Where a fact stands, of which data, and what it says."""

    page: str
    data: tuple[str, str]
    said: tuple[Any, ...]


def contradictions(pages: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """A sentence for each id that stands twice on a page, and for each that says two things of the same data.

    Args:
        pages: As in their ``results.json``.
        lang: Language of the sentences.
    """
    found: list[str] = []
    registry: dict[tuple[str, tuple[str, str]], Place] = {}
    for page in pages:
        seen: set[tuple[str, tuple[str, str]]] = set()
        for name, place in _facts(page):
            key = (name, place.data)
            if key in seen:
                found.append(Message("run.fact_twice", {"id": name, "page": place.page}).text(lang))
            seen.add(key)
            first = registry.setdefault(key, place)
            if first.page != place.page and first.said != place.said:
                values = {"id": name, "first": first.page, "second": place.page, "a": _short(first), "b": _short(place)}
                found.append(Message("run.fact_differs", values).text(lang))
    return list(dict.fromkeys(found))


def same_words(pages: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """A sentence for each two findings that say other figures in the same words of equally many, of the same data.

    A finding must say what sets it apart (how a model was trained, which dates): else a reader holds one of two for
    wrong. The first number of a finding, or all its whole numbers and dates, say of what and how many it speaks.

    Args:
        pages: As in their ``results.json``.
        lang: Language of the sentences.
    """
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    found: list[str] = []
    for page in pages:
        for result in page.get("results") or ():
            data, said = result.get("data"), str((result.get("readout") or {}).get("finding") or "")
            numbers = _NUMBER.findall(said)
            if not data or not numbers:
                continue
            of = (str(data.get("key")), str(data.get("as_of")), _NUMBER.sub("#", said))
            whole = " ".join(number for number in numbers if _WHOLE.fullmatch(number))
            for key in {(*of, "first", numbers[0]), (*of, "whole", whole or said)}:
                other, first = seen.setdefault(key, (said, short_name(page)))
                if other != said:
                    values = {"first": first, "second": short_name(page), "a": other, "b": said}
                    found.append(Message("run.finding_differs", values).text(lang))
    return list(dict.fromkeys(found))


def two_states(pages: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """A sentence for each source that was not the same for every page: its files changed while the run read them.

    Args:
        pages: As in their ``results.json``.
        lang: Language of the sentences.
    """
    states: dict[str, dict[str, str]] = {}
    for page in pages:
        for result in page.get("results") or ():
            if data := result.get("data"):
                states.setdefault(str(data["source"]), {}).setdefault(str(data["key"]), short_name(page))
    return [
        Message("run.two_states", {"source": source, "first": first, "second": second}).text(lang)
        for source, seen in states.items()
        for first, second in pairwise(seen.values())
    ]


def _short(place: Place) -> str:
    value = place.said[0]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _facts(page: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    number = short_name(page)
    results: Iterable[Mapping[str, Any]] = page.get("results") or ()
    for result in results:
        data = result.get("data") or {}
        # results without tables (formulas, decks) are those of their page alone
        of = (str(data.get("key")), str(data.get("as_of"))) if data else ("", str(page.get("notebook")))
        for fact in result.get("facts", ()):
            yield str(fact["id"]), Place(number, of, tuple(fact.get(name) for name in _SAID))
