"""Coverage of the value models' intervals on bases simulated from each model; every seed is fixed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.clv import MODELS, GammaGamma, purchase_model
from crm_lab.clv.sampling.posterior_draws import Base, draw
from crm_lab.clv.validation.backtest import BackTest
from crm_lab.data.workspace import open_workspace
from tests.clv.models.test_edges import fuzz

SEED = 19970930
BASES, CUSTOMERS, DRAWS, HORIZON = 1000, 1500, 150, 39.0
# true parameters in weeks, near those of CDNOW, with drop-out well identified
TRUTH = {
    "nbd": (0.6, 9.0),
    "bgnbd": (0.6, 5.0, 0.8, 2.0),
    "mbgnbd": (0.8, 6.0, 0.8, 2.0),
    "paretonbd": (0.8, 8.0, 0.9, 12.0),
}
SPEND = (6.25, 3.74, 15.44)


def simulate_base(key: str, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Customers of one model watched for 40-78 weeks: summary of what was seen, and what came after.

    The same days as in practice: times are rounded to days and purchases of one day are merged.
    """
    T = rng.integers(280, 547, n) / 7.0
    end = T + HORIZON
    rate, leaves = _lives(key, n, rng)
    x, t_x, later = np.zeros(n), np.zeros(n), np.zeros(n)
    clock, going = np.zeros(n), np.ones(n, dtype=bool)
    number = 0
    while going.any():
        who = np.flatnonzero(going)
        clock[who] += rng.exponential(1 / rate[who])
        who = who[(clock[who] <= end[who]) & leaves(who, clock[who], number)]
        going[:] = False
        going[who] = True
        seen = who[clock[who] <= T[who]]
        x[seen] += 1
        t_x[seen] = clock[seen]
        later[who[clock[who] > T[who]]] += 1
        number += 1
    p, q, gamma = SPEND
    scale = rng.gamma(q, 1 / gamma, n)
    shape = np.where(x > 0, p * x, 1.0)
    mean = np.where(x > 0, rng.gamma(shape) / scale / np.maximum(x, 1), 0.0)
    spend = np.where(later > 0, rng.gamma(np.maximum(p * later, 1e-9)) / scale, 0.0)
    return pd.DataFrame(
        {"frequency": x, "recency": t_x, "T": T, "monetary_value": mean, "later": later, "later_spend": spend}
    )


def _lives(
    key: str, n: int, rng: np.random.Generator
) -> tuple[Floats, Callable[[np.ndarray, Floats, int], np.ndarray]]:
    """Purchase rates, and whether a customer is still there for the purchase about to happen."""
    r, alpha, *rest = TRUTH[key]
    rate = rng.gamma(r, 1 / alpha, n)
    if key == "nbd":
        return rate, lambda who, _now, _number: np.ones(len(who), dtype=bool)
    a, b = rest
    if key == "paretonbd":
        end = rng.exponential(1 / rng.gamma(a, 1 / b, n))
        return rate, lambda who, now, _number: now <= end[who]
    p = rng.beta(a, b, n)
    first = key == "mbgnbd"
    return rate, lambda who, _now, number: (number == 0 and not first) | (rng.random(len(who)) >= p[who])


