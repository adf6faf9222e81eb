"""Channels: fatigue, opt-outs and hold-out effects that are planted are covered by their intervals; seeds fixed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any

from certification.experiments import entry
from crm_lab.channels.campaigns import CampaignLog, IncrementalResponse, of_retailer
from crm_lab.channels.fatigue import ContactDoses, FatigueSlope, FatigueSlopeResult, OptOutHazard
from crm_lab.simulate import make_retailer, open_key

SEED = 20_261_201
DRAWS = 400  # retailers per setting
CUSTOMERS = 1_000
SETTINGS: dict[str, dict[str, Any]] = {
    "usual": {"contacts.fatigue": 0.08},
    "none": {"contacts.fatigue": 0.0},
    "weekly": {"contacts.every": 7, "contacts.fatigue": 0.15},
}
"""Fall of the chance to open with each message of the last 28 days; a message every two weeks, or every week."""
OPT_OUT = 0.01


def shop_log(seed: int, customers: int = CUSTOMERS, **given: Any) -> CampaignLog:
    """The log of a simulated fashion retailer without the offer that everybody opens."""
    overrides = {"save_offer.on": False, "save_offer.effect": 0.0, "save_offer.effect_lost": 0.0, **given}
    return of_retailer(make_retailer("fashion", n_customers=customers, seed=seed, overrides=overrides))


def slope_of(seed: int, customers: int = CUSTOMERS, **given: Any) -> FatigueSlopeResult:
    """Fatigue of opens of one retailer."""
    return FatigueSlope().analyze(ContactDoses.of(shop_log(seed, customers, **given)))


def covered(name: str, truth: float, intervals: list[Any], what: str) -> dict[str, Any]:
    """Share of intervals that hold the truth; two standard errors of the count beyond 93 and 97 %."""
    held, near = sum(ci.lo <= truth <= ci.hi for ci in intervals), 2 * math.sqrt(0.95 * 0.05 / len(intervals))
    return entry(f"channels.{name}", held / len(intervals), 0.93 - near, 0.97 + near, what)


def unbiased(name: str, truth: float, values: list[float], slack: float, what: str) -> dict[str, Any]:
    """Mean of estimates, beside the truth by no more than three standard errors and what is too small to matter."""
    near = 3 * statistics.stdev(values) / math.sqrt(len(values)) + slack
    return entry(f"channels.{name}", statistics.fmean(values), truth - near, truth + near, what)


def certify_fatigue(draws: int = DRAWS) -> Iterator[dict[str, Any]]:
    """Intervals of the fatigue slope within customers cover the planted fall; the slope is not off on average."""
    for name, given in SETTINGS.items():
        truth, found = given["contacts.fatigue"], [slope_of(SEED + k, **given) for k in range(draws)]
        said = f"{draws} retailers of {CUSTOMERS:,} customers, planted {truth}"
        yield covered(f"fatigue_{name}_covers", truth, [slope.interval for slope in found], said)
        yield unbiased(f"fatigue_{name}_mean", truth, [slope.fall for slope in found], 0.002, said)


def certify_opt_out(draws: int = DRAWS) -> Iterator[dict[str, Any]]:
    """Intervals of the rise of the opt-out hazard cover the planted one, weighted for targeting; it is not off."""
    given = {"contacts.opt_out": OPT_OUT}
    found = [OptOutHazard().analyze(ContactDoses.of(shop_log(SEED + k, **given))) for k in range(draws)]
    said = f"{draws} retailers of {CUSTOMERS:,} customers, planted {OPT_OUT} per message"
    yield covered("opt_out_covers", OPT_OUT, [hazard.interval for hazard in found], said)
    yield unbiased("opt_out_mean", OPT_OUT, [float(hazard.coef[1]) for hazard in found], 0.0002, said)


def certify_holdout(draws: int = DRAWS) -> dict[str, Any]:
    """Intervals of the orders that an offer with a hold-out added cover the planted mean chance."""
    held = 0
    for k in range(draws):
        shop = make_retailer("fashion", n_customers=CUSTOMERS, seed=SEED + k)
        key = open_key(shop).customers
        truth = float(key.loc[key["offer_eligible"], "offer_chance"].mean())
        found = IncrementalResponse(days=shop.scenario.save_offer.effect_days + 1).analyze(
            of_retailer(shop), "save_offer"
        )
        effect = found.effect("orders")
        held += effect is not None and effect[1].lo <= truth <= effect[1].hi
    near = 2 * math.sqrt(0.95 * 0.05 / draws)
    said = f"{draws} retailers of {CUSTOMERS:,} customers"
    return entry("channels.holdout_covers", held / draws, 0.93 - near, 0.97 + near, said)
