"""What an exercise asks, in the language of a course: the page's English, or the catalogue's translation."""

from __future__ import annotations

from crm_lab.messages import LANGUAGES, Message, catalogue
from crm_lab.teach.course.questions import Question


def task_of(question: Question, lang: str) -> str:
    """The task of an exercise as Markdown; English where it has no translation."""
    key = f"task.{question.id}"
    if lang == LANGUAGES[0] or key not in catalogue(lang):
        return question.task
    return Message(key).text(lang)
