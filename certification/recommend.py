"""Recommendations: planted pairs found with few false ones, due dates covered, no winner where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from scipy import sparse

from certification.experiments import entry
from crm_lab.calendar import day_date, day_number
from crm_lab.recommend import AssociationRules, Interactions, LastBasketSplit, RankerComparison, Replenishment
from crm_lab.recommend.rankers import GlobalTop, PopularityTies, RecencyWeighted

SEED = 20_261_201
START = day_number(date(2024, 1, 1))


def interactions_from(customer: np.ndarray, day: np.ndarray, basket: np.ndarray, product: np.ndarray) -> Interactions:
    """Made-up interactions of baskets (customer, day) and pairs (basket, product); baskets in any order."""
    order = np.lexsort((day, customer))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    pairs = np.unique(np.stack([place[basket], product]), axis=1)
    shape = (len(customer), int(product.max()) + 1)
    matrix = sparse.csr_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=shape)
    who = np.array([f"c{k:06}" for k in range(int(customer.max()) + 1)], dtype=object)
    what = np.array([f"p{k:05}" for k in range(shape[1])], dtype=object)
    as_of = day_date(int(day.max()))
    made = Interactions(who, what, matrix, customer[order], day[order], as_of, simulated=True)
    return made.select()


def planted_gaps(
    customers: int, products: int, seed: int, *, days: int = 365, stop: float = 0.0, later: int = 3_000,
    loose: bool = False,
) -> tuple[Interactions, Interactions]:  # fmt: skip
    """Log-normal gaps with a mean of each product and pair: what was known after `days`, and all that came later.

    If `loose`, logarithms of gaps are t-distributed with 4 degrees of freedom, and `stop` is the mean chance of
    stopping, which differs between pairs (beta, a third as spread as it can be).

    Each pair begins on a day of its own of a year before the first day counts, so that all gaps of the window are
    ordinary ones; whoever stops does so after any purchase with chance `stop`.
    """
    rng = np.random.default_rng(seed)
    mean = rng.normal(math.log(25), 0.4, products)
    pair = np.arange(customers * products)
    own = rng.normal(mean[pair % products], 0.35)
    first = rng.uniform(0, 90, len(pair))
    n = 160
    noise = rng.standard_t(4, (len(pair), n)) if loose else rng.standard_normal((len(pair), n))
    gaps = np.exp(own[:, None] + 0.45 * noise)
    at = np.rint(first[:, None] + np.concatenate([np.zeros((len(pair), 1)), np.cumsum(gaps, axis=1)], axis=1))
    chance = rng.beta(2 * stop, 2 * (1 - stop), (len(pair), 1)) if loose else stop
    going = np.cumsum(rng.random((len(pair), n + 1)) < chance, axis=1) == 0
    bought = (at <= later) & np.concatenate([np.ones((len(pair), 1), dtype=bool), going[:, :-1]], axis=1)
    row, place = np.nonzero(bought)
    when = START + at[row, place].astype(np.int64)
    key, basket = np.unique(np.stack([row // products, when]), axis=1, return_inverse=True)
    whole = interactions_from(key[0], key[1], basket.ravel(), row % products)
    known = whole.select(baskets=whole.day <= START + days)
    known = Interactions(
        known.customer_ids, known.product_ids, known.baskets, known.customer, known.day, day_date(START + days),
        simulated=True,
    )  # fmt: skip
    return known, whole


def certify_due_dates(customers: int = 500, products: int = 50) -> Iterator[dict]:
    """80 % intervals of next purchases cover 77 to 83 %, open gaps censored; also where gaps are of another kind."""
    for name, stop, loose in (("all_go_on", 0.0, False), ("some_stop", 0.05, False), ("long_tails", 0.15, True)):
        known, whole = planted_gaps(customers, products, SEED, stop=stop, loose=loose)
        found = Replenishment().analyze(known)
        held, pairs = found.coverage(whole)
        yield entry(f"recommend.due_covers_{name}", held, 0.77, 0.83, f"{pairs:,} pairs")
        bought, days = found.next_purchases(whole), found.to_frame()
        inside = ((days["lo"] <= bought) & (bought <= days["hi"]))[bought.notna()]
        yield entry(f"recommend.due_days_{name}", float(inside.mean()), 0.77, 0.83, f"{len(inside):,} bought again")


def planted_baskets(seed: int, pairs: int = 20, *, customers: int = 600, baskets: int = 8_000) -> Interactions:
    """Baskets of products drawn by popularity; the first 2 · `pairs` products are pairs that go together."""
    rng = np.random.default_rng(seed)
    products = 120
    popularity = 0.02 + 0.06 * rng.random(products)
    has = rng.random((baskets, products)) < popularity
    for k in range(pairs):
        has[:, 2 * k + 1] |= has[:, 2 * k] & (rng.random(baskets) < 0.3)
    basket, product = np.nonzero(has)
    return interactions_from(
        rng.integers(0, customers, baskets), START + rng.integers(0, 365, baskets), basket, product
    )  # fmt: skip


def rules_found(seed: int, pairs: int = 20) -> tuple[int, int]:
    """Found pairs, and those of them that were planted."""
    found = AssociationRules().analyze(planted_baskets(seed, pairs)).found()
    one = found["antecedent"].str[1:].astype(int)
    other = found["consequent"].str[1:].astype(int)
    true = (one // 2 == other // 2) & (np.maximum(one, other) < 2 * pairs)
    return len(found) // 2, int(true.sum()) // 2


def certify_rules(draws: int = 100) -> Iterator[dict]:
    """Planted pairs: precision of .9 at recall of .8 or more; without any, hardly ever a finding."""
    found = np.array([rules_found(SEED + k) for k in range(draws)])
    yield entry("recommend.rules_precision", float((found[:, 1] / found[:, 0]).mean()), 0.9, 1, f"{draws} draws")
    yield entry("recommend.rules_recall", float((found[:, 1] / 20).mean()), 0.8, 1, f"{draws} draws")
    none = np.array([rules_found(SEED + 1_000 + k, 0)[0] > 0 for k in range(draws)])
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    yield entry("recommend.rules_from_nothing", float(none.mean()), 0, most, f"{draws} draws")


def alike_rankers(seed: int, customers: int = 200) -> Any:
    """Two rankers on baskets drawn without any habit of customers or change in time: neither can be better."""
    rng = np.random.default_rng(seed)
    baskets = customers * 8
    has = rng.random((baskets, 40)) < 0.15
    has[np.arange(baskets), rng.integers(0, 40, baskets)] = True
    basket, product = np.nonzero(has)
    made = interactions_from(np.arange(baskets) // 8, START + np.arange(baskets) % 8 * 7, basket, product)
    spec = RankerComparison(rankers=(PopularityTies(), RecencyWeighted(), GlobalTop()), k=5, scopes=("all",))
    return spec.analyze(LastBasketSplit().split(made))


def certify_no_winner(draws: int = 200) -> dict:
    """Where all products are alike and customers have no habits, hardly ever a ranker is called better."""
    called = sum(alike_rankers(SEED + k).winner("all") is not None for k in range(draws))
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    return entry("recommend.winner_from_nothing", called / draws, 0, most, f"{draws} draws")
