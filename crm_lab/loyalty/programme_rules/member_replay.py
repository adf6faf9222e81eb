"""Members' own orders and redemptions, played through rules of points, all members at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.loyalty.programme_rules.member_record import SPAN, MemberRecord, decision_in_force
from crm_lab.loyalty.programme_rules.rule_set import PointsRules

_PRIOR = 2.0  # opportunities that the chain's mean chance to redeem counts for
_YEAR = 365


@dataclass(frozen=True)
class Replay:
    """What members end with under some rules; each array has the shape (members,).

    Attributes:
        issued: Points issued.
        redeemed: Points redeemed.
        expired: Points expired.
        outstanding: Points that are left at the end.
        reward_cost: What the rewards cost.
        perk_cost: What perks and service cost.
        spend: Spend of the orders that earned.
        tier: Place of the tier at the end.
    """

    issued: Floats
    redeemed: Floats
    expired: Floats
    outstanding: Floats
    reward_cost: Floats
    perk_cost: Floats
    spend: Floats
    tier: Integers


@dataclass(frozen=True)
class Occasions:
    """What members did with each chance to redeem under the rules they lived under, shape (days,)."""

    draw: Floats  # they redeem where it is below their chance
    chance: Floats


def replay(
    record: MemberRecord, rules: PointsRules, base: PointsRules, occasions: Occasions | None, spend_factor: float = 1.0
) -> tuple[Replay, Booleans]:
    """Play all members through rules; with no `occasions` they redeem what they redeemed, as far as points go.

    Args:
        record: The members.
        rules: The rules that are tried.
        base: The rules they lived under.
        occasions: Who redeems when it becomes possible; see `occasions_of`.
        spend_factor: Factor of all amounts.

    Returns:
        What members end with, and on which of their days a reward could be had.
    """
    ranks = rules.places(record.decisions["amount"].to_numpy() * spend_factor)
    issued = _issue(record, rules, ranks, spend_factor)
    was = _issue(record, base, base.places(record.decisions["amount"].to_numpy()), 1.0)
    lots, days = record.lots, record.days
    member, day = days["member"].to_numpy(dtype=np.int64), days["day"].to_numpy(dtype=np.int64)
    ends = lots["member"].to_numpy(dtype=np.int64) * SPAN + np.minimum(
        rules.last_day(lots["day"].to_numpy(dtype=np.int64)), SPAN - 1
    )
    own = member * SPAN + day
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(lots["points"] > 0, issued / lots["points"], 0.0)
    net = issued - lots["back"].to_numpy() * scale
    taken = record.reversals["points"].to_numpy() * scale[record.reversals["lot"].to_numpy(dtype=np.int64)]
    place, first = days["place"].to_numpy(), np.searchsorted(lots["member"], member)
    before = _up_to(lots["place"].to_numpy(), issued, place, first)
    first = np.searchsorted(record.reversals["member"], member)
    before -= _up_to(record.reversals["place"].to_numpy(), taken, place, first)
    gone = _until(ends, net, own, member)
    state = _walk(record, rules, occasions, (before, gone), issued.sum() / was.sum() if was.sum() else 1.0)
    all_issued = _by_member(lots["member"].to_numpy(), issued, record.members)
    everybody = np.arange(record.members, dtype=np.int64)
    at_end = everybody * SPAN + record.end
    expired = np.maximum(state.expired, _until(ends, net, at_end, everybody) - state.used)
    left = _by_member(lots["member"].to_numpy(), net, record.members) - state.used - expired
    perks = _perks(record, rules, ranks)
    last = decision_in_force(record.decisions, everybody, np.full(record.members, record.end))
    tier = np.where(last >= 0, ranks[np.maximum(last, 0)], 0)
    spend = np.nan_to_num(lots["amount"].to_numpy()) * spend_factor
    return (
        Replay(
            all_issued, state.redeemed, expired, left, state.cost, perks,
            _by_member(lots["member"].to_numpy(), spend, record.members), tier,
        ),
        state.possible,
    )  # fmt: skip


def _until(keys: Integers, values: Floats, own: Integers, member: Integers) -> Floats:
    """Sum of a member's values with keys below each of their own, shape (days,)."""
    return _up_to(keys, values, own, np.searchsorted(keys, member * SPAN))


def _by_member(member: Integers, values: Floats, members: int) -> Floats:
    """Sum of each member's values, shape (members,)."""
    return np.asarray(np.bincount(member, values, members), dtype=np.float64)


