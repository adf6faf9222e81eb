"""Tracking plot: cumulative repeat purchases by week, actual and expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import as_date
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, purchase_days
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult

_OFF_TRACK = 0.05


@dataclass(frozen=True, eq=False)
class TrackingResult(TableResult):
    """Cumulative repeat purchases, actual and expected.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> tracking = track(MBGNBD().fit(purchase_summary(orders, "1997-09-30")), orders, "1997-09-30", "1998-06-30")

    Attributes:
        frame: week, date, actual, expected, ratio; one row per week.
        model: Title of the model.
        calibration_end: Last day the model saw.
    """

    frame: pd.DataFrame
    model: str
    calibration_end: pd.Timestamp

    name = "tracking"
    formats: ClassVar = {"actual": ",.0f", "expected": ",.1f", "ratio": ".3f"}

    def shown(self) -> pd.DataFrame:
        """Every thirteenth week: what fits on a page.

        >>> list(tracking.shown())
        ['week', 'date', 'actual', 'expected', 'ratio']
        """
        return self.frame[self.frame["week"] % 13 == 0]

    @property
    def last(self) -> pd.Series:
        """The last week.

        >>> int(tracking.last["week"])
        78
        """
        return self.frame.iloc[-1]

    def readout(self) -> Readout:
        """How far the model's curve is off at the end of the calibration and at the end of the data.

        >>> print(tracking.readout().finding)
        By week 78 customers had come back 4,339 times; MBG/NBD says 4,050 (-6.7%).
        """
        seen = self.frame[self.frame["date"] <= self.calibration_end].iloc[-1]
        gap = self.last["ratio"] - 1
        values = {**self.last, "model": self.model, "gap": gap}
        certainty = Message("clv.tracking.certainty", {"gap": seen["ratio"] - 1, "week": seen["week"]})
        action = "action_off" if abs(gap) > _OFF_TRACK else "action"
        return Readout.of("clv.tracking", values, certainty=certainty, action=action)

    def facts(self) -> tuple[Fact, ...]:
        """The ratio of expected to actual at the last week.

        >>> {fact.id: fact.unit for fact in tracking.facts()[:2]}
        {'clv.tracking.ratio': 'ratio'}
        """
        label = Message("clv.tracking.ratio", {"model": self.model})
        week = Message("clv.window.week", {"week": self.last["week"]})
        return (Fact("clv.tracking.ratio", label, float(self.last["ratio"]), "ratio", kind="estimate", window=week),)


def track(
    fit: PurchaseFit, purchases: IntoFrame, calibration_end: str | date, as_of: str | date, **names: str
) -> TrackingResult:
    """Cumulative repeat purchases of the calibration customers by week: actual, and expected by a model.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import BGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> fit = BGNBD().fit(purchase_summary(orders, "1997-09-30"))
    >>> len(track(fit, orders, "1997-09-30", "1998-06-30").to_frame())
    78

    Args:
        fit: A model fitted to the purchases up to `calibration_end`.
        purchases: As in `purchase_summary`.
        calibration_end: Last day the model saw.
        as_of: Last day of the comparison.
        names: Names of columns as in `purchase_summary`: customer, date, amount.

    Returns:
        One row per week, up to the last full week.
    """
    days = purchase_days(purchase_table(purchases, also=["kind"], **names), as_of)
    cut = day_number(calibration_end)
    first = days.groupby("customer_id")["day"].transform("min").to_numpy()
    day = days["day"].to_numpy()
    known = first <= cut
    origin = int(first.min())
    births = np.bincount(first[known & (day == first)] - origin)
    repeats = np.bincount(day[known & (day > first)] - origin)
    length = day_number(as_of) - origin + 1
    curve = fit.expected_purchases(np.arange(length) / UNIT_DAYS[fit.model.unit])
    expected = np.convolve(births.astype(float), curve)[:length]
    actual = np.cumsum(np.pad(repeats, (0, length))[:length])
    week = np.arange(1, length // 7 + 1)
    at = week * 7 - 1
    frame = pd.DataFrame(
        {
            "week": week,
            "date": pd.to_datetime((at + origin).astype("datetime64[D]")),
            "actual": actual[at],
            "expected": expected[at],
        }
    )
    frame["ratio"] = frame["expected"] / frame["actual"].where(frame["actual"] > 0)
    return TrackingResult(frame, fit.model.title, pd.Timestamp(as_date(calibration_end)))
