"""A course: its pages, its students, and which data each of them has on each page."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from crm_lab.checks import BadInput
from crm_lab.project import project_root
from crm_lab.run.suites.notebook_file import NotebookFile, notebooks
from crm_lab.run.suites.suite import load_suite
from crm_lab.simulate.scenario.streams import student_seed
from crm_lab.teach.course.roster import Student

OWN: Final = "own"
COURSE_FILE: Final = "course.json"
SIMULATED: Final = "simulated:"
SIMULATED_CUSTOMERS: Final = 1500
SIMULATED_SUITE: Final = "simulated"


@dataclass(frozen=True, slots=True)
class Assigned:
    """One student's data on one page.

    Attributes:
        parameters: What differs from the page's defaults; ``source`` among it.
        scenario: Simulated retailer that lies in `folder`; empty for a sample of the page's own data.
        folder: Name of the data folder beside the notebook.
        customers: How many.
        seed: The chance that plays.
        open_box: Whether the page's recomputations hold on these data.
    """

    parameters: Mapping[str, Any]
    scenario: str
    folder: str
    customers: int
    seed: int
    open_box: bool


@dataclass(frozen=True, slots=True)
class Course:
    """What an instructor's folder says of a course.

    Attributes:
        pages: Names of the notebooks.
        students: In the order of their list.
        lang: Language of readouts, hints and feedback.
        salt: Went into every seed, so that nobody can make another student's data, or the key of the own ones.
        given: The data, by student's id and page.
    """

    pages: tuple[str, ...]
    students: tuple[Student, ...]
    lang: str
    salt: str
    given: Mapping[str, Mapping[str, Assigned]]

    def to_json(self) -> str:
        """The text of its file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def read(cls, folder: Path) -> Course:
        """The course of an instructor's folder.

        Raises:
            BadInput: If there is none.
        """
        path = folder / COURSE_FILE
        if not path.is_file():
            raise BadInput(f"{folder} has no {COURSE_FILE}; name the folder that `crm-lab teach build` wrote.")
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            pages=tuple(content["pages"]),
            students=tuple(Student(**student) for student in content["students"]),
            lang=content["lang"],
            salt=content["salt"],
            given={
                student: {page: Assigned(**data) for page, data in pages.items()}
                for student, pages in content["given"].items()
            },
        )


def plan_course(
    pages: Sequence[NotebookFile], students: Sequence[Student], *, lang: str, data: str = OWN, salt: str
) -> Course:
    """A course in which every student has data of their own on every page.

    Args:
        pages: Its notebooks.
        students: Who takes it.
        lang: ``en`` or ``zh``.
        data: ``own`` for samples of each page's data, or ``simulated:SCENARIO``.
        salt: Goes into every seed: the same salt, the same data.

    Raises:
        BadInput: If a page has no parameter ``source``, or cannot run on these data.
    """
    given = {student.id: {page.name: _assigned(student, page, data, salt) for page in pages} for student in students}
    return Course(tuple(page.name for page in pages), tuple(students), lang, salt, given)


@cache
def _table() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("pages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def shared_sources(pages: Sequence[str]) -> tuple[str, ...]:
    """Sources that pages open beside the student's own."""
    return tuple(sorted({source for page in pages for source in _table().get(page, {}).get("shared", ())}))


def _assigned(student: Student, page: NotebookFile, data: str, salt: str) -> Assigned:
    if "source" not in page.schema.parameters:
        raise BadInput(f"{page.name} has no parameter 'source', so students cannot have data of their own there.")
    row = _table().get(page.name, {})
    fixed = row.get("set", {})
    seed = student_seed(student.id, salt)
    drawn = {
        name: int(np.random.default_rng([seed, i]).integers(low, high + 1))
        for i, (name, (low, high)) in enumerate(row.get("draw", {}).items())
    }
    data = row.get("data", OWN) if data == OWN else data
    if data == OWN:
        least = row.get("customers", _table()["customers"])
        customers = least + seed % (least // 3)
        source = f"{page.schema.defaults['source']},customers={customers},seed={seed}"
        return Assigned({"source": source, **fixed, **drawn}, "", "", customers, seed, row.get("open_box", True))
    scenario = data.removeprefix(SIMULATED)
    folder = f"data_{scenario}"
    parameters = {**_suite_parameters(page), "source": f"{SIMULATED}{folder}", **fixed, **drawn}
    return Assigned(parameters, scenario, folder, SIMULATED_CUSTOMERS, seed, open_box=False)


def _suite_parameters(page: NotebookFile) -> dict[str, Any]:
    """What the suite of the simulated retailer sets on a page."""
    root = project_root()
    suite = load_suite(SIMULATED_SUITE, root, notebooks(root))
    if page.name not in suite.pages:
        raise BadInput(f"{page.name} cannot run on a simulated retailer; leave out --data, or the page.")
    given = {**suite.parameters, **suite.pages[page.name].parameters}
    return {name: value for name, value in given.items() if name in page.schema.parameters}
