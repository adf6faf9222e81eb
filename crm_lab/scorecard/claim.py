"""One numeric claim: what a deck says, as numbers that can be checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, get_args

from crm_lab.checks import Problems
from crm_lab.messages import language
from crm_lab.scorecard.kpi_registry import UNITS, Kpi, metrics
from crm_lab.scorecard.printed_number import PrintedNumber, Span, figure, printed

ChangeForm = Literal["percent", "relative", "points", "unit"]
Comparison = Literal["random", "matched", "self_selected", "none"]
Verdict = Literal["met", "missed"]
LEVELS: Final = ("value", "before", "after", "target")
GIVEN: Final = ("investment", "sales_gain_per_year", "contribution_margin")
_CHANGE = re.compile(r"(?P<number>[^a-zA-Z]*?\d[\d.,]*\s*%?)\s*(?P<form>relative|points)?\s*")


@dataclass(frozen=True, slots=True)
class Change:
    """A change as printed.

    >>> by = change("+19 points").by
    >>> by.value
    19.0

    Attributes:
        text: As printed.
        by: The number.
        form: ``percent`` ("+20 %": of a share that may be points or relative), ``relative``, ``points``, or ``unit``
            (in the claim's own unit).
    """

    text: str
    by: PrintedNumber
    form: ChangeForm

    def __str__(self) -> str:
        return self.text


def change(raw: Change | Decimal | float | str) -> Change:
    """A printed change, read with its form: per cent, relative, points or the claim's own unit.

    >>> change("+20 %").form, change("+31 % relative").form, change("+19 points").form, change("+1.8").form
    ('percent', 'relative', 'points', 'unit')

    Args:
        raw: Text such as ``+20 %``, ``+31 % relative``, ``+19 points``, ``+1.8``.

    Returns:
        The change.

    Raises:
        ValueError: If it is no change.
    """
    if isinstance(raw, Change):
        return raw
    text = str(raw)
    found = _CHANGE.fullmatch(text.strip())
    by = figure(found["number"]) if found else None
    if (
        found is None
        or by is None
        or (found["form"] == "relative") > by.percent
        or (found["form"] == "points") & by.percent
    ):
        raise ValueError(f"{text!r} is no change; write one like +20 %, +31 % relative, +19 points or +1.8.")
    form: ChangeForm = found["form"] or ("percent" if by.percent else "unit")  # type: ignore[assignment]  # by the pattern
    return Change(printed(text), by, form)


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """The comparison group: its levels, or how it changed.

    >>> from crm_lab.scorecard import figure
    >>> Control(before=figure("61 %"), after=figure("64 %")).after.text
    '64%'

    Attributes:
        value: Its level.
        before: Its level before.
        after: Its level after.
        change: How it changed.
    """

    value: PrintedNumber | None = None
    before: PrintedNumber | None = None
    after: PrintedNumber | None = None
    change: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    r"""A numeric claim of a deck, every number as printed.

    >>> from crm_lab.scorecard import parse_claims
    >>> text = "deck: spring\nclaims: [{id: a, metric: repurchase_rate, before: 61 %, after: 80 %}]"
    >>> claim = parse_claims(text).claims[0]

    Attributes:
        deck: Name of the document.
        id: Name of the claim, once in a deck.
        says: The claim in words, by language.
        metric: What it is a number of: a name of the registry.
        source: Where in the document.
        population: Whom it is about; claims are compared where metric and population are the same words.
        period: Of when.
        unit: Of bare numbers, e.g. ``days`` or ``million``.
        value: The level.
        before: Level before.
        after: Level after.
        target: Level wanted.
        change: Change as printed.
        effect: Change beyond the control's.
        control: The comparison group.
        comparison: How that group came about; ``self_selected`` where those who took part are held against others.
        credited_to: What is said to have made the number.
        basis: Which definition, where the metric has several.
        scale: Lowest and highest value that could have been given.
        base_rate: Level reached by doing nothing.
        count: Of a share: how many.
        of: Of how many.
        n: Customers or answers behind each level.
        margin: Precision stated, plus or minus, in the unit of the level.
        parts: The parts of a whole.
        total: That whole.
        items: What is listed where a number of things is stated.
        given: Further numbers: investment, sales_gain_per_year, contribution_margin.
        verdict: Whether the deck calls its target met or missed.
        data: Name of the data set the claim is about, if it can be computed again.
    """

    deck: str
    id: str
    metric: str
    says: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    population: str = ""
    period: str = ""
    unit: str = ""
    value: PrintedNumber | None = None
    before: PrintedNumber | None = None
    after: PrintedNumber | None = None
    target: PrintedNumber | None = None
    change: Change | None = None
    effect: Change | None = None
    control: Control | None = None
    comparison: Comparison | None = None
    credited_to: str = ""
    basis: str = ""
    scale: tuple[float, float] | None = None
    base_rate: PrintedNumber | None = None
    count: PrintedNumber | None = None
    of: PrintedNumber | None = None
    n: int | None = None
    margin: PrintedNumber | None = None
    parts: Mapping[str, PrintedNumber] = field(default_factory=dict)
    total: PrintedNumber | None = None
    items: tuple[str, ...] = ()
    given: Mapping[str, PrintedNumber] = field(default_factory=dict)
    verdict: Verdict | None = None
    data: str = ""

    def __post_init__(self) -> None:
        problems = Problems(f"claim {self.name}")
        known = metrics().get(self.metric)
        problems.unless(known, f"metric is {self.metric!r}; {_nearest(self.metric, metrics())}")
        if known:
            units = UNITS[known.dimension]
            takes = f"a {known.dimension} takes {', '.join(units) or 'none'}"
            problems.unless(self.unit in {"", *units}, f"unit is {self.unit!r}; {takes}.")
            bases = f"{self.metric} has {', '.join(known.bases) or 'none'}"
            problems.unless(self.basis in {"", *known.bases}, f"basis is {self.basis!r}; {bases}.")
        for name, allowed in (("comparison", get_args(Comparison)), ("verdict", get_args(Verdict))):
            value = getattr(self, name)
            problems.unless(value in {None, *allowed}, f"{name} is {value!r}; it is one of {', '.join(allowed)}.")
        unknown = [name for name in self.given if name not in GIVEN]
        problems.unless(not unknown, f"given has {', '.join(unknown)}; it may hold {', '.join(GIVEN)}.")
        whole = known and known.is_share and self.margin and not self.margin.percent and self.margin.value >= 1
        problems.unless(not whole, f"margin is {self.margin}; the precision of a share is written like 3 %.")
        problems.unless(self.margin is None or self.margin.value > 0, f"margin is {self.margin}; it must be above 0.")
        kinds = {part.percent for part in self.parts.values()}
        problems.unless(len(kinds) < 2, "parts mixes per cent and amounts; write all of them in one way.")
        problems.unless((self.count is None) == (self.of is None), "count and of belong together; give both or none.")
        problems.unless(self.n is None or self.n > 0, f"n is {self.n}; it must be above 0.")
        problems.unless(
            self._has_number, f"no number; give one of {', '.join(LEVELS)}, change, count and of, or parts."
        )
        problems.raise_any()

    @property
    def _has_number(self) -> bool:
        return bool(self.levels or self.change or self.parts or self.count)

    @property
    def name(self) -> str:
        """Deck and id, e.g. ``spring/a``.

        >>> claim.name
        'spring/a'
        """
        return f"{self.deck}/{self.id}"

    @property
    def about(self) -> Kpi:
        """The metric's entry in the registry.

        >>> claim.about.name
        'repurchase_rate'
        """
        return metrics()[self.metric]

    @property
    def levels(self) -> dict[str, PrintedNumber]:
        """The levels that the claim states, by name.

        >>> list(claim.levels)
        ['before', 'after']
        """
        return {name: level for name in LEVELS if (level := getattr(self, name)) is not None}

    @property
    def shown(self) -> str:
        """Its numbers as printed: the levels, or the change if there are none.

        >>> claim.shown
        '61% → 80%'
        """
        levels = [level.text for name, level in self.levels.items() if name != "target"]
        target = [self.target.text] if self.target and not levels else []
        return " → ".join(levels + target) or (self.change.text if self.change else "")

    @property
    def headline(self) -> PrintedNumber | None:
        """The level that the claim is about: the one reached, or the target.

        >>> claim.headline.text
        '80%'
        """
        return self.value or self.after or self.target

    @property
    def factor(self) -> float:
        """Factor from the claim's unit to the plain unit of its metric.

        >>> claim.factor
        1.0
        """
        return UNITS[self.about.dimension].get(self.unit, 1.0)

    def span(self, level: PrintedNumber) -> Span:
        """The values that a printed level of this claim may stand for, in the plain unit of its metric.

        >>> claim.span(claim.after)
        Span(lo=0.795, hi=0.805)

        Args:
            level: One of `levels`.

        Returns:
            Lowest and highest value.
        """
        return level.span if level.percent else level.span.scaled(self.factor)

    def plain(self, level: PrintedNumber) -> float:
        """A printed level of this claim in the plain unit of its metric.

        >>> claim.plain(claim.after)
        0.8

        Args:
            level: One of `levels`.

        Returns:
            The number; shares as 0-1.
        """
        return level.value if level.percent else level.value * self.factor

    def text(self, lang: str | None = None) -> str:
        """The claim in words, in a language if it is there.

        >>> claim.text("en")
        ''

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            The sentence of the file, or the numbers.
        """
        return self.says.get(lang or language()) or next(iter(self.says.values()), "")


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"it is one of {', '.join(sorted(known))}."
