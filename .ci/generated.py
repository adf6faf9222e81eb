"""Files that are made from others: `generated.py` writes them, `--check` says which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def environment_yml() -> str:
    """A conda environment of the same packages in the same versions, from requirements.lock."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [line.rstrip(" \\") for line in lock.splitlines() if line[:1].isalnum()]
    lines = "".join(f"      - {pin}\n" for pin in pins)
    return (
        "# Generated from requirements.lock by `make generated`; do not edit.\n"
        "name: crm-lab\nchannels:\n  - conda-forge\n"
        f"dependencies:\n  - python >=3.11,<3.15\n  - pip\n  - pip:\n{lines}      - -e .\n"
    )


def data_dictionary() -> str:
    """The contract as a page for users."""
    from crm_lab.tables import TABLES

    parts = [
        (
            "# Data dictionary\n\nGenerated from `crm_lab/tables.py` by `make generated`; do not edit.\n"
            "Money is an exact decimal in stored tables and a float in pandas.\n"
        )
    ]
    for table in TABLES.values():
        origin = "derived" if table.derived else "given by a source"
        parts.append(f"\n## {table.name}\n{table.meaning} ({origin}; key: {', '.join(table.key)})\n\n")
        parts.append("| column | type | unit | may be missing | privacy | meaning |\n|---|---|---|---|---|---|\n")
        parts.extend(
            f"| `{c.name}` | {c.dtype} | {c.unit or '–'} | {'yes' if c.nullable else 'no'} | {c.pii} | {c.meaning} |\n"
            for c in table.columns
        )
    return "".join(parts)


def readme() -> str:
    """README.md with its table of the card's packages renewed."""
    from crm_lab.run.notebooks import card_table

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, start, rest = text.partition("<!-- card -->\n")
    _, end, after = rest.partition("<!-- /card -->")
    if not (start and end):
        raise SystemExit("README.md has lost the marks <!-- card --> and <!-- /card --> of its table.")
    return before + start + card_table(ROOT) + end + after


def sample() -> str:
    """The simulated sample file, as text with its byte-order mark."""
    from crm_lab.simulate.messy import messy_orders

    return messy_orders().decode("utf-8")


def loyalty_test() -> str:
    """A simulated test with one row per member, as a retailer's analyst would export it."""
    from crm_lab.experiments.sample import loyalty_test_rows

    return loyalty_test_rows().to_csv(index=False, lineterminator="\n")


GENERATED = {
    "data/samples/loyalty_test.csv": loyalty_test,
    "data/samples/messy_orders.csv": sample,
    "environment.yml": environment_yml,
    "docs/data_dictionary.md": data_dictionary,
    "README.md": readme,
}


def main() -> int:
    """Write the files, or with ``--check`` exit 1 naming those that differ."""
    stale = []
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_bytes() != text.encode():
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_bytes(text.encode())
    if stale and "--check" in sys.argv:
        print(f"Stale: {', '.join(stale)}; run `make generated`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
