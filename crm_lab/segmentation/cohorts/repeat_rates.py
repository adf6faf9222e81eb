"""Repeat rates in five definitions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import as_date
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.segmentation.cohorts.second_purchase import Repurchase
from crm_lab.segmentation.known_purchases import known_purchases
from crm_lab.stats.intervals import ratio_by_customer, wilson


def repeat_rates(
    orders: IntoFrame,
    *,
    as_of: str | date | datetime,
    window_days: int = 365,
    repurchase: Repurchase | None = None,
    **names: str,
) -> RepeatRatesResult:
    """The repeat rate in five definitions over one window.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rates = repeat_rates(tables["orders"], as_of=tables.as_of, repurchase=Repurchase(guard_days=0))
    >>> rates.to_frame()[["definition", "share"]].round(3).head(2).to_numpy().tolist()
    [['two_orders', 0.599], ['two_days', 0.595]]

    Args:
        orders: ``customer_id``, ``date`` and, where there is one, ``order_id`` (without it a customer's purchases of
            one day are one order); one row per order.
        as_of: Last day that counts.
        window_days: Length of the window that ends with `as_of`.
        repurchase: How new customers are told; its last horizon is used.
        names: Names of columns: customer, date.

    Returns:
        Five shares with intervals.

    Raises:
        BadInput: If columns are missing or the window holds no order.
    """
    day, spec = as_date(as_of), repurchase or Repurchase()
    known = known_purchases(orders, day, also=["order_id"], **names)
    since = pd.Timestamp(day) - pd.Timedelta(days=window_days)
    middle = pd.Timestamp(day) - pd.Timedelta(days=window_days // 2)
    inside = known[known["date"] > since]
    if inside.empty:
        raise cannot_answer("no_order_in_window", days=window_days, day=day)
    by = inside.groupby("customer_id")
    order = "order_id" if "order_id" in inside else "date"  # without order numbers, a day with purchases is one order
    n_orders, n_days = by[order].nunique(), by["date"].nunique()
    early = set(inside.loc[inside["date"] <= middle, "customer_id"])
    late = set(inside.loc[inside["date"] > middle, "customer_id"])
    counts = [
        ("two_orders", int((n_orders > 1).sum()), len(n_orders)),
        ("two_days", int((n_days > 1).sum()), len(n_days)),
        ("both_halves", len(early & late), len(early)),
        ("orders_from_repeaters", int(n_orders[n_orders > 1].sum()), int(n_orders.sum())),
    ]
    rows = [(name, k, n, k / n if n else np.nan, *map(float, wilson(k, n))) for name, k, n in counts]
    _, orders_ci = ratio_by_customer(n_orders.where(n_orders > 1, 0), n_orders, ddof=0)
    rows[-1] = (*rows[-1][:4], orders_ci.lo, orders_ci.hi)  # orders of one customer do not vary by themselves
    new = spec.analyze(known, as_of=day)
    horizon = spec.horizons[-1]
    share, ci = new.curve.happened_by(horizon)
    rows.append(
        (f"new_within_{horizon}", int((new.again & (new.gap <= horizon)).sum()), new.curve.n, share, ci.lo, ci.hi)
    )
    frame = pd.DataFrame(rows, columns=["definition", "repeating", "of", "share", "lo", "hi"])
    return RepeatRatesResult(frame, window_days, horizon, day)


@dataclass(frozen=True, eq=False)
class RepeatRatesResult(Result):
    """Repeat rates in several definitions.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rates = repeat_rates(tables["orders"], as_of=tables.as_of, repurchase=Repurchase(guard_days=0))

    Attributes:
        frame: definition, repeating (customers), of (customers), share (0-1), lo, hi.
        window_days: Length of the window.
        horizon: Days within which new customers had to return.
        as_of: Last day that counts.
    """

    frame: pd.DataFrame
    window_days: int
    horizon: int
    as_of: date

    name: ClassVar[str] = "repeat_rates"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    def _words(self, definition: str) -> Message:
        if definition.startswith("new_within_"):
            return Message("segments.repeat.new_within", {"days": self.horizon})
        return Message(f"segments.repeat.{definition}", {"days": self.window_days})

    def to_frame(self) -> pd.DataFrame:
        """One row per definition.

        >>> list(rates.to_frame())
        ['definition', 'repeating', 'of', 'share', 'lo', 'hi']
        """
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with each definition in words.

        >>> list(rates.shown())
        ['definition', 'meaning', 'repeating', 'of', 'share', 'lo', 'hi']
        """
        frame = self.to_frame()
        frame.insert(1, "meaning", [self._words(d).text() for d in frame["definition"]])
        return frame

    def readout(self) -> Readout:
        """How far the definitions are apart.

        >>> print(rates.readout().finding)
        The repeat rate is anything from 29.1% to 88.0%, depending on which of 5 definitions is meant.
        """
        lo, hi = self.frame["share"].min(), self.frame["share"].max()
        values = {"lo": lo, "hi": hi, "definitions": len(self.frame)}
        return Readout(
            Message("segments.repeat.finding", values), "segments.repeat.certainty", "segments.repeat.action"
        )

    def facts(self) -> tuple[Fact, ...]:
        """Every rate under its definition.

        >>> {fact.id: fact.unit for fact in rates.facts()[:2]}
        {'repeat_rate.two_orders': 'share', 'repeat_rate.two_days': 'share'}
        """
        window = Message("segments.about.days_to", {"days": self.window_days, "as_of": self.as_of})
        rate = partial(Fact, unit="share", kind="estimate", window=window, better="up")
        return tuple(
            rate(
                f"repeat_rate.{row['definition']}", self._words(row["definition"]), float(row["share"]),
                ci=Interval(float(row["lo"]), float(row["hi"])), n=int(row["of"]),
                definition=self._words(row["definition"]),
            )
            for _, row in self.frame.iterrows()
        )  # fmt: skip
