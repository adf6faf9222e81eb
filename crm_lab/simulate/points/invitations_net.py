"""Who invited whom: honest chains that fade, and schemes of accounts that only collect rewards.

Everybody is invited within a block, so that neither more customers nor other chunks change a row. Some places of a
block are kept for those invited; those left over at the end join uninvited, on the day they would have anyway.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.people import AGE_SHARES, People
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK


class Scheme(IntEnum):
    """What kind of fraud an account or an invitation belongs to."""

    NONE = 0
    SELF_REFERRAL = 1
    RING = 2
    BURST = 3
    RETURN_AFTER_REWARD = 4


SCHEMES = tuple(scheme.name.lower() for scheme in Scheme)
ROLES = ("none", "organiser", "account")


@dataclass
class Network:
    """The members of a block as invited; arrays are (BLOCK,), lists a row an invitation.

    Attributes:
        joined: Day of the first purchase.
        inviter: Number of who invited; -1 for nobody.
        depth: Links of the honest chain above; -1 for accounts of a scheme.
        scheme: Number in `SCHEMES` of the scheme that the account belongs to.
        role: Number in `ROLES`.
        group: Number of the scheme within the block; -1 for none.
        home: Number of the member whose home is shared.
        weight: Mean invitations relative to those of the mean member who came uninvited: as the own purchase rate.
        invites: Whether an honest member's invitations are simulated.
        rows: Invitations: inviter, invited (-1), day, day of joining (-1), scheme, group.
    """

    joined: Integers
    inviter: Integers
    depth: Integers
    scheme: Integers
    role: Integers
    group: Integers
    home: Integers
    weight: Floats
    age: Integers
    city: Integers
    rows: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    groups: int = 0


def make_network(scenario: Scenario, people: People, rng: Generator) -> Network:
    """The members of a block with those invited in their places."""
    given = scenario.referrals
    everyone = np.arange(BLOCK)
    zeros = np.zeros(BLOCK, dtype=np.int64)
    net = Network(
        joined=people.joined.astype(np.int64),
        inviter=zeros - 1,
        depth=zeros.copy(),
        scheme=zeros.copy(),
        role=zeros.copy(),
        group=zeros - 1,
        home=everyone.copy(),
        weight=_weights(scenario, people),
        age=people.age.copy(),
        city=people.city.copy(),
    )
    if not given.on:
        return net
    places = rng.permutation(BLOCK)
    n_kept = round(given.reserve * BLOCK)
    kept, own = [int(p) for p in places[:n_kept]], np.sort(places[n_kept:])
    _share_homes(net, own, given.households, rng)
    _schemes(scenario, net, kept, own, rng)
    _chains(scenario, net, kept, own, rng)
    return net


def _weights(scenario: Scenario, people: People) -> Floats:
    """Relative purchase rate before that of the age band: 1 on average."""
    timing = scenario.timing
    weights: Floats = people.habits.rate * 7 * timing.alpha / timing.r
    return weights


def age_factor(scenario: Scenario, age: Integers) -> Floats:
    """Factor of the purchase rate by age band, 1 on average."""
    rates = np.array(scenario.referrals.age_rates)
    factors: Floats = (rates / (rates @ np.array(AGE_SHARES)))[age]
    return factors


def _share_homes(net: Network, own: Integers, share: float, rng: Generator) -> None:
    """Pairs of members who live together without any invitation."""
    pairs = rng.permutation(own)[: 2 * round(share * own.size / 2)].reshape(-1, 2)
    for one, other in np.sort(pairs, axis=1):
        net.home[other] = one
        net.city[other] = net.city[one]


def _chains(scenario: Scenario, net: Network, kept: list[int], own: Integers, rng: Generator) -> None:
    """Honest invitations, by day of joining; places that nobody was invited to join uninvited."""
    waiting = [(int(net.joined[place]), int(place)) for place in own if net.scheme[place] == Scheme.NONE]
    heapq.heapify(waiting)
    while waiting or kept:
        if not waiting:
            free = kept.pop()
            heapq.heappush(waiting, (int(net.joined[free]), free))
        _, who = heapq.heappop(waiting)
        for new in _invite(scenario, net, who, kept, rng):
            heapq.heappush(waiting, (int(net.joined[new]), new))


def _invite(scenario: Scenario, net: Network, who: int, kept: list[int], rng: Generator) -> list[int]:
    """The invitations of one member; those who come of it."""
    given, new = scenario.referrals, list[int]()
    depth = int(net.depth[who])
    start = max(int(net.joined[who]), 0)
    chance = given.converts * given.decay**depth
    net.weight[who] *= float(age_factor(scenario, net.age[who : who + 1])[0])
    for _ in range(int(rng.poisson(given.invitations * float(net.weight[who])))):
        day = start + 1 + int(rng.random() * given.days)
        comes, lag = rng.random() < chance, 1 + int(rng.exponential(given.lag))
        at_home = rng.random() < given.household
        if day >= scenario.days:
            continue
        joined = day + lag
        if not comes or joined >= scenario.days or not kept:
            net.rows.append((who, -1, day, -1, Scheme.NONE, -1))
            continue
        place = kept.pop()
        _settle(net, place, who, joined, depth + 1)
        net.home[place] = net.home[who] if at_home else place
        net.rows.append((who, place, day, joined, Scheme.NONE, -1))
        new.append(place)
    return new


def _settle(net: Network, place: int, inviter: int, joined: int, depth: int) -> None:
    net.inviter[place], net.joined[place], net.depth[place] = inviter, joined, depth
    net.age[place], net.city[place] = net.age[inviter], net.city[inviter]


def _schemes(scenario: Scenario, net: Network, kept: list[int], own: Integers, rng: Generator) -> None:
    """Accounts that are there for the rewards, each kind as often as planted."""
    given = scenario.referrals
    kinds = (
        (given.self_referrals, _self_referral),
        (given.rings, _ring),
        (given.bursts, _burst),
        (given.returners, _returner),
    )
    for per_1000, make in kinds:
        for _ in range(int(rng.poisson(per_1000 * BLOCK / 1000))):
            organiser = int(rng.choice(own))
            u = rng.random(32)
            if net.scheme[organiser] == Scheme.NONE and len(kept) > 26:
                make(scenario, net, kept, organiser, u)
                net.groups += 1


def _day(scenario: Scenario, after: int, u: float) -> int:
    """A day after one on which somebody is a member already, early enough for what follows."""
    first = max(after, 0) + 20
    last = scenario.days - 75
    return first + int(u * (last - first)) if first < last else -1


def _account(net: Network, place: int, inviter: int, invited: int, joined: int, scheme: Scheme) -> None:
    _settle(net, place, inviter, joined, -1)
    net.scheme[place], net.role[place], net.group[place] = scheme, 2, net.groups
    net.rows.append((inviter, place, invited, joined, scheme, net.groups))


def _self_referral(scenario: Scenario, net: Network, kept: list[int], who: int, u: Floats) -> None:
    """One to three second accounts of a member."""
    day = _day(scenario, int(net.joined[who]), float(u[0]))
    if day < 0:
        return
    net.scheme[who], net.role[who], net.group[who] = Scheme.SELF_REFERRAL, 1, net.groups
    for number in range(1 + int(u[1] > 0.5) + int(u[1] > 0.8)):
        invited = day + int(5 * number * u[2 + number])
        place = kept.pop()
        _account(net, place, who, invited, invited + int(2 * u[6 + number]), Scheme.SELF_REFERRAL)
        net.home[place] = net.home[who]


def _ring(scenario: Scenario, net: Network, kept: list[int], _: int, u: Floats) -> None:
    """Five to nine accounts that invite each other within a few weeks, all by one hand."""
    day = _day(scenario, 0, float(u[0]))
    members = [kept.pop() for _ in range(5 + int(5 * u[1]))]
    root = members[0]
    net.joined[root], net.depth[root] = day, -1
    net.scheme[root], net.role[root], net.group[root] = Scheme.RING, 1, net.groups
    for number, place in enumerate(members[1:], start=1):
        inviter = members[int(u[2 + number] * number)]
        invited = int(net.joined[inviter]) + int(4 * u[12 + number])
        _account(net, place, inviter, invited, invited + int(3 * u[22 + number]), Scheme.RING)


def _burst(scenario: Scenario, net: Network, kept: list[int], _: int, u: Floats) -> None:
    """Ten to twenty-four accounts within three days of one invitation code."""
    day = _day(scenario, 0, float(u[0]))
    root = kept.pop()
    net.joined[root], net.depth[root] = day, -1
    net.scheme[root], net.role[root], net.group[root] = Scheme.BURST, 1, net.groups
    for number in range(10 + int(15 * u[1])):
        invited = day + 3 + int(2 * u[2 + number])
        _account(net, kept.pop(), root, invited, invited + int(2 * u[31 - number]), Scheme.BURST)


def _returner(scenario: Scenario, net: Network, kept: list[int], who: int, u: Floats) -> None:
    """A new member who buys, lets the inviter have the reward, and returns everything."""
    day = _day(scenario, int(net.joined[who]), float(u[0]))
    if day < 0:
        return
    _account(net, kept.pop(), who, day, day + 1 + int(6 * u[1]), Scheme.RETURN_AFTER_REWARD)
