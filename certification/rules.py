"""Rules: those mined hold in later months, alike shoppers give none, the planted rule is found; fixed seeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab import open_workspace
from crm_lab.segmentation.personas.rule_mining import FeaturePeriods, RuleMiner, hold_later
from crm_lab.segmentation.personas.segment_use import Lookalikes

SEEDS = 20
LATER_DAYS = 120  # after the day the rules were mined on
PLANTED = {"night_share", "category:baby"}
NAMES = ("night_share", "weekend_share", "price_share", "eco_share", "category:baby", "category:tea", "category:toys")


def simulated(seed: int, more: str = "") -> tuple[float, int, bool]:
    """Rules that hold in the months after, rules mined, and whether the planted one is among them."""
    workspace = open_workspace(f"simulated:personas,customers=6000,seed={seed}{more}")
    last = workspace.last_complete_day
    mined = RuleMiner().analyze(workspace.at(last - timedelta(days=LATER_DAYS)))
    later = hold_later(mined, workspace.at(last))
    return float(later["holds"].sum()), len(later), any(set(f) >= PLANTED for f in mined.features())


def certify_mined_rules(seeds: int = SEEDS) -> Iterator[dict]:
    """Default size: share of mined rules that hold in the 120 days after; runs that find the planted rule."""
    held, mined, planted = np.array([simulated(100 + k) for k in range(seeds)], dtype=float).T
    said = f"{seeds} retailers of 6,000 customers, {mined.sum():.0f} rules"
    yield entry("rules.hold_later", held.sum() / mined.sum(), 0.9, 1, said)
    yield entry("rules.planted_found", planted.mean(), 0.95, 1, said)


def certify_alike_shoppers(seeds: int = SEEDS) -> dict:
    """Shoppers of one kind, each with own tastes: share of runs without a rule."""
    none = np.mean([simulated(200 + k, ",personas.alike=true")[1] == 0 for k in range(seeds)])
    return entry("rules.alike_none", float(none), 0.95, 1, f"{seeds} retailers of 6,000 customers")


def counts_of(customers: int, seed: int, joint: float = 0.0, lines: float = 4.0) -> FeaturePeriods:
    """Lines of customers whose own tastes are independent, but for a share who like night and baby products.

    The number of lines differs by customer (gamma with shape 0.8), lines of an order share the hour and the day, and
    eco follows from the category: none of this is a taste in common.
    """
    rng = np.random.default_rng(seed)
    base = np.array([0.12, 0.3, 0.35, 0.3, 0.1, 0.15, 0.1])
    taste = rng.beta(base * 12, (1 - base) * 12, (customers, len(base)))
    likes = rng.random(customers) < joint
    taste[likes, 0], taste[likes, 4] = rng.beta(5, 5, likes.sum()), rng.beta(4, 6, likes.sum())
    rate = rng.gamma(0.8, lines / 0.8, customers)
    orders = rng.poisson(rate, (6, customers))
    size = 1 + rng.gamma(2, 0.6, customers)
    n = np.where(orders > 0, orders + rng.poisson(orders * (size - 1)), 0)
    have = np.empty((6, customers, len(base)))
    for f, name in enumerate(NAMES):
        by_order = name in ("night_share", "weekend_share")
        drawn = rng.binomial(orders if by_order else n, taste[:, f])
        have[..., f] = np.minimum(np.rint(drawn * n / np.maximum(orders, 1)), n) if by_order else drawn
    have[..., 3] = rng.binomial(have[..., 4].astype(int), 0.9) + rng.binomial(n - have[..., 4].astype(int), 0.25)
    of = np.repeat(n[..., None], len(base), axis=2).astype(float)
    ids = np.array([f"{i:06d}" for i in range(customers)])
    shelf = np.ones((len(NAMES), len(NAMES)))
    shelf[3, 4] = shelf[4, 3] = 0.9 / 0.315
    return FeaturePeriods(NAMES, ids, have, of, n * 1.0, orders * 1.0, shelf=shelf)


def rules_of(counts: FeaturePeriods) -> list[tuple[str, ...]]:
    """Features of the rules that are mined from counts."""
    return RuleMiner().mine(counts).features()


def certify_no_rule_from_numbers_of_lines(draws: int = 200) -> dict:
    """Independent tastes, unequal numbers of lines, products with two features: share of runs without a rule."""
    none = np.mean([not rules_of(counts_of(4_000, k)) for k in range(draws)])
    return entry("rules.no_rule_from_lines", float(none), 0.95, 1, f"{draws} draws")


def certify_seeds_by_lot(draws: int = 300) -> dict:
    """Seeds drawn by lot: share of runs that say there is no likeness."""
    refused = 0
    for k in range(draws):
        rng = np.random.default_rng(k)
        table = pd.DataFrame(rng.random((1_000, 6))).rename(columns=str)
        table.insert(0, "customer_id", np.arange(1_000).astype(str))
        refused += (
            Lookalikes(seed=k).analyze(table, table["customer_id"].sample(100, random_state=k)).refusal() is not None
        )
    return entry("rules.no_likeness_by_lot", refused / draws, 0.95, 1, f"{draws} draws")
