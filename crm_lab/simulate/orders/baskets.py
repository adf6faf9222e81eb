"""What is in an order: lines whose list prices add up to the order's value, products, discounts, returns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.people import People
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.orders.persona_baskets import discounts_of, hours_of, products_of
from crm_lab.simulate.orders.planted_baskets import basket_contents
from crm_lab.simulate.orders.products_and_stores import Shelf
from crm_lab.simulate.scenario.scenario import Scenario

_CANDIDATES = np.array([-2, -1, 0, 1])  # places on the shelf around the price aimed at
_MOST_LINES = 80
_EVENNESS = 3.0  # Dirichlet parameter of the lines' shares of an order
_TAG_LIFT = 1.2  # log-odds of a product with the favourite tag
_POINTS = 10_000  # discounts are counted in hundredths of a per cent
ADD_ON_CHANCE = 0.5


@dataclass(frozen=True)
class Orders:
    """Orders of a block, each array (orders,).

    Attributes:
        customer: Number within the block.
        day: Day of the window.
        online: Whether it was placed online.
        hour: Hour of the day.
        value: Value at list prices that the lines aim at, in currency.
    """

    customer: Integers
    day: Integers
    online: npt.NDArray[np.bool_]
    hour: Integers
    value: Floats


@dataclass(frozen=True)
class OrderLines:
    """Sale lines, each array (lines,); money in cents.

    Attributes:
        order: Which order, by its place.
        product: Which product, by its place on the shelf.
        quantity: Units.
        gross: At list prices.
        discount: Taken off.
    """

    order: Integers
    product: Integers
    quantity: Integers
    gross: Integers
    discount: Integers

    @property
    def net(self) -> Integers:
        """After discounts, in cents."""
        return self.gross - self.discount

    def take(self, kept: npt.NDArray[np.bool_] | Integers) -> OrderLines:
        """Some of the lines."""
        return OrderLines(*(getattr(self, f.name)[kept] for f in fields(self)))


def make_orders(scenario: Scenario, people: People, customer: Integers, day: Integers, rng: Generator) -> Orders:
    """Channel, hour and value of orders."""
    n = customer.size
    online = rng.random(n) < people.online[customer]
    bell = rng.normal(0, 1, n)
    hour = np.where(online, np.rint(20 + 3.2 * bell) % 24, np.clip(np.rint(15 + 3 * bell), 9, 20))
    if people.tastes is not None:
        hour = hours_of(scenario, people.tastes, customer, day, rng)
    p = scenario.spend.p
    value = people.mean_order[customer] * rng.gamma(p, 1 / p, n)
    return Orders(customer, day, online, hour.astype(np.int64), value)


def make_lines(common: Common, people: People, orders: Orders, rng: Generator) -> OrderLines:
    """The lines of orders: larger orders have more of them."""
    scenario, n = common.scenario, orders.value.size
    if people.needs is not None:
        found = basket_contents(common, people.needs, orders.customer, orders.day, rng)
        return undiscounted(common, found.order, found.product)
    extra = (scenario.spend.lines - 1) * orders.value / scenario.spend.mean
    counts = np.minimum(1 + rng.poisson(np.minimum(extra, _MOST_LINES)), _MOST_LINES)
    order = np.repeat(np.arange(n), counts)
    parts = rng.standard_gamma(_EVENNESS, order.size)
    starts = np.cumsum(counts) - counts
    whole = np.add.reduceat(parts, starts) if n else np.zeros(0)
    aim = orders.value[order] * parts / whole[order]
    return _priced(common, people, orders, order, aim, rng)


def undiscounted(common: Common, order: Integers, product: Integers) -> OrderLines:
    """One piece of each product at its list price (lines,)."""
    gross = common.shelf.price[product]
    return OrderLines(order, product, np.ones_like(order), gross, np.zeros_like(gross))


def make_add_ons(common: Common, people: People, orders: Orders, effect: Floats, rng: Generator) -> OrderLines:
    """One more line in some orders, worth `effect` of the order's value on average (orders,)."""
    adds = rng.random(orders.value.size) < ADD_ON_CHANCE
    size = rng.standard_gamma(4.0, orders.value.size) / 4.0
    order = np.flatnonzero(adds & (effect > 0))
    aim = (orders.value * effect * size / ADD_ON_CHANCE)[order]
    return _priced(common, people, orders, order, aim, rng)


