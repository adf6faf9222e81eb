"""Which questions these data can answer, and what the others need."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any, ClassVar

import pandas as pd

from crm_lab.data.quality.page_windows import PageWindows
from crm_lab.data.sources import comes_with_the_lab
from crm_lab.data.sources.packaged.simulated import has_records
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message, catalogue, language
from crm_lab.results import Fact, Readout, Result

_WEEK = "13"  # the page that owns the list of the week


@dataclass(frozen=True, slots=True)
class DataSize:
    """How much there is: counts up to the as-of date."""

    lines: int
    orders: int
    customers: int
    returning: int
    days: int
    revenue: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one page can answer its question: `verdict` is ``yes``, ``partly`` or ``no``."""

    page: str
    verdict: str
    reason: Message


@dataclass(frozen=True)
class CoverageResult(Result):
    """Each question with its verdict, the reason, and what would improve it.

    >>> from crm_lab import open_workspace
    >>> coverage = what_can_be_answered(open_workspace("cdnow_sample").at())

    Attributes:
        title: Name of the data set.
        currency: ISO code.
        size: Lines, orders, customers, returning customers, days, revenue.
        answers: One verdict per page.
        as_of: Last day that counts.
        unnamed: Lines of unknown customers.
    """

    name: ClassVar[str] = "coverage"
    words: ClassVar[Mapping[str, str]] = {"answer": "coverage."}

    title: str
    currency: str
    size: DataSize
    answers: tuple[Answer, ...]
    as_of: str
    unnamed: int = 0

    def to_frame(self) -> pd.DataFrame:
        """One row per question: `page`, `answer`, `because`.

        >>> list(coverage.to_frame())
        ['page', 'answer', 'because']
        """
        rows = [(answer.page[:2], answer.verdict, answer.reason.key) for answer in self.answers]
        return pd.DataFrame(rows, columns=["page", "answer", "because"])

    def shown(self) -> pd.DataFrame:
        """`to_frame` with each page's question, and the reasons in full.

        >>> list(coverage.shown())
        ['page', 'question', 'answer', 'because']
        """
        frame = super().shown().assign(because=[answer.reason.text() for answer in self.answers])
        frame.insert(1, "question", [Message(f"question.{answer.page}").text() for answer in self.answers])
        return frame

    def count(self, verdict: str) -> int:
        """Number of questions with this verdict: ``yes``, ``partly`` or ``no``.

        >>> coverage.count("no")
        7

        Args:
            verdict: ``yes``, ``partly`` or ``no``.

        Returns:
            Number of questions.
        """
        return sum(answer.verdict == verdict for answer in self.answers)

    def readout(self) -> Readout:
        """How many questions have an answer, on how much data, and what to add.

        >>> print(coverage.readout().finding)
        CDNOW (1/10 sample) can answer 12 of 19 questions: 6,919 lines of 2,357 named customers ...
        """
        size, open_ = self.size, self.count("partly") + self.count("no")
        values = {
            **asdict(size), "as_of": self.as_of, "first": self._first(), "week": self._week(), "title": self.title,
            "able": self.count("yes") + self.count("partly"),
            "total": len(self.answers), "currency": self.currency, "n": open_,
            "unknown": Message("coverage.with_unknown") if self.unnamed else "",
            "returning": size.returning / size.customers if size.customers else 0.0,
        }  # fmt: skip
        said = ("finding", "certainty", "unlock" if open_ else "complete")
        return Readout(*(Message(f"coverage.{key}", values) for key in said))

    def _first(self) -> str:
        """The page to open first: the one that owns the week's list where it can answer, else the first that can."""
        able = [answer.page[:2] for answer in self.answers if answer.verdict != "no"]
        return _WEEK if _WEEK in able else able[0] if able else "01"

    def _week(self) -> Message | str:
        return Message("coverage.owns_week") if self._first() == _WEEK else ""

    def facts(self) -> tuple[Fact, ...]:
        """Lines, orders, customers, returning customers, days and revenue.

        >>> {fact.id: fact.unit for fact in coverage.facts()[:2]}
        {'data.lines': '', 'data.orders': ''}
        """
        units = {"revenue": self.currency, "days": "days"}
        size = asdict(self.size)
        return tuple(Fact(f"data.{key}", f"coverage.size.{key}", n, units.get(key, "")) for key, n in size.items())


