"""Features from other tables than orders: breadth and returns from lines, contacts from exposures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Floats
from crm_lab.calendar import day_numbers
from crm_lab.data.kernels.purchase_log import PurchaseLog

LINE_FEATURES: Mapping[str, tuple[str, ...]] = {
    "breadth": ("n_products", "products_per_day", "products_trend"),
    "channel": ("online_share", "n_channels", "channel_shift"),
    "returns": ("return_share",),
    "contacts": ("contacts_91",),
}


def line_features(
    log: PurchaseLog,
    transactions: pd.DataFrame | None,
    exposures: pd.DataFrame | None,
    recent: int,
    stores: pd.DataFrame | None = None,
) -> dict[str, Floats]:
    """The features that the tables at hand allow, one array (m,) each, for the customers of `log`."""
    out: dict[str, Floats] = {}
    if transactions is not None:
        unit, day, rows = _up_to(log, transactions)
        out |= _breadth(log, unit, day, rows, recent)
        if stores is not None:
            out |= _channel(log, unit, day, rows, stores, recent)
        back = rows["kind"].isin(["return", "cancellation"]).to_numpy()
        if back.any():
            net = rows["net_amount"].to_numpy(dtype=float, na_value=0.0)
            sold = np.bincount(unit[~back], net[~back], len(log.ids))
            out["return_share"] = -np.bincount(unit[back], net[back], len(log.ids)) / np.maximum(sold, 0.01)
    if exposures is not None:
        unit, day, _ = _up_to(log, exposures)
        out["contacts_91"] = np.bincount(unit, day > log.as_of - 91, len(log.ids)).astype(float)
    return out


def _up_to(log: PurchaseLog, frame: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], pd.DataFrame]:
    """Rows up to as_of of customers in the log: their customer index, day and the rows."""
    day = day_numbers(frame["date"])
    unit = pd.Index(log.ids).get_indexer(pd.Index(frame["customer_id"].astype(object)))
    keep = (day <= log.as_of) & (unit >= 0)
    return unit[keep].astype(np.int64), day[keep], frame[keep]


def _breadth(
    log: PurchaseLog, unit: NDArray[np.int64], day: NDArray[np.int64], rows: pd.DataFrame, recent: int
) -> dict[str, Floats]:
    product, names = pd.factorize(rows["product_id"])
    known = product >= 0
    if not known.any():
        return {}

    def distinct(inside: NDArray[np.bool_]) -> Floats:
        keep = known & inside
        pairs = np.unique(unit[keep] * (len(names) + 1) + product[keep])
        return np.bincount(pairs // (len(names) + 1), minlength=len(log.ids)).astype(float)

    every = distinct(np.ones(len(day), dtype=bool))
    now = distinct(day > log.as_of - recent)
    before = distinct((day <= log.as_of - recent) & (day > log.as_of - 2 * recent))
    return {"n_products": every, "products_per_day": every / log.counts, "products_trend": (now + 1) / (before + 1)}


def _channel(
    log: PurchaseLog,
    unit: NDArray[np.int64],
    day: NDArray[np.int64],
    rows: pd.DataFrame,
    stores: pd.DataFrame,
    recent: int,
) -> dict[str, Floats]:
    """Share of lines bought online, channels used, and the change of that share in the recent days."""
    channel = rows["store_id"].astype(object).map(stores.set_index("store_id")["channel"])
    words, names = pd.factorize(channel)
    known = words >= 0
    if len(names) < 2:
        return {}
    online = (channel == "online").to_numpy()

    def share(inside: NDArray[np.bool_]) -> Floats:
        at = known & inside
        lines = np.bincount(unit[at], minlength=len(log.ids))
        return np.bincount(unit[at], online[at], len(log.ids)) / np.maximum(lines, 1)

    late = day > log.as_of - recent
    pairs = np.unique(unit[known] * len(names) + words[known])
    always, bought_late = share(known), np.bincount(unit[known & late], minlength=len(log.ids)) > 0
    return {
        "online_share": always,
        "n_channels": np.bincount(pairs // len(names), minlength=len(log.ids)).astype(float),
        "channel_shift": np.where(bought_late, share(late) - always, 0.0),
    }
