"""Whether the year's total comes true: simulated retailers with a season, two years known, the third is what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.clv import TotalForecast
from crm_lab.data.workspace import open_workspace
from crm_lab.simulate import make_retailer

RETAILERS, CUSTOMERS, DRAWS, YEAR = 250, 1000, 50, 365
SCENARIOS = ("fashion", "beauty")
LENGTHS = (30, 61, 91, 137)


@dataclass(frozen=True, slots=True)
class Tried:
    """One retailer: log of actual over the model's total, over the corrected one, and whether the interval held."""

    plain: float
    corrected: float
    held: bool
    stated: bool


def tried(scenario: str, customers: int, seed: int) -> Tried | None:
    """Forecast the third year from the first two; none where nobody came."""
    shop = make_retailer(scenario, customers, seed, {"days": 1096})
    lines = shop.tables["transactions"]
    sold = lines[(lines["kind"] == "sale") & lines["customer_id"].notna() & (lines["net_amount"] > 0)]
    orders = sold.groupby(["order_id", "customer_id", "date"], as_index=False)["net_amount"].sum()
    as_of = pd.Timestamp(shop.scenario.start) + timedelta(days=730)
    known, later = orders[orders["date"] <= as_of], orders[orders["date"] > as_of]
    later = later[(later["date"] <= as_of + timedelta(days=YEAR)) & later["customer_id"].isin(known["customer_id"])]
    came = float(later["net_amount"].sum())
    if came <= 0:
        return None
    total = TotalForecast(horizon_days=YEAR, draws=DRAWS).analyze(known, str(as_of.date()), rng=seed)
    money, interval = total.money
    plain, corrected = (float(np.log(came / said)) for said in (total.now.money, money))
    return Tried(plain, corrected, interval.lo <= came <= interval.hi, total.refusal() is None)


def certify_errors_by_length() -> list[dict[str, Any]]:
    """Errors of totals at past dates of public bases: their spread shrinks with the period's length, their mean grows.

    By the roots of the lengths the spread at 137 days is .47 of that at 30, the mean 2.1 times.
    """
    rows: list[dict[str, Any]] = []
    for source, as_of in (("cdnow", "1998-06-30"), ("complete_journey", "2017-12-31")):
        orders, spread, mean = open_workspace(source).at(as_of)["orders"], {}, {}
        for length in LENGTHS:
            ends = [pd.Timestamp(as_of) - timedelta(days=back) for back in range(0, length, 15)]
            spec = TotalForecast(horizon_days=length, draws=20)
            tried = pd.concat([spec.analyze(orders, str(end.date()), rng=1).frame for end in ends])
            errors = tried["money_error"].astype(float)
            spread[length], mean[length] = float(errors.std()), abs(float(errors.mean()))
        told = ", ".join(f"{n} days {mean[n]:.3f} ± {spread[n]:.3f}" for n in LENGTHS)
        for name, measured, lo, hi in (("passing", spread, 0.0, 0.7), ("kept", mean, 1.4, 10.0)):
            ratio = measured[LENGTHS[-1]] / measured[LENGTHS[0]]
            rows.append({
                "name": f"clv.totals.{name}_by_length.{source}", "value": ratio, "lo": lo, "hi": hi,
                "ok": lo <= ratio <= hi, "what": f"mean and spread of errors at past dates by length: {told}",
            })  # fmt: skip
    return rows


def certify_totals() -> list[dict[str, Any]]:
    """Share of retailers whose year lay in its 90 % interval, and the mean error of its middle."""
    rows: list[dict[str, Any]] = []
    for scenario in SCENARIOS:
        found = [shop for seed in range(RETAILERS) if (shop := tried(scenario, CUSTOMERS, seed)) is not None]
        plain, corrected = (float(np.mean([abs(getattr(s, name)) for s in found])) for name in ("plain", "corrected"))
        stated = [shop.held for shop in found if shop.stated]
        held, all_held = float(np.mean(stated)), float(np.mean([shop.held for shop in found]))
        chance = 2 * float(np.sqrt(0.95 * 0.05 / len(stated)))
        what = (
            f"{len(found)} {scenario} retailers of {CUSTOMERS} customers: of {len(stated)} stated totals the interval"
            f" held {held:.1%} (two standard errors {chance:.1%}), of all {all_held:.1%}; mean error {plain:.1%} by the"
            f" model, {corrected:.1%} corrected"
        )
        rows += [
            {"name": f"clv.totals.{scenario}.held", "value": held, "lo": 0.85, "hi": 0.95,
             "ok": 0.85 - chance <= held <= 0.95 + chance, "what": what},
            {"name": f"clv.totals.{scenario}.error", "value": corrected, "lo": 0.0, "hi": plain,
             "ok": corrected <= plain, "what": what},
        ]  # fmt: skip
    return rows
