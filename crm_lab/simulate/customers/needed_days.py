"""Days on which customers buy where they need staples: those of their own purchases, and those of their needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crm_lab.simulate.customers.basket_needs import draw_needs
from crm_lab.simulate.customers.people import People
from crm_lab.simulate.customers.timing import Purchases
from crm_lab.simulate.scenario.scenario import Scenario


def on_needed_days(
    scenario: Scenario, seed: int, block: int, people: People, purchases: Purchases
) -> tuple[People, Purchases]:
    """The customers with their needs, and their purchases with a day for each need; one purchase a day.

    Args:
        scenario: The truth.
        seed: The chance that plays.
        block: Number of the block.
        people: Customers of the block.
        purchases: Purchases they make anyway.

    Returns:
        As they came in where the scenario has no planted baskets.
    """
    if not scenario.baskets.on:
        return people, purchases
    needs = draw_needs(scenario, seed, block, people.joined, purchases.left)
    who = np.concatenate([purchases.customer, needs.customer[needs.pair]])
    day = np.concatenate([purchases.day, needs.day])
    both = np.unique(np.stack([who, day]), axis=1)
    merged = replace(purchases, customer=both[0], day=both[1], time=both[1].astype(np.float64))
    return replace(people, needs=needs), merged
