"""Which accounts of a block are one person's, when each was opened, and which purchases are made with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Booleans, Columns, Floats, Integers
from crm_lab.simulate.customers.people import People, make_people
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.worlds import Life, live
from crm_lab.simulate.scenario.account_rules import DOUBLE_KINDS, MASTERS, TIES, AccountSettings
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream

_POS, _WEBSHOP = MASTERS.index("pos"), MASTERS.index("webshop")
_REPLACING: Final = tuple(DOUBLE_KINDS.index(kind) for kind in ("moved", "married", "new_phone"))
_NEWEST: Final = 0.6  # chance that a purchase is made with the newest of the accounts that fit
_AGE_EDGES: Final = np.array([25, 35, 45, 55, 65])
_OLDEST: Final = 84
_FATHERS: Final = (23, 38)  # years between a father and his son
_YEAR: Final = 365.25


@dataclass(frozen=True)
class AccountPlan:
    """The accounts of a block; every array is (BLOCK,).

    Attributes:
        leader: The first account of the account's person.
        number: 0 for that one, then 1 and 2.
        opened: Day of the window.
        system: Number of the master it stands in.
        kind: Number of how its record differs from the first one's; -1 for first accounts.
        head: Leader of the person with whom the account's person lives; the own leader where alone.
        tie: Number of how the two are tied.
        chinese: Whether the person has a Chinese name.
        woman: Whether the person is a woman.
        born: Day of birth, in days since 1970-01-01.
        age: Number of the age band on the window's last day.
    """

    leader: Integers
    number: Integers
    opened: Integers
    system: Integers
    kind: Integers
    head: Integers
    tie: Integers
    chinese: Booleans
    woman: Booleans
    born: Integers
    age: Integers


def make_plan(scenario: Scenario, people: People, rng: Generator) -> AccountPlan:
    """Draw the accounts of a block."""
    given = scenario.accounts
    slot, start, number = _groups(given, rng)
    leader = np.empty(BLOCK, dtype=np.int64)
    leader[slot] = slot[start]
    place = np.empty(BLOCK, dtype=np.int64)
    place[slot] = number
    head, tie = _ties(given, slot[number == 0], leader, rng)
    chinese = (rng.random(BLOCK) < given.chinese)[leader][head]
    tie = np.where(chinese & (tie == TIES.index("father_and_son")), TIES.index("household"), tie)
    woman = _women(rng.random(BLOCK), leader, head, tie)
    born = _births(scenario, people, leader, head, tie, rng.random((2, BLOCK)))
    opened = _openings(scenario, people, slot, start, number, rng)
    kind = np.where(place > 0, _chosen(given.kinds, DOUBLE_KINDS, rng.random(BLOCK)), -1)
    system = _systems(given, slot, number, rng)
    years = (scenario.first_day + scenario.days - 1 - born) / _YEAR
    age = np.searchsorted(_AGE_EDGES, years, side="right")
    return AccountPlan(
        leader, place, opened, system, _fitting(kind, chinese, woman), head, tie, chinese, woman, born, age
    )


def _groups(given: AccountSettings, rng: Generator) -> tuple[Integers, Integers, Integers]:
    """Accounts in the order of persons; where each account's person begins in it, and its number with the person."""
    slot = rng.permutation(BLOCK)
    u = rng.random((2, BLOCK))
    size = 1 + (u[0] < given.second) + ((u[0] < given.second) & (u[1] < given.third))
    person = np.repeat(np.arange(BLOCK), size)[:BLOCK]
    start = np.searchsorted(person, person)
    return slot, start, np.arange(BLOCK) - start


def _ties(given: AccountSettings, first: Integers, leader: Integers, rng: Generator) -> tuple[Integers, Integers]:
    """Every second person may live with the one before: spouses and children, twins, sons named like their father."""
    shares = np.cumsum([given.households, given.twins, given.father_and_son]) * 2
    drawn = np.searchsorted(shares, rng.random(BLOCK), side="right")
    tie_of = np.where(drawn < len(shares), drawn + 1, 0)
    head, tie = np.arange(BLOCK), np.zeros(BLOCK, dtype=np.int64)
    joins, before = first[1::2], first[0::2][: first[1::2].size]
    tied = tie_of[joins] > 0
    head[joins[tied]] = before[tied]
    tie[joins] = tie_of[joins]
    return head[leader], tie[leader]


