"""Tiers, thresholds and points: level, coverage and refusals on members of the checks' own making; seeds are fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from certification.experiments import Floats
from crm_lab.loyalty.tier_economics.points_pressure import PointsPressure
from crm_lab.loyalty.tier_economics.reward_behaviour import RewardBehaviour
from crm_lab.loyalty.tier_economics.threshold_effect import ThresholdEffect, ThresholdEffectResult
from crm_lab.stats.discontinuity.density_test import DensityTest

SEED = 20_261_201
DRAWS = 1_000
MEMBERS = 12_000
THRESHOLD, EFFECT = 500.0, 40.0
PRICES = np.array([4.99, 9.99, 14.99, 19.99, 24.99, 39.99])
LAST = "2023-12-31"


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    """One certified number with the bounds it must keep."""
    return {"name": f"tiers.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def near(rate: float, draws: int) -> float:
    """Three Monte-Carlo errors of a rate."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


def gamma(rng: np.random.Generator, n: int) -> Floats:
    """Yearly spend without heaps."""
    return rng.gamma(2.5, 120, n)


def lognormal(rng: np.random.Generator, n: int) -> Floats:
    """Yearly spend with a long tail."""
    return rng.lognormal(5.3, 0.8, n)


def whole(rng: np.random.Generator, n: int) -> Floats:
    """Spend in whole units."""
    return np.round(gamma(rng, n))


def tens(rng: np.random.Generator, n: int) -> Floats:
    """Spend rounded to tens."""
    return np.round(gamma(rng, n) / 10) * 10


def prices(rng: np.random.Generator, n: int) -> Floats:
    """Sums of prices that end in .99: they lie just below whole numbers, below the threshold among others."""
    items = rng.negative_binomial(2.5, 2.5 / 20.5, n) + 1
    paid = np.cumsum(rng.choice(PRICES, (n, int(items.max())), p=(0.2, 0.25, 0.2, 0.15, 0.1, 0.1)), axis=1)
    return np.asarray(np.round(paid[np.arange(n), items - 1], 2))


SPENDS: tuple[Callable[[np.random.Generator, int], Floats], ...] = (gamma, lognormal, whole, tens, prices)


FINE = tuple(spend for spend in SPENDS if spend is not tens)  # enough different amounts near a threshold


def topped_up(amounts: Floats, rng: np.random.Generator, share: float = 0.3, reach: float = 0.05) -> Floats:
    """Of members up to 5 % below the threshold three in ten top up, to 2 % above it on average."""
    tops = (amounts < THRESHOLD) & (amounts >= THRESHOLD * (1 - reach)) & (rng.random(len(amounts)) < share)
    return np.where(tops, np.round(THRESHOLD + rng.exponential(0.02 * THRESHOLD, len(amounts)), 2), amounts)


def outcome(amounts: Floats, rng: np.random.Generator) -> Floats:
    """Spend of the year after: a curve of that before, skewed noise, and the tier's part."""
    mean = 40 + 0.9 * amounts - 0.0004 * amounts**2 + EFFECT * (amounts >= THRESHOLD)
    return np.asarray(np.maximum(mean, 20) * rng.gamma(4, 0.25, len(amounts)))


def read(spend: Callable[[np.random.Generator, int], Floats], draw: int, *, sort: bool) -> ThresholdEffectResult:
    """The threshold's effect in one draw; who tops up is a better member."""
    rng = np.random.default_rng([SEED, draw, SPENDS.index(spend)])
    amounts = spend(rng, MEMBERS)
    after, seen = outcome(amounts, rng), amounts
    if sort:
        seen = topped_up(amounts, rng)
        after = after + 60 * (seen != amounts)
    members = pd.DataFrame({"qualifying_amount": seen, "treated": (seen >= THRESHOLD) * 1.0, "spend": after})
    return ThresholdEffect(tier="gold", threshold=THRESHOLD).analyze(members)


def certify_density_level(draws: int = DRAWS) -> Iterator[dict]:
    """Without sorting the density test rejects as often as said, with prices and rounded amounts, too."""
    for k, spend in enumerate(SPENDS):
        found = [DensityTest(threshold=THRESHOLD).fit(spend(np.random.default_rng([SEED + 1, k, d]), MEMBERS))
                 for d in range(draws)]  # fmt: skip
        rejected = float(np.mean([test.seen for test in found]))
        bounds = 0.05 - near(0.05, draws), 0.05 + near(0.05, draws)
        yield entry(f"density_level_{spend.__name__}", rejected, *bounds, f"{draws} draws")


def certify_threshold_coverage(draws: int = DRAWS) -> Iterator[dict]:
    """Where an effect is stated its interval covers the truth in 93 to 97 of 100 draws."""
    for spend in FINE:
        found = [read(spend, draw, sort=False) for draw in range(draws)]
        stated = [r for r in found if r.why == "stated"]
        covered = float(np.mean([_covers(r) for r in stated]))
        yield entry(f"coverage_{spend.__name__}", covered, 0.93, 0.97, f"{len(stated)} of {draws} draws stated")
        yield entry(f"stated_{spend.__name__}", len(stated) / draws, 0.90, 1.0, f"{draws} draws without sorting")


