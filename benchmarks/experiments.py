"""CUPED on a million members and ten metrics from Parquet, against tea-tasting on Polars.

tea-tasting is not part of the environment: the benchmark makes one of its own in a temporary folder (pip, once per
run, a minute) and says so when that fails.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.moments_of_files import moments_of_parquet
from crm_lab.experiments.core.estimate import difference, joint_means

MEMBERS, METRICS, RUNS, SEED = 1_000_000, 10, 5, 1
PEER = """
import json, sys, time
import polars as pl, tea_tasting as tt
path, metrics, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
test = tt.Experiment({f"y{i}": tt.Mean(f"y{i}", covariate=f"x{i}") for i in range(metrics)}, variant="arm")
times = []
for _ in range(runs):
    begin = time.perf_counter()
    found = test.analyze(pl.scan_parquet(path))
    times.append(time.perf_counter() - begin)
rows = [found[f"y{i}"] for i in range(metrics)]
print(json.dumps({"times": times, "version": tt.__version__ if hasattr(tt, "__version__") else "",
                  "effects": [(r.effect_size, r.effect_size_ci_lower, r.effect_size_ci_upper) for r in rows]}))
"""


def members(path: Path) -> None:
    """A file with one row per member: arm, ten covariates, ten outcomes."""
    rng = np.random.default_rng(SEED)
    arm = rng.integers(0, 2, MEMBERS)
    columns: dict[str, np.ndarray] = {"arm": arm}
    for i in range(METRICS):
        past = rng.gamma(1.5, 40, MEMBERS)
        columns |= {f"x{i}": past, f"y{i}": 0.7 * past + rng.gamma(2, 10, MEMBERS) + 0.05 * i * arm}
    pd.DataFrame(columns).to_parquet(path, row_group_size=131_072, index=False)


def ours(path: Path) -> list[tuple[float, float, float]]:
    """Effect and interval of each metric with its own covariate."""
    names = [f"{c}{i}" for i in range(METRICS) for c in "yx"]
    arms = moments_of_parquet(path, "arm", names)
    rows = []
    for i in range(METRICS):
        pair = [arms[a].select([f"y{i}", f"x{i}"]) for a in (0, 1)]
        found = difference(joint_means(pair, [(f"y{i}", None)], [f"x{i}"], "cuped"), 0)
        rows.append((found.effect, found.lo, found.hi))
    return rows


def bench_cuped_from_parquet() -> dict[str, object]:
    """Median seconds of ours over tea-tasting's; effects and intervals must agree to 1e-9 of the metric's scale."""
    with tempfile.TemporaryDirectory() as folder:
        path, env = Path(folder) / "members.parquet", Path(folder) / "env"
        members(path)
        venv.create(env, with_pip=True)
        python = str(env / "bin" / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "tea-tasting", "polars"]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        argv = [python, "-c", PEER, str(path), str(METRICS), str(RUNS)]
        peer = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
        times, effects = [], []
        for _ in range(RUNS):
            begin = time.perf_counter()
            effects = ours(path)
            times.append(time.perf_counter() - begin)
    gap = float(np.max(np.abs(np.array(effects) - np.array(peer["effects"]))))
    if gap > 1e-7:  # 1e-9 of a metric of about 60
        sys.exit(f"CUPED differs from tea-tasting by {gap:g}.")
    value, other = statistics.median(times), statistics.median(peer["times"])
    return {
        "name": "experiments.cuped_from_parquet",
        "value": round(value, 3),
        "unit": "s",
        "ratio": round(value / other, 2),
        "peer": "tea-tasting on Polars",
        "sizes": {"members": MEMBERS, "metrics": METRICS, "largest_difference": gap},
    }
