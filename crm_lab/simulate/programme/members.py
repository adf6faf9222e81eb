"""What the retailer knows of the customers of a block beside their purchases."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Columns
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.simulated_rewards import Ledger
from crm_lab.simulate.programme.worlds import Life, tiers_on
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK


def owned(columns: Columns) -> Columns:
    """The columns, with whose row it is."""
    return {"owner": columns["customer"], **columns}


def customers(life: Life) -> Columns:
    """Everybody, with what the retailer knows beside purchases."""
    people = life.people
    return owned(
        {
            "customer": np.arange(BLOCK),
            "joined": people.joined.astype(np.int64),
            "channel": people.channel,
            "city": people.city,
            "age": people.age,
            "opted_out": life.exposures.opted_out,
            **people.household,
        }
    )


def tiers(scenario: Scenario, life: Life) -> Columns:
    """One row for each quarter's first day on which a customer's tier is new."""
    world = life.world
    joined = life.people.joined
    there = ~world.add_on | life.draw.enrolled[world.orders.customer[world.lines.order]]
    order = world.lines.order[there]
    who, day, net = world.orders.customer[order], world.actual[order], world.lines.net[there]
    before, parts = np.full(BLOCK, -1), []
    for start in quarter_starts(scenario):
        tier = np.where(joined < start, tiers_on(scenario, who, day, net, start), -1)
        new = np.flatnonzero(tier != before)
        parts.append((new, np.full(new.size, start), tier[new]))
        before = tier
    customer, start_, tier_ = (np.concatenate(p) for p in zip(*parts, strict=True))
    rank = np.lexsort((start_, customer))
    customer, start_, tier_ = customer[rank], start_[rank], tier_[rank]
    last = np.append(customer[1:] != customer[:-1], True)[: customer.size]
    until = np.where(last, NEVER, np.append(start_[1:], NEVER)[: customer.size] - 1)
    return owned({"customer": customer, "valid_from": start_, "valid_to": until, "tier": tier_})


def quarter_starts(scenario: Scenario) -> list[int]:
    """First days of calendar quarters in the window, and the window's first day."""
    first = scenario.start
    starts = [0]
    for year in range(first.year, scenario.last_date.year + 1):
        days = [(first.replace(year=year, month=m, day=1) - first).days for m in (1, 4, 7, 10)]
        starts += [d for d in days if 0 < d < scenario.days]
    return starts


def _by_customer(columns: Columns) -> Columns:
    """The columns in order of customers, and as they were within them."""
    rank = np.argsort(columns["customer"], kind="stable")
    return {name: values[rank] for name, values in columns.items()}


def assignments(common: Common, life: Life) -> Columns:
    """Who was drawn for which arm of which experiment; in a programme of whole cities all of a city are."""
    draw, offer, joined, pilot = life.draw, life.offer, life.people.joined, common.scenario.pilot
    test = np.flatnonzero(draw.recorded)
    held = np.flatnonzero(offer.eligible)
    there = np.flatnonzero((joined < pilot.end) & pilot.on)
    arrived = np.maximum(joined[there], pilot.start).astype(np.int64)
    columns = owned(
        {
            "customer": np.concatenate([test, held, there]),
            "experiment": np.repeat([0, 1, 2], [test.size, held.size, there.size]),
            "day": np.concatenate([draw.assigned[test], np.full(held.size, common.scenario.save_offer.start), arrived]),
            "treated": np.concatenate(
                [draw.treated[test], offer.treated[held], common.piloted[life.people.city[there]]]
            ),
            "tier": np.concatenate([life.tier[test], np.full(held.size + there.size, -1)]),
        }
    )
    return _by_customer(columns)


def enrolments(life: Life) -> Columns:
    """Who is in the programme since when."""
    inside = np.flatnonzero(life.draw.enrolled)
    return owned({"customer": inside, "day": life.draw.enrol_day[inside]})


def rewards(ledger: Ledger, visits: Columns) -> Columns:
    """The ledger of points, with the numbers of the orders."""
    starts = np.searchsorted(ledger.customer, ledger.customer)
    number = np.where(ledger.order >= 0, np.append(visits["number"], 0)[ledger.order], 0)
    return owned(
        {
            "customer": ledger.customer,
            "event": np.arange(ledger.customer.size) - starts + 1,
            "day": ledger.day,
            "kind": ledger.kind,
            "points": ledger.points,
            "number": number,
            "cost": ledger.cost,
        }
    )


def exposures(scenario: Scenario, life: Life) -> Columns:
    """Messages and offers sent."""
    sent, offer = life.exposures, np.flatnonzero(life.offer.treated)
    zeros = np.zeros(offer.size, dtype=np.int64)
    columns = owned(
        {
            "customer": np.concatenate([sent.customer, offer]),
            "day": np.concatenate([sent.day, zeros + scenario.save_offer.start]),
            "offer": np.repeat([False, True], [sent.customer.size, offer.size]),
            "channel": np.concatenate([sent.channel, zeros]),
            "delivered": np.concatenate([sent.delivered, zeros == 0]),
            "opened": np.concatenate([sent.opened, zeros == 0]),
        }
    )
    if sent.product.size:  # there is no save offer where baskets are planted
        columns |= {"product": sent.product, "propensity": sent.propensity, "clicked": sent.clicked}
    return _by_customer(columns)
