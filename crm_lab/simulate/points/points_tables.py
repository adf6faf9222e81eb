"""What the retailer's tables and the answer key say of a block's points, tiers and invitations: columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from crm_lab.arrays import Columns, Integers
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.points.account_marks import make_marks
from crm_lab.simulate.points.invitations_net import Network
from crm_lab.simulate.points.points_book import Entry
from crm_lab.simulate.points.points_events import ledger_events, other_system
from crm_lab.simulate.points.points_worlds import Happened
from crm_lab.simulate.programme.members import owned
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.worlds import Cause
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream

INVITED_BY = ("link", "code", "store")


def points_tables(common: Common, block: int, happened: Happened, seen: Columns) -> tuple[Columns, ...]:
    """The ledger, its copy and what is wrong with that; orders by their numbers.

    Args:
        common: What all blocks share.
        block: Which block.
        happened: What happened in it.
        seen: Orders of the window with their numbers.
    """
    ledger = ledger_events(common.scenario, happened)
    number = np.zeros(happened.lived.life.world.orders.day.size, dtype=np.int64)
    number[seen["place"]] = seen["number"]
    order = ledger.pop("order")
    ledger["number"] = np.where(order >= 0, number[np.maximum(order, 0)], 0)
    copy, wrong = other_system(common.scenario, ledger, stream(common.seed, "points_copy", block))
    return ledger, copy, wrong


def member_tables(common: Common, block: int, happened: Happened) -> dict[str, Columns]:
    """Invitations, marks and tiers of a block."""
    scenario, net = common.scenario, happened.lived.net
    rng = stream(common.seed, "account_marks", block)
    return {
        "referrals": _referrals(scenario, net),
        "account_marks": make_marks(scenario, net, block * BLOCK, rng),
        "tier_history": tier_history(scenario, happened),
        "tiers": _tiers(scenario, happened),
    }


def _referrals(scenario: Scenario, net: Network) -> Columns:
    """A row an invitation; it belongs to the later of the two members, so that both are there where it is."""
    rows = np.array(net.rows, dtype=np.int64).reshape(-1, 6)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 2], rows[:, 0]))]
    inviter, invited, day, joined, scheme, group = rows.T
    number = np.arange(inviter.size) - np.searchsorted(inviter, inviter) + 1
    rewarded = np.where(joined >= 0, joined + scenario.referrals.reward_after, NEVER)
    rewarded = np.where(rewarded < scenario.days, rewarded, NEVER)
    columns = {
        "owner": np.maximum(inviter, invited),
        "customer": inviter,
        "number": number,
        "invited": invited,
        "invited_on": day,
        "joined_on": np.where(joined >= 0, joined, NEVER),
        "after": day - np.maximum(net.joined[inviter], 0),
        "rewarded_on": rewarded,
        "reward": np.where(rewarded < NEVER, round(100 * scenario.referrals.reward), 0),
        "channel": (7 * inviter + number) % len(INVITED_BY),
        "scheme": scheme,
        "group": group,
    }
    rank = np.lexsort((number, inviter, columns["owner"]))
    return {name: values[rank] for name, values in columns.items()}


def tier_history(scenario: Scenario, happened: Happened) -> Columns:
    """A row for each member's first day, in the lowest tier, and each New Year since, with what counted."""
    joined = np.maximum(happened.lived.net.joined, 0)
    parts = [(np.arange(BLOCK), joined, np.zeros(BLOCK, dtype=np.int64), np.full(BLOCK, -1))]
    for year, start in enumerate(happened.lived.years):
        if 0 < start < scenario.days:
            who = np.flatnonzero(joined < start)
            counted = happened.counted[who, year - 1]
            parts.append((who, np.full(who.size, start), happened.tier[who, year], counted))
    customer, since, tier, counted = (np.concatenate(part) for part in zip(*parts, strict=True))
    rank = np.lexsort((since, customer))
    columns = {"customer": customer, "since": since, "tier": tier, "counted": counted}
    return owned({name: values[rank] for name, values in columns.items()})


def _tiers(scenario: Scenario, happened: Happened) -> Columns:
    """The same as spans in one tier."""
    rows = tier_history(scenario, happened)
    customer, tier, since = rows["customer"], rows["tier"], rows["since"]
    new = np.append(True, (customer[1:] != customer[:-1]) | (tier[1:] != tier[:-1]))
    customer, tier, since = customer[new], tier[new], since[new]
    last = np.append(customer[1:] != customer[:-1], True)
    until = np.where(last, NEVER, np.append(since[1:], NEVER) - 1)
    return owned({"customer": customer, "valid_from": since, "valid_to": until, "tier": tier})


def points_key(scenario: Scenario, happened: Happened, wrong: Columns, referrals: Columns) -> Mapping[str, Columns]:
    """The answer key's tables of a block."""
    return {
        "points_members": _members(scenario, happened),
        "points_lots": _lots(scenario, happened),
        "points_years": _years(scenario, happened),
        "points_thresholds": dict(happened.other_tier),
        "points_mismatches": wrong,
        "referral_labels": {
            name: referrals[name] for name in ("owner", "customer", "number", "invited", "after", "scheme", "group")
        },
    }


