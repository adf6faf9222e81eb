"""A page for each part of its source: suites name the column, the data its values, and each gets a page of its own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crm_lab.checks import BadInput, Problems
from crm_lab.run.parameters.schema import meant
from crm_lab.run.suites.plan import DataDays, Part, Plan, PlannedPage
from crm_lab.run.suites.suite import SOURCE

_SLUG = 40  # characters
_NAMED = 5  # parts that a refusal names


def with_parts(plan: Plan, data: DataDays) -> Plan:
    """The plan with every page that asks for it in as many pages as its source has parts.

    Args:
        plan: What `make_plan` returned.
        data: Answers which parts the data have.

    Raises:
        BadInput: If there are more parts than the suite allows, none, or not those it names; every problem is said.
    """
    problems = Problems(f"The suite {plan.suite.name!r} cannot run")
    pages = [one for page in plan.pages for one in _pages(page, data, problems)]
    problems.raise_any()
    pages = [page for page in pages if _is_asked_for(page, plan.only)]
    problems.extend(f"there is no page {name!r}." for name in plan.only if not _is_there(name, pages))
    problems.raise_any()
    return replace(plan, pages=tuple(replace(page, after=tuple(_waits(page, pages))) for page in pages))


def _pages(page: PlannedPage, data: DataDays, problems: Problems) -> Iterator[PlannedPage]:
    asked, source = page.suite_page, page.parameters.get(SOURCE)
    if asked is None or not asked.each:
        yield page
        return
    if not isinstance(source, str) or not source:
        problems.extend([f"{page.notebook.name}: each {asked.each} needs a source; name it in the suite."])
        return
    try:
        found = data.parts(source, asked.each)
    except BadInput as error:
        problems.extend([f"{page.notebook.name}: {error}"])
        return
    wanted = list(dict.fromkeys(asked.each_of)) or list(found)
    missing = [value for value in wanted if value not in found]
    problems.extend(
        f"{page.notebook.name}: there is no {asked.each} {value!r}{meant(value, found)}" for value in missing
    )
    problems.unless(found, f"{page.notebook.name}: the data {source!r} have no {asked.each}.")
    if not asked.each_of and len(found) > asked.each_at_most:
        problems.extend([_too_many(page, list(found), asked.each, asked.each_at_most)])
    slugs = slugs_of([value for value in wanted if value in found])
    for value, slug in slugs.items():
        part = Part(asked.each, value, slug, source)
        yield replace(page, part=part, given={**page.given, SOURCE: found[value]})


def _too_many(page: PlannedPage, values: Sequence[str], by: str, most: int) -> str:
    some = ", ".join(map(repr, values[:_NAMED]))
    return (
        f"{page.notebook.name}: the data have {len(values)} values of {by} ({some} …), and the suite allows {most} "
        "pages: name those you want in each_of, or raise each_at_most."
    )


def slugs_of(values: Sequence[str]) -> dict[str, str]:
    """A piece of a file's name for each value: itself where it can be one, else what can be, and a few digits.

    >>> slugs_of(["Bonn", "367", "Frankfurt (Main)"])
    {'Bonn': 'Bonn', '367': '367', 'Frankfurt (Main)': 'Frankfurt_Main-d247'}

    Args:
        values: Each once.
    """
    twins = Counter(value.casefold() for value in values)  # one file on some systems
    return {value: _slug(value, alone=twins[value.casefold()] == 1) for value in values}


def _slug(value: str, *, alone: bool) -> str:
    plain = re.sub(r"\W+", "_", value).strip("_")[:_SLUG]
    if plain == value and alone:
        return plain
    return f"{plain}-{hashlib.sha256(value.encode()).hexdigest()[:4]}".lstrip("-")


def _is_asked_for(page: PlannedPage, only: Sequence[str]) -> bool:
    return not only or page.name in only or page.notebook.name in only


def _is_there(name: str, pages: Sequence[PlannedPage]) -> bool:
    return any(name in (page.name, page.notebook.name) for page in pages)


def _waits(page: PlannedPage, pages: Sequence[PlannedPage]) -> Iterator[str]:
    """The pages it waits for: of a notebook with the same parts the one of its own part, else all."""
    for name in page.after:
        there = [other for other in pages if other.notebook.name == name]
        own = [other for other in there if page.part and other.part and _same(page.part, other.part)]
        yield from (other.name for other in own or there)


def _same(one: Part, other: Part) -> bool:
    return (one.by, one.value, one.whole) == (other.by, other.value, other.whole)


def to_json(part: Part | None) -> Mapping[str, str] | None:
    """What a page's record says of its part."""
    return {"by": part.by, "value": part.value, "slug": part.slug, "whole": part.whole} if part else None
