"""The product that each message shows, drawn by the retailer's lottery, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.basket_needs import Needs
from crm_lab.simulate.customers.basket_plan import BasketPlan
from crm_lab.simulate.scenario.basket_settings import BasketSettings

if TYPE_CHECKING:
    from crm_lab.simulate.programme.contacts import Exposures

_SUREST = 0.9


def click_chances(plan: BasketPlan, taste: Floats) -> Floats:
    """Chance that each customer clicks on each product in an opened message.

    Args:
        plan: What is planted.
        taste: Tastes (customers, products).

    Returns:
        Shape (customers, products).
    """
    return np.asarray(np.minimum(plan.appeal * taste, _SUREST))


def show_chances(given: BasketSettings, plan: BasketPlan, taste: Floats) -> Floats:
    """The retailer's lottery: chance that a message to each customer shows each product that messages show.

    Args:
        given: The truth.
        plan: What is planted.
        taste: Tastes (customers, products).

    Returns:
        Shape (customers, shown); rows add up to 1.
    """
    weight = (plan.popularity[plan.shown] * np.maximum(taste[:, plan.shown], 1e-9)) ** (given.lean / 2)
    leaning = weight / weight.sum(axis=1, keepdims=True)
    return np.asarray((1 - given.explore) * leaning + given.explore / len(plan.shown))


def with_products(given: BasketSettings, needs: Needs, sent: Exposures, days: int, rng: Generator) -> Exposures:
    """Messages with the product each shows, its chance, whether it is clicked, and the orders that clicks bring.

    Args:
        given: The truth.
        needs: Tastes of the block.
        sent: Messages.
        days: Length of the window.
        rng: Random stream.
    """
    chances, n = show_chances(given, needs.plan, needs.taste), len(sent.customer)
    u = rng.random((3, n))
    drawn = (u[0][:, None] > np.cumsum(chances, axis=1)[sent.customer]).sum(axis=1)
    drawn = np.minimum(drawn, len(needs.plan.shown) - 1)
    product: Integers = needs.plan.shown[drawn]
    clicked = sent.opened & (u[1] < click_chances(needs.plan, needs.taste)[sent.customer, product])
    buys = np.flatnonzero(clicked & (u[2] < given.buy) & (sent.day < days))
    return replace(
        sent, product=product, propensity=chances[sent.customer, drawn], clicked=clicked,
        caused_customer=sent.customer[buys], caused_day=sent.day[buys], caused_product=product[buys],
    )  # fmt: skip