def what_can_be_answered(tables: Tables) -> CoverageResult:
    """Compare each page's requirements with the tables available.

    >>> from crm_lab import open_workspace
    >>> coverage = what_can_be_answered(open_workspace("cdnow_sample").at())
    >>> coverage.count("no")  # no test, store, ledger of points, records or products bought: 02, 15 to 20
    7

    Args:
        tables: Tables of a workspace as of a day.

    Returns:
        One verdict per question.
    """
    size = _size(tables)
    answers = tuple(_answer(page, need, tables, size) for page, need in questions().items())
    unnamed = tables.sql("select count(*) as n from transactions where customer_id is null")["n"].item()
    title = tables.workspace.title
    return CoverageResult(title, tables.currency, size, answers, str(tables.as_of), int(unnamed))


def questions() -> dict[str, dict[str, Any]]:
    """What each page needs, from ``questions.toml``."""
    return tomllib.loads(resources.files(__package__).joinpath("questions.toml").read_text(encoding="utf-8"))


def _size(tables: Tables) -> DataSize:
    customers = tables["customer_360"]
    total = tables.sql(
        "select count(*) as n, count(distinct order_id) filter (kind = 'sale') as k, sum(net_amount) as s,"
        " max(day) - min(day) + 1 as days from transactions"
    )
    return DataSize(
        lines=int(total["n"].item()),
        orders=int(total["k"].item()),
        customers=len(customers),
        returning=int((customers["n_days"] > 1).sum()),
        days=int(total["days"].item() or 0),
        revenue=float(total["s"].item() or 0.0),
    )


class _TableNames(Message):
    """Names of tables in a sentence, in words where the language has them."""

    def text(self, lang: str | None = None) -> str:
        lang = lang or language()
        words = catalogue(lang)
        return words["segments.comma"].join(words.get(f"level_of.table.{name}", name) for name in self.values["names"])


def _answer(page: str, need: Mapping[str, Any], tables: Tables, size: DataSize) -> Answer:
    lacking = _lacking(need, tables)
    if lacking:
        return Answer(page, "no", Message(f"coverage.needs_{lacking}"))
    missing = [name for name in need["tables"] if name not in tables]
    if missing:
        return Answer(page, "no", Message("coverage.needs_tables", {"tables": _TableNames("", {"names": missing})}))
    for key in ("days", "customers", "returning"):
        have, least = getattr(size, key), need[key]
        if have < least:
            label = Message(f"coverage.size.{key}")
            return Answer(page, "no", Message("coverage.too_few", {"what": label, "have": have, "least": least}))
    back = PageWindows(size.days).back(page)
    known = int((tables["customer_360"]["tenure_days"] >= back).sum()) if back else size.customers
    if known < need.get("known", 0):
        values = {"have": known, "least": need["known"], "days": back}
        return Answer(page, "no", Message("coverage.too_few_by_then", values))
    poorer = [name for name in need["better_with"] if name not in tables]
    if poorer:
        return Answer(page, "partly", Message("coverage.better_with", {"tables": _TableNames("", {"names": poorer})}))
    return Answer(page, "yes", Message("coverage.all_there"))


def _lacking(need: Mapping[str, Any], tables: Tables) -> str:
    """What a page needs beside tables and is not there, or nothing."""
    source = str(tables.workspace.about["source"])
    there: dict[str, Callable[[], bool]] = {
        "claims": lambda: comes_with_the_lab(source), "records": lambda: has_records(source),
        "bought": lambda: _names_products(tables),
    }  # fmt: skip
    return next((what for what, found in there.items() if need.get(what) and not found()), "")


def _names_products(tables: Tables) -> bool:
    """Whether any line says which product was bought."""
    if "product_id" not in tables.workspace.columns("transactions"):
        return False
    return bool(tables.sql("select count(product_id) as n from transactions")["n"].item())
