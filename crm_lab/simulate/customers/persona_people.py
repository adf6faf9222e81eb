"""Customers who are planted kinds of shoppers, and the days on which they buy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Integers
from crm_lab.simulate.customers.people import People, make_people
from crm_lab.simulate.customers.persona_tastes import PersonaTastes, draw_demographics, draw_tastes
from crm_lab.simulate.customers.timing import Purchases
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream


def people_of(scenario: Scenario, seed: int, block: int) -> People:
    """The customers of a block, of planted kinds where the scenario has them."""
    people = make_people(scenario, seed, block)
    if not scenario.personas.on:
        return people
    rng = stream(seed, "personas", block)
    tastes = draw_tastes(scenario, rng)
    traits = draw_demographics(scenario, tastes.after, rng)
    city, per_city = traits["cities"], scenario.stores.per_city
    return replace(
        people,
        tastes=tastes,
        age=traits["ages"],
        household={"income": traits["incomes"], "household": traits["households"]},
        city=city,
        store=city * per_city + people.store % per_city,
    )


def on_their_days(
    scenario: Scenario, seed: int, block: int, people: People, purchases: Purchases
) -> tuple[People, Purchases]:
    """Purchases moved to weekends or working days within the month, by the taste of each customer."""
    if people.tastes is None:
        return people, purchases
    rng = stream(seed, "persona_days", block)
    day = _moved(scenario, people.tastes, purchases, rng)
    rank = np.lexsort((day, purchases.customer))
    joined = np.full(BLOCK, np.inf)
    np.minimum.at(joined, purchases.customer, day)
    moved = replace(purchases, time=purchases.time[rank], day=day[rank])  # customers stay where they are
    return replace(people, joined=joined), moved


def _moved(scenario: Scenario, tastes: PersonaTastes, purchases: Purchases, rng: Generator) -> Integers:
    """The day of the week that suits, in the same week or the next or last, whichever is in the month."""
    day, customer = purchases.day, purchases.customer
    at_weekend = tastes.toss("weekend", customer, day, rng).astype(bool)
    part = rng.random(day.size)
    weekday = (day + scenario.start.weekday()) % 7
    target = np.where(at_weekend, 5 + (part * 2).astype(np.int64), (part * 5).astype(np.int64))
    moved = day - weekday + target
    start = np.datetime64(scenario.start, "D")
    months, new_months = ((start + days).astype("datetime64[M]") for days in (day, moved))
    return moved + np.where(new_months < months, 7, np.where(new_months > months, -7, 0))