def _up_to(keys: Integers, values: Floats, own: Integers, first: Integers) -> Floats:
    """Sum of the values from a first place to the last whose key is below each of the own, shape (days,)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(sums[np.searchsorted(keys, own)] - sums[first])


def _issue(record: MemberRecord, rules: PointsRules, ranks: Integers, factor: float) -> Floats:
    """Points of each lot under rules: by its order's amount and the tier in force, as they were without an order."""
    lots = record.lots
    factors = np.array([rules.earns.get(tier, 1.0) for tier in record.tiers])
    since = lots["since"].to_numpy()
    earns = factors[np.where(since >= 0, ranks[np.maximum(since, 0)], 0)]
    amount = lots["amount"].to_numpy() * factor
    earned = np.floor(np.nan_to_num(amount) * rules.rate * earns + 1e-6)
    return np.where(np.isnan(amount), lots["points"], np.maximum(earned, 0))


@dataclass
class _State:
    """What members have done so far, shape (members,), and whether each day had a chance, shape (days,)."""

    used: Floats
    redeemed: Floats
    expired: Floats
    cost: Floats
    possible: Booleans


def _walk(
    record: MemberRecord, rules: PointsRules, occasions: Occasions | None, sums: tuple[Floats, Floats], scale: float
) -> _State:
    """Day by day of each member: expire, redeem, take back; the first days of all members, then the second."""
    before, gone = sums
    days, n = record.days, record.members
    member = days["member"].to_numpy(dtype=np.int64)
    starts, counts = np.searchsorted(member, np.arange(n)), np.bincount(member, minlength=n)
    redeemed, out = days["redeemed"].to_numpy(), days["out"].to_numpy() * scale
    order, paid = days["order"].to_numpy() > 0, days["cost"].to_numpy()
    state = _State(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(len(days), dtype=bool))
    for step in range(int(counts.max(initial=0))):
        who = np.flatnonzero(counts > step)
        at = starts[who] + step
        state.expired[who] = np.maximum(state.expired[who], gone[at] - state.used[who])
        balance = before[at] - state.used[who] - state.expired[who]
        price = record.price[who] * rules.price_factor
        acted = redeemed[at] > 0
        possible = (order[at] | acted) & (balance >= price)
        state.possible[at] = possible
        wanted = np.where(acted, redeemed[at] * rules.price_factor, 0.0)
        if occasions is not None:
            new = possible & ~acted & (occasions.draw[at] < occasions.chance[at])
            wanted = np.where(new, price, wanted)
        taken = np.where(wanted <= balance + 1e-9, wanted, np.floor(np.maximum(balance, 0) / price) * price)
        taken = np.where(wanted > 0, taken, 0.0)
        each = np.where(
            acted, paid[at] / np.maximum(redeemed[at] * rules.price_factor, 1e-12), record.cost[who] / price
        )
        state.redeemed[who] += taken
        state.cost[who] += taken * each * rules.cost_factor
        back = np.minimum(out[at], np.maximum(balance - taken, 0))
        state.used[who] += taken + back
    return state


def occasions_of(record: MemberRecord, possible: Booleans, rng: np.random.Generator) -> Occasions:
    """Each member's chance to redeem where it is possible, and draws that repeat what they did.

    Where a member redeemed or declined under the rules lived under, the same is done again; where a reward only becomes
    possible under other rules, chance decides, with the member's own share of chances taken.

    Args:
        record: The members.
        possible: On which days a reward could be had, from a replay of the rules lived under.
        rng: Random generator.
    """
    member, acted = record.days["member"].to_numpy(), record.days["redeemed"].to_numpy() > 0
    chances = np.bincount(member, possible | acted, record.members)
    taken = np.bincount(member, acted, record.members)
    mean = taken.sum() / max(chances.sum(), 1)
    own = (taken + _PRIOR * mean) / (chances + _PRIOR)
    draw = np.where(acted, 0.0, np.where(possible, 1.0, rng.random(len(member))))
    return Occasions(draw, own[member])


def _perks(record: MemberRecord, rules: PointsRules, ranks: Integers) -> Floats:
    """Cost of perks and service of each member, by days in each tier up to the end."""
    rows = record.decisions
    member, day = rows["member"].to_numpy(), rows["day"].to_numpy()
    first = np.full(record.members, record.end)
    np.minimum.at(first, record.days["member"].to_numpy(), record.days["day"].to_numpy())
    following = np.append(np.where(member[1:] == member[:-1], day[1:], record.end + 1), record.end + 1)
    years = np.clip(following - np.maximum(day, first[member]), 0, None) / _YEAR
    costs = np.array([rules.perks.get(tier, 0.0) for tier in record.tiers])
    return _by_member(member, years * costs[ranks], record.members)
