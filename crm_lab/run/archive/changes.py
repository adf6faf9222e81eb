"""What a run says other than the last good one, why, and whether it is more than what changes every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from crm_lab.run.archive.causes import AS_OF, DEFINITION, PARAMETER, Cause, causes_of_page, data_of
from crm_lab.run.archive.control_limits import Limits, control_limits, standard_error
from crm_lab.run.archive.past_runs import PastRun, runs_before
from crm_lab.run.outcomes import short_name

REMEMBERED: Final = 52  # past runs from which limits are drawn
UNUSUAL, USUAL, UNKNOWN = "unusual", "usual", "unknown"
NOT_COMPARABLE, APPEARED, GONE = "not_comparable", "appeared", "gone"
_MEANING = ("unit", "kind", "definition", "denominator")
_LANGUAGE_FREE = ("unit", "kind")
_ORDER = (UNUSUAL, NOT_COMPARABLE, APPEARED, GONE, UNKNOWN, USUAL)

Facts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that is not what it was.

    Attributes:
        notebook: Page on which it stands.
        id: The fact's id.
        label: What a reader sees beside it.
        unit: Its unit.
        better: Which direction is good.
        before: Value before; ``None`` where there was none.
        after: Value now.
        verdict: ``unusual`` and ``usual`` by its limits, ``unknown`` where its past is too short for limits,
            ``not_comparable`` where definition, parameters or source are others, ``appeared``, ``gone``.
        in_interval: Whether the value now lies in the interval that it had before; ``None`` where it had none.
        limits: Between which values it would be a usual one.
        causes: What differs that can have moved it.
        kind: ``fact`` of an exact number, ``estimate`` of one that is rounded when shown.
        page: What its page is called in a sentence: ``06``, or ``06 Bonn`` where it is about a part of the data.
    """

    notebook: str
    id: str
    label: str
    unit: str
    better: str
    before: Any
    after: Any
    verdict: str
    in_interval: bool | None = None
    limits: Limits | None = None
    causes: tuple[Cause, ...] = ()
    kind: str = "estimate"
    page: str = ""

    @property
    def distance(self) -> float:
        """How many scales it lies from what was expected; 0 where nothing was."""
        return self.limits.distance(self.after) if self.limits else 0.0

    def to_json(self) -> dict[str, Any]:
        """The change as a JSON-ready dict; an infinite distance is none."""
        numeric = _is_number(self.before) and _is_number(self.after)
        return {**asdict(self), "change": self.after - self.before if numeric else None}


@dataclass(frozen=True, slots=True)
class Changes:
    """How a run differs from an earlier one.

    Attributes:
        run: Id of the run.
        before: Id of the earlier run.
        compared: Facts that both have.
        facts: Those that differ: unusual ones first, the most unusual on top.
        pages: Pages that ended otherwise than before: ``{notebook: (before, after)}``.
        names: What these are called in a sentence.
    """

    run: str
    before: str
    compared: int
    facts: tuple[FactChange, ...] = ()
    pages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def unusual(self) -> tuple[FactChange, ...]:
        """The facts outside their limits."""
        return tuple(change for change in self.facts if change.verdict == UNUSUAL)

    def to_json(self) -> dict[str, Any]:
        """What ``changes.json`` holds."""
        return {
            "schema": 1,
            "run_id": self.run,
            "before": self.before,
            "compared": self.compared,
            "pages": {name: list(ended) for name, ended in self.pages.items()},
            "facts": [change.to_json() for change in self.facts],
        }


def compare_runs(before: PastRun, after: PastRun, past: Sequence[PastRun] = ()) -> Changes:
    """What a run says other than an earlier one.

    Args:
        before: The earlier run.
        after: The later run.
        past: Good runs up to and with the earlier one, oldest first, from which limits are drawn.
    """
    shared = [name for name in after.pages if name in before.pages]
    compared = sum(len(_facts(before, name).keys() & _facts(after, name).keys()) for name in shared)
    found = [change for name in shared for change in _page(name, before, after, past, compared)]
    ended = {name: (str(before.pages[name]["status"]), str(after.pages[name]["status"])) for name in shared}
    return Changes(
        str(after.manifest["run_id"]),
        str(before.manifest["run_id"]),
        compared,
        tuple(sorted(found, key=lambda change: (_ORDER.index(change.verdict), -change.distance))),
        {name: states for name, states in ended.items() if states[0] != states[1]},
        {name: short_name(after.pages[name]) for name in shared},
    )


def changes_since(before: PastRun, after: PastRun) -> Changes:
    """What a run says other than an earlier one, with limits from the good runs up to the earlier one.

    Args:
        before: The earlier run.
        after: The later run.
    """
    good = [run for run in (*runs_before(before), before) if run.is_whole]
    return compare_runs(before, after, good[-REMEMBERED:])