def _women(u: Floats, leader: Integers, head: Integers, tie: Integers) -> Booleans:
    woman = (u < 0.55)[leader]
    named = TIES.index("father_and_son")
    fathers = np.isin(leader, head[tie == named])
    woman[(tie == named) | fathers] = False
    return woman


def _births(scenario: Scenario, people: People, leader: Integers, head: Integers, tie: Integers, u: Floats) -> Integers:
    """Days of birth that fit the age bands of the customers; a father is older than his son."""
    low, high = np.append(18, _AGE_EDGES)[people.age], np.append(_AGE_EDGES, _OLDEST)[people.age]
    age = low + u[0] * (high - low)
    fathers = np.unique(head[tie == TIES.index("father_and_son")])
    age[fathers] = np.maximum(age[fathers], 42 + 36 * u[0][fathers])
    own, elder = age[leader], age[head]
    gap = _FATHERS[0] + u[1][leader] * (_FATHERS[1] - _FATHERS[0])
    own = np.where(tie == TIES.index("twins"), elder, own)
    own = np.where(tie == TIES.index("father_and_son"), np.maximum(elder - gap, 18), own)
    born: Integers = np.floor(scenario.first_day + scenario.days - 1 - own * _YEAR).astype(np.int64)
    return born


def _openings(
    scenario: Scenario, people: People, slot: Integers, start: Integers, number: Integers, rng: Generator
) -> Integers:
    """First accounts are opened with the first purchase, further ones at any later day."""
    joined = people.joined[slot[start]]
    u = rng.random(BLOCK)
    later = np.where(number == 2, 1 - (1 - u) / 2, u)
    drawn = np.where(number > 0, joined + 1 + later * (scenario.days - 1 - joined), joined)
    last = np.where((number == 2), np.roll(drawn, 1), drawn)
    day = np.maximum(drawn, last)
    opened = np.empty(BLOCK, dtype=np.int64)
    opened[slot] = np.minimum(np.floor(day), scenario.days - 1).astype(np.int64)
    return opened


def _systems(given: AccountSettings, slot: Integers, number: Integers, rng: Generator) -> Integers:
    """The master of each account: that of the account before, or another one."""
    u = rng.random((3, BLOCK))
    names = list(MASTERS)
    drawn = _chosen(given.systems, MASTERS, u[0])
    other = (drawn + 1 + (u[1] * (len(names) - 1)).astype(np.int64)) % len(names)
    for place in (1, 2):
        further = np.flatnonzero(number == place)
        before = drawn[further - 1]
        moved = np.where(drawn[further] == before, other[further], drawn[further])
        drawn[further] = np.where(u[2][further] < given.same_system, before, moved)
    system = np.empty(BLOCK, dtype=np.int64)
    system[slot] = drawn
    return system


def _chosen(weights: dict[str, float], names: tuple[str, ...], u: Floats) -> Integers:
    """Numbers drawn in proportion to weights by name."""
    cumulative = np.cumsum([weights.get(name, 0.0) for name in names])
    drawn: Integers = np.searchsorted(cumulative / cumulative[-1], u, side="right")
    return np.minimum(drawn, len(names) - 1)


def _fitting(kind: Integers, chinese: Booleans, woman: Booleans) -> Integers:
    """The kinds, two_systems where one does not fit: pinyin is for Chinese names, nicknames, marriages for others."""
    of = {name: kind == number for number, name in enumerate(DOUBLE_KINDS)}
    odd = (of["pinyin"] & ~chinese) | (of["nickname"] & chinese) | (of["married"] & (chinese | ~woman))
    return np.where(odd, DOUBLE_KINDS.index("two_systems"), kind)


