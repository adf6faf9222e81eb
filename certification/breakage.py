"""Breakage: coverage of ultimate redemption rates, level and power of the calendar test; seeds are fixed.

A programme's members are unlike in how much and how often they buy, redeem many points at once, oldest first, and may
have joined at any time; what they redeem after the day of the analysis is simulated too, so the true rate is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from certification.experiments import Floats
from crm_lab.loyalty.breakage import CalendarEffect, ChainLadder, RedemptionTriangle, UltimateRedemption
from crm_lab.stats.intervals import z_value

SEED, DRAWS, LEVEL, ALPHA = 20_261_201, 2_000, 0.95, 0.05
EXPIRY = 12  # months
STEPS = (1.6, 0.6)  # of redemptions, after a changed rule


@dataclass(frozen=True)
class Kind:
    """What kind of programme: how unlike members are, when they joined, and when points are issued and redeemed."""

    unlike: float = 1.0
    growing: bool = False
    whole: float = 0.5
    issue_season: float = 0.0
    members: int = 1_500
    months: int = 30


KINDS = {
    "steady": Kind(whole=0.0),
    "bursts": Kind(),
    "growing": Kind(growing=True),
    "unlike": Kind(unlike=1.6),
    "seasonal": Kind(issue_season=0.5),
    "small": Kind(growing=True, members=400),
    "short": Kind(months=18),
    "long": Kind(unlike=1.3, months=48),
}


def programme(rng: np.random.Generator, kind: Kind, step: float = 1.0, at: int = 0) -> tuple[RedemptionTriangle, float]:
    """A programme's triangle, and the share of its points that is redeemed in the end."""
    n, total = kind.members, kind.months + EXPIRY + 1
    size = rng.lognormal(4, kind.unlike, n)
    since = np.floor(kind.months * np.sqrt(rng.random(n))) if kind.growing else rng.integers(-24, kind.months, n)
    buys, redeems = rng.beta(2, 2, n), rng.beta(2, 8, n)
    held, issued = np.zeros((n, EXPIRY + 1)), np.zeros((n, kind.months))
    redeemed = np.zeros((n, kind.months, EXPIRY + 1))
    for month in range(-EXPIRY - 6, total):  # begins long before, so that members hold points at the start
        held = np.concatenate([held[:, 1:], np.zeros((n, 1))], axis=1)  # the oldest expire
        season = 1 + kind.issue_season * math.cos(2 * math.pi * month / 12)
        bought = (rng.random(n) < buys) & (since <= month)
        held[:, -1] = np.where(bought, np.round(size * rng.gamma(2, 0.5, n) * season), 0)
        chance = np.clip(redeems * (step if month >= at else 1.0), 0, 1)
        balance = held.sum(axis=1)
        goes = (rng.random(n) < chance) & (balance >= size)
        share = np.where(rng.random(n) < kind.whole, 1.0, rng.random(n))
        wanted = np.where(goes, np.round(balance * share), 0)
        taken = np.clip(wanted[:, None] - (np.cumsum(held, axis=1) - held), 0, held)
        if 0 <= month < kind.months:
            issued[:, month] = held[:, -1]
        held = held - taken
        for age in range(EXPIRY + 1):
            if 0 <= month - age < kind.months:
                redeemed[:, month - age, age] += taken[:, -1 - age]
    return _triangle(issued, redeemed)