def _members(scenario: Scenario, happened: Happened) -> Columns:
    net, traits = happened.lived.net, happened.traits
    return owned(
        {
            "customer": np.arange(BLOCK),
            "redeems": traits.redeems,
            "readiness": traits.readiness,
            "reward": traits.reward,
            "sorter": happened.lived.sorter,
            "would_leave": traits.leaves,
            "inviter": net.inviter,
            "depth": net.depth,
            "scheme": net.scheme,
            "role": net.role,
            "group": np.where(net.group >= 0, net.group, -1),
            "home": net.home,
            "expected": np.where(net.depth >= 0, scenario.referrals.invitations * net.weight, 0.0),
            "followed": np.maximum(net.joined, 0) + scenario.referrals.days < scenario.days,
        }
    )


def _lots(scenario: Scenario, happened: Happened) -> Columns:
    """A row for each lot of the window, with what becomes of it by the end of its days."""
    book = happened.book
    place = np.flatnonzero((book.lot >= 0) & happened.made & (happened.points > 0) & (book.day < scenario.days))
    member, lot = book.member[place], book.lot[place]
    back = np.flatnonzero((book.kind == Entry.RETURN) & (book.target >= 0))
    returned = np.zeros((2, *book.last_day.shape), dtype=np.int64)
    late = (book.day[back] >= scenario.days).astype(np.int64)
    np.add.at(returned, (late, book.member[back], book.target[back]), -happened.points[back])
    points, left = happened.points[place], happened.left[member, lot]
    used, used_later = happened.used[0, member, lot], happened.used[1, member, lot]
    kind = book.kind[place]
    world = happened.lived.life.world
    online = world.orders.online[np.maximum(book.order[place], 0)]
    reversed_, reversed_later = returned[0, member, lot], returned[1, member, lot]
    return {
        "owner": member,
        "customer": member,
        "issued": book.day[place],
        "expires": book.last_day[member, lot].astype(np.int64),
        "kind": np.select([kind == Entry.ADJUST, kind == Entry.TRANSFER_IN, online], [2, 3, 1], default=0),
        "tier": happened.tier[member, book.year[place]],
        "points": points,
        "reversed": reversed_,
        "reversed_later": reversed_later,
        "redeemed": used,
        "redeemed_later": used_later,
        "expired": left,
        "taken": points - reversed_ - reversed_later - used - used_later - left,
    }


def _years(scenario: Scenario, happened: Happened) -> Columns:
    """A row for each member and calendar year of the window: tier, what it brought, what would have been without."""
    book, world = happened.book, happened.lived.life.world
    n_years = scenario.last_date.year - scenario.start.year + 1
    joined, years = happened.lived.net.joined, happened.tier.shape[1]
    member, year = (part.ravel() for part in np.indices((BLOCK, n_years)))
    ends = happened.lived.years[year + 1]
    there = joined[member] < np.minimum(ends, scenario.days)
    member, year = member[there], year[there]
    made = (book.kind == Entry.ORDER) & happened.made
    cell = book.member * years + book.year
    issued = np.bincount(cell[made], weights=happened.points[made], minlength=BLOCK * years)
    costs = np.rint(100 * np.array([scenario.points.reward_costs[name] for name in scenario.points.rewards]))
    cost = np.where(happened.redeemed > 0, costs[happened.traits.reward[book.member]], 0)
    paid = np.bincount(cell, weights=cost, minlength=BLOCK * years)
    topped = made & (world.origin[np.maximum(book.order, 0)] == Cause.TOP_UP)
    tops = np.bincount(cell[topped], minlength=BLOCK * years)
    at = member * years + year
    by_year: dict[str, Integers] = {
        "spend": happened.spend[0, member, year],
        "margin": happened.margin[0, member, year],
        "spend_without": happened.spend[1, member, year],
        "margin_without": happened.margin[1, member, year],
        "rewards_cost": paid[at].astype(np.int64),
    }
    return {
        "owner": member,
        "customer": member,
        "year": year,
        "tier": happened.tier[member, year],
        "counted": happened.counted[member, year],
        **by_year,
        "points_issued": issued[at].astype(np.int64),
        "months": _months(scenario, happened, member, year),
        "topped_up": tops[at] > 0,
        "left_after_miss": happened.missed[member, year],
    }


def _months(scenario: Scenario, happened: Happened, member: Integers, year: Integers) -> Integers:
    """Months of a year on whose first day a member is there: those that perks and service are paid for."""
    starts, years = month_starts(scenario), happened.lived.years
    first = np.maximum(np.maximum(happened.lived.net.joined, 0)[member], years[year])
    return np.searchsorted(starts, np.minimum(years[year + 1], scenario.days)) - np.searchsorted(starts, first)
