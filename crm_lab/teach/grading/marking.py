"""Is an answer right? And where it is not, what it looks like that went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm_lab.messages import Message
from crm_lab.teach.answers import Plain, as_asked, form_message, shown
from crm_lab.teach.course.questions import Question

_NOISE = 1e-9
_CLOSE = 10  # times the tolerance: a slip in rounding, not another idea


@dataclass(frozen=True, slots=True)
class Mark:
    """One question of one student.

    Attributes:
        question: The exercise.
        given: The answer, as plain number or text; ``None`` where there is none.
        expected: What the solution gives on this student's data; ``None`` where it gives nothing.
        remark: What can be said of the answer.
        like: Whose answer it would be, where it is wrong here and right for another student.
        weight: Points that a right answer is worth.
        by_hand: Points given by hand; they count, whatever the answer.
        comment: What was said by hand.
    """

    question: Question
    given: Plain
    expected: Plain
    remark: Message
    like: str = ""
    weight: float = 1.0
    by_hand: float | None = None
    comment: str = ""

    @property
    def counts(self) -> bool:
        """Whether there is anything to compare with, or points were given by hand."""
        return self.expected is not None or self.by_hand is not None

    @property
    def points(self) -> float:
        """What it is worth to the student."""
        return self.by_hand if self.by_hand is not None else self.weight * self.right

    @property
    def worth(self) -> float:
        """What it could be worth."""
        return self.weight if self.counts else 0.0

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one."""
        return agrees(self.given, self.expected, self.question)

    @property
    def given_text(self) -> str:
        """The answer as it was compared."""
        return shown(self.given, self.question.form, self.question.digits)

    @property
    def expected_text(self) -> str:
        """The right answer, rounded as asked."""
        return shown(self.expected, self.question.form, self.question.digits)


def agrees(given: Plain, expected: Plain, question: Question) -> bool:
    """Whether two answers are the same: text without capitals, counts exactly, others but for one in the last decimal.

    >>> q = Question("04.q1", "solution", "answer_1", "share", 3, "", "")
    >>> agrees(0.2154, 0.21549, q), agrees(0.217, 0.21549, q), agrees(None, 0.2, q)
    (True, False, False)
    """
    if given is None or expected is None or isinstance(given, str) != isinstance(expected, str):
        return False
    if isinstance(given, str) or isinstance(expected, str):
        return str(given).casefold() == str(expected).casefold()
    return abs(given - expected) <= tolerance(question)


def tolerance(question: Question) -> float:
    """How far an answer may be off: one in the last decimal asked for; nothing for counts."""
    return _NOISE if question.form == "count" else 10.0**-question.digits * (1 + _NOISE)


def mark(
    question: Question,
    taken: Mapping[str, Any] | None,
    expected: Plain,
    published: Plain,
    handed_in: bool = True,
    weight: float = 1.0,
) -> Mark:
    """Judge one answer.

    Args:
        question: The exercise.
        taken: ``value`` and ``given`` as they were taken down; ``None`` where the cell was never reached.
        expected: What the solution gives on this student's data.
        published: What it gives on the page's own data.
        handed_in: Whether there was a notebook.
        weight: Points that a right answer is worth.
    """
    given = (taken or {}).get("value")
    given = given if isinstance(given, int | float | str) and not isinstance(given, bool) else None
    in_quotes = isinstance(given, str) and question.form != "label"
    given = as_asked(given, question.form)
    remark = _remark(question, given, expected, published, str((taken or {}).get("given") or ""), handed_in)
    if in_quotes and remark.key == "mark.right":
        remark = Message("mark.right_as_text")
    return Mark(question, given, expected, remark, weight=weight)


def not_marked(question: Question, weight: float) -> Mark:
    """A question whose answer nobody has looked at."""
    return Mark(question, None, None, Message("mark.not_graded"), weight=weight)


def _remark(
    question: Question, given: Plain, expected: Plain, published: Plain, looked_like: str, handed_in: bool
) -> Message:
    if expected is None:
        return Message("mark.not_counted")
    if given is None or isinstance(given, str) != isinstance(expected, str):
        return _no_answer(question, looked_like, handed_in)
    if agrees(given, expected, question):
        return Message("mark.right")
    return Message(f"mark.{_slip(given, expected, published, question)}")


def _no_answer(question: Question, looked_like: str, handed_in: bool) -> Message:
    if not handed_in:
        return Message("mark.not_handed_in")
    if not looked_like:
        return Message("mark.blank")
    return Message("mark.no_form", {"given": looked_like, "form": form_message(question.form, question.digits)})


def _slip(given: Plain, expected: Plain, published: Plain, question: Question) -> str:
    """The name of the slip that would explain a wrong answer; ``wrong`` where none does."""
    if agrees(given, published, question):
        return "published"
    if isinstance(given, str) or isinstance(expected, str) or given is None or expected is None:
        return "wrong"
    slips = {
        "per_cent": given / 100 if question.form == "share" else None,
        "hundredfold": given / 100,
        "sign": -given,
        "complement": 1 - given if question.form == "share" else None,
    }
    found = next((name for name, value in slips.items() if agrees(value, expected, question)), None)
    if found is None and abs(given - expected) <= _CLOSE * tolerance(question):
        return "rounding"
    return found or "wrong"


def with_likeness(marks: tuple[Mark, ...], others: Mapping[str, Mapping[str, Plain]]) -> tuple[Mark, ...]:
    """The marks with the name of the one other student to whose data a wrong answer belongs.

    Answers of less than three digits agree too often by chance and are passed over.

    Args:
        marks: Of one student.
        others: The other students' expected answers, by student and question.
    """
    return tuple(replace(m, like=_whose(m, others)) for m in marks)


def _whose(m: Mark, others: Mapping[str, Mapping[str, Plain]]) -> str:
    digits = sum(character.isdigit() for character in m.given_text.lstrip("0.-"))
    if m.right or m.given is None or digits < 3:
        return ""
    owners = [who for who, expected in others.items() if agrees(m.given, expected.get(m.question.id), m.question)]
    return owners[0] if len(owners) == 1 else ""