def _triangle(issued: Floats, redeemed: Floats) -> tuple[RedemptionTriangle, float]:
    """The part that is seen, members in groups, and the true rate."""
    n, months = issued.shape
    seen = np.add.outer(np.arange(months), np.arange(EXPIRY + 1)) < months
    cells = np.zeros((n, months, months))
    cells[:, :, : EXPIRY + 1] = (redeemed * seen)[:, :, :months]
    groups = np.arange(n) % 200
    by_issued, by_cells = np.zeros((200, months)), np.zeros((200, months, months))
    np.add.at(by_issued, groups, issued)
    np.add.at(by_cells, groups, cells)
    redeemers = int((cells.sum(axis=(1, 2)) > 0).sum())
    triangle = RedemptionTriangle(
        648, issued.sum(axis=0), cells.sum(axis=0), EXPIRY, by_issued, by_cells, members=n, redeemers=redeemers
    )
    return triangle, float(redeemed.sum() / issued.sum())


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict:
    """One certified number with the bounds it must keep."""
    return {"name": f"breakage.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def read(name: str, draw: int) -> bool:
    """Whether the interval of one programme holds the truth."""
    triangle, truth = programme(np.random.default_rng([SEED, draw, list(KINDS).index(name)]), KINDS[name])
    found = UltimateRedemption(level=LEVEL, alpha=1e-9, draws=200).analyze(triangle)
    return found.interval.lo <= truth <= found.interval.hi


def read_after(draw: int, step: float, *, given: bool) -> tuple[bool, bool]:
    """Whether the interval after a changed rule holds the truth, and whether it counts: the change named or found."""
    kind = KINDS["bursts"]
    at = kind.months * 2 // 3
    triangle, truth = programme(np.random.default_rng([SEED + 3, draw]), kind, step, at)
    spec = UltimateRedemption(level=LEVEL, alpha=ALPHA, draws=200)
    found = spec.analyze(triangle, triangle.months[at] if given else None)
    counts = found.refusal() is None and (given or found.calendar.changed)
    return found.interval.lo <= truth <= found.interval.hi, counts


def error(rate: float, draws: int) -> float:
    """Three Monte-Carlo errors of a rate."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


def certify_ultimate_rates(draws: int = DRAWS) -> Iterator[dict]:
    """Intervals of ultimate rates cover the true rate of programmes of each kind, and of all together."""
    kinds, covered = list(KINDS), []
    for name in kinds:
        here = [read(name, draw) for draw in range(draws // len(kinds))]
        covered += here
        off = error(0.95, len(here))
        yield entry(f"covers_{name}", float(np.mean(here)), 0.93 - off, 0.97 + off, f"{len(here)} programmes")
    yield entry("covers", float(np.mean(covered)), 0.93, 0.97, f"{len(covered)} programmes of {len(kinds)} kinds")


def certify_calendar_test(draws: int = 400) -> Iterator[dict]:
    """The test of calendar effects errs in its level of steady programmes, and shows a changed rule."""
    for name in ("bursts", "growing", "unlike", "seasonal", "long"):
        null = np.mean([changed(name, draw, 1.0)[0] for draw in range(draws)])
        yield entry(f"calendar_null_{name}", float(null), 0.0, ALPHA + error(ALPHA, draws), f"{draws} programmes")
    for step in STEPS:
        found = [changed("bursts", draw, step) for draw in range(draws)]
        power = float(np.mean([hit for hit, _ in found]))
        yield entry(f"calendar_power_{step:g}", power, 0.8, 1.0, f"{draws} programmes, redemptions times {step:g}")
        near = float(np.mean([abs(at - 20) <= 2 for hit, at in found if hit]))
        yield entry(f"calendar_place_{step:g}", near, 0.9, 1.0, "within two months of the change")


def changed(name: str, draw: int, step: float) -> tuple[bool, int]:
    """Whether a change is shown, and where."""
    kind = KINDS[name]
    rng = np.random.default_rng([SEED + 1, draw, list(KINDS).index(name)])
    found = CalendarEffect(alpha=ALPHA, permutations=499).analyze(programme(rng, kind, step, kind.months * 2 // 3)[0])
    return found.changed, found.at


def certify_after_a_change(draws: int = 400) -> Iterator[dict]:
    """After a changed rule, named or found by the test, the intervals that are stated hold the truth."""
    for step in STEPS:
        for given in (True, False):
            found = [read_after(draw, step, given=given) for draw in range(draws)]
            stated = [hit for hit, counts in found if counts]
            name, low = f"covers_after_{step:g}_{'named' if given else 'found'}", 0.93 - error(0.93, len(stated))
            yield entry(name, float(np.mean(stated)), low, 1.0, f"{len(stated)} programmes")


def certify_mack(draws: int = DRAWS) -> dict:
    """Mack's interval covers where points are redeemed as its model has it: each month by itself."""
    hits = 0
    for draw in range(draws):
        rng, n = np.random.default_rng([SEED + 2, draw]), 13
        paid = np.zeros((n, n))
        paid[:, 0] = rng.gamma(400, 20, n)
        for age in range(1, n):
            mean = paid[:, age - 1] * 0.9 * 0.6 ** (age - 1)
            paid[:, age] = paid[:, age - 1] + rng.gamma(np.maximum(mean, 1e-9) / 20, 20)
        seen = np.add.outer(np.arange(n), np.arange(n)) < n
        ladder = ChainLadder(np.where(seen, paid, np.nan))
        sigma = math.sqrt(math.log1p((ladder.standard_error / float(ladder.reserve)) ** 2))
        true = float((paid[:, -1] - ladder.latest).sum())
        z = z_value(LEVEL) * sigma
        ends = [float(ladder.reserve) * math.exp(sign * z - sigma**2 / 2) for sign in (-1, 1)]
        hits += ends[0] <= true <= ends[1]
    return entry("mack_covers", hits / draws, 0.93, 0.97, f"{draws} triangles after Mack's model")
