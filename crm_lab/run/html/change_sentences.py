"""What has changed since the last good run, in sentences: for the terminal, the index and messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from crm_lab.messages import Message
from crm_lab.run.archive.causes import DATA, Cause
from crm_lab.run.archive.changes import UNKNOWN, USUAL, Changes, FactChange
from crm_lab.run.html.presentation import number

SHOWN: Final = 5
WITH_IT: Final = 3
CAUSES: Final = 6


def sentences(changes: Changes | None, lang: str, most: int = SHOWN) -> list[str]:
    """A first sentence that says how much moved, then one for each figure outside what is usual.

    Args:
        changes: What `compare_runs` found; ``None`` for a first run.
        lang: Language of the sentences.
        most: How many figures are named.

    >>> sentences(None, "en")
    ['This is the first good run of the suite: there is nothing to compare it with.']
    """
    if changes is None:
        return [Message("changes.first").text(lang)]
    values = {"before": moment_of(changes.before), "compared": changes.compared, "run": changes.run}
    ended = [_ended(changes.names.get(name, name), *states, lang) for name, states in changes.pages.items()]
    if not changes.facts:
        return ended or [Message("changes.nothing", values).text(lang)]
    if not changes.unusual:
        return [_none_unusual(changes, values, lang), cause_sentence(_all_causes(changes.facts), lang), *ended]
    falls = _falls(changes.unusual)
    said = (None, *(fall[0].causes for fall in falls))  # of the sentence before: a cause is said once
    told = [_told(fall, lang, why=fall[0].causes != why) for fall, why in zip(falls[:most], said, strict=False)]
    left = sum(len(fall) for fall in falls[most:])
    more = [Message("changes.more", {**values, "n": left}).text(lang)] if left else []
    return [Message("changes.unusual", {**values, "n": len(changes.unusual)}).text(lang), *told, *more, *ended]


def _none_unusual(changes: Changes, values: dict[str, Any], lang: str) -> str:
    """How many moved, and of how many of them it cannot be said that this is usual."""
    counted = Counter(change.verdict for change in changes.facts)
    counts = {"n": len(changes.facts), "usual": counted[USUAL], "unknown": counted[UNKNOWN]}
    others = counts["n"] - counts["usual"] - counts["unknown"]
    key = "changes.usual" if counts["usual"] == counts["n"] else "changes.untold"
    return Message(key, {**values, **counts, "others": others}).text(lang)


def _once(facts: Iterable[FactChange]) -> list[FactChange]:
    """Facts that moved from one number to one other are one, whatever they are called: the first stands for all."""
    return list({(change.before, change.after, change.unit): change for change in reversed(list(facts))}.values())[::-1]


def _falls(facts: Iterable[FactChange]) -> list[list[FactChange]]:
    """Facts of one page have been moved by the same and are one event, told by the one that lies farthest out."""
    found: dict[str, list[FactChange]] = {}
    for change in _once(facts):
        found.setdefault(change.notebook, []).append(change)
    return list(found.values())


def _told(fall: Sequence[FactChange], lang: str, *, why: bool) -> str:
    """One event: its first figure in full, and by how much others of its page moved with it."""
    first, *others = fall
    told = sentence(first, lang, why=why)
    if not others:
        return told
    some = Message("changes.cause.and").text(lang).join(f"{o.label}{by_how_much(o, lang)}" for o in others[:WITH_IT])
    key = "changes.with_it" if len(others) <= WITH_IT else "changes.with_it_more"
    return f"{told} {Message(key, {'some': some, 'n': len(others) - WITH_IT}).text(lang)}"


def _all_causes(facts: Iterable[FactChange]) -> tuple[Cause, ...]:
    """The causes of all facts, each once."""
    return tuple({(cause.kind, cause.what): cause for change in facts for cause in change.causes}.values())


def sentence(change: FactChange, lang: str, *, why: bool = True) -> str:
    """One figure: what it is, what it was, by how much it moved, and why, unless that was just said."""
    values = {
        "label": change.label,
        "page": change.page,
        "after": number(change.after, change.unit, change.kind),
        "before": number(change.before, change.unit, change.kind),
        "change": by_how_much(change, lang),
        "cause": cause_sentence(change.causes, lang) if why else "",
    }
    return Message("changes.moved", values).text(lang).strip()


def by_how_much(change: FactChange, lang: str) -> str:
    """The difference behind a number, in brackets; empty where there is none to be said."""
    said = difference(change, lang)
    return Message("changes.in_brackets", {"change": said}).text(lang) if said else ""


def difference(change: FactChange, lang: str) -> str:
    """The difference in percentage points of a share, else in per cent; empty where neither can be said."""
    before, after = change.before, change.after
    if not all(isinstance(value, int | float) for value in (before, after)):
        return ""
    if change.unit == "share":
        return Message("changes.points", {"points": _signed((after - before) * 100, "")}).text(lang)
    return _signed((after / before - 1) * 100, "%") if before else ""


def _signed(value: float, mark: str) -> str:
    return f"{value:+.1f}{mark}".replace("-", "−")


def cause_sentence(causes: tuple[Cause, ...], lang: str) -> str:
    """All causes in one sentence, each once, however many sources it has moved; of very many the first few."""
    found = list(dict.fromkeys(text for cause in causes for text in _cause_texts(cause, lang)))
    if not found:
        return Message("changes.cause.none").text(lang)
    more = len(found) - CAUSES
    told = [*found[:CAUSES], *([Message("changes.cause.more", {"n": more}).text(lang)] if more > 0 else [])]
    return Message("changes.cause.because", {"causes": Message("changes.cause.and").text(lang).join(told)}).text(lang)


def _cause_texts(cause: Cause, lang: str) -> list[str]:
    if cause.kind == DATA:
        values: dict[str, Any] = {"source": cause.title or cause.what, "since": cause.since}
        return [Message(f"changes.cause.{kind}", {**values, "n": n}).text(lang) for kind, n in cause.detail.items()]
    values = {"what": cause.what, "before": cause.before, "after": cause.after}
    return [Message(f"changes.cause.{cause.kind}", values).text(lang)]


def _ended(page: str, before: str, after: str, lang: str) -> str:
    states = {"before": Message(f"changes.status.{before}"), "after": Message(f"changes.status.{after}")}
    return Message("changes.page", {"page": page, **states}).text(lang)


def moment_of(run_id: str) -> str:
    """When a run started.

    >>> moment_of("2026-01-31T06-00-00Z")
    '2026-01-31 06:00 UTC'
    """
    day, _, time = run_id.partition("T")
    return f"{day} {time[:2]}:{time[3:5]} UTC"
