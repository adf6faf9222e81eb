"""Files that are made from others: `generated.py` writes them, `--check` says which are stale."""

from __future__ import annotations

import sys
import tomllib
from functools import partial
from pathlib import Path

from figures import quoted
from pictures import is_fresh

ROOT = Path(__file__).resolve().parents[1]


def environment_yml() -> str:
    """A conda environment of the locked versions, for the Pythons that pyproject.toml's classifiers name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = [int(text.rpartition(".")[2]) for text in project["classifiers"] if ":: Python :: 3." in text]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [line.rstrip(" \\") for line in lock.splitlines() if line[:1].isalnum()]
    lines = "".join(f"      - {pin}\n" for pin in pins)
    return (
        "# Generated from requirements.lock by `make generated`; do not edit.\n"
        "name: crm-lab\nchannels:\n  - conda-forge\n"
        f"dependencies:\n  - python >=3.{min(minors)},<3.{max(minors) + 1}\n  - pip\n  - pip:\n{lines}      - -e .\n"
    )


def data_dictionary() -> str:
    """The contract as a page for users."""
    from crm_lab.tables import TABLES

    parts = [
        (
            "# Data dictionary\n\nGenerated from `crm_lab/tables/` by `make generated`; do not edit.\n"
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
    from crm_lab.run.committed.refresh import card_table

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, start, rest = text.partition("<!-- card -->\n")
    _, end, after = rest.partition("<!-- /card -->")
    if not (start and end):
        raise SystemExit("README.md has lost the marks <!-- card --> and <!-- /card --> of its table.")
    return quoted(before + start + card_table(ROOT) + end + after)


def sample() -> str:
    """The simulated sample file, as text with its byte-order mark."""
    from crm_lab.simulate.output.messy_sample import messy_orders

    return messy_orders().decode("utf-8")


def loyalty_test() -> str:
    """A simulated test with one row per member, as a retailer's analyst would export it."""
    from crm_lab.experiments.origins.sample_file import loyalty_test_rows

    return loyalty_test_rows().to_csv(index=False, lineterminator="\n")


def city_sales() -> str:
    """A simulated panel of cities by week, as a retailer's analyst would export it."""
    from crm_lab.experiments.origins.panels.sample_panel import city_sales_rows

    return city_sales_rows().to_csv(index=False, lineterminator="\n")


GENERATED = {
    "data/samples/city_sales.csv": city_sales,
    "data/samples/loyalty_test.csv": loyalty_test,
    "data/samples/messy_orders.csv": sample,
    "environment.yml": environment_yml,
    "docs/data_dictionary.md": data_dictionary,
    "README.md": readme,
    **{
        f"docs/{guide.name}": partial(lambda path: quoted(path.read_text(encoding="utf-8")), guide)
        for guide in sorted((ROOT / "docs").glob("*.md"))
        if guide.name != "data_dictionary.md"
    },
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
    if "--check" not in sys.argv:
        return 0
    old_picture = not is_fresh()
    if stale:
        print(f"Stale: {', '.join(stale)}; run `make generated`.", file=sys.stderr)
    if old_picture:
        print("Stale: docs/report.png; run `make pictures`.", file=sys.stderr)
    return 1 if stale or old_picture else 0


if __name__ == "__main__":
    sys.exit(main())
