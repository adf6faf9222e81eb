"""Speed of the value room as ratios to lifetimes, same data, same process, same log-likelihood or better."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import lifetimes
import numpy as np
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data

from crm_lab.clv import BGNBD, GammaGamma, ParetoNBD
from crm_lab.clv.sampling import parameter_bootstrap as bootstrap
from crm_lab.data.kernels.purchases import calibration_holdout, purchase_summary
from crm_lab.data.workspace import open_workspace

SEED = 7


def cdnow() -> pd.DataFrame:
    """The published calibration data: 2,357 customers."""
    orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    return calibration_holdout(orders, "1997-09-30", "1998-06-30")


def transactions(customers: int) -> pd.DataFrame:
    """About 2.4 purchases a customer over two years, from BG/NBD with CDNOW's parameters, shuffled."""
    rng = np.random.default_rng(SEED)
    rate, p = rng.gamma(0.243, 1 / (4.414 * 7), customers), rng.beta(0.793, 2.426, customers)
    start = rng.integers(0, 700, customers)
    scale = rng.gamma(3.74, 1 / 15.44, customers)
    who, now = np.arange(customers), np.zeros(customers)
    ids, days = [who], [start]
    while who.size:
        now = now + rng.exponential(1 / np.maximum(rate[who], 1e-12))
        going = start[who] + now < 730
        who, now = who[going], now[going]
        ids.append(who)
        days.append((start[who] + now).astype(np.int64))
        stays = rng.random(who.size) >= p[who]
        who, now = who[stays], now[stays]
    customer, day = np.concatenate(ids), np.concatenate(days)
    order = rng.permutation(len(customer))
    amount = rng.gamma(6.25, 1 / scale[customer]) + 0.01
    date = np.datetime64("2022-01-01") + day.astype("timedelta64[D]")
    frame = pd.DataFrame({"customer_id": customer, "date": date, "net_amount": amount})
    return frame.iloc[order].reset_index(drop=True)


def base(customers: int) -> pd.DataFrame:
    """The purchase summary of that many simulated customers, in weeks."""
    return purchase_summary(transactions(customers), "2023-12-31")


def seconds(call: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Median wall time of several runs, and the last result."""
    times, made = [], None
    for _ in range(runs):
        begin = time.perf_counter()
        made = call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times), made


def row(name: str, ours: float, theirs: float, sizes: str, **more: float) -> dict[str, Any]:
    """One entry of the report."""
    return {
        "name": f"clv.{name}",
        "value": round(ours, 5),
        "unit": "s",
        "ratio": round(theirs / ours, 1),
        "peer": "lifetimes",
        "sizes": sizes,
        **more,
    }


def fit_against(name: str, ours: Any, theirs: Any, data: pd.DataFrame, runs: int) -> dict[str, Any]:
    """Fit both to one summary; the gain is our log-likelihood minus theirs, per customer."""
    x, t_x, T = data["frequency"], data["recency"], data["T"]
    quick, fit = seconds(lambda: ours.fit(data), max(runs, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slow, peer = seconds(lambda: theirs().fit(x, t_x, T), runs)
    value = fit.model.log_likelihood(_counts(data))
    gain = (fit.log_likelihood - value(peer.params_.to_numpy(dtype=float))[0]) / len(data)
    return row(name, quick, slow, f"{len(data):,} customers", gain=float(gain))


def _counts(data: pd.DataFrame) -> Any:
    from crm_lab.clv.fitting.counts import compress

    return compress(data["frequency"], data["recency"], data["T"])


def bench_bgnbd() -> list[dict[str, Any]]:
    """BG/NBD on CDNOW, 100,000 and 1,000,000 customers."""
    made = [fit_against("bgnbd.cdnow", BGNBD(), lifetimes.BetaGeoFitter, cdnow(), 9)]
    for customers, runs in ((100_000, 3), (1_000_000, 1)):
        name = f"bgnbd.{customers // 1000}k"
        made.append(fit_against(name, BGNBD(), lifetimes.BetaGeoFitter, base(customers), runs))
    return made


def bench_paretonbd() -> list[dict[str, Any]]:
    """Pareto/NBD on CDNOW and 100,000 customers; lifetimes starts at random, so its seed is fixed here."""
    made = []
    for name, data, runs in (("cdnow", cdnow(), 3), ("100k", base(100_000), 1)):
        np.random.seed(SEED)  # noqa: NPY002 - lifetimes draws its start from the global generator
        made.append(fit_against(f"paretonbd.{name}", ParetoNBD(), lifetimes.ParetoNBDFitter, data, runs))
    return made


def bench_gammagamma() -> list[dict[str, Any]]:
    """Gamma-Gamma on CDNOW's 946 repeat buyers and those of 1,000,000 customers."""
    made = []
    for name, data, runs in (("cdnow", cdnow(), 9), ("1m", base(1_000_000), 1)):
        repeat = data[(data["frequency"] > 0) & (data["monetary_value"] > 0)]
        quick, _ = seconds(lambda data=data: GammaGamma().fit(data), max(runs, 3))
        slow, _ = seconds(
            lambda repeat=repeat: lifetimes.GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"]), runs
        )
        made.append(row(f"gammagamma.{name}", quick, slow, f"{len(repeat):,} repeat buyers"))
    return made


def bench_purchase_summary() -> dict[str, Any]:
    """Purchase summary of a frame of one million transactions."""
    frame = transactions(420_000).head(1_000_000)
    quick, ours = seconds(lambda: purchase_summary(frame, "2023-12-31", unit="D"), 5)
    slow, theirs = seconds(
        lambda: summary_data_from_transaction_data(
            frame, "customer_id", "date", "net_amount", observation_period_end="2023-12-31"
        ),
        3,
    )
    np.testing.assert_allclose(ours["frequency"], theirs["frequency"])
    np.testing.assert_allclose(ours["monetary_value"], theirs["monetary_value"])
    return row("purchase_summary.1m", quick, slow, f"{len(frame):,} transactions")


def bench_value() -> dict[str, Any]:
    """Discounted value of 400,000 customers over 12 months."""
    data = base(400_000)
    fit, spend = BGNBD().fit(data), GammaGamma().fit(data)
    x, t_x, T, mean = data["frequency"], data["recency"], data["T"], data["monetary_value"]
    quick, _ = seconds(
        lambda: fit.conditional_purchases(52.0, x, t_x, T, annual_discount_rate=0.1) * spend.expected_spend(x, mean), 3
    )
    from crm_lab.clv.models.lifetimes_adapter import spend_to_lifetimes

    purchases, money = fit.to_lifetimes(), spend_to_lifetimes(spend, data)
    slow, _ = seconds(
        lambda: money.customer_lifetime_value(purchases, x, t_x, T, mean, time=12, discount_rate=0.008, freq="W"), 1
    )
    return row("value_12_months.400k", quick, slow, f"{len(data):,} customers")


def bench_bootstrap() -> dict[str, Any]:
    """1,000 bootstrap refits of BG/NBD on CDNOW; the peer is 1,000 fits of lifetimes, from ten."""
    data = cdnow()
    quick, _ = seconds(lambda: bootstrap(BGNBD(), data, 1000, rng=SEED), 1)
    fitter = lifetimes.BetaGeoFitter()
    slow, _ = seconds(lambda: fitter.fit(data["frequency"], data["recency"], data["T"]), 10)
    return row("bootstrap.cdnow", quick, slow * 1000, "1,000 refits of 2,357 customers")
