"""The simulated grocer with planted baskets: pairs are found, few falsely, and days and policies are as planted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab.recommend import AssociationRules, DueDates, Interactions, Replenishment
from crm_lab.simulate import BasketTruth, Retailer, make_retailer, open_key

SEED = 20_261_202
BLOCK = 512
NONE = {"baskets.alike": True}


def known(shop: Retailer) -> Interactions:
    """What was bought in the window."""
    return Interactions.of(shop.tables["transactions"], shop.scenario.last_date)


def known_later(shop: Retailer, truth: BasketTruth) -> Interactions:
    """What was bought in the window and in the days after it that the key knows."""
    columns = ["customer_id", "product_id", "date"]
    lines = pd.concat([shop.tables["transactions"][columns], truth.next_purchases[columns]], ignore_index=True)
    last = shop.scenario.last_date + timedelta(days=shop.scenario.baskets.after)
    return Interactions.of(lines, last)


def pairs_of(frame: pd.DataFrame, one: str, other: str) -> set[frozenset[str]]:
    """Pairs of products whichever stands first."""
    return {frozenset(pair) for pair in zip(frame[one], frame[other], strict=True)}


def rules_in_baskets(seed: int, customers: int = BLOCK, **overrides: object) -> tuple[int, int]:
    """Pairs that are found, and those of them that are planted."""
    shop = make_retailer("baskets", customers, seed, overrides=overrides or None)
    found = pairs_of(AssociationRules().analyze(known(shop)).found(), "antecedent", "consequent")
    planted = pairs_of(open_key(shop).basket_truth().complements, "a", "b") if not overrides else set()
    return len(found), len(found & planted)


def certify_basket_rules(draws: int = 100, customers: int = BLOCK) -> Iterator[dict]:
    """Of the pairs that are found .05 at most are false, .8 of the planted are found; without any, hardly a finding."""
    found = np.array([rules_in_baskets(SEED + k, customers) for k in range(draws)])
    false = 1 - found[:, 1] / np.maximum(found[:, 0], 1)
    what = f"{draws} draws of {customers} customers"
    yield entry("baskets.rules_false_share", float(np.where(found[:, 0], false, 0).mean()), 0, 0.05, what)
    yield entry("baskets.rules_precision", float(1 - false.mean()), 0.9, 1, what)
    yield entry("baskets.rules_recall", float(found[:, 1].mean() / 20), 0.8, 1, what)
    none = np.array([rules_in_baskets(SEED + 10_000 + k, customers, **NONE)[0] > 0 for k in range(draws)])
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    yield entry("baskets.rules_from_nothing", float(none.mean()), 0, most, what)


def staple_days(shop: Retailer, truth: BasketTruth) -> DueDates:
    """Days on which staples are due again."""
    bought, products = known(shop), truth.products
    staples = products.loc[products["role"] == "staple", "product_id"]
    return Replenishment().analyze(bought.select(products=np.isin(bought.product_ids, staples.to_numpy(dtype=object))))


def certify_basket_days(customers: int = 6_000) -> Iterator[dict]:
    """80 % intervals of the days on which staples are bought again cover 77 to 83 %; given-up ones are not dropped."""
    shop = make_retailer("baskets", customers, SEED)
    truth = open_key(shop).basket_truth()
    days, later = staple_days(shop, truth), known_later(shop, truth)
    held, pairs = days.coverage(later)
    yield entry("baskets.days_cover", held, 0.77, 0.83, f"{pairs:,} pairs of a customer and a staple")
    frame, bought = days.to_frame(), days.next_purchases(later)
    inside = ((frame["lo"] <= bought) & (bought <= frame["hi"]))[bought.notna()]
    yield entry("baskets.days_cover_bought", float(inside.mean()), 0.77, 0.83, f"{len(inside):,} bought again")
    ended = truth.cycles.set_index(["customer_id", "product_id"])["ended"]
    goes_on = ~ended.loc[pd.MultiIndex.from_frame(frame[["customer_id", "product_id"]])].to_numpy()
    error = float(frame["goes_on"].mean() - goes_on.mean())
    yield entry("baskets.days_go_on", error, -0.03, 0.03, "mean chance of buying again less the share that do")


def lottery_misses(seed: int, customers: int = BLOCK) -> tuple[float, float]:
    """By how many standard errors inverse propensities and plain means miss the clicks of the best product each."""
    shop = make_retailer("baskets", customers, seed)
    truth, shown = open_key(shop).basket_truth(), shop.tables["exposures"]
    chances = truth.clicks()
    best = chances.loc[chances.groupby("customer_id")["click"].idxmax(), ["customer_id", "product_id"]].assign(
        chance=1.0
    )
    true = truth.policy_value(best, shown["customer_id"])["clicks"]
    mine = shown.merge(best, how="left")["chance"].fillna(0.0).to_numpy()
    value = mine / shown["propensity"] * shown["clicked"]
    by_customer = value.groupby(shown["customer_id"]).agg(["sum", "size"])
    apart = by_customer["sum"] - true * by_customer["size"]
    clicks = truth.policy_value(chances.assign(chance=chances["lottery"]), shown["customer_id"])["clicks"]
    plain = (shown["clicked"].mean() - clicks) / math.sqrt(clicks * (1 - clicks) / len(shown))
    return float(apart.sum() / math.sqrt((apart**2).sum())), float(plain)


def certify_basket_policies(draws: int = 60, customers: int = BLOCK) -> Iterator[dict]:
    """Logged messages agree with the true worth of policies: misses in standard errors average 0, with spread 1."""
    found = np.array([lottery_misses(SEED + 20_000 + k, customers) for k in range(draws)])
    mean, spread = 3 / math.sqrt(draws), 3 / math.sqrt(2 * draws)
    for name, misses in zip(("best", "lottery"), found.T, strict=True):
        yield entry(f"baskets.policy_{name}_miss", float(misses.mean()), -mean, mean, f"{draws} draws")
        yield entry(
            f"baskets.policy_{name}_spread", float(misses.std(ddof=1)), 1 - spread, 1 + spread, f"{draws} draws"
        )
