"""What is found out about a file: readings taken with what speaks for them, and questions with their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.messages import Message


def say(key: str, **values: Any) -> Message:
    """A sentence of the door by its key, in the language that is active when it is shown.

    >>> str(say("price.of_a_unit"))
    'of a unit'
    """
    return Message(f"door.{key}", values)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: what it means, and the words on the command line that give it."""

    words: Message | str
    flags: str

    def __str__(self) -> str:
        return say("form.option", flags=self.flags, words=self.words).text()


@dataclass(frozen=True, slots=True)
class Question:
    """Two readings fit.

    Attributes:
        topic: What it is about; one of `Answers`' fields or a role.
        sentence: What is seen, and what is asked.
        options: The answers.
    """

    topic: str
    sentence: Message | str
    options: tuple[Option, ...]

    def __str__(self) -> str:
        options = str(say("form.or")).join(map(str, self.options))
        return say("form.question", sentence=self.sentence, options=options).text()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said on the command line; empty where nothing.

    Attributes:
        columns: Role to column; an empty column takes the role away.
        decimal: Decimal mark.
        date_format: Format of the dates.
        timezone: The retailer's time zone.
        currency: Of all amounts.
        keep_currency: The one currency to keep.
        rates: Currency to what a unit of it is in `currency`.
        amount_is: As in the source's description.
        discount_is: The same.
        status: Word to meaning; ``{"usual": ""}`` takes the proposal.
        nobody: Customer numbers that are nobody's.
        somebody: Customer numbers that are somebody's although they do not seem so.
        counts_only: There are no amounts.
        sheets: Of a workbook the sheets to read.
        products: Product to ``sale``, ``fee``, ``no_sale`` or ``discount``; ``{"usual": ""}`` takes the proposal.
        amount_unit: What one of the amounts is in the currency; 0 where nothing was said.
        kind: ``purchases`` where the user said that the file holds them.
        customer_case: Customer numbers that differ only in capitals are the ``same`` or ``apart``.
        ignored: Columns that are not to be read.
        repeats: Lines that stand in an order twice are ``set_aside`` or ``kept``.
        overlap: Rows that stand in two files count ``once`` or are ``kept``; of orders in two versions the ``latest``.
        parts: What the name of a file or sheet holds, to ``sale``, ``no_sale`` or ``return``.
        prefixes: How an order number begins, to the same.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    decimal: str = ""
    date_format: str = ""
    timezone: str = ""
    currency: str = ""
    keep_currency: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)
    amount_is: str = ""
    discount_is: str = ""
    status: Mapping[str, str] = field(default_factory=dict)
    nobody: Sequence[str] = ()
    somebody: Sequence[str] = ()
    counts_only: bool = False
    sheets: Sequence[str] = ()
    products: Mapping[str, str] = field(default_factory=dict)
    amount_unit: float = 0.0
    kind: str = ""
    customer_case: str = ""
    ignored: Sequence[str] = ()
    repeats: str = ""
    overlap: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Settled:
    """The reading of a file as it grows.

    Attributes:
        settings: Keys of the source's description.
        columns: Role to column.
        findings: A line each for the report: what was taken and what speaks for it.
        questions: What is to be asked.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    findings: list[Message | str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def decimal(self) -> str:
        """The decimal mark; a point as long as none is found."""
        return str(self.settings.get("decimal", "."))

    def take(self, finding: Message | str, **settings: Any) -> None:
        """Note a reading."""
        self.settings.update(settings)
        self.findings.append(finding)

    def ask(self, topic: str, sentence: Message | str, *options: tuple[Message | str, str]) -> None:
        """Note a question; each option is its words and its flags."""
        self.questions.append(Question(topic, sentence, tuple(Option(*option) for option in options)))

    def raise_questions(self) -> None:
        """Raise all questions at once.

        Raises:
            BadInput: If there is any.
        """
        if self.questions:
            raise BadInput(str(say("form.two_readings")), [str(question) for question in self.questions])


def shell(text: str) -> str:
    """A word for the command line, quoted where the shell needs it."""
    import shlex

    return shlex.quote(text)
