"""What a simulated retailer sells, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Integers
from crm_lab.simulate.scenario.scenario import Scenario

ONLINE = "WEB"
_OLD = -100_000  # launch of products that were always there
_NEW_BEFORE = 180  # a new product is launched so many days before the window at the earliest


@dataclass(frozen=True)
class Shelf:
    """Products from the cheapest to the dearest; every array is (products,).

    Attributes:
        product_id: Name.
        price: List price in cents.
        cost: Cost of goods in cents.
        category: Number of the category.
        style: Number of the style tag.
        scene: Number of the scene tag.
        eco: Whether it has the eco tag.
        launch: Day of the window it is sold from; far in the past where it always was.
        fallback: The nearest product that was always there.
    """

    product_id: npt.NDArray[np.str_]
    price: Integers
    cost: Integers
    category: Integers
    style: Integers
    scene: Integers
    eco: npt.NDArray[np.bool_]
    launch: Integers
    fallback: Integers

    @property
    def is_new(self) -> npt.NDArray[np.bool_]:
        """Whether a product was launched at a known day."""
        return self.launch > _OLD


def make_shelf(scenario: Scenario, rng: Generator) -> Shelf:
    """The products of a scenario: prices even on the log scale, dearer categories at dearer prices."""
    given = scenario.products
    n = given.count
    grid = np.linspace(np.log(given.price_low), np.log(given.price_high), n)
    price = np.rint(100 * np.exp(grid)).astype(np.int64)
    margin = np.clip(rng.normal(given.margin, 0.05, n), 0.02, 0.95) if 0 < given.margin < 1 else given.margin
    kinds = len(given.categories)
    category = np.clip((np.arange(n) / n * kinds + rng.normal(0, 0.4, n)).astype(np.int64), 0, kinds - 1)
    new = rng.random(n) < given.new
    new[0] = False
    launch = np.where(new, rng.integers(-_NEW_BEFORE, scenario.days, n), _OLD)
    always = np.flatnonzero(~new)
    fallback = always[np.clip(np.searchsorted(always, np.arange(n)), 0, always.size - 1)]
    numbers = rng.permutation(n)  # names say nothing about prices
    return Shelf(
        product_id=np.array([f"P{i:05d}" for i in numbers]),
        price=price,
        cost=np.rint(price * (1 - margin)).astype(np.int64),
        category=category,
        style=rng.integers(0, len(given.styles), n),
        scene=rng.integers(0, len(given.scenes), n),
        eco=rng.random(n) < given.eco,
        launch=launch,
        fallback=fallback,
    )


@dataclass(frozen=True)
class Branches:
    """Stores, those of one city side by side, the online shop last.

    Attributes:
        store_id: Name (stores,).
        city: City (stores,); empty for the online shop.
        channel: ``store`` or ``online`` (stores,).
    """

    store_id: npt.NDArray[np.str_]
    city: npt.NDArray[np.str_]
    channel: npt.NDArray[np.str_]


def make_branches(scenario: Scenario) -> Branches:
    """The stores of a scenario."""
    per_city, cities = scenario.stores.per_city, list(scenario.stores.cities)
    ids = [f"S{c + 1:02d}{s + 1:02d}" for c in range(len(cities)) for s in range(per_city)]
    return Branches(
        np.array([*ids, ONLINE]),
        np.array([*np.repeat(cities, per_city), ""]),
        np.array([*["store"] * len(ids), "online"]),
    )
