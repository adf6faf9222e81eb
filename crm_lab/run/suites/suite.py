"""Suites: which notebooks run together, in which order, with which parameters. One TOML file each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crm_lab.checks import BadInput, Problems
from crm_lab.run.parameters.schema import meant
from crm_lab.run.suites.notebook_file import NotebookFile

DEFAULT_TIMEOUT_S = 900.0
MOST_PARTS = 24
SOURCE: Final = "source"
_OURS: Final = ("name", "asked")

OWN_DATA_ONLY = ("open-box", "teaching", "example")
"""Tags of cells that hold on the data a page comes with, or show other data: left out of reports on other data."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Page(_Table):
    """One notebook of a suite, or one for each part of its source."""

    notebook: str
    after: list[str] = []
    parameters: dict[str, Any] = {}
    each: str = ""
    """Column whose values tell the parts apart, such as ``store``: one page each."""
    each_of: list[str] = []
    """The parts wanted; all unless given."""
    each_at_most: Annotated[int, Field(ge=1)] = MOST_PARTS
    """More parts than these are refused."""

    @property
    def key(self) -> str:
        """What tells it from the other pages of its suite."""
        return f"{self.notebook}, each {self.each}" if self.each else self.notebook


class Notify(_Table):
    """Who is told of a run, and when. Servers and services stand in the environment, as they hold secrets."""

    on: list[Literal["failure", "change", "stale", "always"]] = ["failure", "change", "stale"]
    mail: list[str] = []


class Suite(_Table):
    """What one TOML file says."""

    title: str
    lang: Literal["en", "zh"] = "en"
    timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = DEFAULT_TIMEOUT_S
    max_data_age_days: Annotated[int, Field(ge=0)] | None = None
    parameters: dict[str, Any] = {}
    open_box: bool = True
    """Whether `OWN_DATA_ONLY` cells run, exercises on the lab's own data alone."""
    source: dict[str, Any] = {}
    """A retailer's own file; read by the data room when a page opens this suite as its source."""
    panel: dict[str, Any] = {}
    """A retailer's own panel of cities or stores; read where a page names this suite as its file."""
    notify: Notify | None = None
    page: Annotated[list[Page], Field(min_length=1)]
    name: Annotated[str, Field(exclude=True)] = ""
    asked: Annotated[str, Field(exclude=True)] = ""
    """What was typed to run it: its name, or the path of its file."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Tags of cells that do not run: exercises never do on a retailer's own data, recomputations on request."""
        if not self.open_box:
            return OWN_DATA_ONLY
        return ("teaching",) if self.source or self.panel else ()

    @property
    def pages(self) -> dict[str, Page]:
        """Its pages by their keys, in the order of the file."""
        return {page.key: page for page in self.page}

    def order(self) -> list[str]:
        """The keys of its pages, each after those it waits for, otherwise as in the file."""
        sorter = TopologicalSorter(_waits(self.page))
        rank = {name: position for position, name in enumerate(self.pages)}
        sorter.prepare()
        done: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=rank.__getitem__)
            done.extend(ready)
            sorter.done(*ready)
        return done


_TABLES: Final[Mapping[str, type[_Table]]] = {"page": Page, "notify": Notify}


def suite_files(root: Path) -> dict[str, Path]:
    """The suites of a project by name."""
    return {path.stem: path for path in sorted((root / "suites").glob("*.toml"))}


def load_suite(name_or_path: str, root: Path, known: Mapping[str, NotebookFile]) -> Suite:
    """The suite of a name in ``suites/``, or of a TOML file anywhere.

    Raises:
        BadInput: If there is none, or it has mistakes; every mistake is named.
    """
    path = _find(name_or_path, root)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The suite {path} is no TOML: {error}.") from None
    problems = Problems(f"The suite {path.stem!r} ({path})")
    problems.extend(f"unknown key {key!r}; a suite is named by its file." for key in _OURS if key in content)
    content |= {"name": path.stem, "asked": name_or_path}
    try:
        suite = Suite.model_validate(content)
    except ValidationError as error:
        problems.extend(_sentence(dict(one)) for one in error.errors())
        problems.extend(_mistakes(_readable_pages(content), {}, known))
        problems.raise_any()
        raise
    problems.extend(_mistakes(suite.page, suite.parameters, known))
    problems.raise_any()
    return suite


