"""Caps that bind across customers: actions of a channel, of a channel and day, and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from crm_lab.arrays import Floats
from crm_lab.checks import Problems


@dataclass(frozen=True, eq=False)
class ContactCaps:
    """What each candidate takes of each cap.

    >>> actions = pd.DataFrame({"channel": ["email", "sms"], "day": ["2024-05-01"] * 2, "cost": [0.0, 0.5]})
    >>> caps = ContactCaps.of(actions, {"sms": 100}, {}, 20.0)
    >>> caps.table[["cap", "channel", "limit"]].to_numpy().tolist()
    [['channel', 'sms', 100.0], ['budget', '', 20.0]]
    >>> caps.use.toarray().tolist()
    [[0.0, 0.0], [1.0, 0.5]]

    Attributes:
        table: ``cap`` (channel, day, budget), ``channel``, ``day``, ``limit``; one row a cap.
        use: What a row takes of each, shape (rows, caps).
    """  # fmt: skip

    table: pd.DataFrame
    use: sparse.csr_array

    @property
    def limit(self) -> Floats:
        """How much there is of each, shape (caps,).

        >>> caps.limit.tolist()
        [100.0, 20.0]
        """
        return self.table["limit"].to_numpy(dtype=float)

    @classmethod
    def of(
        cls, actions: pd.DataFrame, capacity: Mapping[str, int], daily: Mapping[str, int], budget: float | None
    ) -> ContactCaps:
        """Caps of a table of actions.

        Args:
            actions: ``channel, day, cost``, one row a candidate.
            capacity: Most actions of a channel.
            daily: Most actions of a channel on one day.
            budget: Most money, or ``None``.

        Returns:
            The caps.

        Raises:
            BadInput: If a channel of a cap is not among the actions, or a day is needed and missing.
        """
        _refuse(actions, capacity, daily)
        channel = actions["channel"].astype(str)
        rows: list[tuple[str, str, str, float, np.ndarray]] = [
            ("channel", name, "", float(most), (channel == name).to_numpy()) for name, most in capacity.items()
        ]
        for name, most in daily.items():
            mine = (channel == name).to_numpy()
            days = sorted(actions.loc[mine, "day"].unique())
            on = {day: mine & (actions["day"] == day).to_numpy() for day in days}
            rows += [("day", name, str(day)[:10], float(most), on[day]) for day in days]
        columns = [sparse.csc_array(taken.astype(float)[:, None]) for *_, taken in rows]
        if budget is not None:
            rows.append(("budget", "", "", float(budget), np.zeros(0)))
            columns.append(sparse.csc_array(actions["cost"].to_numpy(dtype=float)[:, None]))
        table = pd.DataFrame([row[:4] for row in rows], columns=["cap", "channel", "day", "limit"])
        use = sparse.hstack(columns, format="csr") if columns else sparse.csr_array((len(actions), 0))
        return cls(table, sparse.csr_array(use))


def _refuse(actions: pd.DataFrame, capacity: Mapping[str, int], daily: Mapping[str, int]) -> None:
    problems = Problems("The caps")
    known = sorted(actions["channel"].astype(str).unique())
    for name in dict.fromkeys([*capacity, *daily]):
        problems.unless(name in known, f"{name!r} is no channel of the actions; they have {', '.join(known)}.")
    dayless = int((actions["channel"].astype(str).isin(daily) & actions["day"].isna()).sum())
    problems.unless(not dayless, f"{dayless:,} rows of channels with a daily cap have no day; give each its day.")
    problems.raise_any()
