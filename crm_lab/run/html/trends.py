"""How the first figures of pages have moved: the change since the last good run, and a spark line over past ones."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from crm_lab.messages import Message
from crm_lab.run.archive.causes import AS_OF, data_of
from crm_lab.run.archive.changes import APPEARED, NOT_COMPARABLE, REMEMBERED, UNUSUAL, Changes, FactChange
from crm_lab.run.archive.past_runs import PastRun, last_good
from crm_lab.run.html.change_sentences import difference, moment_of
from crm_lab.run.html.presentation import CARDS, front, number
from crm_lab.run.outcomes import headline

EARLIER: Final = 3  # earlier runs that hold a fact, before a line says anything
_WIDTH, _HEIGHT, _EDGE = 96, 20, 3
_DAY: Final = 10  # characters of a run's id that name its day

Facts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Trend:
    """What stands beside a figure of a run.

    Attributes:
        label: What the figure is.
        change: How it differs from the last good run; empty on a first run.
        spark: Its line over past runs; empty where too few of them hold it, or all the same.
    """

    label: str
    change: str = ""
    spark: str = ""


def shown_facts(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The few facts at the top of a page, in their order."""
    return list((headline(page).get("facts") or [])[:CARDS])


def card_fact(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fact that a page's short answer states: the one its front names, else the first; may be empty."""
    facts = headline(page).get("facts") or [{}]
    return next((fact for fact in facts if fact.get("id") == front(page).get("fact")), facts[0])


def trends(
    run: PastRun, past: Sequence[PastRun], changes: Changes | None, lang: str
) -> Mapping[tuple[str, str], Trend]:
    """Trends of the first figures of each page, by notebook and id of the fact.

    Args:
        run: The run, with its files.
        past: Earlier runs of the suite, oldest first.
        changes: What `changes_since` found; ``None`` for a first run.
        lang: Language of the words.
    """
    good = [one for one in past if one.is_whole][-REMEMBERED:]
    before, found = last_good(good), {(one.notebook, one.id): one for one in (changes.facts if changes else ())}
    told = {}
    for name, page in run.pages.items():
        known = _facts(before.pages.get(name, {})) if before and changes else {}
        for fact in [*shown_facts(page), card_fact(page)]:
            place = (name, str(fact.get("id")))
            change = _change(found.get(place), changes, lang) if place in found or place[1] in known else ""
            told[place] = Trend(str(fact.get("label")), change, _spark(name, fact, [*good, run], lang))
    return told


def _facts(page: Mapping[str, Any]) -> Facts:
    return {str(fact["id"]): fact for result in page.get("results") or [] for fact in result["facts"]}


def _change(change: FactChange | None, changes: Changes | None, lang: str) -> str:
    """How a fact differs from what it was, and since when."""
    if changes is None:
        return ""
    day, today = changes.before[:_DAY], changes.run[:_DAY]
    since = day if day != today else moment_of(changes.before)
    if change is None:
        return Message("changes.since.same", {"since": since}).text(lang)
    if change.verdict in (APPEARED, NOT_COMPARABLE):
        return Message(f"changes.since.{change.verdict}", {"since": since}).text(lang)
    key = "unusual" if change.verdict == UNUSUAL else "moved"
    moved = difference(change, lang)
    if not moved:
        key, moved = "was", number(change.before, change.unit)
    return Message(f"changes.since.{key}", {"change": moved, "since": since}).text(lang)


def _spark(name: str, fact: Mapping[str, Any], runs: Sequence[PastRun], lang: str) -> str:
    """The line of a fact, where enough earlier runs hold it and it has ever moved."""
    values = _values(name, fact, runs)
    if len(values) <= EARLIER or len(set(values)) == 1:
        return ""
    unit, kind = str(fact.get("unit") or ""), str(fact.get("kind") or "fact")
    ends = {"least": number(min(values), unit, kind), "most": number(max(values), unit, kind)}
    return spark(values, Message("changes.since.spark", {"n": len(values), **ends}).text(lang))


def _values(name: str, fact: Mapping[str, Any], runs: Sequence[PastRun]) -> tuple[float, ...]:
    """A fact in runs with the page's own parameters and sources; of those on one state of the data in the last."""
    wanted, found = _setting(runs[-1].pages[name]), dict[tuple[Any, ...], float]()
    for run in runs:
        page = run.pages.get(name)
        own = _facts(page).get(str(fact.get("id"))) if page and _setting(page) == wanted else None
        if page and own and own["unit"] == fact["unit"] and own["kind"] == fact["kind"] and _is_number(own["value"]):
            state = tuple(sorted((source, data["key"], data[AS_OF]) for source, data in data_of(page).items()))
            found.pop(state, None)
            found[state] = float(own["value"])
    return tuple(found.values()) if _is_number(fact.get("value")) else ()


def _setting(page: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    return {key: value for key, value in page["parameters"].items() if key != AS_OF}, sorted(data_of(page))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def spark(values: Sequence[float], said: str) -> Markup:
    """A small line through values, a dot on the last one, and a sentence for those who point at it or hear it.

    >>> spark([1, 3, 2], "3 runs").count("<circle")
    1

    Args:
        values: At least two, oldest first.
        said: What it shows.
    """
    least, span = min(values), max(values) - min(values)
    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    heights = [(value - least) / span if span else 0.5 for value in values]
    points = [
        (_EDGE + step * place, _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * height) for place, height in enumerate(heights)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    words = html.escape(said)
    return Markup(  # noqa: S704 - numbers and an escaped sentence
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{words}"><title>{words}</title>'
        f'<polyline points="{path}" class="ln"/>'
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.5" class="on"/></svg>'
    )
