"""A programme that whole cities get: the orders it adds, and what each customer's weeks are without and with it.

Its orders are made for every city, so the key holds both outcomes of all of them; the data show those of the cities
that got it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_lab.arrays import Booleans, Columns, Integers
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.programme.worlds import Cause, Life, World
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

PILOT_SUMS: Final = ("sales_without", "sales_with", "margin_without", "margin_with")


def weekly_outcomes(common: Common, life: Life) -> Columns:
    """Sales and margin (cents) of each customer and week without and with the programme, in all cities.

    Weeks run from its start to the window's end, Monday to Sunday; returns are netted on their own days. Weeks in which
    nothing happened have no row.
    """
    scenario = common.scenario
    customer, day, net, cost, extra = _events(scenario, life.world)
    week = (day - scenario.pilot.start) // 7
    weeks = -(-(scenario.days - scenario.pilot.start) // 7)
    place = customer * weeks + week
    sums = {}
    for world, there in (("without", ~extra), ("with", np.ones_like(extra))):
        for name, cents in (("sales", net), ("margin", net - cost)):
            sums[f"{name}_{world}"] = np.bincount(place[there], weights=cents[there], minlength=BLOCK * weeks).astype(
                np.int64
            )
    seen = np.unique(place)
    who = seen // weeks
    return {
        "owner": who,
        "customer": who,
        "city": life.people.city[who],
        "week": scenario.pilot.start + 7 * (seen % weeks),
        **{name: sums[name][seen] for name in PILOT_SUMS},
    }


def _events(scenario: Scenario, world: World) -> tuple[Integers, Integers, Integers, Integers, Booleans]:
    """Customer, day, net, cost (cents) and whether the programme made them, of sales and returns from its start on."""
    extra_order = world.origin == Cause.PILOT
    made = np.where(extra_order, world.orders.day, world.actual)
    order, back = world.lines.order, world.returned.line
    line = np.concatenate([np.arange(order.size), back])
    day = np.concatenate([made[order], made[order[back]] + world.returned.lag])
    sign = np.repeat([1, -1], [order.size, back.size])
    kept = (day >= scenario.pilot.start) & (day < scenario.days)
    line, day, sign = line[kept], day[kept], sign[kept]
    return (
        world.orders.customer[order[line]], day, sign * world.lines.net[line], sign * world.cost[line],
        extra_order[order[line]],
    )  # fmt: skip
