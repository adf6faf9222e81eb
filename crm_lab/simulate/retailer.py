"""A simulated retailer in memory: the contract's tables as pandas DataFrames, the answer key apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm_lab.checks import BadInput
from crm_lab.simulate.orders.common import Common, make_common
from crm_lab.simulate.output.block import make_block
from crm_lab.simulate.output.columns import contract_tables, key_tables, products_table, stores_table
from crm_lab.simulate.output.costs import Costs
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.scenario_file import load_scenario
from crm_lab.simulate.scenario.streams import blocks_of


@dataclass(frozen=True)
class Retailer:
    """A simulated retailer: its tables as pandas DataFrames.

    >>> shop = make_retailer("fashion", n_customers=50, seed=7)

    Attributes:
        scenario: What is true.
        seed: The chance that played.
        n_customers: How many customers.
        tables: The contract's tables, fresh pandas DataFrames: ids as text, dates as dates, money as float.
    """

    scenario: Scenario
    seed: int
    n_customers: int
    tables: Mapping[str, pd.DataFrame]
    _sealed: Mapping[str, pd.DataFrame] = field(repr=False)

    def provenance(self) -> dict[str, Any]:
        """Provenance of the tables for reports, marked as simulated.

        >>> shop.provenance()["simulated"]
        True
        """
        day = self.scenario.last_date.isoformat()
        return {
            "source": f"simulated:{self.scenario.name}",
            "title": self.scenario.title(),
            "currency": self.scenario.currency,
            "as_of": day,
            "last_day": day,
            "rows": len(self.tables["transactions"]),
            "key": self.scenario.fingerprint(),
            "simulated": True,
        }


def make_retailer(
    scenario: str | Path | Scenario = "fashion",
    n_customers: int | None = None,
    seed: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Retailer:
    """Simulate a retailer.

    >>> shop = make_retailer("fashion", n_customers=50, seed=7)
    >>> sorted(shop.tables)  # doctest: +NORMALIZE_WHITESPACE
    ['assignments', 'costs', 'customers', 'enrolments', 'exposures', 'products', 'rewards', 'stores', 'tiers',
     'transactions']
    >>> len(shop.tables["customers"])
    50

    Args:
        scenario: Name, path of a TOML file, or a `Scenario`.
        n_customers: How many customers; more of them never change those there are.
        seed: The chance that plays; the scenario has a default.
        overrides: Settings that differ from the scenario's, e.g. ``{"programme.take_up": 0.8}``.

    Returns:
        The retailer; `open_key` opens its answer key.

    Raises:
        BadInput: If the scenario, an override, the seed or the number cannot be used; all mistakes at once.
    """
    return retailer_of(prepare(scenario, n_customers, seed, overrides))


@dataclass(frozen=True)
class RetailerPlan:
    """A retailer to be simulated: what all its blocks share, and how many customers."""

    common: Common
    n_customers: int


def prepare(
    scenario: str | Path | Scenario,
    n_customers: int | None = None,
    seed: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RetailerPlan:
    """Validate a request for a retailer, and prepare what all blocks of customers share.

    >>> prepare("fashion", n_customers=50).n_customers
    50

    Args:
        scenario: Name, path of a TOML file, or a `Scenario`.
        n_customers: Number of customers.
        seed: Random seed; the scenario has a default.
        overrides: Settings that differ from the scenario's.

    Returns:
        The plan that `write_retailer` takes.

    Raises:
        BadInput: If it cannot be used; all mistakes at once.
    """
    changes = dict(overrides or {})
    changes |= {k: v for k, v in (("customers", n_customers), ("seed", seed)) if v is not None}
    if isinstance(scenario, Scenario):
        if overrides:
            raise BadInput("overrides are for scenarios given by name; change a Scenario with dataclasses.replace.")
        truth = replace(scenario, **changes)
        return RetailerPlan(make_common(truth, truth.seed), truth.customers)
    changes = {k: int(v) if isinstance(v, np.integer) else v for k, v in changes.items()}
    truth = load_scenario(scenario, changes)
    return RetailerPlan(make_common(truth, truth.seed), truth.customers)


def simulate(
    plan: RetailerPlan, costs: Costs, *, keyed: bool = True
) -> Iterator[tuple[dict[str, pa.Table], dict[str, pa.Table]]]:
    """Block by block: the contract's tables and the key's; monthly costs are added up in `costs`.

    Where it is not `keyed`, the key's tables are not complete.
    """
    lines = 0
    for number in blocks_of(plan.n_customers):
        block = make_block(plan.common, number, plan.n_customers, keyed=keyed)
        costs.add(block)
        yield contract_tables(plan.common, block, lines), key_tables(plan.common, block, lines)
        lines += block.lines


def retailer_of(plan: RetailerPlan) -> Retailer:
    """The retailer of a plan, in memory."""
    parts, sealed, costs = [], [], Costs(plan.common.scenario)
    for made, kept in simulate(plan, costs):
        parts.append(made)
        sealed.append(kept)
    tables = {name: pa.concat_tables([p[name] for p in parts]) for name in parts[0]}
    tables |= {"products": products_table(plan.common), "stores": stores_table(plan.common), "costs": costs.table()}
    key = {name: pa.concat_tables([p[name] for p in sealed]) for name in sealed[0]}
    return Retailer(
        plan.common.scenario,
        plan.common.seed,
        plan.n_customers,
        {name: to_pandas(table) for name, table in tables.items()},
        {name: to_pandas(table) for name, table in key.items()},
    )


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Decimals become floats, dates datetime64, text pandas' own string type."""
    columns = [
        pc.cast(table[name], pa.float64()) if pa.types.is_decimal(table.schema.field(name).type) else table[name]
        for name in table.column_names
    ]
    frame: pd.DataFrame = pa.table(dict(zip(table.column_names, columns, strict=True))).to_pandas(date_as_object=False)
    return frame
