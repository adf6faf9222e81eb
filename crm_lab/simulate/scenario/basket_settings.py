"""Settings of planted baskets: what goes together, what replaces what, what is needed again, and what messages show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_lab.checks import negative, not_inside, not_positive, not_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketSettings:
    """Planted baskets. Staples are bought when they are needed, all other products by taste at any order.

    Attributes:
        on: Whether baskets are planted.
        alike: Whether no pair of products goes together or replaces the other: then there is no rule to find.
        staples: Number of products that are bought again and again by those who use them.
        adopted: Share of customers who use each staple.
        gap: Days between two purchases of a staple, of the median product and customer.
        gap_spread: Standard deviation of the logarithm of mean gaps between products.
        own_spread: The same between customers who use one product.
        regularity: Least and most k of the gamma gaps of a product; 1 is memoryless, more is more regular.
        ends: Chance that a customer gives a staple up after a purchase.
        complements: Pairs of other products that are bought together.
        lifts: Least and most lift of such a pair.
        substitutes: Pairs of other products that replace each other.
        substitute_lifts: Least and most lift of such a pair.
        taste: Shape of the gamma distribution of tastes for a product; more is more alike.
        after: Days after the window that the key knows.
        shown: Number of products that messages show; each message shows one.
        lean: How much the retailer's choice leans to popular products and own tastes; 0 is even.
        explore: Share of messages whose product is drawn evenly.
        click: Mean chance that an opened message is clicked.
        buy: Chance that a click brings an order of the product on the same day.
    """

    on: bool = False
    alike: bool = False
    staples: int = 40
    adopted: float = 0.15
    gap: float = 28.0
    gap_spread: float = 0.35
    own_spread: float = 0.25
    regularity: tuple[float, ...] = (4.0, 16.0)
    ends: float = 0.02
    complements: int = 20
    lifts: tuple[float, ...] = (2.0, 4.0)
    substitutes: int = 10
    substitute_lifts: tuple[float, ...] = (0.2, 0.5)
    taste: float = 2.0
    after: int = 90
    shown: int = 12
    lean: float = 1.0
    explore: float = 0.2
    click: float = 0.08
    buy: float = 0.3

    @property
    def paired(self) -> int:
        """Products that are one of a planted pair."""
        return 2 * (self.complements + self.substitutes)

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        if not self.on:
            return
        yield from not_positive(self, "staples", "gap", "taste", "after", "shown")
        yield from negative(self, "gap_spread", "own_spread", "complements", "substitutes", "lean")
        yield from not_inside(self, "adopted", "click")
        yield from not_shares(self, "ends", "explore", "buy")
        limits = {"regularity": (1.0, 1e4), "lifts": (1.0, 5.0), "substitute_lifts": (0.0, 1.0)}
        for name, (least, most) in limits.items():
            given = getattr(self, name)
            if len(given) != 2 or not least <= given[0] <= given[1] <= most:
                yield f"{name} is {list(given)}; give the least and the most, from {least:g} to {most:g}."
        if self.gap < 7:
            yield f"gap is {self.gap}; it must be 7 days or more."

    def unlike(self, count: int) -> Iterator[str]:
        """Where there are too few products for what is planted, one sentence each."""
        least = self.staples + self.paired + self.shown
        if count < least:
            yield f"products: count is {count}; staples, pairs and products shown by messages are {least}."
