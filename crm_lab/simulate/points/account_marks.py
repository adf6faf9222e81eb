"""Marks of accounts: devices, addresses, phones, cards and internet addresses, as hashes; and what links them.

Honest homes share an address, often a device and at times a card; cafes and carriers share an internet address among
strangers. Accounts by one hand share what one hand has.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Columns, Floats, Integers
from crm_lab.simulate.points.invitations_net import Network, Scheme
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

MARKS = ("device", "address", "phone", "card", "ip")
_DEVICE, _ADDRESS, _PHONE, _CARD, _IP = range(5)
_PUBLIC = 40  # internet addresses that strangers share
_PUBLIC_OWNER = 1 << 30


def make_marks(scenario: Scenario, net: Network, first: int, rng: Generator) -> Columns:
    """A row for each account and mark: whose, which kind, whose mark it is, its number, first seen when."""
    u = rng.random((12, BLOCK))
    everyone = np.arange(BLOCK)
    lone = net.home == everyone
    parts = [
        *_own(net, everyone, u),
        *_at_home(net, everyone, ~lone & (net.scheme == Scheme.NONE), u),
        *_by_one_hand(net, everyone, u),
    ]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows["owner_of"] = np.where(rows["owner_of"] < _PUBLIC_OWNER, rows["owner_of"] + first, rows["owner_of"])
    later = (rng.random(rows["customer"].size) ** 3 * 90 * (rows["number"] > 0)).astype(np.int64)
    rows["day"] = np.minimum(net.joined[rows["customer"]] + later, scenario.days - 1)
    rank = np.lexsort((rows["number"], rows["owner_of"], rows["mark"], rows["customer"]))
    rows = {name: values[rank] for name, values in rows.items()}
    again = np.append(False, _same(rows, "customer", "mark", "owner_of", "number"))
    rows = {name: values[~again] for name, values in rows.items()}
    return {"owner": rows["customer"], **rows}


def _same(rows: Columns, *names: str) -> Booleans:
    same: Booleans = np.logical_and.reduce([rows[name][1:] == rows[name][:-1] for name in names])
    return same


def _marks(who: Integers, mark: int, owner: Integers, number: Integers | int = 0) -> Columns:
    return {
        "customer": who,
        "mark": np.full(who.size, mark),
        "owner_of": owner,
        "number": np.broadcast_to(number, who.size).astype(np.int64),
    }


def _own(net: Network, everyone: Integers, u: Floats) -> list[Columns]:
    """What most accounts have for themselves."""
    own_address = (net.home == everyone) & ((net.scheme != Scheme.RING) & (net.scheme != Scheme.SELF_REFERRAL))
    own_address |= (net.role == 1) & (net.scheme == Scheme.SELF_REFERRAL)
    honest = (net.scheme == Scheme.NONE) | (net.scheme == Scheme.RETURN_AFTER_REWARD) | (net.role == 1)
    device = honest | (net.scheme == Scheme.BURST)
    card = honest & (net.scheme != Scheme.RING)
    second, other_card, public = u[0] < 0.25, u[1] < 0.2, u[2] < 0.5
    place = (u[3] * _PUBLIC).astype(np.int64) + _PUBLIC_OWNER
    phone = (net.scheme != Scheme.SELF_REFERRAL) | (net.role == 1) | (u[4] > 0.4)
    home_net = honest & (net.home == everyone)
    return [
        _marks(everyone[device], _DEVICE, everyone[device]),
        _marks(everyone[device & second], _DEVICE, everyone[device & second], 1),
        _marks(everyone[own_address], _ADDRESS, everyone[own_address]),
        _marks(everyone[phone], _PHONE, everyone[phone]),
        _marks(everyone[card], _CARD, everyone[card]),
        _marks(everyone[card & other_card], _CARD, everyone[card & other_card], 1),
        _marks(everyone[home_net], _IP, everyone[home_net]),
        _marks(everyone[public], _IP, place[public], 1),
    ]


def _at_home(net: Network, everyone: Integers, shares: Booleans, u: Floats) -> list[Columns]:
    """What those who live with somebody share: the address, the home's internet, often a device, at times a card."""
    device, card = shares & (u[5] < 0.4), shares & (u[6] < 0.2)
    return [
        _marks(everyone[shares], _ADDRESS, net.home[shares]),
        _marks(everyone[shares], _IP, net.home[shares]),
        _marks(everyone[device], _DEVICE, net.home[device], 1),
        _marks(net.home[device], _DEVICE, net.home[device], 1),
        _marks(everyone[card], _CARD, net.home[card]),
    ]


def _by_one_hand(net: Network, everyone: Integers, u: Floats) -> list[Columns]:
    """What accounts of a scheme share."""
    selves = (net.scheme == Scheme.SELF_REFERRAL) & (net.role == 2)
    organiser = np.where(net.inviter >= 0, net.inviter, everyone)
    ring = net.scheme == Scheme.RING
    root, place = _roots(net), _places(net)
    burst = net.scheme == Scheme.BURST
    same_device, same_card = selves & (u[7] < 0.9), selves & (u[8] < 0.6)
    same_phone = selves & (u[4] <= 0.4)
    lives = ring & (u[9] < 0.5)
    return [
        _marks(everyone[same_device], _DEVICE, organiser[same_device]),
        _marks(everyone[selves & ~same_device], _DEVICE, everyone[selves & ~same_device]),
        _marks(everyone[same_card], _CARD, organiser[same_card]),
        _marks(everyone[selves & ~same_card], _CARD, everyone[selves & ~same_card]),
        _marks(everyone[same_phone], _PHONE, organiser[same_phone]),
        _marks(everyone[selves], _ADDRESS, organiser[selves]),
        _marks(everyone[selves], _IP, organiser[selves]),
        _marks(everyone[ring], _DEVICE, root[ring], 10 + place[ring] % 2),
        _marks(everyone[ring], _CARD, root[ring], 10 + place[ring] // 2 % 2),
        _marks(everyone[lives], _ADDRESS, root[lives], 10),
        _marks(everyone[ring], _IP, root[ring], 10 + place[ring] % 3),
        _marks(everyone[burst], _IP, root[burst], 10),
        _marks(everyone[burst], _CARD, root[burst], 10 + place[burst] % 3),
        _marks(everyone[burst], _ADDRESS, everyone[burst], 2),
    ]


def _roots(net: Network) -> Integers:
    """The organiser of each account's scheme; members without a scheme are their own."""
    root = np.arange(BLOCK)
    for group in range(net.groups):
        inside = net.group == group
        organisers = np.flatnonzero(inside & (net.role == 1))
        if organisers.size:
            root[inside] = organisers[0]
    return root


def _places(net: Network) -> Integers:
    """Number of each account within its scheme, in order of joining."""
    place = np.zeros(BLOCK, dtype=np.int64)
    for group in range(net.groups):
        inside = np.flatnonzero(net.group == group)
        place[inside[np.lexsort((inside, net.joined[inside]))]] = np.arange(inside.size)
    return place
