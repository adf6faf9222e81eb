"""What every analysis returns: a frame, a readout, facts, a plot, and how they are shown and published."""

from __future__ import annotations

import html
import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol

import pandas as pd

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.exports import write_csv
from crm_lab.messages import LANGUAGES, Message, as_message, catalogue, in_words, language
from crm_lab.mime import REPORT_VARIABLE, RESULT_MIME
from crm_lab.number_format import ROWS_SHOWN, format_frame
from crm_lab.number_format import table_html as table_html  # noqa: PLC0414 - found here by others

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS: Final = 200_000  # of a table that a report brings as CSV
Kind = Literal["fact", "estimate", "forecast", "simulated"]
Better = Literal["up", "down", "none"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval with its confidence level.

    >>> Interval(1.2, 3.4, 0.95).hi
    3.4

    Attributes:
        lo: Lower end.
        hi: Upper end.
        level: Confidence level.
    """

    lo: float
    hi: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Fact:
    """One number a report may state, with all that is needed to read it right.

    >>> fact = Fact("shop.buyers", "readout.finding", 120, "customers", n=120)

    Attributes:
        id: Stable dotted name, e.g. ``rfm.champions.customers``.
        label: What a reader sees beside it: a message, or the key of one without values.
        value: The number (or text); ``None`` where `refusal` says why there is none.
        unit: ISO currency code, ``share`` (0-1, shown in per cent), ``customers``, ``days``, ... or empty.
        ci: Interval of an estimate or forecast; facts that are counts and sums have none.
        kind: ``fact`` (counted), ``estimate``, ``forecast`` or ``simulated``.
        n: Units the number rests on.
        window: Dates or length of time it covers: as it is, a key of the catalogue, or a message.
        denominator: What it is a share of, likewise.
        definition: How it is computed, likewise.
        better: Which direction is good.
        refusal: Why there is no number.
        decides: Whether it says what to do: `publish` leaves it out on simulated data, on which nothing is decided.
    """

    id: str
    label: Message | str
    value: float | int | str | None
    unit: str = ""
    ci: Interval | None = None
    kind: Kind = "fact"
    n: int | None = None
    window: Message | str = ""
    denominator: Message | str = ""
    definition: Message | str = ""
    better: Better = "none"
    refusal: Message | None = None
    decides: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", as_message(self.label))

    def to_json(self) -> dict[str, Any]:
        """The fact as a JSON-ready dict, its label in the active language.

        >>> fact.to_json()["value"]
        120
        """
        value: Any = self.value
        value = value.item() if hasattr(value, "item") else value
        return {
            "id": self.id,
            "label": str(self.label),
            "value": value,
            "unit": self.unit,
            **{end: None if self.ci is None else float(getattr(self.ci, end)) for end in ("lo", "hi", "level")},
            "kind": self.kind,
            "n": None if self.n is None else int(self.n),
            **{name: in_words(getattr(self, name)) for name in ("window", "denominator", "definition")},
            "better": self.better,
            "refusal": None if self.refusal is None else self.refusal.text(),
        }


@dataclass(frozen=True, slots=True)
class Readout:
    """Three sentences: what was found, how sure that is and under which assumption, what to do.

    A sentence without values may be given as its key.

    >>> certain, act = "churn.drift.keep", "churn.drift.train"
    >>> readout = Readout(act, certain, act)

    Attributes:
        finding: What was found.
        certainty: How sure that is and under which assumption.
        action: What to do.
    """

    finding: Message | str
    certainty: Message | str
    action: Message | str

    def __post_init__(self) -> None:
        for name in ("finding", "certainty", "action"):
            object.__setattr__(self, name, as_message(getattr(self, name)))

    @classmethod
    def of(
        cls,
        section: str,
        values: Mapping[str, Any],
        finding: Message | str = "finding",
        certainty: Message | str = "certainty",
        action: Message | str = "action",
    ) -> Readout:
        """A readout from a section of the message catalogue; `values` holds the numbers of its templates.

        Each part is the rest of a key, such as ``"certainty"`` in the section ``"clv.map"``, or a message.

        >>> said = Readout.of("segments.call", {}, "nobody_action", "nobody_certainty", "nobody_action")
        >>> said.finding.key
        'segments.call.nobody_action'

        Args:
            section: Section of the catalogue.
            values: Numbers for the templates.
            finding: Rest of the key of the finding, or a message.
            certainty: The same of the certainty.
            action: The same of the action.

        Returns:
            The readout.
        """
        parts = (finding, certainty, action)
        return cls(*(Message(f"{section}.{part}", values) if isinstance(part, str) else part for part in parts))

    def items(self) -> tuple[tuple[str, Message], ...]:
        """The parts in reading order, by name.

        >>> [name for name, message in readout.items()]
        ['finding', 'certainty', 'action']
        """
        return tuple((name, as_message(getattr(self, name))) for name in ("finding", "certainty", "action"))

    def text(self, lang: str | None = None) -> str:
        """The readout as one paragraph.

        >>> len(readout.text("en")) > 0
        True

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            One paragraph.
        """
        return " ".join(message.text(lang) for _, message in self.items())

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        rows = (
            f"<dt>{html.escape(Message(f'readout.{name}').text())}</dt><dd>{html.escape(message.text())}</dd>"
            for name, message in self.items()
        )
        return f'<dl class="crm-readout" lang="{language()}">{"".join(rows)}</dl>'


class DataSet(Protocol):
    """What `publish` needs to know of the data behind a result."""

    def provenance(self) -> dict[str, Any]:
        """Source, title, as_of, last day, rows, key, simulated.

        >>> from crm_lab import open_workspace
        >>> open_workspace("cdnow_sample").at("1998-06-30").provenance()["source"]
        'cdnow_sample'
        """
        ...


class Result(ABC):
    """Base of every analysis result: frozen, complete, and free of any engine's frame.

    A subclass is a frozen dataclass that fills in `to_frame`, `readout` and `facts`, and names the
    formats of its columns in `formats` (``str.format`` specifications, e.g. ``{"share": ".1%"}``) and, in `words`,
    how the messages begin that name the levels of a column (e.g. ``{"verdict": "plan.verdict_"}``).

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rfm = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> result = rfm.segments()
    """

    name: ClassVar[str]
    formats: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """The result as a tidy pandas table, unrounded.

        >>> result.to_frame()["customers"].sum() == len(tables["customer_360"])
        np.True_
        """

    def shown(self) -> pd.DataFrame:
        """`to_frame` as people read it: names of groups in words; the table itself is the same in every language.

        >>> result.shown()["name"].iloc[0]
        'Champions'
        """
        return self.in_words(self.to_frame())

    def to_publish(self) -> pd.DataFrame:
        """The table that a report brings as a file; a result whose table identifies people gives another one.

        >>> result.to_publish().equals(result.to_frame())
        True
        """
        return self.to_frame()

    def columns_of_data(self) -> Collection[str]:
        """Columns whose names come from the data (the arms of a test, a group): they are the same in every language.

        >>> list(result.columns_of_data())
        []
        """
        return ()

    def in_words(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A table of this result with the levels of the columns in `words` as people read them.

        >>> result.in_words(result.to_frame()).shape == result.to_frame().shape
        True

        Args:
            frame: A table with columns named in `words`.

        Returns:
            A copy.
        """
        named = {column: start for column, start in self.words.items() if column in frame}
        return frame.assign(
            **{c: [Message(f"{start}{level}").text() for level in frame[c]] for c, start in named.items()}
        )

    @abstractmethod
    def readout(self) -> Readout:
        """The result in one to three sentences: finding, certainty, action.

        >>> list(dict(result.readout().items()))
        ['finding', 'certainty', 'action']
        """

    @abstractmethod
    def facts(self) -> tuple[Fact, ...]:
        """The numbers that a report may state.

        >>> result.facts()[0].value
        2357
        """

    def refusal(self) -> Message | None:
        """Why the data cannot answer the question, or ``None`` if they can.

        >>> result.refusal() is None
        True
        """
        return None

    def plot(self, **options: Any) -> Axes:
        """Draw the result.

        >>> type(rfm.plot()).__name__
        'Axes'

        Args:
            options: Options of the drawing function in `crm_lab.plots`; each takes ``ax``.

        Returns:
            Axes.
        """
        axes: Axes = importlib.import_module("crm_lab.plots").draw(self, **options)
        return axes

    def _repr_html_(self) -> str:
        return table_html(self.shown(), self.formats)

    def __str__(self) -> str:
        return format_frame(self.shown().head(ROWS_SHOWN), self.formats).to_string(index=False)


class TableResult(Result):
    """A result whose table is its field `frame`.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import first_purchases
    >>> result = first_purchases(open_workspace("cdnow_sample").at("1998-06-30")["orders"], "1998-06-30")
    """

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table.

        >>> list(result.to_frame())
        ['week', 'date', 'customers']
        """
        return self.frame.copy()


@dataclass(frozen=True, eq=False)
class NoAnswer(TableResult):
    """Why one part of a page cannot be answered, where the others can.

    >>> none = NoAnswer("Nobody bought twice.")
    >>> none.to_frame().empty
    True

    Attributes:
        why: What the data lack.
        frame: A table without rows.
    """

    why: str
    frame: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    name: ClassVar[str] = "no_answer"

    def readout(self) -> Readout:
        """The reason, and that the other parts stand.

        >>> print(none.readout().finding)
        Nobody bought twice.
        """
        return Readout(self.refusal(), "readout.nothing_estimated", "readout.other_parts")

    def facts(self) -> tuple[Fact, ...]:
        """None.

        >>> none.facts()
        ()
        """
        return ()

    def refusal(self) -> Message:
        """The reason.

        >>> none.refusal() is None
        False
        """
        return Message("readout.as_said", {"why": self.why})


def attempt(analysis: Callable[..., Result], *tables: Any, **options: Any) -> Any:
    """The result of an analysis, or of `CannotAnswer` its reason as a result; for pages whose other parts stand.

    >>> def cannot():
    ...     raise CannotAnswer("Nobody bought twice.")
    >>> attempt(cannot).refusal().text()
    'Nobody bought twice.'

    Args:
        analysis: What to call, such as ``RuleMiner().analyze``.
        tables: Its arguments; where one of them is itself without an answer, so is the whole.
        options: Its keyword arguments.

    Returns:
        What the analysis returned, or a `NoAnswer`.

    Raises:
        BadInput: If the user can mend what is wrong.
    """
    try:
        return next((t for t in tables if isinstance(t, NoAnswer)), None) or analysis(*tables, **options)
    except CannotAnswer as error:
        return NoAnswer(str(error))


def payload(result: Result, data: DataSet | None = None, headline: bool = True, part: str = "") -> dict[str, Any]:
    """A result as the JSON that `results.json`, the index and nbval read; the arguments are those of `publish`.

    Args:
        result: What an analysis returned.
        data: The tables it came from.
        headline: Whether its readout may be the page's answer.
        part: What its facts' ids begin with.

    Returns:
        A JSON-ready dict.
    """
    readout, refusal = result.readout(), result.refusal()
    before = f"{part}." if part else ""
    provenance, found = data.provenance() if data is not None else None, result.facts()
    simulated = any(fact.kind == "simulated" for fact in found) or bool(provenance and provenance["simulated"])
    facts = [
        {**fact.to_json(), "id": before + fact.id, "label": _label(fact, part)}
        for fact in found
        if not (simulated and fact.decides)
    ]
    front = importlib.import_module("crm_lab.fronts").front_of(result) if headline else None
    if front and "fact" in front:
        front["fact"] = before + front["fact"]
    return {
        "schema": 1,
        "id": result.name,
        "kind": type(result).__name__,
        "headline": headline,
        "lang": language(),
        "readout": {name: message.text() for name, message in readout.items()},
        "keys": {name: message.key for name, message in readout.items()},
        "facts": facts,
        "refusal": None if refusal is None else refusal.text(),
        "simulated": simulated,
        "data": provenance,
        "front": front,
        "csv": _csv(result, part or result.name),
    }


def _label(fact: Fact, part: str) -> str:
    """A fact's label, told apart from that of the same analysis published before on the page."""
    if not part:
        return str(fact.label)
    words = Message(f"part.{part}") if f"part.{part}" in catalogue("en") else part
    return Message("readout.of_part", {"label": fact.label, "part": words}).text()


def _csv(result: Result, name: str) -> str | None:
    """Where a report is made: the file with the whole table, below the page's folder."""
    if not os.environ.get(REPORT_VARIABLE):
        return None
    frame = result.to_publish()
    return None if len(frame) > _MOST_ROWS else f"tables/{write_csv(frame, f'tables/table_{name}.csv').name}"


class Published:
    """What a notebook shows for a published result: table, readout, and the facts for machines."""

    def __init__(self, result: Result, content: dict[str, Any]) -> None:
        self._result, self._content = result, content

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        readout = self._result.readout()
        note = (
            f'<p class="crm-simulated">{Message("readout.simulated").text()}</p>' if self._content["simulated"] else ""
        )
        return {
            "text/plain": f"{self._result}\n\n{readout}",
            "text/html": f"{note}{self._result._repr_html_()}{readout._repr_html_()}",
            RESULT_MIME: self._content,
        }


def unlabelled(result: Result) -> list[str]:
    """Columns of a result's table that readers would see as names of code: in no language, or not in every one.

    A name that is no name of code (``Revenue by week``, ``2017-Q4``) stands for itself; both ends of an
    interval (``share_lo``, ``share_hi``) are shown with the number between them.

    Args:
        result: What is to be published.

    Returns:
        Names of the columns, as the table has them.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import first_purchases
    >>> unlabelled(first_purchases(open_workspace("cdnow_sample").at("1998-06-30")["orders"], "1998-06-30"))
    []
    """
    given, shown = set(result.columns_of_data()), [name for name in result.shown().columns if isinstance(name, str)]
    both = (("_lo", "_hi"), ("_low", "_high"))
    pairs = [(n, n.removesuffix(lo) + hi) for lo, hi in both for n in shown if n.endswith(lo)]
    ends = {end for pair in pairs if pair[1] in shown for end in pair}
    return [
        name
        for name in shown
        if name not in given | ends
        and name.isascii()
        and name.isidentifier()
        and not all(f"column.{name}" in catalogue(lang) for lang in LANGUAGES)
    ]


def publish(result: Result, data: DataSet | None = None, *, headline: bool = True, part: str = "") -> Published:
    """Show a result and attach its facts to the page.

    Use it as the last expression of a cell. The page's index entry is the readout of its first
    published result with ``headline=True``.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> shown = publish(RFM().fit(tables["customer_360"], as_of=tables.as_of).segments(), tables)
    >>> type(shown).__name__
    'Published'

    Args:
        result: What an analysis returned.
        data: The tables it came from (`Tables`), for freshness and provenance.
        headline: Whether its readout may be the page's answer on the index.
        part: What its facts' ids begin with, where a page publishes the same analysis twice: ids are unique on a page.

    Returns:
        What the notebook shows: table, readout, and the facts for machines.

    Raises:
        BadInput: If a column of its table has no label in the catalogue; it names all of them. A result of the lab
            itself is shown in its own words instead: a label that the lab lacks stops nobody's report.
    """
    columns = unlabelled(result)
    if columns and not type(result).__module__.startswith("crm_lab."):
        raise BadInput(
            f"{type(result).__name__} has columns without a label: {', '.join(columns)}. Add one to [column] in "
            f"columns.toml of every language ({', '.join(LANGUAGES)}), name it in words (with a space), or, "
            "where the data name it, let columns_of_data() return it."
        )
    return Published(result, payload(result, data, headline, part))
