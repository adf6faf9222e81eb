"""What planted kinds of shoppers put in their baskets, at which hour and which prices."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.persona_tastes import PersonaTastes
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.orders.persona_shelf import SortedShelf
from crm_lab.simulate.scenario.persona_settings import BANDS
from crm_lab.simulate.scenario.scenario import Scenario


def hours_of(scenario: Scenario, tastes: PersonaTastes, customer: Integers, day: Integers, rng: Generator) -> Integers:
    """Hour of each order: a part of the day by taste, then any hour of it."""
    parts = [list(BANDS[name]) for name in scenario.personas.hours]
    sizes = np.array([len(part) for part in parts])
    table = np.array([part + [0] * (int(sizes.max()) - len(part)) for part in parts])
    band = tastes.draw("hours", customer, day, rng)
    hour: Integers = table[band, (rng.random(band.size) * sizes[band]).astype(np.int64)]
    return hour


def products_of(common: Common, tastes: PersonaTastes, customer: Integers, day: Integers, rng: Generator) -> Integers:
    """Product of each line: its category, style, scene, eco mark and whether it is new are each drawn by taste."""
    drawn = [tastes.draw(name, customer, day, rng) for name in ("categories", "styles", "scenes")]
    eco = tastes.toss("eco", customer, day, rng)
    new = tastes.toss("new", customer, day, rng).astype(bool)
    return cast("SortedShelf", common.shelf).choose((*drawn, eco), new, day, rng)


def discounts_of(common: Common, tastes: PersonaTastes, customer: Integers, day: Integers, rng: Generator) -> Floats:
    """Discount of each line as a share of the list price: one of a few in some lines, by taste."""
    depths = np.array(common.scenario.personas.depths)
    depth = depths[(rng.random(day.size) * depths.size).astype(np.int64)]
    return depth * tastes.toss("discounted", customer, day, rng)
