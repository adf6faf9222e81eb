"""A shelf whose products are known by their number in the plan of planted baskets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Integers
from crm_lab.simulate.orders.products_and_stores import Shelf, make_shelf
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import stream


@dataclass(frozen=True)
class BasketShelf(Shelf):
    """A shelf with the place of each product of the plan.

    Attributes:
        place: Place on the shelf of each number (products,).
    """

    place: Integers


def make_basket_shelf(scenario: Scenario, seed: int) -> BasketShelf:
    """Products as on any shelf; which is a staple or one of a pair has nothing to do with price or name.

    Those that replace each other are of one category.

    Args:
        scenario: The truth.
        seed: The chance that plays.
    """
    plain, given = make_shelf(scenario, stream(seed, "retailer")), scenario.baskets
    place = stream(seed, "basket_shelf").permutation(len(plain.price))
    start = given.staples + 2 * given.complements
    first = place[start + 2 * np.arange(given.substitutes)]
    category = plain.category.copy()
    category[place[start + 1 + 2 * np.arange(given.substitutes)]] = category[first]
    return BasketShelf(
        product_id=plain.product_id, price=plain.price, cost=plain.cost, category=category, style=plain.style,
        scene=plain.scene, eco=plain.eco, launch=plain.launch, fallback=plain.fallback, place=place,
    )  # fmt: skip
