"""What grading gives: marks by page and student, and who handed in the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crm_lab.messages import Message
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.course.course import Course
from crm_lab.teach.course.roster import Student
from crm_lab.teach.grading.marking import Mark, with_likeness
from crm_lab.teach.grading.submissions import Submission
from crm_lab.teach.sandbox.sandbox import CellRun


@dataclass(frozen=True, slots=True)
class PageGrade:
    """One page of one student.

    Attributes:
        page: Name of the notebook.
        marks: One a question.
        remarks: What is to be said of file and run.
        errors: Cells that failed.
        seconds: What the submission took.
        late: Share of the points that lateness costs.
        is_graded: Whether the machine could run it; otherwise there is no mark, not even none.
    """

    page: str
    marks: tuple[Mark, ...]
    remarks: tuple[Message, ...] = ()
    errors: tuple[CellRun, ...] = ()
    seconds: float = 0.0
    late: float = 0.0
    is_graded: bool = True

    @property
    def has_mark(self) -> bool:
        """Whether it was graded, or everything of it by hand."""
        return self.is_graded or bool(self.marks and all(m.by_hand is not None for m in self.marks))

    @property
    def points(self) -> float:
        """What the right answers are worth, less what lateness costs."""
        return round(sum(m.points for m in self.marks) * (1 - self.late), 6)

    @property
    def of(self) -> float:
        """What all questions that count are worth."""
        return sum(m.worth for m in self.marks)


@dataclass(frozen=True, slots=True)
class StudentGrade:
    """All pages of one student."""

    student: Student
    pages: tuple[PageGrade, ...]

    @property
    def points(self) -> float:
        """Points on all pages."""
        return round(sum(page.points for page in self.pages), 6)

    @property
    def of(self) -> float:
        """What all questions that count are worth."""
        return sum(page.of for page in self.pages)

    @property
    def has_marks(self) -> bool:
        """Whether every page has a mark."""
        return all(page.has_mark for page in self.pages)

    @property
    def score(self) -> float:
        """Share of the points that there are."""
        return self.points / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Graded:
    """A class.

    Attributes:
        course: Its course.
        files: The pages as they were built.
        students: Everybody's grades.
        strays: Files that belong to nobody.
        submissions: What was graded, by student and page.
    """

    course: Course
    files: Mapping[str, NotebookFile]
    students: tuple[StudentGrade, ...]
    strays: tuple[Submission, ...] = ()
    submissions: Mapping[tuple[str, str], Submission] = field(default_factory=dict)


def with_likeness_of_class(grades: list[StudentGrade]) -> tuple[StudentGrade, ...]:
    """Wrong answers that are right on another student's data, named."""
    expected = {g.student.id: {m.question.id: m.expected for p in g.pages for m in p.marks} for g in grades}
    done = []
    for graded in grades:
        others = {who: answers for who, answers in expected.items() if who != graded.student.id}
        pages = tuple(replace(page, marks=with_likeness(page.marks, others)) for page in graded.pages)
        done.append(replace(graded, pages=pages))
    return tuple(done)
