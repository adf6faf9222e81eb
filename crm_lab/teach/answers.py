"""What an exercise asks for: ``check("04.q1", answer, "count")`` takes an answer down and says what it can of it.

A student's computer holds no answer, not even as a hash: rounded numbers are few enough to try them all. So `check`
judges the form alone (type, range, unit, what the notebook itself knows about it), gives hints when asked, and marks
come from `crm-lab teach grade`, which runs the solution on that student's data.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from crm_lab.messages import Message, catalogue
from crm_lab.mime import ANSWER_MIME

HINTS: Final = 2
SHOWN: Final = 80
_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_LARGEST: Final = 1e300

Form = Literal["count", "share", "number", "label"]
Plain = int | float | str | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What `check` says: the answer as it was taken down, what is wrong with its form, a hint.

    Attributes:
        question: Its id, page and number: ``04.q1``.
        form: What kind of answer is wanted.
        digits: Decimals that count.
        value: The answer as plain text or number; ``None`` where it has not the form.
        sentences: What the student reads.
    """

    question: str
    form: Form
    digits: int
    value: Plain
    sentences: tuple[Message, ...]

    def __str__(self) -> str:
        return " ".join(sentence.text() for sentence in self.sentences)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        state = "taken" if self.value is not None else "open"
        text = str(self)
        return {
            "text/plain": text,
            "text/html": f'<p class="crm-check crm-check-{state}">{html.escape(text)}</p>',
            ANSWER_MIME: {"question": self.question, "form": self.form, "digits": self.digits, "value": self.value},
        }


def check(
    question: str,
    answer: Any,
    form: Form,
    *,
    digits: int = 0,
    least: float | None = None,
    most: float | None = None,
    among: Collection[Any] = (),
    hint: int = 0,
) -> Feedback:
    """Take an answer down and say whether it can be one; whether it is right, grading says.

    Args:
        question: Page and number, e.g. ``04.q1``.
        answer: What was found; ``...`` while there is none; a sentence where the data allow none.
        form: ``count`` (a whole number), ``share`` (0 to 1), ``number`` or ``label`` (text).
        digits: Decimals that count; an answer may be off by one in the last of them.
        least: It cannot be less.
        most: It cannot be more.
        among: It must be one of these.
        hint: Show the hint of this level: 1 where to look, 2 how to do it.

    >>> print(check("99.q1", 54.3, "share", digits=3))
    99.q1: 54.3 is no share; a share lies between 0 and 1, so 25 % is 0.25.
    """
    given = plain(answer)
    value = as_asked(given, form)
    wanted = form_message(form, digits)
    problem = _problem(question, answer, value, form, wanted) or _bound(question, value, form, least, most, among)
    if problem is None:
        numbers = {"question": question, "value": shown(value, form, digits)}
        said = [Message("check.taken", {**numbers, "form": wanted})]
        if isinstance(given, str) and form != "label":
            said.append(Message("check.in_quotes"))
    else:
        said = [problem]
    level = hint or (1 if answer is ... else 0)
    return Feedback(question, form, digits, None if problem else value, (*said, *hints(question, level)))


def plain(answer: Any) -> Plain:
    """An answer as plain number or text; ``None`` where it is neither, or not finite.

    Numbers of numpy and pandas, periods and days are turned into Python's own; a series, table or array of a single
    value counts as that value.

    >>> import numpy as np
    >>> plain(np.int64(3)), plain([1, 2]), plain(float("nan")), plain(" Ann ")
    (3, None, None, 'Ann')
    """
    if getattr(answer, "size", None) == 1 and hasattr(answer, "to_numpy"):
        answer = answer.to_numpy().ravel()[0]
    item = getattr(answer, "item", None)
    if callable(item) and getattr(answer, "size", 1) == 1:
        answer = item()
    if type(answer).__name__ in {"Period", "date", "Timestamp"}:
        answer = str(answer)
    if isinstance(answer, str):
        return str(answer).strip()[:SHOWN]
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return None
    number = int(answer) if isinstance(answer, int) else float(answer)  # whatever methods it has
    return number if abs(number) < _LARGEST else None


def as_asked(value: Plain, form: Form) -> Plain:
    """An answer in the form asked for, where only quotes stand in between.

    >>> as_asked("280", "count"), as_asked(" .5 ", "share"), as_asked(280, "label"), as_asked("many", "count")
    (280, 0.5, '280', 'many')
    """
    if form == "label":
        return value if value is None else str(value)
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return value
    number = float(value)
    return int(number) if form == "count" and number.is_integer() else number


def shown(value: Plain, form: Form, digits: int) -> str:
    """An answer as people read it, rounded as the question asks.

    >>> shown(0.21547, "share", 4), shown(2205, "count", 0)
    ('0.2155', '2,205')
    """
    if value is None or isinstance(value, str):
        return "–" if value is None else value
    return f"{value:,.0f}" if form == "count" else f"{value:,.{digits}f}"


def form_message(form: Form, digits: int) -> Message:
    """What form an answer has, in words."""
    return Message(f"check.form_{form}", {"digits": digits})


def hints(question: str, level: int) -> tuple[Message, ...]:
    """The hints of a question up to a level; none where its page has none."""
    keys = [f"hint.{question}.{n}" for n in range(1, min(level, HINTS) + 1)]
    return tuple(
        Message("check.hint", {"level": n, "text": Message(key)})
        for n, key in enumerate(keys, start=1)
        if key in catalogue("en")
    )


def _problem(question: str, answer: Any, value: Plain, form: Form, wanted: Message) -> Message | None:
    numbers = {"question": question, "given": _looks(answer), "form": wanted}
    if answer is ...:
        return Message("check.blank", numbers)
    if isinstance(answer, Message):
        return Message("check.no_answer", {"question": question, "why": answer})
    if value is None or isinstance(value, str) != (form == "label"):
        return Message("check.wrong_type", {**numbers, "type": type(answer).__name__})
    if form == "count" and value != int(value):
        return Message("check.not_whole", numbers)
    if form == "share" and not 0 <= float(value) <= 1:
        return Message("check.no_share", numbers)
    return None


def _looks(answer: Any) -> str:
    """What somebody sees of an answer that is no plain one."""
    try:
        return repr(answer)[:SHOWN]
    except Exception:  # noqa: BLE001 - an object with methods of its own
        return type(answer).__name__


def _bound(
    question: str, value: Plain, form: Form, least: float | None, most: float | None, among: Collection[Any]
) -> Message | None:
    numbers = {"question": question, "given": value, "least": least, "most": most}
    if among and (value not in among and str(value) not in {str(one) for one in among}):
        return Message("check.not_among", numbers)
    if form == "label" or value is None:
        return None
    if least is not None and float(value) < least:
        return Message("check.too_small", numbers)
    if most is not None and float(value) > most:
        return Message("check.too_large", numbers)
    return None
