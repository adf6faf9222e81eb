"""What all customers of a simulated retailer share."""

from __future__ import annotations

from dataclasses import dataclass

from crm_lab.simulate.orders.products_and_stores import Branches, Shelf, make_branches, make_shelf
from crm_lab.simulate.scenario.clock import Clock, make_clock
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import stream


@dataclass(frozen=True)
class Common:
    """What all blocks of a retailer share."""

    scenario: Scenario
    seed: int
    shelf: Shelf
    branches: Branches
    clock: Clock


def make_common(scenario: Scenario, seed: int) -> Common:
    """Shelf, stores and clock of a retailer."""
    shelf = make_shelf(scenario, stream(seed, "retailer"))
    clock = make_clock(scenario, -scenario.acquisition.before_days)
    return Common(scenario, seed, shelf, make_branches(scenario), clock)
