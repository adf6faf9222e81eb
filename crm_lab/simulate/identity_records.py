"""The customer masters of a simulated retailer: made-up persons with names, telephones, e-mails and addresses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.simulate.accounts.account_plan import make_plan
from crm_lab.simulate.accounts.account_records import make_records
from crm_lab.simulate.accounts.person_profiles import make_profiles
from crm_lab.simulate.customers.people import make_people
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.account_columns import records_frame
from crm_lab.simulate.retailer import RetailerPlan
from crm_lab.simulate.scenario.streams import BLOCK, blocks_of, stream
from crm_lab.simulate.source_name import PREFIX, plan_of

RECORDS = "identity_records.csv"
"""The file beside the tables of a folder."""


def identity_records(name: str | Path) -> pd.DataFrame:
    """The records of all customer masters of a simulated retailer; every person in them is made up.

    They are no table of the contract: a workspace holds pseudonyms only.

    >>> records = identity_records("doubles,customers=600,seed=7")
    >>> list(records)  # doctest: +NORMALIZE_WHITESPACE
    ['record_id', 'customer_id', 'system', 'recorded_on', 'full_name', 'phone', 'email', 'address', 'city', 'postcode',
     'birth_date', 'gender']

    Args:
        name: A scenario and settings that differ from it (``doubles,customers=600``), with or without ``simulated:``;
            or the folder that `crm-lab simulate doubles --out` wrote.

    Returns:
        One row per account.

    Raises:
        BadInput: If the retailer has no such records.
    """
    bare = str(name).removeprefix(PREFIX)
    folder = Path(bare).expanduser()
    if "," not in bare and folder.is_dir():
        return _of_folder(folder)
    plan = plan_of(bare)
    if not plan.common.scenario.accounts.on:
        raise BadInput(f"{plan.common.scenario.name} has one account per person; the scenario doubles has records.")
    return records_of(plan)


def _of_folder(folder: Path) -> pd.DataFrame:
    file = folder / RECORDS
    if not file.is_file():
        raise BadInput(f"{folder} has no {RECORDS}; `crm-lab simulate doubles --out {folder}` writes it.")
    frame = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])
    return frame.assign(recorded_on=pd.to_datetime(frame["recorded_on"]).astype("datetime64[us]"))


def records_of(plan: RetailerPlan) -> pd.DataFrame:
    """The records of a retailer that is to be simulated.

    >>> len(records_of(plan_of("doubles,customers=100")))
    100
    """
    parts = [_of_block(plan.common, block) for block in blocks_of(plan.n_customers)]
    return pd.concat(parts, ignore_index=True).head(plan.n_customers)


def _of_block(common: Common, block: int) -> pd.DataFrame:
    scenario, seed = common.scenario, common.seed
    people = make_people(scenario, seed, block)
    plan = make_plan(scenario, people, stream(seed, "accounts", block))
    rng = stream(seed, "identity_records", block)
    who = make_profiles(scenario.accounts, plan, people.first, rng)
    homes = (people.city[plan.head], list(scenario.stores.cities), people.store[plan.head])
    records = make_records(scenario.accounts, plan, who, homes, rng)
    columns = {"customer": np.arange(BLOCK) + people.first, "system": plan.system, "opened": plan.opened}
    return records_frame(common, columns, records)
