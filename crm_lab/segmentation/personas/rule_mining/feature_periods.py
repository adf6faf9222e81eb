"""Counts of shopper features in consecutive periods, customer by customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.segmentation.personas.rule_mining.shelf_lift import shelf_lift
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features


@dataclass(frozen=True, eq=False)
class FeaturePeriods:
    """Lines with a feature, and lines of which it is known, by period and customer.

    >>> have, known = np.ones((3, 2, 1)), np.full((3, 2, 1), 4.0)
    >>> counts = FeaturePeriods(("night_share",), np.array(["a", "b"]), have, known, known[..., 0], known[..., 0])
    >>> counts.share(slice(0, 2)).tolist()
    [[0.25], [0.25]]

    Attributes:
        names: The features, F.
        customers: Ids, shape (n,).
        have: Lines with the feature, shape (periods, n, F).
        known: Lines of which it is known, shape (periods, n, F).
        lines: Sale lines, shape (periods, n).
        orders: Orders, shape (periods, n).
        revenue: Net amount, shape (periods, n); zeros where it is not asked for.
        days: First day of each period and, last, the last day of all.
        simulated: Whether the data are.
        shelf: How often lines of one customer have both of two features against chance, shape (F, F); see `shelf_lift`.
    """

    names: tuple[str, ...]
    customers: np.ndarray
    have: Floats
    known: Floats
    lines: Floats
    orders: Floats
    revenue: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    days: tuple[date, ...] = ()
    simulated: bool = False
    shelf: Floats | None = None

    @cached_property
    def periods(self) -> int:
        """How many there are.

        >>> counts.periods
        3
        """
        return len(self.lines)

    def sums(self, periods: slice | Sequence[int]) -> tuple[Floats, Floats, Floats, Floats]:
        """Lines with each feature, lines known, lines, and orders over some periods.

        >>> counts.sums([0, 2])[2].tolist()
        [8.0, 8.0]

        Args:
            periods: Which.

        Returns:
            Shares from 0 to 1.
        """
        have, known, lines, orders = (
            part[periods].sum(axis=0) for part in (self.have, self.known, self.lines, self.orders)
        )
        return have, known, lines, orders

    def share(self, periods: slice | Sequence[int]) -> Floats:
        """Share of each feature over some periods, shape (n, F); 0 where nothing is known.

        >>> counts.share([1]).shape
        (2, 1)

        Args:
            periods: Which.

        Returns:
            Shares from 0 to 1.
        """
        have, known, _, _ = self.sums(periods)
        return np.divide(have, known, out=np.zeros_like(have), where=known > 0)


def feature_periods(
    tables: Tables, window_days: int = 365, periods: int = 6, also: Sequence[str] = ()
) -> FeaturePeriods:
    """Counts of shopper features in equal periods that end with the as-of day.

    >>> from crm_lab import open_workspace
    >>> feature_periods(open_workspace("cdnow_sample").at("1998-06-30"), 360, 4).lines.shape[0]
    4

    Args:
        tables: The tables as of a day.
        window_days: Days of the window; all there are where the data are shorter.
        periods: Into how many periods it is cut.
        also: Features to count beside those that `shopper_features` takes, such as ``category:baby food``.

    Returns:
        The counts; features that the data do not have are not there.

    Raises:
        BadInput: If the settings leave periods of less than a week.
        CannotAnswer: If the data are too short, or some period has no sale line of a known customer.
    """
    if window_days < 7 * periods:
        raise BadInput(f"window_days is {window_days}; {periods} periods of a week or more need {7 * periods}.")
    first = tables.workspace.day_range[0]
    have = min((tables.as_of - first).days + 1, window_days)
    if have < 7 * periods:
        raise cannot_answer("rules_too_short", days=have, needed=7 * periods)
    length = have // periods
    starts = [tables.as_of - timedelta(days=length * k - 1) for k in range(periods, 0, -1)]
    names = tuple(dict.fromkeys((*shopper_features(tables, start=starts[0]).names, *also)))
    return _counted(tables, names, starts, length)


def _counted(tables: Tables, names: Sequence[str], starts: list[date], length: int) -> FeaturePeriods:
    ends = [start + timedelta(days=length - 1) for start in starts]
    parts = [shopper_features(tables, start, end, names=names) for start, end in zip(starts, ends, strict=True)]
    ids = np.unique(np.concatenate([part.frame["customer_id"].to_numpy(dtype=str) for part in parts]))
    shape = (len(parts), len(ids), len(names))
    have, known, lines, orders = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
    for p, part in enumerate(parts):
        rows = np.searchsorted(ids, part.frame["customer_id"].to_numpy(dtype=str))
        for f, name in enumerate(names):
            have[p, rows, f], known[p, rows, f] = part.of(name)
        lines[p, rows], orders[p, rows] = part.frame["n_lines"], part.frame["n_orders"]
    revenue = _revenue(tables, ids, starts, ends)
    days = (*starts, ends[-1])
    shelf = shelf_lift(tables, names, starts[0])
    return FeaturePeriods(tuple(names), ids, have, known, lines, orders, revenue, days, parts[0].simulated, shelf)


def _revenue(tables: Tables, ids: np.ndarray, starts: list[date], ends: list[date]) -> Floats:
    sums = ", ".join(
        f"coalesce(sum(net_amount) filter (date between date '{a}' and date '{b}'), 0)::double as r{k}"
        for k, (a, b) in enumerate(zip(starts, ends, strict=True))
    )
    found = tables.sql(f"select customer_id, {sums} from transactions where kind <> 'fee' group by 1")
    frame = found.set_index(found["customer_id"].astype(str)).drop(columns="customer_id")
    return frame.reindex(pd.Index(ids)).fillna(0).to_numpy(dtype=float).T
