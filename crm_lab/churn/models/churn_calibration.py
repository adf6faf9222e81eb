"""Calibration of churn probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, too_small
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats import calibration
from crm_lab.stats.intervals import wilson, z_value

_NEAR = 0.02  # chances that are off by less on average are right in the large


@dataclass(frozen=True)
class CalibrationCheck:
    """Calibration of churn probabilities: stated against observed share of leavers, in bins of equal size.

    >>> check = CalibrationCheck(bins=2).analyze(pd.Series([0, 1, 0, 1]), pd.Series([0.2, 0.2, 0.6, 0.6]))
    >>> check.to_frame()[["customers", "stated", "observed"]].to_dict("list")
    {'customers': [2, 2], 'stated': [0.2, 0.6], 'observed': [0.5, 0.5]}

    Attributes:
        bins: Number of bins.
        level: Confidence level.
        slopes: Calibration slopes between which probabilities count as calibrated.
    """

    bins: int = 10
    level: float = 0.95
    slopes: tuple[float, float] = (0.9, 1.1)

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, bins=2))

    def analyze(self, left: pd.Series, probability: pd.Series, customers: pd.Series | None = None) -> Calibration:
        """Compare stated probabilities with outcomes, customer by customer.

        >>> CalibrationCheck(bins=2).analyze(pd.Series([0, 1, 0, 1]), pd.Series([0.2, 0.2, 0.6, 0.6])).customers
        4

        Args:
            left: 0 or 1.
            probability: Stated chance of leaving, same rows, of a model that had not seen these rows.
            customers: Customer of each row, where one comes with several dates: errors then count customers.

        Returns:
            One row per bin, and the calibration line.
        """
        bins = calibration.calibration_bins(left, probability, self.bins)
        lo, hi = wilson(bins.events, bins.n, self.level)
        frame = pd.DataFrame(
            {"customers": bins.n, "stated": bins.stated, "observed": bins.observed, "lo": lo, "hi": hi}
        )
        line = calibration.calibration_line(left, probability, customers)
        return Calibration(frame, self, line, len(left) if customers is None else customers.nunique())


@dataclass(frozen=True)
class Calibration(TableResult):
    """Stated and observed shares of leavers by bin.

    >>> left, stated = pd.Series([0, 1, 0, 1] * 20), pd.Series([0.2, 0.3, 0.5, 0.6] * 20)
    >>> check = CalibrationCheck(bins=2).analyze(left, stated)

    Attributes:
        frame: customers, stated, observed, lo, hi (Wilson).
        spec: What was asked.
        line: Intercept and slope of the logistic calibration line.
        customers: Customers compared.
    """

    name = "churn_calibration"
    formats: ClassVar = dict.fromkeys(("stated", "observed", "lo", "hi"), ".1%")
    frame: pd.DataFrame
    spec: CalibrationCheck
    line: calibration.CalibrationLine
    customers: int

    def interval(self) -> Interval:
        """Confidence interval of the calibration slope.

        >>> check.interval().level
        0.95
        """
        half = z_value(self.spec.level) * self.line.slope_se
        return Interval(self.line.slope - half, self.line.slope + half, self.spec.level)

    @property
    def holds(self) -> bool:
        """Whether the chances may be multiplied with money: slope and mean are near enough to what was observed.

        >>> check.holds
        False
        """
        lo, hi = self.spec.slopes
        return lo <= self.line.slope <= hi and abs(self.line.in_the_large) < _NEAR

    @property
    def top_off(self) -> dict[str, float] | None:
        """Stated and observed share of the highest group where they differ by more than chance, else ``None``.

        >>> check.top_off is None
        True
        """
        top = self.frame.iloc[-1]
        near = top["lo"] <= top["stated"] <= top["hi"]
        return None if near else {"stated": float(top["stated"]), "observed": float(top["observed"])}

    def readout(self) -> Readout:
        """Slope with interval; whether probabilities may be multiplied with money.

        >>> print(check.readout().finding)
        Of ... customers: calibration slope 1.02 [0.33, 1.70]; stated chances are -10.0 points off ...
        """
        ci, line, good = self.interval(), self.line, self.holds
        large = round(line.in_the_large * 100, 1) + 0.0
        top = self.frame.iloc[-1]
        values = {
            "slope": line.slope, "lo": ci.lo, "hi": ci.hi, "large": large, "n": self.customers, "bins": len(self.frame),
            "stated": top["stated"], "observed": top["observed"], "top_lo": top["lo"], "top_hi": top["hi"],
        }  # fmt: skip
        return Readout.of(
            "churn.calibration", values, action=("good_but" if self.top_off else "good") if good else "bad"
        )

    def facts(self) -> tuple[Fact, ...]:
        """The calibration slope.

        >>> {fact.id: fact.unit for fact in check.facts()[:2]}
        {'churn.calibration.slope': ''}
        """
        slope = partial(Fact, "churn.calibration.slope", "churn.label.slope", definition="churn.fact.slope")
        return (slope(self.line.slope, ci=self.interval(), kind="estimate", n=self.customers),)


def recalibrate(probability: pd.Series, line: calibration.CalibrationLine) -> pd.Series:
    """Probabilities moved by a calibration line that was fitted on a later slice (Platt scaling).

    >>> line = calibration.CalibrationLine(0.0, 1.0, 0.1, 0.1, 0.0)
    >>> recalibrate(pd.Series([0.2]), line).round(6).tolist()
    [0.2]

    Args:
        probability: Stated probabilities.
        line: Intercept and slope on the log-odds.

    Returns:
        Corrected probabilities on the same index.
    """
    p = probability.clip(1e-6, 1 - 1e-6)
    log_odds = line.intercept + line.slope * np.log(p / (1 - p))
    return pd.Series(1 / (1 + np.exp(-log_odds)), index=probability.index, name=probability.name)