def certify_few_amounts(draws: int = 200) -> dict:
    """Amounts rounded to tens leave too few values near the threshold: most are refused for that, none misread."""
    found = [read(tens, draw, sort=False) for draw in range(draws)]
    wrong = float(np.mean([r.why == "stated" and not _covers(r) for r in found]))
    return entry("misread_tens", wrong, 0.0, 0.05, f"{draws} draws, {sum(r.why == 'support' for r in found)} refused")


def _covers(result: ThresholdEffectResult) -> bool:
    """Whether the interval holds the tier's part at the threshold (gamma noise has mean 1)."""
    ends = result.jump.interval
    return ends.lo <= EFFECT <= ends.hi


def certify_sorting_refused(draws: int = DRAWS) -> Iterator[dict]:
    """Planted sorting is refused in 95 of 100 draws and more."""
    for spend in SPENDS:
        refused = float(np.mean([read(spend, draw, sort=True).why != "stated" for draw in range(draws)]))
        yield entry(f"refused_{spend.__name__}", refused, 0.95, 1.0, f"{draws} draws with sorting")


def shop(
    rng: np.random.Generator,
    members: int = 800,
    days: int = 730,
    price: int = 200,
    pull: float = 0.0,
    after: float = 0.0,
    season: float = 0.0,
    burst: float = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and a ledger: members of unlike rates who leave one by one; a reward is redeemed with an own readiness.

    With `pull` the rate is higher by it while a fifth of the price or less is missing; with `after` in the 30 days
    after a reward. `season` moves all rates from month to month (sd of the log), `burst` each member's own (variance).
    """
    rate, leaves, ready = rng.gamma(2, 1 / 77, members), rng.exponential(1_000, members), rng.beta(3, 2, members)
    month = np.exp(season * rng.normal(size=days // 30 + 1))
    mood = rng.gamma(1 / burst, burst, (members, days // 30 + 1)) if burst else np.ones((members, days // 30 + 1))
    balance, got = np.zeros(members), np.full(members, -10_000)
    earned, spent = [], []
    for day in range(days):
        close = (balance >= 0.8 * price) & (balance < price)
        factor = np.where(close, 1 + pull, 1.0) * np.where(day - got <= 30, 1 + after, 1) * (leaves > day)
        chance = 1 - np.exp(-rate * month[day // 30] * mood[:, day // 30] * factor)
        who = np.flatnonzero(rng.random(members) < chance)
        pays = who[(balance[who] >= price) & (rng.random(who.size) < ready[who])]
        points = rng.integers(10, 70, who.size)
        balance[pays] -= price
        got[pays] = day
        balance[who] += points
        earned.append(np.array([who, np.full(who.size, day), points]))
        spent.append(np.array([pays, np.full(pays.size, day), np.full(pays.size, -price)]))
    sizes = [sum(part.shape[1] for part in parts) for parts in (earned, spent)]
    ledger = pd.DataFrame(np.concatenate([*earned, *spent], axis=1).T, columns=["member", "day", "points"])
    ledger["kind"] = np.repeat(["earn", "redeem"], sizes)
    ledger["date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(ledger["day"], unit="D")
    ledger["customer_id"] = "m" + ledger["member"].astype(str)
    orders = ledger.loc[ledger["kind"] == "earn", ["customer_id", "date", "points"]]
    return orders.assign(net_amount=orders["points"].astype(float)).drop(columns="points"), ledger


def certify_points_pressure(draws: int = 300) -> Iterator[dict]:
    """The interval holds the pressure there is, none or 40 %, in 93 to 97 of 100 shops; 40 % are seen."""
    for name, pull in (("null", 0.0), ("pull", 0.4)):
        spans = [_pressure(draw, pull) for draw in range(draws)]
        holds = float(np.mean([span.lo <= pull <= span.hi for span in spans]))
        yield entry(
            f"pressure_{name}_holds", holds, 0.95 - near(0.95, draws), 0.95 + near(0.95, draws), f"{draws} shops"
        )
        if pull:
            yield entry("pressure_seen", float(np.mean([span.lo > 0 for span in spans])), 0.8, 1.0, f"{draws} shops")


def _pressure(draw: int, pull: float) -> Any:
    orders, ledger = shop(np.random.default_rng([SEED + 2, draw]), pull=pull)
    return PointsPressure(price=200).analyze(orders, ledger, as_of=LAST).interval


REWARDS: dict[str, dict[str, float]] = {
    "null": {},
    "raised": {"after": 0.2},
    "raised_with_pull": {"after": 0.2, "pull": 0.4},
    "season": {"season": 0.2},
    "bursts": {"burst": 0.5},
    "raised_in_bursts": {"after": 0.2, "burst": 0.5},
}


def certify_reward_behaviour(draws: int = 400) -> Iterator[dict]:
    """The interval holds what a reward does in 93 to 97 of 100 shops, with pressure, seasons and bursts."""
    for name, world in REWARDS.items():
        spans = [_reward(draw, world) for draw in range(draws)]
        truth = world.get("after", 0.0)
        holds = float(np.mean([span.lo <= truth <= span.hi for span in spans]))
        yield entry(f"reward_{name}_holds", holds, 0.95 - near(0.95, draws), 0.95 + near(0.95, draws), f"{draws} shops")


def _reward(draw: int, world: dict[str, float]) -> Any:
    orders, ledger = shop(np.random.default_rng([SEED + 3, draw]), **world)  # type: ignore[arg-type]
    return RewardBehaviour().analyze(orders, ledger, as_of=LAST).interval
