"""How long must the test run: long enough for the customers to come back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import check_settings, need_columns, not_inside, not_positive
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """Length of the outcome window, from customers' own purchase rhythm.

    Attributes:
        quantile: Share of repeat customers whose usual gap between purchases must fit.
        cycles: How many of those gaps must fit, so that an effect is more than one early visit.
    """

    quantile: float = 0.9
    cycles: float = 2.0

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "quantile"), not_positive(self, "cycles"))

    def analyze(self, customers: IntoFrame | None) -> RunTimeResult:
        """Days the window needs, in whole weeks so that every weekday counts alike.

        Args:
            customers: customer_360: one row per customer with median_gap_days (missing without a repeat);
                ``None`` where there are no purchases to see a rhythm in, which refuses the question.
        """
        if customers is None:
            return RunTimeResult(self, np.array([]), 0)
        customers = as_pandas(customers, "customer_360")
        need_columns(customers.columns, ["median_gap_days"], "customer_360")
        gaps = customers["median_gap_days"].dropna().to_numpy(dtype=float)
        return RunTimeResult(self, gaps, len(customers))


@dataclass(frozen=True)
class RunTimeResult(Result):
    """Quantiles of customers' usual gaps and the window that follows."""

    spec: RunTime
    gaps: np.ndarray
    customers: int

    name: ClassVar[str] = "run_time"
    formats: ClassVar[dict[str, str]] = {"quantile": ".0%", "gap_days": ",.1f", "window_days": ",.0f"}

    def window(self, quantile: float) -> float:
        """Days, whole weeks, that hold the wanted cycles for this share of repeat customers."""
        if not len(self.gaps):
            return math.nan
        return 7.0 * math.ceil(float(np.quantile(self.gaps, quantile)) * self.spec.cycles / 7)

    def to_frame(self) -> pd.DataFrame:
        """Gap and window for some quantiles, the chosen one among them."""
        if not len(self.gaps):
            return pd.DataFrame(columns=["quantile", "gap_days", "window_days"])
        levels = sorted({0.5, 0.75, 0.9, self.spec.quantile})
        gaps = [float(np.quantile(self.gaps, q)) for q in levels]
        return pd.DataFrame({"quantile": levels, "gap_days": gaps, "window_days": [self.window(q) for q in levels]})

    def refusal(self) -> Message | None:
        """Nobody came back, so there is no rhythm."""
        if len(self.gaps):
            return None
        return Message(f"experiments.run_time.{'no_gaps' if self.customers else 'no_purchases'}", {"n": self.customers})

    def readout(self) -> Readout:
        """The window, whom it leaves out, what to do."""
        refused = self.refusal()
        if refused is not None:
            action = Message(f"experiments.run_time.action_{'refused' if self.customers else 'no_purchases'}")
            return Readout(refused, "experiments.effect.certainty_refused", action)
        values = {
            "days": self.window(self.spec.quantile), "quantile": self.spec.quantile, "cycles": self.spec.cycles,
            "n": len(self.gaps), "once": self.customers - len(self.gaps),
        }  # fmt: skip
        return Readout(*(Message(f"experiments.run_time.{k}", values) for k in ("finding", "certainty", "action")))

    def facts(self) -> tuple[Fact, ...]:
        """Days of the window."""
        refused = self.refusal()
        value = None if refused else self.window(self.spec.quantile)
        label = Message("experiments.fact.window_days")
        return (Fact("run_time.days", label, value, "days", n=len(self.gaps), refusal=refused),)
