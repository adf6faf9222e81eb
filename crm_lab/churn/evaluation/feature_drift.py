"""Has anything changed since the last run? Shifts of features and scores between two dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.checks import Problems, need_columns
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


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
    """Population stability index of every column between two runs.

    Args:
        bins: Quantile bins of the earlier run.
        alarm: An index above it counts as drift; .2 is the usual line, .1 the line for a look.
    """

    bins: int = 10
    alarm: float = 0.2

    def __post_init__(self) -> None:
        problems = Problems("DriftCheck settings")
        problems.unless(self.bins >= 2, f"bins is {self.bins}; it must be 2 or more.")
        problems.unless(self.alarm > 0, f"alarm is {self.alarm}; it must be above 0.")
        problems.raise_any()

    def analyze(self, before: pd.DataFrame, now: pd.DataFrame) -> Drift:
        """Compare the columns of two runs.

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
        return Drift(frame.assign(drift=frame["psi"] > self.alarm), self, len(before), len(now))


@dataclass(frozen=True)
class Drift(Result):
    """Shift of each column: feature, psi, median_before, median_now, drift."""

    name: ClassVar[str] = "churn_drift"
    formats: ClassVar[Mapping[str, str]] = {"psi": ".3f"}
    frame: pd.DataFrame
    spec: DriftCheck
    before: int
    now: int

    def to_frame(self) -> pd.DataFrame:
        """The largest shift first."""
        return self.frame.copy()

    def readout(self) -> Readout:
        """How many columns drifted and which most."""
        top, n = self.frame.iloc[0], int(self.frame["drift"].sum())
        numbers = {
            "n": n,
            "of": len(self.frame),
            "feature": top["feature"],
            "psi": float(top["psi"]),
            "alarm": self.spec.alarm,
        }
        return Readout(
            Message("churn.drift.finding", numbers),
            Message("churn.drift.certainty", {"before": self.before, "now": self.now}),
            "churn.drift.train" if n else "churn.drift.keep",
        )

    def facts(self) -> tuple[Fact, ...]:
        """Columns that drifted, and the largest index."""
        return (
            Fact("churn.drift.features", "churn.label.drift", int(self.frame["drift"].sum()), better="down"),
            Fact("churn.drift.psi", "churn.label.psi", float(self.frame["psi"].iloc[0]), better="down"),
        )
