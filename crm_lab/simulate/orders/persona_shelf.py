"""A shelf with products of every sort: each category, style and scene, with an eco mark and without, old and new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Integers
from crm_lab.simulate.orders.products_and_stores import Shelf
from crm_lab.simulate.scenario.persona_settings import LAUNCH_EVERY
from crm_lab.simulate.scenario.scenario import Scenario

_LONG_AGO = 900  # days before the window since which the oldest products are sold
_SPREAD = 0.45  # of log prices around the category's


@dataclass(frozen=True)
class SortedShelf(Shelf):
    """A shelf whose products are known by sort, from the one sold longest to the newest.

    Attributes:
        place: Place on the shelf of each sort's products in the order of their launch (sorts, products).
        first: Day on which the first product of each sort is launched, of those that come every so often (sorts,).
        always: How many products of a sort are older than those.
        sizes: How many categories, styles, scenes and eco marks there are.
    """

    place: Integers
    first: Integers
    always: int
    sizes: tuple[int, int, int, int]

    def choose(self, sort: tuple[Integers, ...], new: Booleans, day: Integers, rng: Generator) -> Integers:
        """A product of each sort (category, style, scene, eco): the new one, or any of the others sold that day."""
        number = np.ravel_multi_index(sort, self.sizes)
        newest = self.always + (np.maximum(day, 0) - self.first[number]) // LAUNCH_EVERY
        older = (rng.random(day.size) * newest).astype(np.int64)
        return self.place[number, np.where(new, newest, older)]


def make_sorted_shelf(scenario: Scenario, rng: Generator) -> SortedShelf:
    """Products of every sort; a new one of each comes every so often and is new until the next."""
    given = scenario.products
    sizes = (len(given.categories), len(given.styles), len(given.scenes), 2)
    sorts, coming = int(np.prod(sizes)), scenario.days // LAUNCH_EVERY + 2
    each = given.count // sorts
    first = -rng.integers(0, LAUNCH_EVERY, sorts)
    old = -np.sort(rng.integers(2 * LAUNCH_EVERY, _LONG_AGO, (sorts, each - coming)), axis=1)[:, ::-1]
    launch = np.concatenate([old, first[:, None] + LAUNCH_EVERY * np.arange(coming)], axis=1).ravel()
    category, style, scene, eco = (np.repeat(part, each) for part in np.unravel_index(np.arange(sorts), sizes))
    low, high = np.log(given.price_low), np.log(given.price_high)
    level = low + (high - low) * (category + 0.5) / sizes[0]
    price = np.rint(100 * np.exp(np.clip(level + rng.normal(0, _SPREAD, launch.size), low, high))).astype(np.int64)
    margin = np.clip(rng.normal(given.margin, 0.05, launch.size), 0.02, 0.95)
    rank = np.argsort(price, kind="stable")
    place = np.empty(rank.size, dtype=np.int64)
    place[rank] = np.arange(rank.size)
    return SortedShelf(
        product_id=np.array([f"P{i:05d}" for i in rng.permutation(rank.size)]),
        price=price[rank],
        cost=np.rint(price * (1 - margin)).astype(np.int64)[rank],
        category=category[rank],
        style=style[rank],
        scene=scene[rank],
        eco=eco[rank].astype(bool),
        launch=launch[rank],
        fallback=np.arange(rank.size),
        place=place.reshape(sorts, each),
        first=first,
        always=each - coming,
        sizes=sizes,
    )
