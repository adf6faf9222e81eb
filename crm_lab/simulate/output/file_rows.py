"""The lines of a block as the retailer's file has them: in order, with returns, faults and all."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Columns
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.faults import UNIT_FACTOR, Faults, copies
from crm_lab.simulate.programme.worlds import Cause, Life
from crm_lab.simulate.scenario.actions import DIRT_KINDS
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK


def visits(common: Common, life: Life) -> Columns:
    """Orders that were made and are in the window, in the order of the file, with their net value."""
    orders, day = life.world.orders, life.world.actual
    shown = life.world.lines
    there = ~life.world.add_on | life.draw.enrolled[orders.customer[shown.order]]
    net = np.bincount(shown.order[there], weights=shown.net[there], minlength=day.size).astype(np.int64)
    seen = np.flatnonzero((day >= 0) & (day < common.scenario.days))
    rank = np.lexsort((seen, orders.hour[seen], day[seen], orders.customer[seen]))
    place = seen[rank]
    customer = orders.customer[place]
    starts = np.searchsorted(customer, np.arange(BLOCK))
    number = np.arange(place.size) - starts[customer] + 1
    return {"place": place, "customer": customer, "day": day[place], "net": net[place], "number": number}


def rows(common: Common, life: Life, seen: Columns) -> Columns:
    """Sale and return lines of the window, in the order of the file, before faults."""
    world, days = life.world, common.scenario.days
    orders, lines = world.orders, world.lines
    number = np.zeros(orders.day.size, dtype=np.int64)
    number[seen["place"]] = seen["number"]
    who = orders.customer[lines.order]
    sold = (number[lines.order] > 0) & (~world.add_on | life.draw.enrolled[who])
    sale = np.flatnonzero(sold)
    back_day = world.actual[lines.order[world.returned.line]] + world.returned.lag
    back = sold[world.returned.line] & (back_day < days)
    source = np.concatenate([sale, world.returned.line[back]])
    is_return = np.repeat([False, True], [sale.size, int(back.sum())])
    order = lines.order[source]
    day = np.where(is_return, 0, world.actual[order])
    day[sale.size :] = back_day[back]
    hour = np.where(is_return, 12, orders.hour[order])
    rank = np.lexsort((source, number[order], hour, day, orders.customer[order]))
    source, order, is_return, day, hour = source[rank], order[rank], is_return[rank], day[rank], hour[rank]
    sign = np.where(is_return, -1, 1)
    at = np.zeros(lines.order.size, dtype=np.int64)
    at[source[~is_return]] = np.flatnonzero(~is_return)
    store = np.where(orders.online[order], common.branches.store_id.size - 1, life.people.store[orders.customer[order]])
    return {
        "owner": orders.customer[order],
        "customer": orders.customer[order],
        "number": number[order],
        "returns": np.where(is_return, at[source], -1),  # place among the rows of the line returned
        "product": lines.product[source],
        "store": store,
        "day": day,
        "hour": hour,
        "quantity": sign * lines.quantity[source],
        "gross": sign * lines.gross[source],
        "discount": sign * lines.discount[source],
        "net": sign * lines.net[source],
        "origin": np.where(world.add_on[source], Cause.ADD_ON, world.origin[order]),
    }


def as_filed(clean: Columns, faults: Faults, scenario: Scenario) -> tuple[Columns, Columns]:
    """The rows as the retailer's file has them, faults and all, and the label of each fault."""
    place = copies(faults)
    at = np.searchsorted(place, np.arange(faults.kind.size))  # where each row stands, its first copy
    file = {name: values[place] for name, values in clean.items()}
    file["row"] = np.arange(place.size)
    file["returns"] = np.where(file["returns"] < 0, -1, at[np.maximum(file["returns"], 0)] + 1)
    again = np.diff(place, prepend=-1) == 0
    kind = np.where((faults.kind[place] == 0) & ~again, -1, faults.kind[place])
    has = {name: kind == number for number, name in enumerate(DIRT_KINDS)}
    dirty = np.flatnonzero(kind >= 0)
    day = file["day"] + faults.shift[place]
    day = np.where((day < 0) | (day >= scenario.days), file["day"] - faults.shift[place], day)
    labels = {
        "owner": file["owner"][dirty],
        "row": file["row"][dirty],
        "kind": kind[dirty],
        "customer": file["customer"][dirty],
        "product": file["product"][dirty],
        "quantity": file["quantity"][dirty],
        "day": file["day"][dirty],
    }
    file["customer"] = np.where(has["null_customer"], -1, file["customer"])
    file["product"] = np.where(has["orphan_product"], -1 - file["product"], file["product"])
    file["quantity"] = file["quantity"] * np.where(has["wrong_unit"], UNIT_FACTOR, 1)
    file["day"] = np.where(has["clock_skew"], day, file["day"])
    return file, labels
