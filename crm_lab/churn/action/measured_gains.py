"""What a contact brings each customer, measured in a randomised test, in place of one save rate for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, need_columns, not_inside
from crm_lab.stats.intervals import z_value

NEEDED = ("customer_id", "gain", "error_level", "error_slope")


@dataclass(frozen=True, eq=False)
class MeasuredGains:
    """Money that a contact brings each customer before its cost, with the test's error.

    >>> frame = pd.DataFrame({"customer_id": ["a", "b"], "gain": [3.0, 1.0]})
    >>> gains = MeasuredGains(frame.assign(error_level=0.5, error_slope=[0.4, -0.4]), action="card", units=8_000)
    >>> gains.of(["b", "c"]).tolist(), round(gains.half(["a", "b"]), 2)
    ([1.0, nan], 1.96)

    Attributes:
        frame: One row a customer: customer_id, gain, error_level, error_slope (money of one standard error of the
            test's mean effect and of its slope, which add up over customers), and reasons where known.
        action: What was sent in the test.
        units: Units of the test.
        days: Days of its outcome.
        level: Confidence level.
    """

    frame: pd.DataFrame
    action: str
    units: int = 0
    days: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level"))
        need_columns(self.frame.columns, NEEDED, "The gains")

    def of(self, customers: Iterable[object]) -> Floats:
        """Gain of each customer, a gap where the test says nothing of one.

        >>> gains.of(["b"]).tolist()
        [1.0]

        Args:
            customers: Ids.

        Returns:
            Money, shape (n,).
        """
        found: Floats = self._rows(customers)["gain"].to_numpy(dtype=float)
        return found

    def half(self, customers: Iterable[object]) -> float:
        """Half the width of the interval of the sum of gains of customers.

        >>> round(gains.half(["a"]), 2)
        1.25

        Args:
            customers: Ids.

        Returns:
            Money.
        """
        errors = self._rows(customers)[["error_level", "error_slope"]].to_numpy(dtype=float)
        return z_value(self.level) * float(np.linalg.norm(np.nansum(errors, axis=0)))

    def reasons(self, customers: Iterable[object]) -> list[str]:
        """Why the gain of each customer is what it is; empty where nobody said.

        >>> gains.reasons(["a", "b"])
        ['', '']

        Args:
            customers: Ids.

        Returns:
            A text for each of them.
        """
        rows = self._rows(customers)
        return rows["reasons"].fillna("").astype(str).tolist() if "reasons" in rows else [""] * len(rows)

    def _rows(self, customers: Iterable[object]) -> pd.DataFrame:
        return self.frame.set_index(self.frame["customer_id"].astype(object)).reindex(pd.Index(customers, dtype=object))
