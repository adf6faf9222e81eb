"""The simulated retailer gives back what was planted in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crm_lab import open_workspace
from crm_lab.clv import BGNBD
from crm_lab.data.kernels.purchases import purchase_summary
from crm_lab.simulate import load_scenario, make_retailer, open_key
from crm_lab.simulate.customers.timing import draw_habits, draw_purchases
from crm_lab.simulate.scenario.clock import make_clock
from crm_lab.simulate.scenario.settings import Timing
from crm_lab.simulate.scenario.streams import stream

CDNOW = Timing(process="bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
EXACT = Timing(process="bg_nbd", r=0.242594, alpha=4.413602, a=0.792920, b=2.425907)  # the fit's own digits
EFFECTS = {"programme.orders": {"C": 0.4, "B": 0.3, "A": 0.2}, "programme.late_joiners": True}


def _between(name: str, value: float, lo: float, hi: float, what: str) -> dict:
    return {"name": name, "value": float(value), "lo": lo, "hi": hi, "ok": bool(lo <= value <= hi), "what": what}


def certify_cdnow_curve() -> dict:
    """2,357 customers with CDNOW's first days and BG/NBD parameters buy 4,160.6 times again in 78 weeks."""
    orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    first = orders.groupby("customer_id")["day"].min().to_numpy()
    joined = (first - first.min()).astype(float)
    clock = make_clock(replace(load_scenario("cohort"), days=78 * 7), 0)
    draws = []
    for seed in range(1000):
        rng = stream(seed, "timing")
        bought = draw_purchases(EXACT, draw_habits(EXACT, joined.size, rng), joined, clock, rng)
        draws.append(bought.time.size - joined.size)
    error = 3 * np.std(draws) / np.sqrt(len(draws))
    what = "mean repeat purchases by week 78, 1,000 draws, Fader, Hardie & Lee's own 4,160.6"
    return _between("simulate.cdnow_week_78", np.mean(draws), 4160.6 - error, 4160.6 + error, what)


def certify_bgnbd_recovery() -> list[dict]:
    """BG/NBD fitted to the tables of 20 retailers, days and same-day orders and all, finds what was planted."""
    truth = np.log([CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b])
    found = []
    for seed in range(20):
        lines = make_retailer("cohort", 5000, seed).tables["transactions"]
        orders = lines[lines["kind"] == "sale"].groupby("order_id", as_index=False).agg(
            customer_id=("customer_id", "first"), date=("date", "first"), net_amount=("net_amount", "sum")
        )  # fmt: skip
        summary = purchase_summary(orders, as_of="1998-06-30", unit="W")
        params = BGNBD().fit(summary).params
        found.append([params[name] for name in ("r", "alpha", "a", "b")])
    logs = np.log(found)
    z = (logs.mean(axis=0) - truth) / (logs.std(axis=0, ddof=1) / np.sqrt(len(logs)))
    return [
        _between(f"simulate.bgnbd_{name}", score, -3, 3, "standardised mean error of the log estimate, 20 seeds")
        for name, score in zip(("r", "alpha", "a", "b"), z, strict=True)
    ]


def _outcomes(shop: object, metric: str) -> pd.DataFrame:
    drawn = shop.tables["assignments"].query("experiment == 'loyalty'")
    given = shop.scenario.programme
    end = pd.Timestamp(shop.scenario.start) + pd.Timedelta(days=given.start + given.days)
    lines = shop.tables["transactions"].merge(drawn, on="customer_id")
    lines = lines[(lines["date"] >= lines["assigned_on"]) & (lines["date"] < end)]
    sales = lines[lines["kind"] == "sale"].drop_duplicates("order_id")
    value = (
        lines.groupby("customer_id")["net_amount"].sum() if metric == "spend" else sales.groupby("customer_id").size()
    )
    return drawn.set_index("customer_id").assign(value=value).fillna({"value": 0.0})


def _interval(out: pd.DataFrame) -> tuple[float, float]:
    arms = out.groupby("arm")["value"].agg(["mean", "var", "size"])
    difference = arms.loc["treatment", "mean"] - arms.loc["control", "mean"]
    return difference, float(np.sqrt((arms["var"] / arms["size"]).sum()))


def certify_effects() -> list[dict]:
    """A plain difference in means covers the key's effect, and in null the planted nothing, as often as it says."""
    rows = []
    for name, overrides in (("fashion", EFFECTS), ("null", {})):
        for metric in ("orders", "spend"):
            scores = []
            for seed in range(300):
                shop = make_retailer(name, 1500, 10_000 + seed, overrides)
                truth = open_key(shop).effects().set_index(["metric", "span"]).loc[(metric, "test"), "effect"]
                found, error = _interval(_outcomes(shop, metric))
                scores.append((found - truth) / error)
            covered = np.mean(np.abs(scores) < 1.96)
            slack = 3 * np.sqrt(0.95 * 0.05 / 300)
            what = "share of 95 % intervals that hold the key's effect, 300 seeds"
            rows.append(_between(f"simulate.{name}_{metric}_coverage", covered, 0.95 - slack, 0.95 + slack, what))
            bias = np.mean(scores) * np.sqrt(300)
            rows.append(_between(f"simulate.{name}_{metric}_bias", bias, -3, 3, "standardised mean error, 300 seeds"))
    return rows
