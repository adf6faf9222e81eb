"""A simulated retailer on disk: Parquet written block by block, the answer key in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.exports import whole_folder
from crm_lab.simulate.identity_records import RECORDS, records_of
from crm_lab.simulate.output.columns import products_table, stores_table
from crm_lab.simulate.output.costs import Costs
from crm_lab.simulate.retailer import RetailerPlan, simulate
from crm_lab.simulate.scenario.scenario import plain

MANIFEST = "retailer.json"
RECIPE = "recipe.json"
_GROUP_LINES = 400_000  # lines kept in memory before they are written


def write_retailer(
    plan: RetailerPlan, folder: Path, key_folder: Path | None = None, group_lines: int = _GROUP_LINES, *,
    masters: bool = True,
) -> None:  # fmt: skip
    """Write a retailer's tables as Parquet, and the answer key if it is wanted.

    The files do not depend on `group_lines`, except for where their row groups begin.

    >>> import tempfile
    >>> from crm_lab.simulate import prepare
    >>> with tempfile.TemporaryDirectory() as name:
    ...     write_retailer(prepare("fashion", n_customers=30, seed=1), Path(name) / "shop")
    ...     sorted(file.name for file in (Path(name) / "shop").iterdir())[:3]
    ['assignments.parquet', 'costs.parquet', 'customers.parquet']

    Args:
        plan: What to simulate.
        folder: For the tables and a manifest that says nothing of what is true; must not hold anything yet.
        key_folder: For the key; none is written without it.
        group_lines: How many lines are kept in memory before they are written.
        masters: Write the customer masters of a retailer with several accounts per person beside the tables.

    Raises:
        BadInput: If a folder is already in use.
    """
    targets = {"tables": folder, **({"key": key_folder} if key_folder else {})}
    used = [str(target) for target in targets.values() if target.exists() and any(target.iterdir())]
    if used:
        raise BadInput(f"{' and '.join(used)} already holds files; name a new folder or empty it.")
    with ExitStack() as stack:
        parts = {name: stack.enter_context(whole_folder(target)) for name, target in targets.items()}
        rows = _write_tables(plan, parts, group_lines)
        (parts["tables"] / MANIFEST).write_text(_manifest(plan, rows), encoding="utf-8")
        if masters and plan.common.scenario.accounts.on:
            records_of(plan).to_csv(parts["tables"] / RECORDS, index=False, encoding="utf-8", date_format="%Y-%m-%d")
        if "key" in parts:
            (parts["key"] / RECIPE).write_text(_recipe(plan), encoding="utf-8")


def _write_tables(plan: RetailerPlan, parts: Mapping[str, Path], group_lines: int) -> dict[str, int]:
    costs, rows = Costs(plan.common.scenario), dict[str, int]()
    with ExitStack() as stack:
        files = {name: stack.enter_context(_Files(part)) for name, part in parts.items()}
        for tables, key in simulate(plan, costs, keyed="key" in parts):
            for name, made in (("tables", tables), ("key", key)):
                if name in files:
                    files[name].add(made, group_lines)
            for name, table in tables.items():
                rows[name] = rows.get(name, 0) + table.num_rows
    rest = {"products": products_table(plan.common), "stores": stores_table(plan.common), "costs": costs.table()}
    for name, table in rest.items():
        pq.write_table(_labelled(table), parts["tables"] / f"{name}.parquet", compression="zstd")
        rows[name] = table.num_rows
    return rows


def _labelled(table: pa.Table) -> pa.Table:
    """The table with its origin in its metadata: made up."""
    return table.replace_schema_metadata({"simulated": "true", "made_by": "crm_lab.simulate"})


class _Files:
    """Parquet files that grow together, a group of rows at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[dict[str, pa.Table]] = []
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *exception: object) -> None:
        self._flush()
        for writer in self._writers.values():
            writer.close()

    def add(self, tables: dict[str, pa.Table], most: int) -> None:
        """Take more rows; write those that wait once one table has `most` of them."""
        self._waiting.append(tables)
        if max(sum(part[name].num_rows for part in self._waiting) for name in tables) >= most:
            self._flush()

    def _flush(self) -> None:
        for name in self._waiting[0] if self._waiting else ():
            table = _labelled(pa.concat_tables([part[name] for part in self._waiting]))
            if name not in self._writers:
                path = self._folder / f"{name}.parquet"
                self._writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
            self._writers[name].write_table(table)
        self._waiting.clear()


def _manifest(plan: RetailerPlan, rows: Mapping[str, int]) -> str:
    scenario = plan.common.scenario
    about = {
        "simulated": True,
        "titles": {lang: says.title for lang, says in scenario.says.items()},
        "currency": scenario.currency,
        "first_day": scenario.start.isoformat(),
        "last_day": scenario.last_date.isoformat(),
        "rows": dict(rows),
    }
    return json.dumps(about, ensure_ascii=False, indent=1)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder of tables says of itself.

    Raises:
        BadInput: If it is no folder of a simulated retailer.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInput(f"{folder} has no {MANIFEST}; make one with `crm-lab simulate SCENARIO --out {folder}`.")
    about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return about


def _recipe(plan: RetailerPlan) -> str:
    truth = plain(plan.common.scenario)
    return json.dumps({"seed": plan.common.seed, "scenario": truth}, ensure_ascii=False, indent=1, default=str)
