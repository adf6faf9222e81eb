"""Accounts of persons put in words: the key's tables, and the records of the customer masters, as Arrow and pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from crm_lab.arrays import Columns
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.spelling import customer_ids, dates_of, money, order_ids, spell, words
from crm_lab.simulate.scenario.account_rules import DOUBLE_KINDS, MASTERS, TIES

ACCOUNT_KEYS = ("accounts", "account_orders")
"""Tables of the answer key that only persons with several accounts bring."""

_STEP = 611_953  # shares no factor with the number of record numbers
_NUMBERS = 10_000_000


def account_key_tables(common: Common, tables: Mapping[str, Columns]) -> dict[str, pa.Table]:
    """The key's tables of a block that only persons with several accounts bring; none without them."""
    if "accounts" not in tables:
        return {}
    return {
        "accounts": pa.table(_accounts(common, tables["accounts"])),
        "account_orders": pa.table(_orders(common, tables["account_lines"])),
    }


def _accounts(common: Common, columns: Columns) -> dict[str, Any]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "person_id": person_ids(columns["leader"]),
        "number": columns["number"] + 1,
        "kind": spell(columns["kind"], words(*DOUBLE_KINDS)),
        "system": spell(columns["system"], words(*MASTERS)),
        "opened_on": dates_of(common, columns["opened"]),
        "tie": spell(columns["tie"], words(*TIES)),
        "tied_to": person_ids(np.where(columns["tie"] > 0, columns["head"], -1)),
    }


def _orders(common: Common, columns: Columns) -> dict[str, Any]:
    returned = columns["returns"] >= 0
    return {
        "customer_id": customer_ids(columns["customer"]),
        "order_id": order_ids(columns["customer"], columns["number"], np.zeros(returned.size, dtype=bool)),
        "date": dates_of(common, columns["day"]),
        "sale": ~returned,
        "net_amount": money(columns["net"]),
    }


def person_ids(leader: npt.NDArray[Any]) -> Any:
    """``H0000017`` for the person whose first account is customer 17; null for -1."""
    unique, place = np.unique(leader, return_inverse=True)
    return spell(place, np.array([f"H{n:07d}" if n >= 0 else None for n in unique.tolist()], dtype=object))


def records_frame(common: Common, columns: Columns, records: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Records of the masters with their ids, in order of the accounts."""
    number = columns["customer"] * _STEP % _NUMBERS
    system = np.array(MASTERS, dtype=object)[columns["system"]]
    days = pd.to_datetime(columns["opened"] + common.scenario.first_day, unit="D")
    ids = {
        "record_id": [f"{s}-{n:07d}" for s, n in zip(system, number.tolist(), strict=True)],
        "customer_id": customer_ids(columns["customer"]).to_pylist(),
        "system": system,
        "recorded_on": days.astype("datetime64[us]"),
    }
    return pd.DataFrame({**ids, **records})
