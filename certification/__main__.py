"""`python -m certification [name ...]`: the long statistical checks, into outputs/certify.json."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from pathlib import Path

import certification


def collect(words: list[str]) -> list[dict]:
    """Run every ``certify_…`` function of the sibling modules (those whose name holds a word, if any).

    A function gives an entry, a list of them, or yields them one by one, so that a long one shows how far it is.
    """
    entries: list[dict] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(certification.__path__) if m.name != "__main__"):
        loaded = importlib.import_module(f"certification.{module}")
        for name in sorted(vars(loaded)):
            if name.startswith("certify_") and (not words or any(w in f"{module}.{name}" for w in words)):
                start = time.perf_counter()
                made = getattr(loaded, name)()
                for row in [made] if isinstance(made, dict) else made:
                    entries.append(row)
                    print(
                        f"{'ok  ' if row['ok'] else 'FAIL'} {row['name']}: {row['value']}"
                        f" in [{row['lo']}, {row['hi']}] ({time.perf_counter() - start:.0f} s)",
                        flush=True,
                    )
    return entries


def main() -> int:
    """Write outputs/certify.json; 1 if an entry is out of its bounds, 2 if nothing was run."""
    entries = collect(sys.argv[1:])
    target = Path("outputs/certify.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(entries, indent=1, default=float), encoding="utf-8")
    print(f"{sum(e['ok'] for e in entries)} of {len(entries)} entries in their bounds: {target}")
    return 2 if not entries else int(not all(e["ok"] for e in entries))


if __name__ == "__main__":
    sys.exit(main())