def covered(key: str, bases: int = BASES, customers: int = CUSTOMERS, seed: int = SEED) -> dict[str, float]:
    """Shares of simulated bases in which 90 % intervals hold the truth."""
    rng = np.random.default_rng([seed, list(TRUTH).index(key)])
    model = purchase_model(key)
    hits: list[list[float]] = []
    for _ in range(bases):
        base = simulate_base(key, customers, rng)
        fit = model.fit(base)
        table = fit.to_frame()
        truth = np.array(TRUTH[key])
        inside = ((table["lo"] <= truth) & (truth <= table["hi"])).to_numpy()
        columns = (base[c].to_numpy() for c in ("frequency", "recency", "T", "monetary_value"))
        drawn = draw(
            fit,
            GammaGamma().fit(base),
            Base(*columns, np.ones(customers)),
            (0.0, HORIZON),
            np.zeros(customers, dtype=np.intp),
            draws=DRAWS,
            level=0.9,
            seed=int(rng.integers(2**31)),
        )
        lo, hi = np.quantile(drawn.value[:, 0], [0.05, 0.95], method="weibull")
        total = float(base["later_spend"].sum())
        each = ((drawn.lo <= base["later_spend"]) & (base["later_spend"] <= drawn.hi)).mean()
        hits.append([*inside.astype(float), float(lo <= total <= hi), float(each), _pit(fit, base, rng)])
    names = [*model.parameters, "base_total", "customers", "pit"]
    return dict(zip(names, np.mean(hits, axis=0).tolist(), strict=True))


def _pit(fit: Any, base: pd.DataFrame, rng: np.random.Generator) -> float:
    """Share of customers whose randomised probability transform of the count lies in .05-.95."""
    some = base.iloc[:200]
    history = [some[c].to_numpy() for c in ("frequency", "recency", "T")]
    below, at = np.zeros(len(some)), np.zeros(len(some))
    later = some["later"].to_numpy()
    for count in range(int(later.max()) + 1):
        pmf = fit.purchases_pmf(count, HORIZON, *history)
        below += np.where(count < later, pmf, 0.0)
        at += np.where(count == later, pmf, 0.0)
    place = below + rng.random(len(some)) * at
    return float(((place >= 0.05) & (place <= 0.95)).mean())


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    """One certified number with the bounds it must keep."""
    return {"name": f"clv.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def certify_random_points() -> dict[str, Any]:
    """A million random points of every model: probabilities and rates are finite and possible."""
    points = 1_000_000
    try:
        fuzz(points, seed=2)
        broken = 0
    except AssertionError as error:
        print(f"  a random point broke a model: {error}"[:300])
        broken = 1
    return {
        "name": "clv.random_points_broken",
        "value": broken,
        "lo": 0,
        "hi": 0,
        "ok": broken == 0,
        "what": f"{points:,} random points",
    }


def certify_coverage() -> list[dict[str, Any]]:
    """Intervals of parameters, base total and customers over bases simulated from each model."""
    rows = []
    for key in MODELS:
        what = f"{BASES:,} bases of {CUSTOMERS:,} customers simulated from {key}"
        for name, value in covered(key).items():
            bounds = {"customers": (0.88, 1.0), "pit": (0.88, 0.92)}.get(name, (0.87, 0.93))
            rows.append(entry(f"coverage.{key}.{name}", value, *bounds, f"90 % interval of {name}, {what}"))
    return rows


def certify_champion() -> list[dict[str, Any]]:
    """Mean error at the last origin of the better of blend and champion, over that of the best single model there.

    The champion is chosen by the earlier origins alone; both ratios stand in the entry's words.
    """
    rows = []
    for source, as_of, origins, keep_zero in (
        ("cdnow", "1998-06-30", 3, True),
        ("complete_journey", "2017-12-31", 2, False),
    ):
        orders = open_workspace(source).at(as_of)["orders"]
        scores = BackTest(origins=origins, keep_zero=keep_zero, draws=50).analyze(orders, as_of, rng=SEED).scores
        models = scores[scores["model"] != "naive"]
        last = models[models["origin"] == models["origin"].max()].set_index("model")["mae"]
        earlier = models[(models["origin"] < models["origin"].max()) & models["identified"]]
        chosen = earlier.groupby("model")["mae"].mean().idxmin()
        single = float(last.drop("blend").min())
        alone, blend = float(last[chosen] / single), float(last["blend"] / single)
        what = f"MAE at the last origin over the best single: {chosen} (earlier origins) {alone:.3f}, blend {blend:.3f}"
        rows.append(entry(f"champion_or_blend.{source}", min(alone, blend), 0.0, 1.01, what))
    return rows
