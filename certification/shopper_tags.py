"""Tags of customers: posterior intervals and groups of price shares, intervals of indices; seeds fixed beforehand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import beta

from certification.experiments import entry
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import PriceCounts, price_counts_of_orders
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare
from crm_lab.segmentation.personas.shopper_tags.tag_index import TagIndex

SEED = 20_261_202
BASES = {"usual": (4.0, 6.0, 0.1), "alone": (3.0, 3.0, 0.0), "narrow": (14.0, 14.0, 0.05), "sparse": (0.6, 1.2, 0.3)}
"""Beta parameters of true shares and correlation of the lines of one order."""


def planted_orders(
    rng: np.random.Generator, a: float, b: float, rho: float, customers: int = 800, orders: float = 6.0
) -> tuple[PriceCounts, np.ndarray]:
    """Orders of customers with known true shares: lines of one order have a share of their own about the customer's."""
    true = np.clip(rng.beta(a, b, customers), 1e-6, 1 - 1e-6)
    n_orders = 1 + rng.poisson(rng.gamma(2.0, orders / 2, customers))
    who = np.repeat(np.arange(customers), n_orders)
    size = 1 + rng.poisson(3.0, len(who))
    at = true[who]
    if rho > 0:
        at = rng.beta(np.maximum(at * (1 / rho - 1), 1e-9), np.maximum((1 - at) * (1 / rho - 1), 1e-9))
    rows = pd.DataFrame({"customer_id": who, "bought": size, "discounted": rng.binomial(size, at)})
    return price_counts_of_orders(rows), true


def covered(a: float, b: float, rho: float, bases: int, seed: int) -> dict[str, float]:
    """How often intervals hold the true shares and the median, and how often a told group is the right one."""
    rng = np.random.default_rng(seed)
    inside, told, right, median, middle = [], 0, 0, 0, PriceShare().quantiles.index(0.5)
    for _ in range(bases):
        counts, true = planted_orders(rng, a, b, rho)
        found = PriceShare(draws=200).analyze(counts)
        placed = found.customers()
        inside.append(((placed["lo"] <= true) & (true <= placed["hi"])).mean())
        low, high = found.cuts
        real = np.where(true < low, "low", np.where(true > high, "high", "middle"))
        said = placed["group"] != "not_told"
        told, right = told + int(said.sum()), right + int((placed["group"] == real)[said].sum())
        median += found.true[1, middle] <= beta.median(a, b) <= found.true[2, middle]
    return {"interval": float(np.mean(inside)), "group": right / max(told, 1), "median": float(median) / bases}


def certify_price_share(bases: int = 200) -> Iterator[dict]:
    """95 % posterior intervals hold true shares in 93 to 97 %; groups told at 90 % are right in 90 % or more."""
    for name, (a, b, rho) in BASES.items():
        found, said = covered(a, b, rho, bases, SEED), f"{bases} bases of 800 customers"
        yield entry(
            f"shopper_tags.price_shares.price_share.{name}.interval_covers", found["interval"], 0.93, 0.97, said
        )
        yield entry(f"shopper_tags.price_shares.price_share.{name}.group_right", found["group"], 0.9, 1, said)
        yield entry(f"shopper_tags.price_shares.price_share.{name}.median_covers", found["median"], 0.90, 0.985, said)


WITHIN = {"large": (0.3, 0.4, 0.2), "small": (0.04, 0.5, 0.2), "rare": (0.1, 0.06, 0.03), "common": (0.5, 0.95, 0.6)}
"""Share of the base in the segment; chance of the tag in it and outside; of 2,000 customers drawn at random."""


def index_covers(part: float, p: float, other: float, bases: int, seed: int) -> tuple[float, float]:
    """How often the interval holds the true index, of the indices that are shown; and the share shown."""
    rng, n, held, shown = np.random.default_rng(seed), 2_000, 0, 0
    truth = 100 * p / (part * p + (1 - part) * other)
    for _ in range(bases):
        inside = rng.random(n) < part
        tags = pd.DataFrame({"tag": rng.random(n) < np.where(inside, p, other)})
        members = pd.DataFrame({"customer_id": np.flatnonzero(inside), "segment": "s"})
        row = TagIndex().analyze(tags, members).frame.iloc[0]
        shown += not row["suppressed"]
        held += bool(row["lo"] <= truth <= row["hi"])
    return held / max(shown, 1), shown / bases


def false_ones(bases: int, seed: int) -> float:
    """Share of bases without any difference in which some index of ten tags in eight segments is called different."""
    rng, n, found = np.random.default_rng(seed), 3_000, 0
    for _ in range(bases):
        tags = pd.DataFrame(rng.random((n, 10)) < rng.uniform(0.05, 0.6, 10)).add_prefix("t")
        members = pd.DataFrame({"customer_id": np.arange(n), "segment": rng.integers(0, 8, n)})
        found += bool(TagIndex().analyze(tags, members).frame["differs"].any())
    return found / bases


def certify_tag_index(bases: int = 1_000) -> Iterator[dict]:
    """95 % intervals hold the true index in 93 to 97 %; without differences nothing is called one in 95 %."""
    for name, (part, p, other) in WITHIN.items():
        held, shown = index_covers(part, p, other, bases, SEED)
        said = f"{bases:,} bases of 2,000 customers, {shown:.0%} shown"
        yield entry(f"shopper_tags.index.{name}.covers", held, 0.93, 0.97, said)
    share, near = false_ones(bases // 4, SEED), 2 * (0.05 * 0.95 / (bases // 4)) ** 0.5
    yield entry("shopper_tags.index.null", share, 0, 0.05 + near, f"{bases // 4} bases, 80 indices each")
