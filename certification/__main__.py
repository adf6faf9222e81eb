"""`python -m certification [name ...]`: the long statistical checks, into outputs/certify.json."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import certification


def collect(words: list[str]) -> Iterator[dict]:
    """Run every ``certify_…`` function of the sibling modules (those whose name holds a word, if any).

    A function gives an entry, a list of them, or yields them one by one, so that a long one shows how far it is.
    """
    for module in sorted(m.name for m in pkgutil.iter_modules(certification.__path__) if m.name != "__main__"):
        loaded = importlib.import_module(f"certification.{module}")
        for name in sorted(vars(loaded)):
            if name.startswith("certify_") and (not words or any(w in f"{module}.{name}" for w in words)):
                made = getattr(loaded, name)()
                yield from [made] if isinstance(made, dict) else made


def main() -> int:
    """Write outputs/certify.json, entry by entry; 1 if an entry is out of its bounds, 2 if nothing was run."""
    target, entries, start = Path("outputs/certify.json"), [], time.perf_counter()
    target.parent.mkdir(exist_ok=True)
    for row in collect(sys.argv[1:]):
        entries.append(row)
        target.write_text(json.dumps(entries, indent=1, default=float), encoding="utf-8")
        said = f"{'ok  ' if row['ok'] else 'FAIL'} {row['name']}: {row['value']} in [{row['lo']}, {row['hi']}]"
        print(f"{said} ({time.perf_counter() - start:.0f} s)", flush=True)
        start = time.perf_counter()
    print(f"{sum(e['ok'] for e in entries)} of {len(entries)} entries in their bounds: {target}")
    return 2 if not entries else int(not all(e["ok"] for e in entries))


if __name__ == "__main__":
    sys.exit(main())