def _priced(common: Common, people: People, orders: Orders, order: Integers, aim: Floats, rng: Generator) -> OrderLines:
    """Lines with a product near the price aimed at (lines,), in currency."""
    shelf = common.shelf
    cents = 100 * aim
    dearest = shelf.price[-1]
    quantity = np.where(rng.random(order.size) < 0.1, 2, 1)
    quantity = np.maximum(quantity, np.ceil(cents / dearest)).astype(np.int64)
    day, customer = orders.day[order], orders.customer[order]
    if people.tastes is None:
        product = _products(people, customer, day, cents / quantity, shelf, rng)
        rate = _discount_rates(common, people.coupons[customer], day, product, rng)
    else:
        product = products_of(common, people.tastes, customer, day, rng)
        rate = np.rint(_POINTS * discounts_of(common, people.tastes, customer, day, rng)).astype(np.int64)
    gross = shelf.price[product] * quantity
    discount = (gross * rate + _POINTS // 2) // _POINTS
    return OrderLines(order, product, quantity, gross, discount)


def _products(
    people: People, customer: Integers, day: Integers, price: Floats, shelf: Shelf, rng: Generator
) -> Integers:
    """Of the products nearest in price that are on sale, the one the customer likes best that day."""
    place = np.searchsorted(shelf.price, price)[:, None] + _CANDIDATES
    place = np.clip(place, 0, shelf.price.size - 1)
    who = customer[:, None]
    liking = -np.log(-np.log(rng.random(place.shape)))
    liking += _TAG_LIFT * (shelf.style[place] == people.style[who])
    liking += _TAG_LIFT * (shelf.scene[place] == people.scene[who])
    liking += people.eco[who] * shelf.eco[place]
    sold = shelf.launch[place] <= day[:, None]
    liking = np.where(sold, liking, -np.inf)
    chosen = np.take_along_axis(place, liking.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(sold.any(axis=1), chosen, shelf.fallback[chosen])


def _discount_rates(common: Common, coupons: Floats, day: Integers, product: Integers, rng: Generator) -> Integers:
    """Discount of each line in hundredths of a per cent: promotion, else markdown, else coupon, else none."""
    scenario, clock = common.scenario, common.clock
    given = scenario.discounts
    running = clock.promotion[np.clip(day - clock.first, 0, clock.promotion.size - 1)]
    depth = np.array([p.depth for p in scenario.promotions] + [0.0])[running]
    share = np.array([p.share for p in scenario.promotions] + [0.0])[running]
    in_promotion = rng.random(day.size) < share
    old_enough = common.shelf.is_new[product] & (day - common.shelf.launch[product] >= given.markdown_after)
    old_enough &= given.markdown_after > 0
    with_coupon = rng.random(day.size) < coupons
    rate: Floats = np.select(
        [in_promotion, old_enough, with_coupon], [depth, given.markdown_depth, given.coupon_depth], default=0.0
    )
    rates: Integers = np.rint(rate * _POINTS).astype(np.int64)
    return rates


@dataclass(frozen=True)
class Returned:
    """Lines that come back: which (by place), and after how many days."""

    line: Integers
    lag: Integers


def make_returns(scenario: Scenario, orders: Orders, lines: OrderLines, rng: Generator) -> Returned:
    """Whole lines that are returned, each with its lag."""
    given = scenario.returns
    chance = np.where(orders.online[lines.order], given.online, given.store)
    back = rng.random(chance.size) < chance
    lag = 1 + np.floor(rng.exponential(given.lag, chance.size)).astype(np.int64)
    return Returned(np.flatnonzero(back), lag[back])