def live_accounts(common: Common, block: int) -> tuple[Life, AccountPlan]:
    """Simulate a block of persons and spread their purchases over their accounts."""
    scenario, seed = common.scenario, common.seed
    own = make_people(scenario, seed, block)
    plan = make_plan(scenario, own, stream(seed, "accounts", block))
    people = _as_persons(own, plan)
    first = plan.number == 0
    quiet = replace(people.habits, rate=np.where(first, people.habits.rate, 1e-12))
    life = live(common, block, replace(people, habits=quiet))
    left = life.purchases.left[plan.leader]
    opened = replace(people, joined=plan.opened.astype(np.float64))
    world, orders = life.world, life.world.orders
    own_orders = first[orders.customer]
    account = _account_of(orders.customer, np.maximum(orders.day, 0), orders.online, plan, common, block)
    day0, day1, actual = (np.where(own_orders, day, NEVER) for day in (world.day0, world.day1, world.actual))
    world = replace(world, orders=replace(orders, customer=account), day0=day0, day1=day1, actual=actual)
    return replace(life, people=opened, purchases=replace(life.purchases, left=left), world=world), plan


def _as_persons(people: People, plan: AccountPlan) -> People:
    """The people of a block, each account with what drives its person; who lives together lives in one city."""
    names = ("frequency", "mean_order", "online", "channel", "style", "scene", "eco", "coupons", "opens")
    of_person = {name: getattr(people, name)[plan.leader] for name in names}
    home = {name: getattr(people, name)[plan.head] for name in ("city", "store")}
    habits = replace(people.habits, **{name: getattr(people.habits, name)[plan.leader] for name in vars(people.habits)})
    return replace(people, habits=habits, age=plan.age, joined=people.joined[plan.leader], **of_person, **home)


def _account_of(
    person: Integers, day: Integers, online: npt.NDArray[np.bool_], plan: AccountPlan, common: Common, block: int
) -> Integers:
    """The account of each order: one that is open and of its channel, most often the newest."""
    u = stream(common.seed, "account_orders", block).random((2, person.size))
    at = _places(plan)[person]
    known = at >= 0
    fits = known & (plan.opened[at] <= np.maximum(day, plan.opened[person])[:, None])
    open_ = np.where(fits, plan.opened[at], -NEVER)
    replacing = fits & np.isin(plan.kind[at], _REPLACING)
    since = np.where(replacing, plan.number[at], 0).max(axis=1)
    alive = fits & (plan.number[at] >= since[:, None])
    system = plan.system[at]
    of_channel = alive & np.where(online[:, None], system != _POS, system != _WEBSHOP)
    usable = np.where(of_channel.any(axis=1)[:, None], of_channel, alive)
    newest = np.where(usable, open_ * 3 + plan.number[at], -NEVER * 3).argmax(axis=1)
    count = usable.sum(axis=1)
    nth = (u[1] * count).astype(np.int64)
    some = (usable.cumsum(axis=1) > nth[:, None]).argmax(axis=1)
    chosen = np.where(u[0] < _NEWEST, newest, some)
    account: Integers = at[np.arange(person.size), chosen]
    return account


def _places(plan: AccountPlan) -> Integers:
    """The accounts of each leader's person, -1 where there are fewer than three (BLOCK, 3)."""
    places = np.full((BLOCK, 3), -1)
    places[plan.leader, plan.number] = np.arange(BLOCK)
    for row in np.flatnonzero(places[:, 0] < 0):
        places[row, 0] = row
    return places


def account_columns(plan: AccountPlan, life: Life, rows: Columns) -> dict[str, Columns]:
    """The key's columns of a block: its accounts, and its lines with the account of each."""
    everyone = np.arange(BLOCK)
    of_plan = ("leader", "number", "opened", "system", "kind", "head", "tie", "chinese", "woman", "born")
    accounts = {name: getattr(plan, name) for name in of_plan}
    lines = {name: rows[name] for name in ("owner", "customer", "number", "returns", "day", "net")}
    home = {"city": life.people.city, "store": life.people.store}
    return {"accounts": {"owner": everyone, "customer": everyone, **accounts, **home}, "account_lines": lines}
