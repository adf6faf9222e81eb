"""A page of a course as grading needs it, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from crm_lab.mime import ANSWER_MIME
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.answers import Plain
from crm_lab.teach.course.questions import Question, questions_of


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page of a course.

    Attributes:
        file: The committed page as it was when the course was built.
        content: The same, read.
        questions: Its exercises.
        published: Answers in its committed outputs, by question.
    """

    file: NotebookFile
    content: NotebookNode
    questions: tuple[Question, ...]
    published: Mapping[str, Plain]

    @classmethod
    def read(cls, file: NotebookFile) -> PageSource:
        """The page of a file."""
        content = nbformat.read(file.path, as_version=4)
        outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
        answers = [output.get("data", {}).get(ANSWER_MIME) for output in outputs]
        return cls(file, content, questions_of(content), {a["question"]: a["value"] for a in answers if a})
