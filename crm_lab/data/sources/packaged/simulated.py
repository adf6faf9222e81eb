"""The simulated retailer: ``simulated:grocery``, ``simulated:fashion,customers=20000,seed=7`` or ``simulated:FOLDER``.

Made when a workspace is built, through the same ingest and cleaning as real data; the answer key stays outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import duckdb

import crm_lab.simulate
from crm_lab.checks import BadInput
from crm_lab.data.sources.base import Source
from crm_lab.simulate.folder import MANIFEST, read_manifest, write_retailer
from crm_lab.simulate.identity_records import RECORDS
from crm_lab.simulate.output.columns import TABLES_MADE
from crm_lab.simulate.output.points_columns import POINTS_TABLES
from crm_lab.simulate.retailer import RetailerPlan
from crm_lab.simulate.source_name import PREFIX, plan_of

_LICENCE = "Made up by crm_lab; free to use"
_NO_CROWD = "abs(s.quantity) >= 1000"  # nobody here buys a thousand pieces: a line that says so is in another unit
_DIMENSIONS = tuple(name for name in TABLES_MADE if name != "transactions")
_WITH_POINTS = (*_DIMENSIONS, *POINTS_TABLES)


def source(name: str) -> Source:
    """The source of that name.

    >>> source("simulated:grocery").title
    'Simulated grocery chain'

    Raises:
        BadInput: If the scenario, a setting or the folder cannot be used.
    """
    place = Path(name.removeprefix(PREFIX)).expanduser()
    if "," not in name and (place / MANIFEST).is_file():
        return _of_folder(name, place)
    plan = plan_of(name)
    scenario = plan.common.scenario
    code = tuple(sorted(Path(crm_lab.simulate.__file__).parent.rglob("*.py")))  # other code, other customers
    recipe = f"recipe {scenario.fingerprint()}, seed {plan.common.seed}, {plan.n_customers} customers"
    titles = {lang: says.title for lang, says in scenario.says.items()}
    tables = _WITH_POINTS if scenario.points.on else _DIMENSIONS
    licence = f"{_LICENCE} ({recipe})"
    return _source(name, titles, scenario.currency, partial(_make, plan), code, licence, tables)


def has_records(name: str) -> bool:
    """Whether a source is a simulated retailer whose customers have records with names and addresses, all made up.

    >>> has_records("simulated:doubles,customers=300"), has_records("simulated:grocery"), has_records("cdnow")
    (True, False, False)

    Args:
        name: Of the source.
    """
    place = Path(name.removeprefix(PREFIX)).expanduser()
    if not name.startswith(PREFIX) or ("," not in name and (place / MANIFEST).is_file()):
        return name.startswith(PREFIX) and (place / RECORDS).is_file()
    try:
        return plan_of(name).common.scenario.accounts.on
    except BadInput:
        return False


def _of_folder(name: str, folder: Path) -> Source:
    about = read_manifest(folder)
    files = tuple(sorted(folder.glob("*.parquet")))
    tables = tuple(table for table in _WITH_POINTS if (folder / f"{table}.parquet").is_file())
    return _source(name, about["titles"], about["currency"], partial(_read, folder), files, _LICENCE, tables)


def _source(
    name: str,
    titles: Mapping[str, str],
    currency: str,
    door: partial[str],
    files: tuple[Path, ...],
    licence: str,
    tables: tuple[str, ...],
) -> Source:
    return Source(
        name=name,
        title=titles["en"],
        titles=titles,
        licence=licence,
        currency=currency,
        files=files,
        door=door,
        mapping={
            "order_id": "order_id",
            "customer_id": "customer_id",
            "product_id": "product_id",
            "store_id": "store_id",
            "moment": "date + to_hours(hour)",
            "quantity": "quantity",
            "gross_amount": "gross_amount",
            "discount_amount": "discount_amount",
            "net_amount": "net_amount",
        },
        dimensions={table: f"from retailer_{table}" for table in tables},
        fuel=_NO_CROWD,
        returns_matched=True,
        simulated=True,
    )


def _make(plan: RetailerPlan, connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    write_retailer(plan, folder / "retailer", masters=False)  # a workspace holds nothing that identifies people
    return _read(folder / "retailer", connection, folder)


def _read(retailer: Path, connection: duckdb.DuckDBPyConnection, _: Path) -> str:
    for table in (name for name in _WITH_POINTS if (retailer / f"{name}.parquet").is_file()):
        read = f"from read_parquet('{retailer}/{table}.parquet')"
        connection.execute(f"create or replace temp view retailer_{table} as {read}")
    return f"""
        select source_row, order_id, customer_id, product_id, store_id, date, hour, quantity,
               gross_amount, discount_amount, net_amount
        from read_parquet('{retailer}/transactions.parquet')"""
