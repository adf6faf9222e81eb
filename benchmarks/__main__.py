"""`python -m benchmarks [name ...]`: ratios to named peers, into outputs/bench.json."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import pkgutil
import platform
import sys
from pathlib import Path

import psutil

import benchmarks

_VERSIONS = ("numpy", "pandas", "duckdb", "polars", "lifetimes", "scikit-learn", "statsmodels")


def machine() -> dict:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONS},
    }


def collect(words: list[str]) -> list[dict]:
    """Run every ``bench_…`` function of the sibling modules (those whose name holds a word, if any)."""
    entries: list[dict] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name != "__main__"):
        loaded = importlib.import_module(f"benchmarks.{module}")
        for name in sorted(vars(loaded)):
            if name.startswith("bench_") and (not words or any(w in f"{module}.{name}" for w in words)):
                made = getattr(loaded, name)()
                rows = made if isinstance(made, list) else [made]
                entries += rows
                for row in rows:
                    print(f"{row['name']}: {row['value']} {row['unit']}, {row['ratio']} x {row['peer']}", flush=True)
    return entries


def main() -> int:
    """Write outputs/bench.json; 2 if nothing was run."""
    entries = collect(sys.argv[1:])
    target = Path("outputs/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"machine": machine(), "entries": entries}, indent=1, default=float), encoding="utf-8")
    print(f"{len(entries)} entries: {target}")
    return 0 if entries else 2


if __name__ == "__main__":
    sys.exit(main())
