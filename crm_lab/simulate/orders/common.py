"""What all customers of a simulated retailer share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crm_lab.arrays import Booleans
from crm_lab.simulate.orders.basket_shelf import make_basket_shelf
from crm_lab.simulate.orders.persona_shelf import make_sorted_shelf
from crm_lab.simulate.orders.products_and_stores import Branches, Shelf, make_branches, make_shelf
from crm_lab.simulate.scenario.clock import Clock, make_clock, with_city_shocks
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import stream


@dataclass(frozen=True)
class Common:
    """What all blocks of a retailer share.

    Attributes:
        scenario: What is true.
        seed: The chance that plays.
        shelf: The products.
        branches: The stores.
        clock: Demand by day, and by city where cities differ.
        piloted: Which cities get the programme of whole cities (cities,).
    """

    scenario: Scenario
    seed: int
    shelf: Shelf
    branches: Branches
    clock: Clock
    piloted: Booleans


def make_common(scenario: Scenario, seed: int) -> Common:
    """Shelf, stores and clock of a retailer."""
    kind = make_sorted_shelf if scenario.personas.on else make_shelf
    planted = scenario.baskets.on
    shelf = make_basket_shelf(scenario, seed) if planted else kind(scenario, stream(seed, "retailer"))
    tail = scenario.points.tail_days if scenario.points.on else 0  # the key follows points to their end
    tail += scenario.baskets.after if planted else 0
    clock = make_clock(replace(scenario, days=scenario.days + tail), -scenario.acquisition.before_days)
    if scenario.city_shocks.on:
        clock = with_city_shocks(clock, scenario, stream(seed, "city_shocks"))
    piloted = np.isin(list(scenario.stores.cities), piloted_cities(scenario, seed))
    return Common(scenario, seed, shelf, make_branches(scenario), clock, piloted)


def piloted_cities(scenario: Scenario, seed: int) -> tuple[str, ...]:
    """Cities that get the programme of whole cities, in alphabetical order: those named, else so many drawn by lot."""
    names, given = list(scenario.stores.cities), scenario.pilot
    if given.cities or not given.on:
        return tuple(sorted(given.cities))
    drawn = stream(seed, "pilot").permutation(len(names))[: given.n_treated]
    return tuple(sorted(names[place] for place in drawn))