def _find(name_or_path: str, root: Path) -> Path:
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise BadInput(f"There is no file {name_or_path}; name a suite of 'crm-lab list' or a TOML file.")
        return path
    files = suite_files(root)
    if name_or_path not in files:
        raise BadInput(f"There is no suite {name_or_path!r}{meant(name_or_path, files)}")
    return files[name_or_path]


def _readable_pages(content: Mapping[str, Any]) -> list[Page]:
    """The pages that are well-formed, so that their mistakes are named along with the others."""
    pages = []
    raw = content.get("page")
    for entry in raw if isinstance(raw, list) else []:
        try:
            pages.append(Page.model_validate(entry))
        except ValidationError:
            continue
    return pages


def _sentence(error: Mapping[str, Any]) -> str:
    """One mistake that pydantic found, in our words."""
    *parents, key = error["loc"]
    where = _where(parents)
    if error["type"] == "extra_forbidden":
        fields = _TABLES.get(str(parents[0]) if parents else "", Suite).model_fields
        return f"{where}unknown key {key!r}{meant(str(key), [f for f in fields if f not in _OURS])}"
    if error["type"] == "missing":
        hint = "a suite has at least one [[page]]" if key == "page" else "add it"
        return f"{where}{key!r} is missing; {hint}."
    rule = f"{error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{_where(error['loc'])}{error['input']!r} cannot be used: {rule}."


def _where(location: list[Any] | tuple[Any, ...]) -> str:
    parts = [f"page {part + 1}" if isinstance(part, int) else str(part) for part in location]
    if len(location) > 1 and location[0] == "page":
        parts = parts[1:]
    return f"{', '.join(parts)}: " if parts else ""


def _mistakes(pages: list[Page], everywhere: Mapping[str, Any], known: Mapping[str, NotebookFile]) -> list[str]:
    """What pydantic cannot see: unknown and repeated notebooks, cycles, parameters that do not fit."""
    names, keys = [page.notebook for page in pages], [page.key for page in pages]
    found = [f"notebook {k!r} is listed twice; list it once." for k in dict.fromkeys(keys) if keys.count(k) > 1]
    for page in pages:
        if page.notebook not in known:
            found.append(f"there is no notebook {page.notebook!r}{meant(page.notebook, known)}")
            continue
        found.extend(
            f"{page.notebook}: runs after {name!r}, which is not in the suite; add it or leave it out."
            for name in page.after
            if name not in names
        )
        found.extend(known[page.notebook].schema.problems(page.parameters))
        if page.each and SOURCE not in known[page.notebook].schema.parameters:
            found.append(f"{page.notebook}: each needs a page with a parameter {SOURCE!r}; take it out.")
        if page.each_of and not page.each:
            found.append(f"{page.notebook}: each_of needs each, which says of what.")
    present = [known[name].schema for name in dict.fromkeys(names) if name in known]
    found.extend(shared_problems(everywhere, present))
    return [*found, *_cycle(pages)]


def shared_problems(given: Mapping[str, Any], schemas: list[Any]) -> list[str]:
    """What is wrong with values meant for every notebook that declares the name."""
    found = []
    for name, value in given.items():
        takers = [schema for schema in schemas if name in schema.parameters]
        if not takers:
            declared = dict.fromkeys(n for schema in schemas for n in schema.parameters)
            found.append(f"no notebook here has a parameter {name!r}{meant(name, declared)}")
        found.extend(problem for schema in takers for problem in schema.problems({name: value}))
    return found


def _waits(pages: list[Page]) -> dict[str, list[str]]:
    """The keys of the pages that each page waits for: of a notebook all its pages."""
    return {page.key: [other.key for other in pages if other.notebook in page.after] for page in pages}


def _cycle(pages: list[Page]) -> list[str]:
    try:
        TopologicalSorter(_waits(pages)).prepare()
    except CycleError as error:
        return [f"the notebooks wait for each other: {' after '.join(error.args[1])}."]
    return []
