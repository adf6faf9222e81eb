"""A pilot: values of all cities, which of them were treated from when, and how they had been chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import BadInput, Problems
from crm_lab.experiments.pilots.city_choice.city_pairs import periods_between
from crm_lab.experiments.pilots.pilot_words import Every, Unit
from crm_lab.messages import Message
from crm_lab.stats.panel.assignments import Assignments, complete, listed
from crm_lab.stats.panel.panel import Panel, Period

Drawn = Literal["lot", "chosen"]
FEWEST_BEFORE = 4  # periods without which no course before the start can be seen


@dataclass(frozen=True, eq=False)
class Pilot:
    """A pilot that was run, or a natural experiment that came about.

    >>> values = np.random.default_rng(1).gamma(400, 1, (6, 20))
    >>> pilot = Pilot(Panel(values, tuple("abcdef"), tuple(range(20))), ("a", "d"), 12)
    >>> pilot.first, int(pilot.mask.sum()), round(float(pilot.index[:, :12].mean()), 6)
    (12, 2, 1.0)

    Attributes:
        panel: Values of all cities, before and during.
        treated: The treated cities.
        start: First treated period.
        drawn: Whether lot chose them, or people (or an accident), as which the test can only pretend.
        assignments: The design's own, the one that came about first; all sets of as many cities unless given.
        unit: What was treated.
        every: Length of a period.
        money: Whether values are money.
        measure: What the values are, as the data call it; empty for sales.
        simulated: Whether any of it is simulated or planted.
        left_out: What of the data is not in it, and why.

    Raises:
        BadInput: With everything that keeps it from being read.
    """

    panel: Panel
    treated: tuple[str, ...]
    start: Period
    drawn: Drawn = "lot"
    assignments: Assignments | None = None
    unit: Unit = "city"
    every: Every = "week"
    money: bool = True
    measure: str = ""
    simulated: bool = False
    left_out: tuple[Message, ...] = field(default=())

    def __post_init__(self) -> None:
        problems = Problems("The pilot")
        unknown = sorted(set(self.treated) - set(self.panel.units))
        problems.unless(not unknown, f"{', '.join(unknown)} is treated, and the panel has no such unit.")
        problems.unless(self.treated, "no unit is treated; name those that are.")
        problems.unless(
            len(set(self.treated)) < len(self.panel.units), "all units are treated; none is left to compare with."
        )
        first, last = self.panel.periods[0], self.panel.periods[-1]
        inside = self.start in self.panel.periods
        problems.unless(inside, f"it starts at {self.start}, and the panel's periods go from {first} to {last}.")
        before = self.panel.periods.index(self.start) if inside else FEWEST_BEFORE
        problems.unless(
            before >= FEWEST_BEFORE,
            f"{before} periods lie before the start; {FEWEST_BEFORE} are the least from which a course can be seen. "
            "Give earlier periods; without them treated and others can only be compared as they are.",
        )
        if inside and before > 0:
            level = self.panel.values[:, :before].mean(axis=1)
            idle = [name for name, mean in zip(self.panel.units, level, strict=True) if not mean > 0]
            problems.unless(
                not idle, f"{len(idle)} of {len(level)} units have nothing before the start ({', '.join(idle[:3])})."
            )
        problems.raise_any()

    @property
    def first(self) -> int:
        """Place of the first treated period.

        >>> pilot.first
        12
        """
        return self.panel.index(self.start)

    @property
    def what(self) -> Message | str:
        """What the values are, in words."""
        return self.measure or Message("experiments.pilots.what_sales")

    @property
    def periods(self) -> int:
        """Length of the pilot.

        >>> pilot.periods
        8
        """
        return len(self.panel.periods) - self.first

    @cached_property
    def mask(self) -> Booleans:
        """Which cities are treated, shape (n,).

        >>> pilot.mask.tolist()
        [True, False, False, True, False, False]
        """
        return self.panel.mask(self.treated)

    @property
    def index(self) -> Floats:
        """Each city's values in units of its mean before the start, shape (n, T): cities of any size count alike.

        >>> pilot.index.shape
        (6, 20)
        """
        values = self.panel.values
        found: Floats = values / values[:, : self.first].mean(axis=1, keepdims=True)
        return found

    @property
    def past(self) -> Panel:
        """The panel before the start.

        >>> pilot.past.periods[-1]
        11
        """
        return periods_between(self.panel, 0, self.first)

    @property
    def sales(self) -> float:
        """Values of the treated cities in the pilot, in all.

        >>> round(pilot.sales / pilot.periods / 2)
        395
        """
        return float(self.panel.values[self.mask, self.first :].sum())

    @cached_property
    def design(self) -> Assignments:
        """Assignments that the test goes through.

        >>> len(pilot.design)
        15
        """
        return self.assignments if self.assignments is not None else complete(self.mask)

    def some(self, most: int, seed: int = 0) -> Assignments:
        """The design's assignments, or the observed one and a sample of the others where there are more.

        >>> len(pilot.some(5)), bool((pilot.some(5).observed == pilot.mask).all())
        (5, True)

        Args:
            most: Assignments in all.
            seed: Of the sample.

        Returns:
            Assignments, the observed one first.
        """
        masks = self.design.masks
        if len(masks) <= most:
            return self.design
        rows = 1 + np.random.default_rng(seed).permutation(len(masks) - 1)[: most - 1]
        return listed(masks[np.concatenate([[0], np.sort(rows)])], masks[0])

    def without(self, names: Sequence[str]) -> Pilot:
        """The pilot without some cities, all sets of as many treated ones being its design.

        >>> smaller = pilot.without(["a", "f"])
        >>> smaller.treated, smaller.panel.units
        (('d',), ('b', 'c', 'd', 'e'))

        Args:
            names: Cities to leave out.

        Returns:
            A pilot in the other cities.

        Raises:
            BadInput: If no treated city is left, or none to compare with.
        """
        left = tuple(name for name in self.treated if name not in names)
        if not left:
            raise BadInput("No treated unit is left.")
        return replace(self, panel=self.panel.without(names), treated=left, assignments=None)
