"""Size and coverage of the experiments room on real and simulated histories; every seed is fixed here."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crm_lab.data.workspace import open_workspace
from crm_lab.experiments import spend_windows
from crm_lab.experiments.aa import many_splits

SEED = 20171231
AA_SPLITS, PLANTED_SPLITS = 10_000, 2_000


def households() -> pd.DataFrame:
    """Complete Journey households with spend before and after 2017-07-01 (those of page 16)."""
    tables = open_workspace("complete_journey").at("2017-12-31")
    return spend_windows(tables["orders"], start="2017-07-01", pre_days=181, post_days=184, as_of=tables.as_of)


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    """One certified number with the bounds it must keep."""
    return {"name": f"experiments.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def certify_aa_on_history() -> list[dict[str, Any]]:
    """Type I error over 10,000 splits of real households, plain and with the pre-period."""
    record = many_splits(
        households(),
        "spend",
        ["spend_before", "orders_before"],
        splits=AA_SPLITS,
        rng=SEED,
        ways=("none", "cuped", "lin"),
    )
    what = f"type I at 5 %, {AA_SPLITS:,} A/A splits of {record.units:,} Complete Journey households"
    return [entry(f"aa_cj_{way}", rate, 0.04, 0.06, f"{what}, {way}") for way, rate in record.rates.items()]


def certify_planted_coverage() -> list[dict[str, Any]]:
    """Coverage of the planted 5 % lift by 95 % intervals over 2,000 splits of real households."""
    record = many_splits(
        households(), "spend", ["spend_before", "orders_before"], splits=PLANTED_SPLITS, rng=SEED + 1, lift=0.05
    )
    what = f"coverage of a planted lift of 5 %, {PLANTED_SPLITS:,} splits of Complete Journey households"
    return [entry(f"planted_cj_{way}", 1 - rate, 0.93, 0.97, f"{what}, {way}") for way, rate in record.rates.items()]
