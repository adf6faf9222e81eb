"""What one run will do: the pages in order, each with all its parameters decided and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from crm_lab.checks import BadInput, Problems
from crm_lab.run.parameters.schema import LATEST, Schema, Text
from crm_lab.run.suites.notebook_file import NotebookFile, pick
from crm_lab.run.suites.suite import SOURCE, Page, Suite, shared_problems

AS_OF = "as_of"


class TooOldError(BadInput):
    """The data are older than the suite allows, and nothing else is wrong."""


class DataDays(Protocol):
    """What the plan must know of the data; the runner itself reads none."""

    def day_range(self, source: str) -> tuple[date, date]:
        """First and last day in the data."""
        ...

    def last_complete_day(self, source: str) -> date:
        """The last day that is there as a whole."""
        ...

    def parts(self, source: str, by: str) -> Mapping[str, str]:
        """The parts of a source: each value of a column, with the name of its own source."""
        ...


@dataclass(frozen=True)
class Part:
    """The part of a source that a page is about.

    Attributes:
        by: What tells the parts apart, as the suite says it: ``store``.
        value: Which: ``"Bonn"``.
        slug: The same as a piece of a file's name.
        whole: Name of the whole source.
    """

    by: str
    value: str
    slug: str
    whole: str


@dataclass(frozen=True)
class PlannedPage:
    """One notebook with the parameters it gets."""

    notebook: NotebookFile
    after: tuple[str, ...]
    given: Mapping[str, Any]
    part: Part | None = None
    suite_page: Page | None = None

    @property
    def name(self) -> str:
        """The notebook's name; of a part with its own behind it: ``06_do_new_customers_return-Bonn``."""
        return f"{self.notebook.name}-{self.part.slug}" if self.part else self.notebook.name

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter's value: the given ones over the defaults."""
        return {**self.notebook.schema.defaults, **self.given}


@dataclass(frozen=True)
class Plan:
    """A suite ready to run."""

    suite: Suite
    pages: tuple[PlannedPage, ...]
    only: tuple[str, ...] = ()


def make_plan(
    suite: Suite, known: Mapping[str, NotebookFile], settings: Sequence[str] = (), only: Iterable[str] = ()
) -> Plan:
    """Decide and check everything before a kernel starts.

    Args:
        suite: What to run.
        known: The project's notebooks by name.
        settings: ``name=value`` for every notebook that declares the name, ``NOTEBOOK.name=value`` for one.
        only: Notebooks (or unique prefixes) to run; all unless given.

    Raises:
        BadInput: If a parameter is unknown or mistyped, or a notebook unknown; every problem is named.
    """
    keys = suite.order()
    names = list(dict.fromkeys(suite.pages[key].notebook for key in keys))
    asked = [_asked(text, names, suite) for text in only]
    chosen = {name for name, _ in asked}
    keys = [key for key in keys if not chosen or suite.pages[key].notebook in chosen]
    schemas = {suite.pages[key].notebook: known[suite.pages[key].notebook].schema for key in keys}
    typed = _typed(settings, schemas)
    pages = []
    for page in map(suite.pages.__getitem__, keys):
        schema = schemas[page.notebook]
        declared = {key: value for key, value in suite.parameters.items() if key in schema.parameters}
        given = schema.values({**declared, **page.parameters, **typed[page.notebook]})
        after = tuple(name for name in page.after if name in schemas)
        pages.append(PlannedPage(known[page.notebook], after, given, suite_page=page))
    return Plan(suite, tuple(pages), tuple(f"{name}-{part}" if part else name for name, part in asked))


def _asked(text: str, names: Sequence[str], suite: Suite) -> tuple[str, str]:
    """The notebook that ``--only`` means, and which of its parts; empty for all of it."""
    several = {page.notebook for page in suite.page if page.each}
    for name in names:
        if name in several and text.startswith(f"{name}-"):
            return name, text.removeprefix(f"{name}-")
    return pick(text, names, f"notebook in the suite {suite.name!r}"), ""


def _typed(settings: Sequence[str], schemas: Mapping[str, Schema]) -> dict[str, dict[str, Text]]:
    """The command line's settings by notebook: those for one notebook win over those for all."""
    problems = Problems("The parameters cannot be used")
    for_all: dict[str, Text] = {}
    for_one: dict[str, dict[str, Text]] = {name: {} for name in schemas}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator or not name.strip():
            problems.extend([f"{setting!r} is no setting; write name=value or NOTEBOOK.name=value."])
            continue
        notebook, dot, key = name.strip().rpartition(".")
        if not dot:
            for_all[key] = Text(value)
            continue
        try:
            for_one[pick(notebook, list(schemas))][key] = Text(value)
        except BadInput as error:
            problems.extend([str(error)])
    problems.extend(shared_problems(for_all, list(schemas.values())))
    for name, given in for_one.items():
        problems.extend(schemas[name].problems(given))
    problems.raise_any()
    return {
        name: {**{k: v for k, v in for_all.items() if k in schema.parameters}, **for_one[name]}
        for name, schema in schemas.items()
    }


def with_dates(plan: Plan, data: DataDays, today: date) -> Plan:
    """The plan with every ``as_of`` decided: ``latest`` becomes the last complete day in the data.

    Args:
        plan: What `make_plan` returned.
        data: Answers which days the data hold.
        today: The machine's date, for ``max_data_age_days``.

    Raises:
        BadInput: If a date lies outside the data, or the data are older than the suite allows.
    """
    problems = Problems(f"The suite {plan.suite.name!r} cannot run")
    pages = tuple(_dated(page, data, problems) for page in plan.pages)
    old = list(_too_old(plan, data, today))
    if old and not problems.found:
        raise TooOldError(problems.what, old)
    problems.found = list(dict.fromkeys([*problems.found, *old]))
    problems.raise_any()
    return replace(plan, pages=pages)


def _dated(page: PlannedPage, data: DataDays, problems: Problems) -> PlannedPage:
    source, as_of = page.parameters.get(SOURCE), page.parameters.get(AS_OF)
    if not isinstance(as_of, str):
        return page
    if source == "":  # the page reads a file of its own
        return page
    if not isinstance(source, str):
        if as_of == LATEST:
            problems.extend([f'{page.name}: as_of is "latest", but no parameter names the source; give a date.'])
        return page
    if as_of == LATEST:
        return replace(page, given={**page.given, AS_OF: data.last_complete_day(source).isoformat()})
    first, last = data.day_range(source)
    problems.unless(
        first <= date.fromisoformat(as_of) <= last,
        f"as_of is {as_of}; the data {source!r} hold {first} to {last}: name a day in there, or latest.",
    )
    return page


def _too_old(plan: Plan, data: DataDays, today: date) -> Iterable[str]:
    limit = plan.suite.max_data_age_days
    if limit is None:
        return
    for source in dict.fromkeys(page.parameters.get(SOURCE) for page in plan.pages):
        if not isinstance(source, str) or not source:
            continue
        last = data.last_complete_day(source)
        age = (today - last).days
        if age > limit:
            yield (
                f"the data {source!r} end on {last}, {age} days ago; the suite allows {limit} "
                "(max_data_age_days): bring newer data, or raise the limit."
            )
