"""Argument checks: every problem is collected, then said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

_NAME_BYTES = 100
_IN_NAMES = " -_.+@"
_TAKEN = {"LATEST", "CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


class BadInput(ValueError):  # noqa: N818 - the user's side of the counter, not a fault of ours
    """What the user gave cannot be used: one sentence, or a list with all the problems.

    Args:
        what: What was looked at, e.g. ``"the suite 'tour'"``.
        problems: One sentence each: what, got, rule, next step.

    >>> print(BadInput("The purchases table", ["3 rows without a date; drop them.", "2 of 9 purchases have no eur."]))
    The purchases table:
      - 3 rows without a date; drop them.
      - 2 of 9 purchases have no eur.
    """

    def __init__(self, what: str, problems: Sequence[str] = ()) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__(what if not problems else "\n".join([f"{what}:", *(f"  - {p}" for p in problems)]))


class CannotAnswer(BadInput):
    """What the user gave is in order, but these data cannot answer the question: why not, and what would.

    A page that ends with it is refused, not failed: the run goes on and is good.
    """


@dataclass
class Problems:
    """Collects what is wrong with one thing and raises it together.

    >>> problems = Problems("RFM settings")
    >>> problems.unless(1 > 1, "bins is 1; it must be 2 or more.")
    >>> problems.raise_any()
    Traceback (most recent call last):
    crm_lab.checks.BadInput: RFM settings:
      - bins is 1; it must be 2 or more.
    """

    what: str
    found: list[str] = field(default_factory=list)

    def unless(self, ok: object, sentence: str) -> None:
        """Note ``sentence`` unless ``ok`` is true."""
        if not ok:
            self.found.append(sentence)

    def extend(self, sentences: Iterable[str]) -> None:
        """Note several sentences."""
        self.found.extend(sentences)

    def raise_any(self) -> None:
        """Raise `BadInput` with all that was found.

        Raises:
            BadInput: If anything was noted.
        """
        if self.found:
            raise BadInput(self.what, self.found)


def as_name(text: str, what: str = "name") -> str:
    """A name that becomes a file or folder of the project: it stays there, on every system, in every terminal.

    >>> as_name("weekly report"), as_name("周报")
    ('weekly report', '周报')

    Args:
        text: What the user gave.
        what: What is named, for the error.

    Returns:
        The same text.

    Raises:
        BadInput: If it is empty or too long, begins with a point, or holds a path or characters that files cannot have.
    """
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise BadInput(f"The {what} holds bytes that are no UTF-8; write it with letters, digits, - and _.") from None
    wrong = sorted({c for c in text if not (c.isalnum() or c in _IN_NAMES)})
    if wrong:
        raise BadInput(f"The {what} {text!r} holds {' '.join(map(repr, wrong))}; write letters, digits, - and _.")
    if not text.strip() or text != text.strip() or text.startswith((".", "-")) or text.endswith("."):
        raise BadInput(
            f"The {what} {text!r} has a point, dash or blank at an end, or is empty: letters and digits go there."
        )
    if size > _NAME_BYTES:
        raise BadInput(f"The {what} has {size} bytes; {_NAME_BYTES} are the most.")
    if text.partition(".")[0].upper() in _TAKEN:
        raise BadInput(f"The {what} {text!r} is taken by the lab or by Windows; add a letter.")
    return text


def as_date(value: str | date | datetime, name: str = "as_of") -> date:
    """A calendar date from an ISO string, a date or a timestamp.

    >>> as_date("2017-12-31")
    datetime.date(2017, 12, 31)

    Raises:
        BadInput: If the value is no calendar date in the form YYYY-MM-DD.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} is {value!r}; it must be a date like 2017-12-31.") from None


def need_columns(columns: Iterable[str], needed: Iterable[str], what: str) -> None:
    """Refuse a frame that lacks columns, naming all that are missing.

    Raises:
        BadInput: If a needed column is missing.
    """
    have = list(columns)
    missing = [c for c in needed if c not in have]
    if missing:
        noun = "columns" if len(missing) > 1 else "column"
        raise BadInput(f"{what} lacks the {noun} {', '.join(missing)}; it has {', '.join(map(str, have))}.")


def not_shares(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is no share from 0 to 1."""
    for name in names:
        value = getattr(section, name)
        if not 0 <= value <= 1:
            yield f"{name} is {value}; it must be a share from 0 to 1."


def not_inside(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is not strictly between 0 and 1."""
    for name in names:
        value = getattr(section, name)
        if not 0 < value < 1:
            yield f"{name} is {value}; it lies between 0 and 1."


def not_positive(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is not above 0."""
    for name in names:
        value = getattr(section, name)
        if not value > 0:
            yield f"{name} is {value}; it must be above 0."


def negative(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting below 0."""
    for name in names:
        value = getattr(section, name)
        if not value >= 0:
            yield f"{name} is {value}; it must be 0 or more."


def not_portions(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is no share above 0 and up to 1."""
    for name in names:
        value = getattr(section, name)
        if not 0 < value <= 1:
            yield f"{name} is {value}; it must lie in (0, 1]."


def not_levels(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is no level of an interval."""
    for name in names:
        value = getattr(section, name)
        if not 0.5 <= value < 1:
            yield f"{name} is {value}; it must lie in [0.5, 1), e.g. 0.9."


def too_small(section: object, **least: float) -> Iterator[str]:
    """A sentence for each setting below its least value."""
    for name, low in least.items():
        value = getattr(section, name)
        if not value >= low:
            yield f"{name} is {value}; it must be {low} or more{' days' if name.endswith('_days') else ''}."


def not_rising(section: object, *names: str) -> Iterator[str]:
    """A sentence for each named setting that is no rising series of days."""
    for name in names:
        days = list(getattr(section, name))
        if not days or days[0] < 1 or days != sorted(set(days)):
            yield f"{name} is {tuple(days)!r}; it must be rising numbers of days, 1 or more."


def not_among(section: object, **known: Iterable[str]) -> Iterator[str]:
    """A sentence for each setting, or member of one with several, that is not among the known ones."""
    for name, names in known.items():
        value = getattr(section, name)
        if not value:
            yield f"{name} is empty; name one of {', '.join(names)}."
        unknown = [v for v in ([value] if isinstance(value, str) else value) if v not in names]
        if unknown:
            is_what = f"is {value!r}; it" if isinstance(value, str) else f"has {unknown}; each"
            yield f"{name} {is_what} must be one of {', '.join(names)}."


def check_settings(section: object, *problems: Iterable[str], **rules: object) -> None:
    """Raise what is wrong with the settings of an analysis together.

    Args:
        section: The settings; their class names them.
        *problems: Sentences, as `too_small` and its like give them.
        **rules: Setting to the rule it breaks, in words; nothing where it is kept.

    >>> from types import SimpleNamespace
    >>> check_settings(SimpleNamespace(bins=1), too_small(SimpleNamespace(bins=1), bins=2))
    Traceback (most recent call last):
    crm_lab.checks.BadInput: SimpleNamespace settings:
      - bins is 1; it must be 2 or more.
    """
    found = Problems(f"{type(section).__name__} settings")
    for sentences in problems:
        found.extend(sentences)
    for name, rule in rules.items():
        value = getattr(section, name)
        found.unless(not rule, f"{name} is {'empty' if value in ('', ()) else repr(value)}; {rule}.")
    found.raise_any()
