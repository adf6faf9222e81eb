"""What is in planted baskets: staples on their days, other products by taste, and pairs with their lift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.customers.basket_needs import Needs
from crm_lab.simulate.orders.basket_shelf import BasketShelf

if TYPE_CHECKING:
    from crm_lab.simulate.orders.common import Common

_ROWS = 8_192  # orders at a time: numbers are drawn row by row, so it changes nothing
_SUREST = 0.95


@dataclass(frozen=True)
class Contents:
    """Which product is in which order, each once, in order of the orders.

    Attributes:
        order: Place of the order (lines,).
        product: Place on the shelf (lines,).
    """

    order: Integers
    product: Integers


def basket_contents(common: Common, needs: Needs, customer: Integers, day: Integers, rng: Generator) -> Contents:
    """Products of orders; who takes nothing by taste on a day without a need takes one that is in no pair.

    Args:
        common: What all customers share.
        needs: Tastes and needs of the block.
        customer: Whose order, in order (orders,); at most one a day.
        day: Day of the order (orders,).
        rng: Random stream.
    """
    at, event = _needed(needs, customer, day)
    orders, numbers = [at], [needs.product[needs.pair[event]]]
    filled = np.bincount(at, minlength=len(customer)) > 0
    for start in range(0, len(customer), _ROWS):
        rows = slice(start, start + _ROWS)
        order, number = np.nonzero(_taken(needs, customer[rows], filled[rows], rng))
        orders.append(order + start)
        numbers.append(number)
    order, number = np.concatenate(orders), np.concatenate(numbers)
    rank = np.lexsort((number, order))
    return Contents(order[rank], cast("BasketShelf", common.shelf).place[number[rank]])


def _needed(needs: Needs, customer: Integers, day: Integers) -> tuple[Integers, Integers]:
    """The order of each purchase out of need that is among the orders, and the purchase."""
    if not len(day):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    low = min(int(day.min()), int(needs.day.min(initial=0)))
    width = max(int(day.max()), int(needs.day.max(initial=0))) - low + 1
    key = customer * width + day - low
    wanted = needs.customer[needs.pair] * width + needs.day - low
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    event = np.flatnonzero(key[place] == wanted)
    return place[event], event


def _taken(needs: Needs, customer: Integers, filled: Booleans, rng: Generator) -> Booleans:
    """Products that are taken by taste, shape (orders, products)."""
    plan = needs.plan
    chance = np.minimum(plan.popularity * needs.taste[customer], _SUREST)
    drawn = rng.random(chance.shape)
    taken = drawn < chance
    second = plan.first + 1
    has, one, other = taken[:, plan.first], chance[:, plan.first], chance[:, second]
    taken[:, second] = drawn[:, second] < second_chance(one, other, has, plan.lift)
    last = rng.random(len(customer))
    bare = np.flatnonzero(~filled & ~taken.any(axis=1))
    free = int(plan.staples + 2 * len(plan.lift))
    taken[bare, free + (last[bare] * (chance.shape[1] - free)).astype(np.int64)] = True
    return taken


def second_chance(one: Floats, other: Floats, has: Booleans, lift: Floats) -> Floats:
    """Chance of the second product of a pair once it is known whether the first is taken; its own stays as it is.

    >>> second_chance(np.array([0.2]), np.array([0.1]), np.array([True]), np.array([3.0])).round(2).tolist()
    [0.3]

    Args:
        one: Chance of the first (orders, pairs).
        other: Chance of the second (orders, pairs).
        has: Whether the first is taken (orders, pairs).
        lift: Lift of each pair (pairs,).

    Returns:
        Chances (orders, pairs).
    """
    together = np.minimum(lift * one * other, np.minimum(one, other) * _SUREST)
    together = np.maximum(together, one + other - 1)
    return np.asarray(np.where(has, together / np.maximum(one, 1e-12), (other - together) / (1 - one)))
