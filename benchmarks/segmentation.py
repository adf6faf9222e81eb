"""RFM and monthly cohorts beside openretailscience 0.48, which needs pandas < 3: it gets an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from crm_lab import open_workspace
from crm_lab.segmentation import RFM, Cohorts, purchase_values

PEER = "openretailscience==0.48.1"
AS_OF = "2017-12-31"
RUNS = 5
IDS = ("customer_id", "order_id")

_PEER_SCRIPT = """
import json, sys, time, statistics
import pandas as pd
from openretailscience.analysis.cohort import CohortAnalysis
from openretailscience.segmentation.rfm import RFMSegmentation

names = {"order_id": "transaction_id", "date": "transaction_date", "net_amount": "unit_spend"}
calls = {
    "rfm": lambda t: RFMSegmentation(t, current_date="2017-12-31", r_segments=5, f_segments=5, m_segments=5).df,
    "cohorts": lambda t: CohortAnalysis(t, aggregation_column="customer_id", agg_func="nunique", period="month").df,
}
out = {}
for file in sys.argv[2:]:
    table = pd.read_parquet(file).rename(columns=names)
    for name, call in calls.items():
        call(table)
        seconds = []
        for _ in range(int(sys.argv[1])):
            start = time.perf_counter()
            call(table)
            seconds.append(time.perf_counter() - start)
        out[f"{name} {file}"] = statistics.median(seconds)
print(json.dumps(out))
"""


def bench_segmentation() -> list[dict[str, Any]]:
    """Seconds of both on the same Complete Journey lines, ids as text and as numbers, two sizes."""
    with tempfile.TemporaryDirectory(prefix="crm_lab_bench_") as folder:
        python = peer_environment(Path(folder))
        files = write_tables(Path(folder))
        theirs = peer_seconds(python, files)
    rows = []
    for file, table in files.items():
        for name, call in {"rfm": _rfm, "cohorts": _cohorts}.items():
            ours = _seconds(call, table)
            peer = theirs[f"{name} {file}"]
            rows.append(
                {
                    "name": f"segmentation.{name}.{file.stem}",
                    "value": round(ours, 4),
                    "unit": "s",
                    "ratio": round(ours / peer, 3),
                    "peer": PEER,
                    "peer_value": round(peer, 4),
                    "sizes": {"lines": len(table)},
                }
            )
    return rows


def peer_environment(folder: Path) -> str:
    """A fresh environment with the peer; its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder / "peer"], check=True)
    python = str(folder / "peer" / "bin" / "python")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER, "pyarrow"]
    subprocess.run([python, *install], check=True)
    return python


def write_tables(folder: Path) -> dict[Path, pd.DataFrame]:
    """The lines as Parquet: all of them and a quarter, ids as text and as numbers."""
    lines = open_workspace("complete_journey").at(AS_OF)["transactions"][[*IDS, "date", "net_amount"]]
    tables = {}
    for share, part in (("all", lines), ("quarter", lines.iloc[::4].reset_index(drop=True))):
        for kind, typed in (("text", part), ("number", part.astype(dict.fromkeys(IDS, "int64")))):
            file = folder / f"{share}_{kind}_ids.parquet"
            typed.to_parquet(file)
            tables[file] = typed
    return tables


def peer_seconds(python: str, files: dict[Path, pd.DataFrame]) -> dict[str, float]:
    """Median seconds of the peer's two calls on each file."""
    command = [python, "-c", _PEER_SCRIPT, str(RUNS), *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _rfm(table: pd.DataFrame) -> object:
    return RFM().fit(purchase_values(table, as_of=AS_OF).frame, as_of=AS_OF).to_frame()


def _cohorts(table: pd.DataFrame) -> object:
    return Cohorts().analyze(table, as_of=AS_OF).to_frame()


def _seconds(call: Callable[[pd.DataFrame], object], table: pd.DataFrame) -> float:
    call(table)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call(table)
        seconds.append(time.perf_counter() - start)
    return median(seconds)
