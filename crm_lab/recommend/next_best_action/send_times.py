"""On which weekdays, or at which hours, each customer orders more than on others."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, need_columns
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages.no_answer import cannot_answer

When = Literal["weekday", "hour"]
_SLOTS = {"weekday": range(1, 8), "hour": range(24)}
_WHAT = "The table of orders"
_REACH = (-5.0, 14.0)  # of the logarithm of the concentration


def send_times(orders: IntoFrame, by: When = "weekday") -> pd.DataFrame:
    """A factor for each customer and weekday or hour, 1 on average: where it orders more, it is above 1.

    Own orders are shrunk to the pattern of all customers (Dirichlet-multinomial, concentration by maximum
    likelihood). That a message works better when the customer orders anyway is an assumption, not a measurement.

    >>> orders = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"] * 9 + ["b"] * 9,
    ...         "date": ["2024-05-03"] * 8 + ["2024-05-04"] + ["2024-05-06"] * 8 + ["2024-05-07"],
    ...     }
    ... )
    >>> found = send_times(orders)
    >>> found[found["send_time"] > 2][["customer_id", "weekday"]].to_numpy().tolist()
    [['a', 5], ['b', 1]]

    Args:
        orders: ``customer_id`` and ``date``, or ``hour`` (0 to 23); orders without are left out.
        by: Weekday (Monday is 1) or hour.

    Returns:
        ``customer_id``, ``weekday`` or ``hour``, ``orders, send_time``.

    Raises:
        BadInput: If a column is missing or an hour cannot be.
        CannotAnswer: If no order has a time.
    """
    frame, column = as_pandas(orders, _WHAT), "date" if by == "weekday" else "hour"
    need_columns(frame.columns, ["customer_id", column], _WHAT)
    known = frame[frame["customer_id"].notna() & frame[column].notna()]
    if known.empty:
        raise cannot_answer("no_order_times", column=column)
    slot = pd.to_datetime(known["date"]).dt.day_of_week + 1 if by == "weekday" else known["hour"].astype(int)
    odd = int((~slot.isin(_SLOTS[by])).sum())
    if odd:
        raise BadInput(f"{_WHAT} has {odd:,} hours that are not 0 to 23.")
    counts = pd.crosstab(known["customer_id"].astype(str), slot).reindex(columns=list(_SLOTS[by]), fill_value=0)
    n = counts.to_numpy(dtype=float)
    factor = _shares(n) * n.shape[1]
    return pd.DataFrame({
        "customer_id": np.repeat(counts.index.to_numpy(), n.shape[1]), by: np.tile(list(_SLOTS[by]), len(n)),
        "orders": n.ravel().astype(int), "send_time": factor.ravel(),
    })  # fmt: skip


def _shares(n: Floats) -> Floats:
    """Expected shares of each customer's slots, shape (customers, slots)."""
    mean = (n.sum(axis=0) + 1) / (n.sum() + n.shape[1])
    total = n.sum(axis=1)

    def loss(log: float) -> float:
        a = np.exp(log) * mean
        own = gammaln(a.sum()) - gammaln(a.sum() + total)
        return -float(own.sum() + (gammaln(a + n) - gammaln(a)).sum())

    size = float(np.exp(minimize_scalar(loss, bounds=_REACH, method="bounded").x))
    return np.asarray((n + size * mean) / (total + size)[:, None], dtype=float)
