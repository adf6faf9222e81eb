"""Run time of a test: long enough for customers to come back."""

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
    """Run time of a test: an outcome window long enough for customers to come back.

    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "median_gap_days": [7.0, 10.0, 21.0, None]})
    >>> run_time = RunTime(quantile=0.9, cycles=2).analyze(customers)
    >>> run_time.window(0.9)
    42.0

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

        >>> RunTime(cycles=1).analyze(customers).window(0.5)
        14.0

        Args:
            customers: customer_360: one row per customer with median_gap_days (missing without a repeat);
                ``None`` where there are no purchases to see a rhythm in, which refuses the question.

        Returns:
            Days by quantile.
        """
        if customers is None:
            return RunTimeResult(self, np.array([]), 0)
        customers = as_pandas(customers, "customer_360")
        need_columns(customers.columns, ["median_gap_days"], "customer_360")
        gaps = customers["median_gap_days"].dropna().to_numpy(dtype=float)
        return RunTimeResult(self, gaps, len(customers))


@dataclass(frozen=True)
class RunTimeResult(Result):
    """Quantiles of customers' median gaps between purchases, and the window that follows.

    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "median_gap_days": [7.0, 10.0, 21.0, None]})
    >>> run_time = RunTime(quantile=0.9, cycles=2).analyze(customers)

    Attributes:
        spec: What was asked.
        gaps: Median gap of each repeat customer, in days.
        customers: Number of customers.
    """

    spec: RunTime
    gaps: np.ndarray
    customers: int

    name: ClassVar[str] = "run_time"
    formats: ClassVar[dict[str, str]] = {"quantile": ".0%", "gap_days": ",.1f", "window_days": ",.0f"}

    def window(self, quantile: float) -> float:
        """Length of the window in days (whole weeks) that holds the wanted cycles for this share of repeat customers.

        >>> run_time.window(0.5)
        21.0

        Args:
            quantile: Share of repeat customers (0-1).

        Returns:
            Days.
        """
        if not len(self.gaps):
            return math.nan
        return 7.0 * math.ceil(float(np.quantile(self.gaps, quantile)) * self.spec.cycles / 7)

    def to_frame(self) -> pd.DataFrame:
        """Gap and window for some quantiles, the chosen one among them.

        >>> list(run_time.to_frame())
        ['quantile', 'gap_days', 'window_days']
        """
        if not len(self.gaps):
            return pd.DataFrame(columns=["quantile", "gap_days", "window_days"])
        levels = sorted({0.5, 0.75, 0.9, self.spec.quantile})
        gaps = [float(np.quantile(self.gaps, q)) for q in levels]
        return pd.DataFrame({"quantile": levels, "gap_days": gaps, "window_days": [self.window(q) for q in levels]})

    def refusal(self) -> Message | None:
        """A sentence if nobody came back, else ``None``.

        >>> run_time.refusal() is None
        True
        """
        if len(self.gaps):
            return None
        return Message(f"experiments.run_time.{'no_gaps' if self.customers else 'no_purchases'}", {"n": self.customers})

    def readout(self) -> Readout:
        """The window, whom it leaves out, what to do.

        >>> print(run_time.readout().finding)
        The outcome window should be 42 days: 90% of repeat customers then have time for 2 of ...
        """
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
        """Days of the window.

        >>> {fact.id: fact.unit for fact in run_time.facts()[:2]}
        {'run_time.days': 'days'}
        """
        refused = self.refusal()
        value = None if refused else self.window(self.spec.quantile)
        label = Message("experiments.fact.window_days")
        return (Fact("run_time.days", label, value, "days", n=len(self.gaps), refusal=refused),)
