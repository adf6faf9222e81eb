"""The save rate of a finished round, measured against a random hold-out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import BadInput, as_date, check_settings, need_columns, too_small
from crm_lab.churn.action.treatment_plan import CONTROL, TREATMENT, TreatmentPlan
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.purchase_log import order_table
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import z_value

ARMS = [CONTROL, TREATMENT]


@dataclass(frozen=True)
class SaveRate:
    """The save rate of a finished round: 1 - (share who left, contacted) / (share who left, held out).

    >>> ids = [f"c{i}" for i in range(200)]
    >>> assigned = pd.DataFrame({"experiment": "spring", "customer_id": ids, "assigned_on": pd.Timestamp("2024-03-01")})
    >>> assigned["arm"] = ["control", "treatment"] * 100
    >>> back = [i for i in range(200) if i % 4 == 0 or i % 2 and i % 3]
    >>> orders = pd.DataFrame({"customer_id": [ids[i] for i in back], "date": pd.Timestamp("2024-04-01")})
    >>> saved = SaveRate("spring").analyze(assigned, orders, last_day="2024-06-30")
    >>> round(saved.rate, 2)
    0.34

    Args:
        experiment: Name in the table `assignments`.
        window_days: Left = no purchase in so many days after the assignment.
        list_days: Leaving on the list that is to use the rate, in days; 0 for `window_days`. Over other days it is
            another rate (within 60 days many merely came later), and the list keeps its assumed one.
        level: Level of the interval.
        min_events: Fewest leavers, and fewest stayers, in either arm.
    """

    experiment: str
    window_days: int = 91
    list_days: int = 0
    level: float = 0.95
    min_events: int = 20

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, window_days=1, list_days=0),
            experiment=not self.experiment and "it must name one of the table assignments",
        )

    def analyze(self, assignments: IntoFrame, orders: IntoFrame, *, last_day: str | date) -> MeasuredSaveRate:
        """Compare the arms of a finished round: all who were assigned, contacted or not (intention to treat).

        >>> soon = SaveRate("spring", window_days=28).analyze(assigned, orders, last_day="2024-06-30")
        >>> soon.to_frame()["left"].tolist()
        [100.0, 100.0]

        Args:
            assignments: The table `assignments`: experiment, customer_id, arm, assigned_on.
            orders: The table `orders`.
            last_day: Last day the data cover.

        Returns:
            Leavers by arm, and the save rate with its interval.

        Raises:
            BadInput: If the experiment is unknown, has other arms, or its window is not over on `last_day`.
        """
        drawn, bought = as_pandas(assignments, "assignments"), order_table(orders)
        need_columns(drawn.columns, ("experiment", "customer_id", "arm", "assigned_on"), "assignments")
        units = drawn[drawn["experiment"] == self.experiment]
        self._check(units, drawn, last_day)
        start = pd.Series(day_numbers(units["assigned_on"]), units["customer_id"].astype(object))
        who = bought["customer_id"].astype(object)
        since = day_numbers(bought["date"]) - who.map(start).to_numpy(dtype=float, na_value=np.nan)
        back = who[(since > 0) & (since <= self.window_days)]
        left = pd.Series(~start.index.isin(back), dtype=float)
        by_arm = left.groupby(units["arm"].to_numpy()).agg(["size", "sum"]).reindex(ARMS)
        frame = pd.DataFrame({"arm": ARMS, "customers": by_arm["size"].to_numpy(), "left": by_arm["sum"].to_numpy()})
        return MeasuredSaveRate(frame.assign(share_left=frame["left"] / frame["customers"]), self)

    def _check(self, units: pd.DataFrame, assignments: pd.DataFrame, last_day: str | date) -> None:
        if units.empty:
            known = ", ".join(sorted(map(str, assignments["experiment"].unique()))) or "none"
            raise BadInput(f"The table assignments holds no experiment {self.experiment!r}; it has: {known}.")
        if set(units["arm"]) != set(ARMS):
            raise BadInput(
                f"The arms of {self.experiment!r} are {', '.join(sorted(set(units['arm'])))}; "
                f"a save rate compares '{CONTROL}' and '{TREATMENT}'."
            )
        latest, end = units["assigned_on"].max().date(), as_date(last_day, "last_day")
        if day_number(latest) + self.window_days > day_number(end):
            raise BadInput(
                f"The last assignment of {self.experiment!r} is of {latest}, and {self.window_days} days later is "
                f"after the data end on {end}. Wait, or choose a shorter window_days."
            )


@dataclass(frozen=True)
class MeasuredSaveRate(TableResult):
    """Leavers by arm, and the save rate.

    >>> ids = [f"c{i}" for i in range(200)]
    >>> assigned = pd.DataFrame({"experiment": "spring", "customer_id": ids, "assigned_on": pd.Timestamp("2024-03-01")})
    >>> assigned["arm"] = ["control", "treatment"] * 100
    >>> back = [i for i in range(200) if i % 4 == 0 or i % 2 and i % 3]
    >>> orders = pd.DataFrame({"customer_id": [ids[i] for i in back], "date": pd.Timestamp("2024-04-01")})
    >>> saved = SaveRate("spring").analyze(assigned, orders, last_day="2024-06-30")

    Attributes:
        frame: arm, customers, left, share_left (0-1); control first.
        spec: What was asked.

    Source:
        Katz, Baptista, Azen & Pike (1978), Obtaining confidence intervals for the risk ratio in cohort studies.
    """

    name = "save_rate"
    formats: ClassVar = dict.fromkeys(("customers", "left"), ",.0f")
    frame: pd.DataFrame
    spec: SaveRate

    @property
    def rate(self) -> float:
        """The save rate; negative if more of the contacted left.

        >>> round(saved.rate, 2)
        0.34
        """
        held, contacted = self.frame["share_left"]
        return float(1 - contacted / held) if held > 0 else float("nan")

    @property
    def interval(self) -> Interval:
        """Confidence interval of the save rate, by the log of the risk ratio (Katz et al. 1978).

        >>> saved.interval.lo < saved.rate < saved.interval.hi
        True
        """
        left, n = self.frame["left"].to_numpy(dtype=float), self.frame["customers"].to_numpy(dtype=float)
        with np.errstate(divide="ignore"):
            half = z_value(self.spec.level) * float(np.sqrt((1 / left - 1 / n).sum()))
        ratio = 1 - self.rate
        return Interval(1 - ratio * float(np.exp(half)), 1 - ratio * float(np.exp(-half)), self.spec.level)

    @property
    def other_days(self) -> bool:
        """Whether the list reckons with leaving within other days than this round measured.

        >>> saved.other_days
        False
        """
        return self.spec.list_days not in (0, self.spec.window_days)

    def into(self, plan: TreatmentPlan) -> TreatmentPlan:
        """The plan with the measured rate in place of the assumed one; a rate below 0 becomes 0.

        A round that measured nothing, or leaving within other days than the list's, leaves the plan as it is.

        >>> from crm_lab.churn import TreatmentPlan
        >>> round(saved.into(TreatmentPlan(budget=50.0)).save_rate, 2)
        0.34

        Args:
            plan: A treatment plan with an assumed save rate.

        Returns:
            The plan with the measured rate and its interval.
        """
        if self.refusal() is not None or self.other_days:
            return plan
        return replace(plan, save_rate=min(max(self.rate, 0.0), 1.0), measured=self.interval)

    def refusal(self) -> Message | None:
        """A sentence if too few left or stayed to measure anything, else ``None``.

        >>> saved.refusal() is None
        True
        """
        left, stayed = self.frame["left"], self.frame["customers"] - self.frame["left"]
        fewest = int(min(left.min(), stayed.min()))
        if fewest >= self.spec.min_events:
            return None
        return Message("churn.save_rate.refusal", {"fewest": fewest, "least": self.spec.min_events})

    def readout(self) -> Readout:
        """The rate with its interval, and whether the round showed an effect.

        >>> print(saved.readout().finding)
        The round spring kept 34.0% [7.2%, 53.1%] of those who would have left: 33.0% of the ...
        """
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.save_rate.refused_action")
        ci, (held, contacted) = self.interval, self.frame["share_left"]
        values = {
            "rate": self.rate,
            "lo": ci.lo,
            "hi": ci.hi,
            "held": held,
            "contacted": contacted,
            "n": self.frame["customers"].sum(),
            "experiment": self.spec.experiment,
            "window": self.spec.window_days,
            "list_days": self.spec.list_days,
        }
        shown = "works" if ci.lo > 0 else ("harms" if ci.hi < 0 else "unsure")
        shown = "other_days" if self.other_days and shown != "harms" else shown
        return Readout.of("churn.save_rate", values, action=shown)

    def facts(self) -> tuple[Fact, ...]:
        """The save rate.

        >>> {fact.id: fact.unit for fact in saved.facts()[:2]}
        {'churn.save_rate': 'share'}
        """
        refusal = self.refusal()
        rate, ci = (None, None) if refusal else (self.rate, self.interval)
        return (
            Fact(
                "churn.save_rate", "churn.label.save_rate", rate, "share", ci, "estimate",
                n=int(self.frame["customers"].sum()),
                window=Message("churn.fact.days", {"days": self.spec.window_days}),
                denominator="churn.fact.would_be_leavers",
                definition="churn.fact.save_rate",
                better="up",
                refusal=refusal,
            ),
        )  # fmt: skip
