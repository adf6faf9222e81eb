"""Long runs of the segmentation room: intervals that hold the truth as often as they say. Seeds fixed beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.segmentation import Migration
from crm_lab.stats.inequality import inequality
from crm_lab.stats.survival import kaplan_meier

QUARTERS = pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"])


def _entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 4), "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def null_purchases(rng: np.random.Generator, customers: int = 500) -> pd.DataFrame:
    """Four quarters of customers who do not change: a level of their own, luck in every quarter."""
    level = rng.gamma(2.0, 50.0, customers)
    spend = rng.gamma(2.0, level[:, None] / 2, (customers, len(QUARTERS)))
    comes = rng.random((customers, len(QUARTERS))) < 0.9
    ids = np.repeat([f"c{i}" for i in range(customers)], len(QUARTERS)).reshape(customers, -1)
    dates = np.tile(QUARTERS, (customers, 1))
    return pd.DataFrame({"customer_id": ids[comes], "date": dates[comes], "net_amount": spend[comes]})


def certify_migration(runs: int = 1000) -> list[dict[str, Any]]:
    """Under no change, latest minus earlier windows and treated minus control cover 0."""
    rng = np.random.default_rng(20_250_104)
    inside, fair = 0, 0
    for _ in range(runs):
        moves = Migration().analyze(null_purchases(rng), as_of="2024-12-31")
        change = moves.baseline("C", "B", rng=rng).change
        inside += change is not None and change.ci.lo <= 0 <= change.ci.hi
        drawn = pd.Series(rng.random(len(moves.states)) < 0.5, index=moves.states.index)
        ci = moves.compare(drawn, "C", "B", drawn_by_lot=True).difference.ci
        fair += ci.lo <= 0 <= ci.hi
    what = f"95 % interval holds 0, {runs:,} draws of 500 customers who do not change"
    return [
        _entry("migration.null.latest_minus_earlier", inside / runs, 0.93, 0.97, what),
        _entry("migration.null.treated_minus_control", fair / runs, 0.93, 0.97, what),
    ]


def certify_kaplan_meier(runs: int = 10_000) -> list[dict[str, Any]]:
    """Pointwise log-log bounds hold the true survival at three times, and 1/3 of units censored."""
    rng = np.random.default_rng(20_250_105)
    times, inside = np.array([0.25, 1.0, 2.0]), np.zeros(3)
    for _ in range(runs):
        event, end = rng.exponential(1.0, 150), rng.uniform(0.5, 4.0, 150)
        _, lo, hi = kaplan_meier(np.minimum(event, end), event <= end).at(times)
        inside += (lo <= np.exp(-times)) & (np.exp(-times) <= hi)
    what = f"95 % bounds hold S(t), {runs:,} samples of 150, exponential events, uniform censoring"
    return [
        _entry(f"kaplan_meier.coverage.t_{t:g}", share, 0.94, 0.965, what)
        for t, share in zip(times, inside / runs, strict=True)
    ]


def certify_inequality(runs: int = 1000) -> list[dict[str, Any]]:
    """Bootstrap intervals hold Gini 1/2 and the top fifth's share of exponential amounts."""
    rng = np.random.default_rng(20_250_106)
    truths = {"gini": 0.5, "top_share": 0.2 * (1 + np.log(5))}
    inside = dict.fromkeys(truths, 0)
    for _ in range(runs):
        found = inequality(rng.exponential(1.0, 1000), rng=rng, draws=300)
        for name, ci in (("gini", found.gini_ci), ("top_share", found.top_share_ci)):
            inside[name] += ci.lo <= truths[name] <= ci.hi
    what = f"95 % bootstrap interval holds the truth, {runs:,} samples of 1,000 exponential amounts"
    return [_entry(f"inequality.{name}", k / runs, 0.92, 0.97, what) for name, k in inside.items()]


ENTRIES: list[Callable[[], list[dict[str, Any]]]] = [certify_migration, certify_kaplan_meier, certify_inequality]
