"""The answer key: what was true, for instructors, tests and certification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.simulate.folder import RECIPE
from crm_lab.simulate.named import plan_of
from crm_lab.simulate.retailer import Retailer, retailer_of, to_pandas
from crm_lab.simulate.scenario import Scenario, scenario_of


@dataclass(frozen=True)
class AnswerKey:
    """What was true at a simulated retailer.

    Attributes:
        scenario: The planted parameters.
        seed: The chance that played.
        customers: Latent state and both outcomes of every customer (docs/simulate.md names the columns).
        lines: Lines that are there only because something was done, with what (`origin`).
        dirt: Faulty lines: which fault, and what the line would have said.
    """

    scenario: Scenario
    seed: int
    customers: pd.DataFrame
    lines: pd.DataFrame
    dirt: pd.DataFrame


def open_key(retailer: Retailer | str | Path) -> AnswerKey:
    """Open the answer key of a retailer.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("null", n_customers=40, seed=1))
    >>> int((key.customers["orders_1"] - key.customers["orders_0"]).abs().sum())
    0

    Args:
        retailer: A `Retailer`, the name of a source (``"simulated:grocery"``, simulated again), or the folder
            that `crm-lab simulate --key` wrote.

    Raises:
        BadInput: If a folder holds no key, or a name is no simulated source.
    """
    if isinstance(retailer, str) and retailer.startswith("simulated:"):
        retailer = retailer_of(plan_of(retailer))
    if isinstance(retailer, Retailer):
        sealed = retailer._sealed  # noqa: SLF001 - the one place that may
        return AnswerKey(retailer.scenario, retailer.seed, **{name: frame.copy() for name, frame in sealed.items()})
    return _read_key(Path(retailer))


def _read_key(folder: Path) -> AnswerKey:
    recipe = folder / RECIPE
    if not recipe.is_file():
        raise BadInput(f"{folder} holds no answer key; `crm-lab simulate SCENARIO --key {folder}` writes one.")
    told = json.loads(recipe.read_text(encoding="utf-8"))
    truth = told["scenario"]
    tables = {name: to_pandas(pq.read_table(folder / f"{name}.parquet")) for name in ("customers", "lines", "dirt")}
    return AnswerKey(scenario_of({**truth, "start": date.fromisoformat(truth["start"])}), told["seed"], **tables)
