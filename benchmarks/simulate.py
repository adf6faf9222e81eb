"""How fast retailers are simulated, and in how much memory; each in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

_RUN = """
import json, resource, sys, time
from pathlib import Path
import pyarrow.parquet as pq
from crm_lab.simulate import make_retailer, prepare, write_retailer
how, scenario, customers, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]) / "tables"
start = time.perf_counter()
if how == "memory":
    lines = len(make_retailer(scenario, customers).tables["transactions"])
else:
    write_retailer(prepare(scenario, customers), folder)
    lines = pq.read_metadata(folder / "transactions.parquet").num_rows
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"seconds": time.perf_counter() - start, "lines": lines, "peak": peak}))
"""
LIMITS = {"fashion_100k": (45.0, 3.0), "fashion_1m_written": (None, 4.0)}
"""Seconds and GB that must not be passed."""


def _measure(how: str, scenario: str, customers: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _RUN, how, scenario, str(customers), folder]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _row(name: str, value: float, unit: str, limit: float | None, sizes: dict) -> dict:
    ratio = round(value / limit, 3) if limit else 1.0
    return {"name": name, "value": round(value, 2), "unit": unit, "ratio": ratio, "peer": "limit", "sizes": sizes}


def bench_fashion_100k() -> list[dict]:
    """Fashion, 100,000 customers for two years, as DataFrames: at most 45 s and 3 GB."""
    runs = [_measure("memory", "fashion", 100_000) for _ in range(3)]
    sizes = {"customers": 100_000, "lines": runs[0]["lines"]}
    seconds, memory = LIMITS["fashion_100k"]
    return [
        _row("simulate.fashion_100k", statistics.median(r["seconds"] for r in runs), "s", seconds, sizes),
        _row("simulate.fashion_100k_peak", max(r["peak"] for r in runs) / 1e9, "GB", memory, sizes),
    ]


def bench_fashion_1m() -> list[dict]:
    """Fashion, a million customers, written in chunks: at most 4 GB."""
    run = _measure("disk", "fashion", 1_000_000)
    sizes = {"customers": 1_000_000, "lines": run["lines"]}
    seconds, memory = LIMITS["fashion_1m_written"]
    return [
        _row("simulate.fashion_1m_written", run["seconds"], "s", seconds, sizes),
        _row("simulate.fashion_1m_written_peak", run["peak"] / 1e9, "GB", memory, sizes),
    ]


def bench_lines_per_second() -> list[dict]:
    """The other scenarios, written."""
    rows = []
    for scenario, customers in (("grocery", 5_000), ("beauty", 50_000), ("null", 50_000), ("cohort", 50_000)):
        run = _measure("disk", scenario, customers)
        sizes = {"customers": customers, "lines": run["lines"]}
        rows.append(_row(f"simulate.{scenario}", run["lines"] / run["seconds"], "lines/s", None, sizes))
    return rows


def bench_bgnbd_against_lifetimes() -> dict:
    """Drawing BG/NBD histories, against the generator of lifetimes (summaries only; its transactions are broken)."""
    from lifetimes.generate_data import beta_geometric_nbd_model

    from crm_lab.simulate import load_scenario
    from crm_lab.simulate.customers.timing import draw_habits, draw_purchases
    from crm_lab.simulate.scenario.clock import make_clock

    n, scenario = 10_000, load_scenario("cohort")
    clock, ours, theirs = make_clock(scenario, 0), [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        start = time.perf_counter()
        draw_purchases(scenario.timing, draw_habits(scenario.timing, n, rng), np.zeros(n), clock, rng)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        beta_geometric_nbd_model(T=78.0, r=0.243, alpha=4.414, a=0.793, b=2.426, size=n)
        theirs.append(time.perf_counter() - start)
    mine, peer = statistics.median(ours), statistics.median(theirs)
    return {
        "name": "simulate.bgnbd",
        "value": round(mine, 4),
        "unit": "s",
        "ratio": round(peer / mine, 1),
        "peer": "lifetimes.generate_data.beta_geometric_nbd_model (times slower)",
        "sizes": {"customers": n},
    }
