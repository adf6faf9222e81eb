"""What customers and the retailer are like: settings of a scenario, in which unit, within which limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from crm_lab.checks import negative, not_positive, not_shares

PROCESSES = ("nbd", "pareto_nbd", "bg_nbd", "mbg_nbd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When customers buy.

    Attributes:
        process: ``nbd`` (nobody leaves), ``pareto_nbd``, ``bg_nbd`` (may leave after a repeat purchase)
            or ``mbg_nbd`` (may leave after any purchase, the first included).
        r: Shape of the gamma distribution of purchase rates.
        alpha: Its rate, in weeks: the mean customer buys r/alpha times a week while active.
        s: Shape of the gamma distribution of drop-out rates (``pareto_nbd``).
        beta: Its rate, in weeks.
        a: First parameter of the beta distribution of drop-out probabilities (``bg_nbd``, ``mbg_nbd``).
        b: Second parameter.
        regularity: k of Erlang-k gaps; 1 is the process of the papers, more is more regular.
        same_day: Whether somebody may order twice on a day; if not, the second order waits for the next day, so
            that the number of purchase days is the number of purchases that the models count.
    """

    process: str
    r: float
    alpha: float
    s: float = 0.0
    beta: float = 0.0
    a: float = 0.0
    b: float = 0.0
    regularity: int = 1
    same_day: bool = True

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_positive(self, "r", "alpha")
        if self.process not in PROCESSES:
            yield f"process is {self.process!r}; it must be one of {', '.join(PROCESSES)}."
        uses = {"pareto_nbd": ("s", "beta"), "bg_nbd": ("a", "b"), "mbg_nbd": ("a", "b")}.get(self.process, ())
        for name in ("s", "beta", "a", "b"):
            value = getattr(self, name)
            if name in uses and not value > 0:
                yield f"{name} is {value}; {self.process} needs it above 0."
            if name not in uses and value and self.process in PROCESSES:
                yield f"{name} is {value}, but {self.process} has no {name}; leave it out or change process."
        if self.regularity < 1:
            yield f"regularity is {self.regularity}; it must be 1 or more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A sale that returns every year on the same days.

    Attributes:
        name: What it is called.
        month: Month of its first day.
        day: First day in that month.
        days: How many days it lasts.
        lift: Relative rise of everybody's purchase rate, on top of the season.
        depth: Discount on the lines in it, as a share of list price.
        share: Share of lines in it.
    """

    name: str
    month: int
    day: int
    days: int
    lift: float = 0.0
    depth: float = 0.0
    share: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_positive(self, "days")
        yield from negative(self, "lift")
        yield from not_shares(self, "depth", "share")
        try:
            date(2001, self.month, self.day)
        except ValueError:
            yield f"month {self.month}, day {self.day} is not a day of every year; give one that is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """How demand moves over the year and the week; the means are taken out.

    Attributes:
        months: Relative demand of January to December.
        weekdays: Relative demand of Monday to Sunday.
    """

    months: tuple[float, ...] = (1.0,) * 12
    weekdays: tuple[float, ...] = (1.0,) * 7

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        for name, length in (("months", 12), ("weekdays", 7)):
            values = getattr(self, name)
            if len(values) != length or not all(v > 0 for v in values):
                least = min(values, default=0)
                yield f"{name} has {len(values)} numbers, the least {least}; it must have {length}, all above 0."


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Where customers come from and when.

    Attributes:
        before: Share whose first purchase lies before the window.
        before_days: How far back they may have started.
        during_days: The others start in the first so many days of the window; 0 is all of it.
        channels: Channel -> relative frequency.
        costs: Channel -> cost of winning one customer.
    """

    before: float = 0.5
    before_days: int = 730
    during_days: int = 0
    channels: dict[str, float] = field(default_factory=lambda: {"store": 1.0})
    costs: dict[str, float] = field(default_factory=lambda: {"store": 0.0})

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "before")
        yield from negative(self, "during_days")
        yield from not_positive(self, "before_days")
        if set(self.channels) != set(self.costs):
            yield f"channels are {sorted(self.channels)}, costs are for {sorted(self.costs)}; name the same ones."
        if not self.channels or min(self.channels.values()) < 0 or not sum(self.channels.values()) > 0:
            yield f"channels is {self.channels}; it needs frequencies of 0 or more that add up to more than 0."


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How much an order is worth before discounts: Gamma-Gamma.

    Attributes:
        mean: Mean order of the mean customer, in currency.
        p: Shape of one customer's orders; more is steadier.
        q: Shape across customers; above 1, more is more alike.
        lines: Mean number of lines of an order.
        frequency_link: Elasticity of a customer's mean order to the purchase rate; 0 is independence,
            which the Gamma-Gamma model assumes.
    """

    mean: float
    p: float = 6.25
    q: float = 3.74
    lines: float = 2.0
    frequency_link: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_positive(self, "mean", "p")
        if not self.q > 1:
            yield f"q is {self.q}; it must be above 1, or the mean order is infinite."
        if not self.lines >= 1:
            yield f"lines is {self.lines}; an order has 1 line or more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """What is on the shelf.

    Attributes:
        count: Number of products.
        price_low: Cheapest list price, in currency; prices are spread evenly on the log scale.
        price_high: Dearest list price.
        margin: Mean share of the list price that is not cost of goods.
        categories: From the cheapest to the dearest.
        styles: Style tags.
        scenes: Scene tags (what it is worn or used for).
        eco: Share of products with an eco tag.
        new: Share of products launched during or shortly before the window.
    """

    count: int = 600
    price_low: float = 1.0
    price_high: float = 100.0
    margin: float = 0.5
    categories: tuple[str, ...] = ("all",)
    styles: tuple[str, ...] = ("classic", "modern")
    scenes: tuple[str, ...] = ("everyday", "gift")
    eco: float = 0.15
    new: float = 0.3

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "margin", "eco", "new")
        if self.count < 10:
            yield f"count is {self.count}; it must be 10 or more."
        if not 0.05 <= self.price_low < self.price_high:
            yield f"price_low is {self.price_low} and price_high {self.price_high}; they must rise from 0.05."
        for name in ("categories", "styles", "scenes"):
            if not getattr(self, name):
                yield f"{name} is empty; name one or more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where it is sold.

    Attributes:
        cities: City -> relative number of customers.
        per_city: Stores in each city.
        online: Mean share of a customer's orders placed online.
    """

    cities: dict[str, float] = field(default_factory=lambda: {"Alba": 1.0})
    per_city: int = 2
    online: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "online")
        yield from not_positive(self, "per_city")
        if not self.cities or min(self.cities.values()) <= 0:
            yield f"cities is {self.cities}; name one or more, each with a weight above 0."


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounts:
    """Price cuts outside promotions.

    Attributes:
        coupon_share: Mean share of lines bought with a coupon; customers differ.
        coupon_depth: Discount of a coupon.
        markdown_after: Days after launch from which a new product is marked down; 0 is never.
        markdown_depth: Discount of marked-down products.
    """

    coupon_share: float = 0.0
    coupon_depth: float = 0.0
    markdown_after: int = 0
    markdown_depth: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "coupon_share", "coupon_depth", "markdown_depth")
        yield from negative(self, "markdown_after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Goods that come back.

    Attributes:
        store: Share of lines bought in a store that are returned.
        online: Share of lines bought online that are returned.
        lag: Mean days until then, beyond the first.
    """

    store: float = 0.0
    online: float = 0.0
    lag: float = 9.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "store", "online")
        yield from not_positive(self, "lag")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSettings:
    """Value tiers by fixed thresholds, set on the first day of each quarter.

    Attributes:
        names: From the lowest to the highest.
        thresholds: Net spend in the 365 days before, from which each tier but the lowest begins.
    """

    names: tuple[str, ...] = ("C", "B", "A")
    thresholds: tuple[float, ...] = (200.0, 600.0)

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        if len(self.names) != len(self.thresholds) + 1 or len(set(self.names)) != len(self.names):
            yield (
                f"names are {list(self.names)}, thresholds {list(self.thresholds)}; "
                "each tier but the lowest needs one threshold, and each its own name."
            )
        if not all(a < b for a, b in pairwise((0.0, *self.thresholds))):
            yield f"thresholds are {list(self.thresholds)}; they must rise, from above 0."