def _page(name: str, before: PastRun, after: PastRun, past: Sequence[PastRun], compared: int) -> Iterable[FactChange]:
    old, new = _facts(before, name), _facts(after, name)
    differing = [key for key in dict.fromkeys([*new, *old]) if _said(old.get(key)) != _said(new.get(key))]
    if not differing:
        return []
    causes = causes_of_page(name, before, after)
    same_setting = _same_source(name, before, after) and not any(cause.kind == PARAMETER for cause in causes)
    same_language = before.pages[name]["lang"] == after.pages[name]["lang"]
    comparable = _comparable(name, after, past) if same_setting else []
    return [
        replace(
            _fact_change(name, old.get(key), new.get(key), causes, comparable if same_setting else None, compared)
            if _same_meaning(old.get(key), new.get(key), same_language)
            else _redefined(name, old[key], new[key], causes),
            kind=str((new.get(key) or old[key])["kind"]),
            page=short_name(after.pages[name]),
        )
        for key in differing
    ]


def _fact_change(
    name: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    causes: tuple[Cause, ...],
    past: Sequence[PastRun] | None,
    compared: int,
) -> FactChange:
    fact = new or old or {}
    verdict, limits, inside = NOT_COMPARABLE, None, None
    if old is None or new is None:
        verdict = APPEARED if old is None else GONE
    elif past is not None:
        limits = _limits(name, new, past, compared) if _is_number(new["value"]) else None
        verdict = UNKNOWN if limits is None else USUAL if limits.holds(new["value"]) else UNUSUAL
        inside = _in_interval(old, new)
    return FactChange(
        name,
        fact["id"],
        fact["label"],
        fact["unit"],
        fact["better"],
        old and old["value"],
        new and new["value"],
        verdict,
        inside,
        limits,
        causes,
    )


def _redefined(name: str, old: Mapping[str, Any], new: Mapping[str, Any], causes: tuple[Cause, ...]) -> FactChange:
    changed = next(part for part in _MEANING if old[part] != new[part])
    why = Cause(DEFINITION, new["id"], old[changed], new[changed])
    values = (new["id"], new["label"], new["unit"], new["better"], old["value"], new["value"])
    return FactChange(name, *values, NOT_COMPARABLE, causes=(why, *causes))


def _facts(run: PastRun, name: str) -> Facts:
    return {fact["id"]: fact for result in run.pages[name]["results"] for fact in result["facts"]}


def _said(fact: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    """What is compared of a fact; where there is no number, that it is missing, not the words that say why."""
    return None if fact is None else (fact["value"], fact["lo"], fact["hi"], fact["unit"], bool(fact["refusal"]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_meaning(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, same_language: bool) -> bool:
    parts = _MEANING if same_language else _LANGUAGE_FREE
    return old is None or new is None or all(old[part] == new[part] for part in parts)


def _same_source(name: str, one: PastRun, other: PastRun) -> bool:
    return data_of(one.pages[name]).keys() == data_of(other.pages[name]).keys()


def _in_interval(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool | None:
    if old["lo"] is None or old["hi"] is None or not _is_number(new["value"]):
        return None
    return bool(old["lo"] <= new["value"] <= old["hi"])


def _comparable(name: str, after: PastRun, past: Sequence[PastRun]) -> list[PastRun]:
    """Earlier runs of the page with the same source and parameters; of those on one state of the data the last."""
    wanted = _setting(after.pages[name])
    found: dict[tuple[tuple[str, str, str], ...], PastRun] = {}
    for run in past:
        if name in run.pages and _setting(run.pages[name]) == wanted and _same_source(name, run, after):
            state = tuple(sorted((s, d["key"], d[AS_OF]) for s, d in data_of(run.pages[name]).items()))
            found.pop(state, None)
            found[state] = run
    return list(found.values())


def _setting(page: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in page["parameters"].items() if key != AS_OF}


def _limits(name: str, fact: Mapping[str, Any], past: Sequence[PastRun], compared: int) -> Limits | None:
    """Limits from the values since the last one that was unusual."""
    told = [(run, _facts(run, name).get(fact["id"])) for run in past]
    known = [(run, one) for run, one in told if one is not None and _counts(one, fact)]
    values = [float(one["value"]) for _, one in known]
    broken = [place for place, (run, _) in enumerate(known) if (name, fact["id"]) in run.unusual]
    start = broken[-1] if broken else 0
    error = standard_error(fact["lo"], fact["hi"], fact["level"])
    return control_limits(values[start:], compared, error, values[:start])


def _counts(one: Mapping[str, Any], fact: Mapping[str, Any]) -> bool:
    return _is_number(one["value"]) and all(one[part] == fact[part] for part in _LANGUAGE_FREE)
