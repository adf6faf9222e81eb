"""Have customers changed? Shifts of features and scores between two named dates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.checks import check_settings, need_columns, not_positive, too_small
from crm_lab.results import Fact, Readout, TableResult


def population_stability(before: ArrayLike, now: ArrayLike, bins: int = 10) -> float:
    """Population stability index: sum of (q - p) log(q / p) over bins cut at quantiles of `before`.

    Equal values share a bin, and half a case is added to every bin, so that an empty one gives no infinity.

    >>> population_stability(range(100), range(100))
    0.0
    """
    a, b = np.asarray(before, dtype=float), np.asarray(now, dtype=float)
    edges = np.unique(np.quantile(a, np.arange(1, bins) / bins, method="inverted_cdf"))
    cells = len(edges) + 1
    p, q = (np.bincount(np.searchsorted(edges, v, side="left"), minlength=cells) + 0.5 for v in (a, b))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


@dataclass(frozen=True)
class DriftCheck:
    """Feature drift: the population stability index of every column between two dates.

    >>> before = pd.DataFrame({"recency_days": range(100), "n_days": range(100)})
    >>> after = before.assign(recency_days=before["recency_days"] + 40)
    >>> days = ("2024-01-31", "2024-04-30")
    >>> drift = DriftCheck().analyze(before, after, dates=days)
    >>> drift.to_frame()[["feature", "drift"]].to_numpy().tolist()
    [['recency_days', True], ['n_days', False]]

    Args:
        bins: Quantile bins of the earlier run.
        alarm: An index above it counts as drift; .2 is the usual line, .1 the line for a look.
    """

    bins: int = 10
    alarm: float = 0.2

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, bins=2), not_positive(self, "alarm"))

    def analyze(self, before: pd.DataFrame, now: pd.DataFrame, *, dates: tuple[object, object]) -> Drift:
        """Compare the columns of two dates.

        Args:
            before: Features at the earlier date, one row a customer.
            now: The same at the later one.
            dates: The two days, which the readout names.

        >>> DriftCheck(alarm=0.1).analyze(before, before, dates=days).drifted
        0

        Args:
            before: Features or scores of the earlier run, one column each.
            now: The same columns of the later run.

        Returns:
            One row per column, the most shifted first.

        Raises:
            BadInput: If the later run lacks a column of the earlier one.
        """
        need_columns(now.columns, before.columns, "the later run")
        rows = [
            {
                "feature": str(c),
                "psi": population_stability(before[c], now[c], self.bins),
                "median_before": float(np.median(before[c])),
                "median_now": float(np.median(now[c])),
            }
            for c in before
        ]
        frame = pd.DataFrame(rows).sort_values("psi", ascending=False, kind="stable", ignore_index=True)
        shown = (str(dates[0]), str(dates[1]))
        return Drift(frame.assign(drift=frame["psi"] > self.alarm), self, len(before), len(now), shown)


@dataclass(frozen=True)
class Drift(TableResult):
    """Shift of each column between two runs.

    >>> before = pd.DataFrame({"recency_days": range(100), "n_days": range(100)})
    >>> after = before.assign(recency_days=before["recency_days"] + 40)
    >>> days = ("2024-01-31", "2024-04-30")
    >>> drift = DriftCheck().analyze(before, after, dates=days)

    Attributes:
        frame: feature, psi (population stability index), median_before, median_now, drift (whether above the alarm).
        spec: What was asked.
        before: Rows of the earlier run.
        now: Rows of the later run.
    """

    name = "churn_drift"
    frame: pd.DataFrame
    spec: DriftCheck
    before: int
    now: int
    dates: tuple[str, str]

    def readout(self) -> Readout:
        """How many columns drifted and which most.

        >>> print(drift.readout().finding)
        1 of 2 features drifted between 2024-01-31 and 2024-04-30; recency_days moved most ...
        """
        values = {
            **self.frame.iloc[0],
            "n": self.drifted,
            "of": len(self.frame),
            "alarm": self.spec.alarm,
            "before": self.before,
            "now": self.now,
            "then": self.dates[0],
            "day": self.dates[1],
        }
        return Readout.of("churn.drift", values, action="train" if self.drifted else "keep")

    @property
    def drifted(self) -> int:
        """Number of columns that drifted.

        >>> drift.drifted
        1
        """
        return int(self.frame["drift"].sum())

    def facts(self) -> tuple[Fact, ...]:
        """Columns that drifted, and the largest index.

        >>> {fact.id: fact.unit for fact in drift.facts()[:2]}
        {'churn.drift.features': '', 'churn.drift.psi': ''}
        """
        fact = partial(Fact, better="down", window="/".join(self.dates))
        return (
            fact("churn.drift.features", "churn.label.drift", self.drifted),
            fact("churn.drift.psi", "churn.label.psi", float(self.frame["psi"].iloc[0])),
        )
