"""What each customer likes, which staples are used, and the days on which they are needed again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.customers.basket_plan import BasketPlan, plan_baskets
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream


@dataclass(frozen=True)
class Needs:
    """Tastes of a block's customers, and staples they use.

    Attributes:
        plan: What is planted.
        taste: How much more often than the mean customer each takes a product (BLOCK, products); 1 on average.
        customer: Who uses a staple (pairs,).
        product: Which (pairs,).
        gap: Mean days between two purchases (pairs,).
        ended: Whether it is given up by the end of the window (pairs,).
        pair: Which pair buys, by its place (events,).
        day: Day of the window of the purchase (events,).
    """

    plan: BasketPlan
    taste: Floats
    customer: Integers
    product: Integers
    gap: Floats
    ended: Booleans
    pair: Integers
    day: Integers


def tastes_of(scenario: Scenario, seed: int, block: int, plan: BasketPlan) -> Floats:
    """Tastes of the customers of a block for each product, 1 on average.

    Args:
        scenario: The truth.
        seed: The chance that plays.
        block: Number of the block.
        plan: What is planted.

    Returns:
        Shape (BLOCK, products).
    """
    shape = scenario.baskets.taste
    return stream(seed, "baskets", block).gamma(shape, 1 / shape, (BLOCK, len(plan.popularity)))


def draw_needs(scenario: Scenario, seed: int, block: int, joined: Floats, left: Floats) -> Needs:
    """Needs of the customers of a block from the day they joined until the last day that the key knows.

    Args:
        scenario: The truth.
        seed: The chance that plays.
        block: Number of the block.
        joined: Day of the first order (BLOCK,).
        left: When each left; infinite for the others (BLOCK,).

    Returns:
        Tastes, pairs of customers and staples, and their purchases in any order.
    """
    given, plan, rng = scenario.baskets, plan_baskets(scenario, seed), stream(seed, "basket_needs", block)
    uses = rng.random((BLOCK, plan.staples)) < given.adopted
    own = np.exp(given.own_spread * rng.standard_normal((BLOCK, plan.staples)))
    customer, product = np.nonzero(uses)
    gap = plan.gap[product] * own[customer, product]
    shape = plan.regularity[product]
    now = joined[customer] + np.floor(gap * rng.random(len(gap)))
    end = np.minimum(left[customer], scenario.days + given.after)
    going, days, pairs = np.ones(len(gap), dtype=bool), [], []
    stopped = np.full(len(gap), np.inf)
    while (going & (now < end)).any():
        buys = np.flatnonzero(going & (now < end))
        days.append(now[buys])
        pairs.append(buys)
        gives_up = going & (rng.random(len(gap)) < given.ends)
        stopped[gives_up] = now[gives_up]
        going &= ~gives_up
        now = now + np.maximum(np.rint(rng.gamma(shape, gap / shape)), 1.0)
    ended = (stopped < scenario.days) | (left[customer] < scenario.days)
    day = np.concatenate(days) if days else np.zeros(0)
    pair = np.concatenate(pairs) if pairs else np.zeros(0, dtype=np.int64)
    return Needs(
        plan, tastes_of(scenario, seed, block, plan), customer, product, gap, ended, pair, day.astype(np.int64)
    )
