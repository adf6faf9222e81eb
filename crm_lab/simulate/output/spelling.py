"""Numbers put in words: ids, names, money and dates, as Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.programme.programme_effects import NEVER

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it is one-to-one modulo any power of two
_ORDER_BITS = np.uint64(2**44 - 1)
_ORDERS_EACH = 100_000
Array = Any  # pyarrow ships no types


def customer_ids(customer: npt.NDArray[Any]) -> Array:
    """``C0000017`` for customer 17; null for -1."""
    unique, place = np.unique(customer, return_inverse=True)
    names = np.array([f"C{c:07d}" if c >= 0 else None for c in unique.tolist()], dtype=object)
    return spell(place, names)


def order_ids(customer: npt.NDArray[Any], number: npt.NDArray[Any], returned: npt.NDArray[Any]) -> Array:
    """Order numbers that tell nothing about the customer; returns carry the order's with an ``R``."""
    mixed = ((customer * _ORDERS_EACH + number).astype(np.uint64) * _MIX) & _ORDER_BITS
    digits = pc.utf8_lpad(pc.cast(pa.array(mixed.astype(np.int64)), pa.string()), 14, "0")
    tail = spell(returned.astype(np.int64), np.array(["", "R"], dtype=object))
    return pc.binary_join_element_wise("O", digits, tail, "")


def spell(place: npt.NDArray[Any], names: npt.NDArray[Any]) -> Array:
    """Words by their places, null for -1."""
    indices = pa.array(place.astype(np.int32), mask=place < 0)
    return pc.take(pa.array(names, type=pa.string()), indices)


def money(cents: npt.NDArray[Any]) -> Array:
    """Cents as exact DECIMAL(18,4)."""
    low = (np.asarray(cents, dtype=np.int64) * 100)[:, None]
    both = np.concatenate([low, low >> 63], axis=1)
    return pa.Decimal128Array.from_buffers(pa.decimal128(18, 4), len(low), [None, pa.py_buffer(both.tobytes())])


def dates_of(common: Common, day: npt.NDArray[Any]) -> Array:
    """Days of the window as dates; null for `NEVER`."""
    missing = ~(day < NEVER)
    days = (np.ceil(np.where(missing, 0, day)) + common.scenario.first_day).astype(np.int32)
    return pa.array(days, mask=missing).cast(pa.date32())


def words(*texts: str) -> npt.NDArray[Any]:
    """Names that numbers stand for."""
    return np.array(texts, dtype=object)
