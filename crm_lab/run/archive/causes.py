"""Why a page says something else than it did: its data, its day, its parameters, its own cells, the code, packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crm_lab.run.archive.day_ledger import compare_ledgers
from crm_lab.run.archive.past_runs import PastRun

AS_OF: Final = "as_of"
DATA, PARAMETER, NOTEBOOK, CODE, PACKAGE, DEFINITION = "data", "parameter", "notebook", "code", "package", "definition"
OTHER_TABLES: Final = "other_tables"
UNRECORDED: Final = "unrecorded"
_NOT_PACKAGES: Final = ("platform",)


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why facts differ.

    Attributes:
        kind: ``data``, ``as_of``, ``parameter``, ``notebook``, ``code``, ``package`` or ``definition``.
        what: Which: the source, the parameter, the package.
        before: What it was.
        after: What it is.
        detail: Of data: how many rows came, came late, changed or went.
        since: Of data: the first day on which something differs.
        title: Of data: the source as readers know it.
    """

    kind: str
    what: str = ""
    before: Any = None
    after: Any = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    since: str = ""
    title: str = ""


def causes_of_page(notebook: str, before: PastRun, after: PastRun) -> tuple[Cause, ...]:
    """Everything that differs between two runs and can move a page's facts.

    Args:
        notebook: A page of both runs.
        before: The earlier run.
        after: The later run.
    """
    return (*_of_data(notebook, before, after), *_of_settings(notebook, before, after), *_of_code(before, after))


def data_of(page: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The data behind a page's results, by source."""
    found = (result.get("data") for result in page["results"])
    return {str(data["source"]): data for data in found if data}


def _of_data(notebook: str, before: PastRun, after: PastRun) -> Iterator[Cause]:
    old, new = data_of(before.pages[notebook]), data_of(after.pages[notebook])
    if not old or not new:  # a refused page tells of no data: other pages of its run saw them
        old, new = {**_of_run(before, new), **old}, {**_of_run(after, old), **new}
    for source in sorted(old.keys() & new.keys()):
        was, now = old[source], new[source]
        if was[AS_OF] != now[AS_OF]:
            yield Cause(AS_OF, source, was[AS_OF], now[AS_OF])
        if was["key"] != now["key"]:
            yield _cause_of_data(source, was, now, before, after)


def _of_run(run: PastRun, sources: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a whole run saw of some sources."""
    return {str(data["source"]): data for data in run.manifest.get("data", ()) if str(data["source"]) in sources}


def _cause_of_data(
    source: str, was: Mapping[str, Any], now: Mapping[str, Any], before: PastRun, after: PastRun
) -> Cause:
    """How the days differ that the later page saw: each kind of difference with its size."""
    old, new, title = before.ledger(was["key"]), after.ledger(now["key"]), str(now.get("title") or source)
    if old is None or new is None:
        return Cause(DATA, source, was["key"], now["key"], {UNRECORDED: True}, title=title)
    found = compare_ledgers(source, _until(old, now[AS_OF]), _until(new, now[AS_OF]))
    kinds = {kind: getattr(found, kind) for kind in found.causes} or {OTHER_TABLES: True}
    return Cause(DATA, source, was["key"], now["key"], kinds, found.first_day, title)


def _until(ledger: Mapping[str, Any], day: str) -> dict[str, list[Any]]:
    seen = [place for place, one in enumerate(ledger["day"]) if one <= day]
    return {name: [ledger[name][place] for place in seen] for name in ("day", "rows", "digest")}


def _of_settings(notebook: str, before: PastRun, after: PastRun) -> Iterator[Cause]:
    old, new = before.pages[notebook]["parameters"], after.pages[notebook]["parameters"]
    for name in sorted(old.keys() | new.keys()):
        if name != AS_OF and old.get(name) != new.get(name):
            yield Cause(PARAMETER, name, old.get(name), new.get(name))
    was, now = (_entry(run, notebook).get("sources_sha256") for run in (before, after))
    if was and now and was != now:
        yield Cause(NOTEBOOK, notebook, was, now)


def _entry(run: PastRun, notebook: str) -> Mapping[str, Any]:
    return next((entry for entry in run.manifest["pages"] if entry["notebook"] == notebook), {})


def _of_code(before: PastRun, after: PastRun) -> Iterator[Cause]:
    was, now = before.manifest["code"], after.manifest["code"]
    if was.get("sources_sha256") != now.get("sources_sha256"):
        yield Cause(CODE, "crm_lab", was.get("commit"), now.get("commit"))
    old, new = before.manifest["versions"], after.manifest["versions"]
    for name in sorted(old.keys() | new.keys()):
        if name not in _NOT_PACKAGES and old.get(name) != new.get(name):
            yield Cause(PACKAGE, name, old.get(name), new.get(name))
