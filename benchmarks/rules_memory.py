"""Memory of association rules beside mlxtend's apriori, each in a process of its own with 8 GB at most."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from crm_lab import open_workspace
from crm_lab.recommend import Interactions

PEER = "mlxtend==0.25.0"
LIMIT_GIB = 8
LEAST = 30
SIZES = (100, 300, 1_000)
"""Most bought products that are looked at."""

_LIMITED = """
import json, resource, sys, time
import numpy as np, pandas as pd
from scipy import sparse
path, products, least, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_AS, (limit << 30, limit << 30))
baskets = sparse.csr_array(sparse.load_npz(path))
order = np.argsort(-np.bincount(baskets.indices, minlength=baskets.shape[1]), kind="stable")[:products]
baskets = sparse.csr_array(baskets[:, np.sort(order)])
start = time.perf_counter()
try:
    pairs = found()
except MemoryError:
    pairs = -1
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"pairs": pairs, "seconds": seconds, "peak_gib": peak}))
"""

_PEER = """
def found():
    from mlxtend.frequent_patterns import apriori, association_rules
    frame = pd.DataFrame(baskets.toarray() > 0)
    sets = apriori(frame, min_support=(least - 0.5) / len(frame), max_len=2)
    rules = association_rules(sets, metric="lift", min_threshold=0.0)
    return len(rules) // 2
"""

_OURS = """
def found():
    from datetime import date
    from crm_lab.recommend import AssociationRules, Interactions
    n = baskets.shape[0]
    who, what = np.arange(n).astype(str).astype(object), np.arange(baskets.shape[1]).astype(str).astype(object)
    zero = np.zeros(n, dtype=np.int64)
    bought = Interactions(who, what, baskets, np.arange(n), zero, date(1970, 1, 1))
    return len(AssociationRules(least=least).analyze(bought).to_frame()) // 2
"""


def bench_rules_memory() -> list[dict[str, Any]]:
    """Peak memory for the pairs of the most bought products of Complete Journey; the same pairs are found."""
    bought = Interactions.of_tables(open_workspace("complete_journey").at("2017-12-31"))
    rows = []
    with tempfile.TemporaryDirectory(prefix="crm_lab_bench_") as folder:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "--target", f"{folder}/peer", PEER], check=True)
        path = Path(folder) / "baskets.npz"
        sparse.save_npz(path, sparse.csr_matrix(bought.baskets.astype(np.int8)))
        for products in SIZES:
            ours, peer = (_run(code, path, products, folder) for code in (_OURS, _PEER))
            most = peer["peak_gib"] if peer["pairs"] >= 0 else LIMIT_GIB  # at least
            rows.append({
                "name": f"recommend.association_rules.memory.{products}", "value": round(ours["peak_gib"], 2),
                "unit": "GiB", "ratio": round(most / ours["peak_gib"], 2),
                "peer": PEER if peer["pairs"] >= 0 else f"{PEER}, which ran out of {LIMIT_GIB} GiB",
                "peer_value": round(most, 2), "sizes": {
                    "baskets": bought.baskets.shape[0], "products": products, "least": LEAST, "runs": 1,
                    "pairs": ours["pairs"], "peer_pairs": peer["pairs"], "seconds": round(ours["seconds"], 1),
                    "peer_seconds": round(peer["seconds"], 1),
                },
            })  # fmt: skip
    return rows


def _run(code: str, path: Path, products: int, folder: str) -> dict[str, Any]:
    """What one side finds, its seconds and its peak; the peer's folder comes last on the path."""
    extended = f"import sys; sys.path.append({folder + '/peer'!r})\n"
    command = [sys.executable, "-c", extended + code + _LIMITED, str(path), str(products), str(LEAST), str(LIMIT_GIB)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
