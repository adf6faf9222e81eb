"""A churn list from purchases alone: today's chances of leaving, and how such lists did at earlier dates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar

import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import as_date, check_settings, not_inside, too_small
from crm_lab.churn.evaluation.rolling_origins import RollingOrigins
from crm_lab.churn.evaluation.rolling_report import OriginsReport
from crm_lab.churn.models.baseline_rankings import SIMPLE_RULES
from crm_lab.churn.models.learners import logistic
from crm_lab.data.kernels.dataframes import PURCHASES
from crm_lab.data.kernels.purchase_log import order_table
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult

_ORDER = ("customer_id", "p_churn", "value", "recency_days", "reasons")
_VALUE_DAYS = 91


@dataclass(frozen=True)
class ChurnList:
    """Active customers by their chance of buying nothing in a window, the likeliest to leave first.

    A logistic regression on frequency, rhythm, money and tenure learns from earlier dates whose windows are over; its
    ranking is then tested at dates it has not seen, against sorts that need no model.

    Args:
        window_days: Left = no purchase in so many days.
        active_days: Customers listed have bought within so many days, and were known that long before.
        tested_dates: At most so many earlier dates, 30 days apart, at which the ranking is tested.
        capacity: Share of the customers that a list can hold; lift is measured there.
        draws: Bootstrap resamples of customers behind the interval of the lift.

    >>> from crm_lab import load_cdnow
    >>> made = ChurnList(draws=100).analyze(load_cdnow(sample=True), as_of="1998-06-30", amount="amount")
    >>> made.to_frame().columns.tolist()
    ['customer_id', 'p_churn', 'value', 'recency_days', 'reasons']
    """

    window_days: int = 91
    active_days: int = 91
    tested_dates: int = 2
    capacity: float = 0.10
    draws: int = 200

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, window_days=1, active_days=1, tested_dates=1, draws=100), not_inside(self, "capacity")
        )

    def analyze(
        self,
        purchases: IntoFrame,
        *,
        as_of: str | date,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
        rng: int = 0,
    ) -> ChurnListResult:
        """List the customers who are active on a day; whatever is later is never read.

        >>> from crm_lab import load_cdnow
        >>> mine = load_cdnow(sample=True).set_axis(["cust", "when", "eur"], axis="columns")
        >>> spec = ChurnList(window_days=60, draws=100)
        >>> spec.analyze(mine, as_of="1998-06-30", customer="cust", date="when", amount="eur").likely
        240

        Args:
            purchases: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Day of the list.
            customer: Column with the customer.
            date: Column with the date.
            amount: Column with the amount.
            rng: Seed of the bootstrap.

        Returns:
            One row per customer, the likeliest to leave first: chance, revenue of the last 91 days, days of silence,
            reasons.

        Raises:
            BadInput: If the purchases cannot be used, with every problem.
            CannotAnswer: If they are too short to learn from, or nobody or everybody left.
        """
        day = as_date(as_of)
        table = order_table(purchases, PURCHASES, customer=customer, date=date, amount=amount)
        known = table[table["customer_id"].notna() & (table["date"] <= pd.Timestamp(day))]
        if known.empty:
            raise cannot_answer("no_purchases", day=day)
        origins = RollingOrigins.back_from(
            day, dates=self.tested_dates, window_days=self.window_days, active_days=self.active_days,
            capacity=self.capacity, draws=self.draws,
        )  # fmt: skip
        scored = origins.score(known, as_of=day, model=logistic())
        tests = self._testable(origins.tests, known["date"].min().date())
        tested = None
        if tests:
            models = {"logistic": logistic()}
            tested = replace(origins, tests=tests).analyze(
                known, last_day=day, models=models, rules=SIMPLE_RULES, rng=rng
            )
        frame = scored[list(_ORDER)].sort_values(
            ["p_churn", "value", "customer_id"], ascending=[False, False, True], ignore_index=True
        )
        return ChurnListResult(frame, self, day, tested)

    def _testable(self, tests: tuple[str, ...], first: date) -> tuple[str, ...]:
        """The dates that leave room to learn before them."""
        room = self.active_days + self.window_days
        return tuple(test for test in tests if (as_date(test) - first).days >= room)


@dataclass(frozen=True, eq=False)
class ChurnListResult(TableResult):
    """Active customers, the likeliest to leave first.

    Attributes:
        frame: customer_id, p_churn (chance of no purchase in the window), value (revenue of the last 91 days), and
            recency_days; reasons names the families of features that raise the chance most.
        spec: What was asked.
        as_of: Day of the list.
        tested: How rankings of that kind did at earlier dates; ``None`` where the data are too short for any.
    """

    frame: pd.DataFrame
    spec: ChurnList
    as_of: date
    tested: OriginsReport | None = field(repr=False)

    name = "churn_list"
    formats: ClassVar = {"p_churn": ".1%", "value": ",.2f", "recency_days": ",.0f"}

    @property
    def likely(self) -> int:
        """Customers with a chance above one half."""
        return int((self.frame["p_churn"] > 0.5).sum())

    def readout(self) -> Readout:
        """How many are likely to leave and what they bring, how such a list did before, what to do."""
        top = max(round(len(self.frame) * self.spec.capacity), 1)
        values = {
            "likely": self.likely, "n": len(self.frame), "days": self.spec.window_days, "as_of": str(self.as_of),
            "share": self.spec.capacity, "value": float(self.frame["value"].head(top).sum()), "before": _VALUE_DAYS,
        }  # fmt: skip
        tested = "untested" if self.tested is None else self.tested.readout().finding
        return Readout.of("churn.list", values, certainty=tested)

    def facts(self) -> tuple[Fact, ...]:
        """Customers listed and likely to leave, and the lift at earlier dates."""
        n, window = len(self.frame), Message("churn.fact.days", {"days": self.spec.window_days})
        counts = (
            Fact("churn.list.customers", "churn.label.listed", n, "customers", window=str(self.as_of)),
            Fact(
                "churn.list.likely", "churn.label.likely", self.likely, "customers", kind="forecast", n=n, window=window
            ),
        )
        return (*counts, *(() if self.tested is None else self.tested.facts()))

    def plot(self, **options: Any) -> Any:
        """How the ranking did at earlier dates, against sorts that need no model."""
        if self.tested is None:
            raise cannot_answer("list_not_tested")
        return self.tested.plot(**options)
