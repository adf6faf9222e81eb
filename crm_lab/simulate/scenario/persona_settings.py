"""Settings of planted kinds of shoppers: when they buy, what, at which prices, and who they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.checks import not_inside, not_positive, not_shares
from crm_lab.simulate.scenario.settings import Products

BANDS = {"night": (22, 23, 0, 1, 2, 3, 4, 5), "morning": range(6, 12), "afternoon": range(12, 18),
         "evening": range(18, 22)}  # fmt: skip
"""Hours of the day of each part of it."""

LAUNCH_EVERY = 60
"""Days between two launches of products of the same category, style, scene and eco mark: one of them is always new."""

CHANCES = ("weekend", "discounted", "new", "eco")
MIXES = ("hours", "categories", "styles", "scenes")
TRAITS = ("ages", "incomes", "households", "cities")
Weights = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A kind of shopper; tables hold weights relative to those of everybody, 1 where nothing is said.

    Attributes:
        name: What it is called.
        share: Share of customers.
        weekend: Mean share of orders placed on a Saturday or Sunday.
        discounted: Mean share of lines bought on discount.
        new: Mean share of lines that are products in the first 60 days from their launch.
        eco: Mean share of lines that are eco products.
        hours: Part of the day -> weight.
        categories: Category -> weight.
        styles: Style -> weight.
        scenes: Scene -> weight.
        ages: Age band -> weight.
        incomes: Income band -> weight.
        households: Size of the household -> weight.
        cities: City -> weight.
    """

    name: str
    share: float
    weekend: float
    discounted: float
    new: float
    eco: float
    hours: Weights = field(default_factory=dict)
    categories: Weights = field(default_factory=dict)
    styles: Weights = field(default_factory=dict)
    scenes: Weights = field(default_factory=dict)
    ages: Weights = field(default_factory=dict)
    incomes: Weights = field(default_factory=dict)
    households: Weights = field(default_factory=dict)
    cities: Weights = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """What is wrong with the kind, one sentence each."""
        yield from (f"{self.name}: {text}" for text in not_positive(self, "share"))
        yield from (f"{self.name}: {text}" for text in not_inside(self, *CHANCES))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaSettings:
    """Planted kinds of shoppers; tables hold the weights of everybody, to which those of the kinds are relative.

    Attributes:
        on: Whether customers are of planted kinds.
        alike: Whether all are of one kind, the mean of those given: then there is nothing to find.
        spread: How alike customers of a kind are: the size of the Dirichlet and beta distributions that their own
            shares are drawn from; more is more alike.
        change: Chance that a customer who never changed is of another kind from the first of a month on.
        depths: Discounts, each as likely.
        rule_hours: Part of the day, and ...
        rule_category: ... category that one of the kinds leans to at once: the planted rule.
        hours: Part of the day -> weight.
        categories: Category -> weight.
        styles: Style -> weight.
        scenes: Scene -> weight.
        ages: Age band -> weight.
        incomes: Income band -> weight.
        households: Size of the household -> weight.
        kinds: The kinds.
    """

    on: bool = False
    alike: bool = False
    spread: float = 30.0
    change: float = 0.0
    depths: tuple[float, ...] = (0.1, 0.2, 0.3)
    rule_hours: str = ""
    rule_category: str = ""
    hours: Weights = field(default_factory=dict)
    categories: Weights = field(default_factory=dict)
    styles: Weights = field(default_factory=dict)
    scenes: Weights = field(default_factory=dict)
    ages: Weights = field(default_factory=dict)
    incomes: Weights = field(default_factory=dict)
    households: Weights = field(default_factory=dict)
    kinds: tuple[Persona, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kinds: a single one where all are alike."""
        return ("everybody",) if self.alike else tuple(kind.name for kind in self.kinds)

    @property
    def shares(self) -> Floats:
        """Share of each kind (kinds,)."""
        return np.ones(1) if self.alike else self._shares()

    def _shares(self) -> Floats:
        given = np.array([kind.share for kind in self.kinds])
        out: Floats = given / given.sum()
        return out

    def mix(self, name: str, everybody: Mapping[str, float] | None = None) -> Floats:
        """Mean shares of each kind (kinds, values): of hours, categories, styles, scenes or a trait."""
        base = dict(everybody or getattr(self, name))
        rows = [[weight * getattr(kind, name).get(value, 1.0) for value, weight in base.items()] for kind in self.kinds]
        mixed = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
        out: Floats = (self._shares() @ mixed)[None, :] if self.alike else mixed
        return out

    def chance(self, name: str) -> Floats:
        """Mean share of each kind (kinds,): weekend, discounted, new or eco."""
        given = np.array([getattr(kind, name) for kind in self.kinds])
        out: Floats = np.atleast_1d(self._shares() @ given) if self.alike else given
        return out

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        if not self.on:
            return
        yield from not_positive(self, "spread")
        yield from not_shares(self, "change")
        if not self.kinds or len({kind.name for kind in self.kinds}) < len(self.kinds):
            yield f"kinds are {', '.join(kind.name for kind in self.kinds) or 'none'}; give one or more, each once."
        if not self.depths or not all(0.05 <= depth < 1 for depth in self.depths):
            yield f"depths are {list(self.depths)}; give one or more, from .05 and below 1."
        if unknown := sorted(set(self.hours) - set(BANDS)):
            yield f"hours has {', '.join(unknown)}; the parts of a day are {', '.join(BANDS)}."
        for name in (*MIXES, *TRAITS[:-1]):
            yield from self._mix_problems(name)
        for kind in self.kinds:
            yield from kind.problems()
        yield from self._rule_problems()

    def unlike(self, products: Products, cities: tuple[str, ...], days: int) -> Iterator[str]:
        """Where kinds contradict the shelf, the cities and the length of the window, one sentence each."""
        for name in ("categories", "styles", "scenes"):
            ours, theirs = tuple(getattr(self, name)), getattr(products, name)
            if ours != theirs:
                yield f"personas: {name} are {', '.join(ours)}; those of products, in order, {', '.join(theirs)}."
        for kind in self.kinds:
            if unknown := sorted(set(kind.cities) - set(cities)):
                yield f"personas: {kind.name}: cities has {', '.join(unknown)}; the cities are {', '.join(cities)}."
        sorts = 2 * len(products.categories) * len(products.styles) * len(products.scenes)
        least = sorts * (days // LAUNCH_EVERY + 3)
        if products.count < least:
            yield f"products: count is {products.count}; personas over {days} days need {least}, some of each sort."

    def _mix_problems(self, name: str) -> Iterator[str]:
        base = getattr(self, name)
        if not base or not all(weight > 0 for weight in base.values()):
            yield f"{name} is {base}; it needs weights above 0."
        for kind in self.kinds:
            given = getattr(kind, name)
            if unknown := sorted(set(given) - set(base)):
                yield f"{kind.name}: {name} has {', '.join(unknown)}; it is one of {', '.join(base)}."
            if not all(weight > 0 for weight in given.values()):
                yield f"{kind.name}: {name} is {given}; weights must be above 0."

    def _rule_problems(self) -> Iterator[str]:
        if bool(self.rule_hours) != bool(self.rule_category):
            yield "rule_hours and rule_category make one rule; give both or neither."
        for name, base in (("rule_hours", self.hours), ("rule_category", self.categories)):
            if getattr(self, name) and getattr(self, name) not in base:
                yield f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(base)}."
