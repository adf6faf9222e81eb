"""Which kind of shopper each customer of a block is, when that changes, and the customer's own shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Columns, Floats, Integers
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.persona_settings import CHANCES, MIXES, TRAITS, PersonaSettings
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

FOREVER = 1_000_000
"""Day from which those who never change would be of another kind."""


@dataclass(frozen=True)
class PersonaTastes:
    """Kinds and own shares of the customers of a block; the first of two is that before a change.

    Attributes:
        before: Kind at first (BLOCK,).
        after: Kind from `since` on; the same for those who never change (BLOCK,).
        since: Day of the window of the change, a first of a month; `FOREVER` for those who never change (BLOCK,).
        mixes: Shares of hours, categories, styles and scenes, summed up to each value (2, BLOCK, values).
        chances: Share of weekend orders, and of discounted, new and eco lines (2, BLOCK).
    """

    before: Integers
    after: Integers
    since: Integers
    mixes: dict[str, Floats]
    chances: dict[str, Floats]

    @property
    def changes(self) -> Integers:
        """Customers who change, by place."""
        return np.flatnonzero(self.since < FOREVER)

    def draw(self, name: str, customer: Integers, day: Integers, rng: Generator) -> Integers:
        """A value for each order or line, by the customer's shares on that day."""
        edges = self.mixes[name][(day >= self.since[customer]).astype(np.int64), customer]
        drawn: Integers = (rng.random(customer.size)[:, None] >= edges[:, :-1]).sum(axis=1)
        return drawn

    def toss(self, name: str, customer: Integers, day: Integers, rng: Generator) -> Integers:
        """1 or 0 for each order or line, by the customer's share on that day."""
        chance = self.chances[name][(day >= self.since[customer]).astype(np.int64), customer]
        return (rng.random(customer.size) < chance).astype(np.int64)


def draw_tastes(scenario: Scenario, rng: Generator) -> PersonaTastes:
    """Kinds of the customers of a block, and their own shares around those of the kind."""
    given = scenario.personas
    before = _pick(np.broadcast_to(given.shares, (BLOCK, given.shares.size)), rng)
    since = _changes(scenario, rng)
    after = np.where(since < FOREVER, _others(given, before, rng), before)
    kinds = np.stack([before, after])
    mixes = {name: _own_mix(given, name, kinds, since, rng) for name in MIXES}
    chances = {name: _own_chance(given, name, kinds, since, rng) for name in CHANCES}
    return PersonaTastes(before, after, since, mixes, chances)


def draw_demographics(scenario: Scenario, kind: Integers, rng: Generator) -> Columns:
    """Age, income, size of the household and city of each customer, by kind (BLOCK,)."""
    given, cities = scenario.personas, scenario.stores.cities
    return {name: _pick(given.mix(name, cities if name == "cities" else None)[kind], rng) for name in TRAITS}


def _pick(shares: Floats, rng: Generator) -> Integers:
    """A value for each row of shares (rows, values)."""
    edges = np.cumsum(shares, axis=1)[:, :-1]
    drawn: Integers = (rng.random(len(shares))[:, None] >= edges).sum(axis=1)
    return drawn


def _changes(scenario: Scenario, rng: Generator) -> Integers:
    """Day of each customer's change: the first of a month after the first, if any."""
    given, starts = scenario.personas, month_starts(scenario)[1:]
    chance = 0.0 if len(given.names) == 1 else given.change
    waits = rng.random((BLOCK, starts.size)) < chance
    return np.where(waits.any(axis=1), np.append(starts, FOREVER)[waits.argmax(axis=1)], FOREVER)


def _others(given: PersonaSettings, before: Integers, rng: Generator) -> Integers:
    """Another kind for each customer, by the shares of the others."""
    shares = np.tile(given.shares, (BLOCK, 1))
    if shares.shape[1] > 1:
        shares[np.arange(BLOCK), before] = 0.0
    return _pick(shares / shares.sum(axis=1, keepdims=True), rng)


def _own_mix(given: PersonaSettings, name: str, kinds: Integers, since: Integers, rng: Generator) -> Floats:
    """Dirichlet shares around those of the kind, summed up (2, BLOCK, values)."""
    own = rng.standard_gamma(given.spread * given.mix(name)[kinds])
    own[1] = np.where((since < FOREVER)[:, None], own[1], own[0])
    edges: Floats = np.cumsum(own, axis=2) / own.sum(axis=2, keepdims=True)
    return edges


def _own_chance(given: PersonaSettings, name: str, kinds: Integers, since: Integers, rng: Generator) -> Floats:
    """Beta shares around those of the kind (2, BLOCK)."""
    mean = given.chance(name)[kinds]
    own = rng.beta(given.spread * mean, given.spread * (1 - mean))
    own[1] = np.where(since < FOREVER, own[1], own[0])
    out: Floats = own
    return out
