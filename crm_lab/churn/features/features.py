"""Features of each customer as of a day, from purchases up to that day only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.calendar import day_date
from crm_lab.checks import Problems, check_settings, need_columns, too_small
from crm_lab.churn.features.line_features import LINE_FEATURES, line_features
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.purchase_log import PurchaseLog, order_table, purchase_log
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult

MIN_HISTORY_DAYS = 28

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "frequency": ("n_days", "n_orders", "days_30", "days_91", "days_182", "rate"),
    "rhythm": (
        "recency_days", "span_days", "silence_share", "median_gap_days", "last_gap_days", "overdue",
        "gap_trend", "days_trend",
    ),
    "tenure": ("tenure_days",),
    "money": ("revenue", "order_value", "last_value", "value_trend"),
    "basket": ("units_per_day", "last_units"),
    "discount": ("discount_share", "discount_trend"),
    **LINE_FEATURES,
}  # fmt: skip
GROWS_WITH_THE_LOG = (
    "tenure_days", "span_days", "n_days", "n_orders", "revenue", "n_products", "n_channels", "silence_share",
)  # fmt: skip


@dataclass(frozen=True)
class CustomerFeatures:
    """Features as of a date: rhythm, frequency, money, basket, discount, breadth, channel, returns, contacts.

    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-02-10", "2024-02-01"])}
    ... )
    >>> made = CustomerFeatures().analyze(orders, as_of="2024-03-01")
    >>> made.to_frame()[["customer_id", "n_days", "recency_days", "overdue"]].to_dict("list")
    {'customer_id': ['a', 'b'], 'n_days': [2.0, 1.0], 'recency_days': [20.0, 29.0], 'overdue': [0.5, 1.0]}

    Attributes:
        recent_days: Length of the recent window, days.
    """

    recent_days: int = 91

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, recent_days=7))

    def analyze(
        self,
        orders: IntoFrame,
        *,
        as_of: str | date,
        transactions: IntoFrame | None = None,
        exposures: IntoFrame | None = None,
        stores: IntoFrame | None = None,
        **names: str,
    ) -> FeatureTable:
        """Features of every customer with an order up to `as_of`; later rows are never read.

        >>> CustomerFeatures(recent_days=28).analyze(orders, as_of="2024-03-01").dropped
        ('money', 'basket', 'discount', 'breadth', 'channel', 'returns', 'contacts')

        Args:
            orders: The table `orders`.
            as_of: Last day that counts.
            transactions: The table `transactions`; breadth and returns are left out without it.
            exposures: `customer_id` and `date` of each contact; contacts are left out without it.
            stores: The table `stores`; channels are left out without it, or where there is one channel only.
            names: Names of columns of the orders: customer, date, amount.

        Returns:
            One row per customer; columns in days, counts, currency or shares (0-1), as their names say.

        Raises:
            BadInput: If the history up to `as_of` is shorter than 28 days.
        """
        log = purchase_log(order_table(orders, **names), as_of)
        history = log.as_of - int(log.day.min())
        if history < MIN_HISTORY_DAYS:
            raise cannot_answer(
                "too_little_history",
                day=day_date(log.as_of),
                history=history,
                need=MIN_HISTORY_DAYS,
                earliest=day_date(int(log.day.min()) + MIN_HISTORY_DAYS),
            )
        columns = _order_features(log, self.recent_days)
        lines, contacts, shops = (
            None if t is None else as_pandas(t, name)
            for name, t in (("transactions", transactions), ("exposures", exposures), ("stores", stores))
        )
        columns |= line_features(log, lines, contacts, self.recent_days, shops)
        frame = pd.DataFrame({"customer_id": pd.Series(log.ids).infer_objects(), **columns})
        dropped = tuple(f for f, names in FAMILIES.items() if not set(names) & set(columns))
        return FeatureTable(frame, day_date(log.as_of), dropped)


@dataclass(frozen=True)
class FeatureTable(TableResult):
    """Features of each customer as of a date.

    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-02-10", "2024-02-01"])}
    ... )
    >>> made = CustomerFeatures().analyze(orders, as_of="2024-03-01")

    Attributes:
        frame: `customer_id` and one float column per feature.
        as_of: Last day read.
        dropped: Families left out because a table or column is missing.
    """

    name = "churn_features"
    frame: pd.DataFrame
    as_of: date
    dropped: tuple[str, ...]

    @property
    def by_customer(self) -> pd.DataFrame:
        """The features alone, indexed by `customer_id`: the input of models.

        >>> made.by_customer.index.tolist()
        ['a', 'b']
        """
        return self.frame.set_index("customer_id")

    @property
    def comparable(self) -> pd.DataFrame:
        """The features without those that grow with the length of the log: dates can be compared and pooled.

        >>> "tenure_days" in made.comparable
        False
        """
        return self.by_customer.drop(columns=list(GROWS_WITH_THE_LOG), errors="ignore")

    def families(self) -> dict[str, list[str]]:
        """The families present, with their columns.

        >>> made.families()["rhythm"]
        ['recency_days', 'span_days', 'silence_share', 'median_gap_days', 'last_gap_days', 'overdue',
        'gap_trend', 'days_trend']
        """
        return families_of(self.by_customer)

    def readout(self) -> Readout:
        """How many customers, how many features, what is missing.

        >>> print(made.readout().finding)
        15 features of 2 customers, made from what was known on 2024-03-01.
        """
        values = {"customers": len(self.frame), "features": self.frame.shape[1] - 1, "as_of": str(self.as_of)}
        dropped = ", ".join(str(Message(f"churn.family.{family}")) for family in self.dropped)
        action = (
            Message("churn.features.dropped", {"dropped": dropped}) if dropped else Message("churn.features.complete")
        )
        return Readout(Message("churn.features.finding", values), "churn.features.certainty", action)

    def facts(self) -> tuple[Fact, ...]:
        """Customers with features.

        >>> {fact.id: fact.unit for fact in made.facts()[:2]}
        {'churn.features.customers': 'customers'}
        """
        customers = partial(Fact, "churn.features.customers", "churn.label.customers")
        return (customers(len(self.frame), "customers", window=str(self.as_of)),)


def _order_features(log: PurchaseLog, recent: int) -> dict[str, Floats]:
    count = log.counts.astype(float)
    first, last = log.day[log.starts], log.day[log.starts + log.counts - 1]
    tenure = (log.as_of - first).astype(float)
    recency = (log.as_of - last).astype(float)
    median_gap, last_gap = _gaps(log, tenure)
    days = {window: log.per_customer(log.day > log.as_of - window) for window in (30, 91, 182)}
    now = log.per_customer(log.day > log.as_of - recent)
    before = log.per_customer((log.day <= log.as_of - recent) & (log.day > log.as_of - 2 * recent))
    out = {
        "n_days": count,
        "n_orders": log.per_customer(log.orders),
        **{f"days_{window}": value for window, value in days.items()},
        "rate": count / np.maximum(tenure, 1),
        "recency_days": recency,
        "span_days": tenure - recency,
        "silence_share": recency / np.maximum(tenure, 1),
        "median_gap_days": median_gap,
        "last_gap_days": last_gap,
        "overdue": recency / np.maximum(median_gap, 1),
        "gap_trend": (last_gap + 1) / (median_gap + 1),
        "days_trend": (now + 0.5) / (before + 0.5),
        "tenure_days": tenure,
    }
    return out | _money_features(log, count)


def _gaps(log: PurchaseLog, tenure: Floats) -> tuple[Floats, Floats]:
    """Median and last gap between purchase days; a customer with one purchase has the tenure as both."""
    gap = np.diff(log.day, prepend=log.day[0]).astype(float)
    inside = np.ones(len(gap), dtype=bool)
    inside[log.starts] = False
    last = gap[log.starts + log.counts - 1]
    unit, gap = log.unit[inside], gap[inside]
    gap = gap[np.lexsort((gap, unit))]
    n = log.counts - 1
    start = np.cumsum(n) - n
    some = n > 0
    median = tenure.copy()
    at = start[some]
    median[some] = (gap[at + (n[some] - 1) // 2] + gap[at + n[some] // 2]) / 2
    return median, np.where(some, last, tenure)


def _money_features(log: PurchaseLog, count: Floats) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    end = log.starts + log.counts - 1
    if "net_amount" in log.sums:
        net = log.sums["net_amount"]
        revenue = log.per_customer(net)
        mean = revenue / count
        out |= {
            "revenue": revenue,
            "order_value": mean,
            "last_value": net[end],
            "value_trend": (np.maximum(net[end], 0) + 1) / (np.maximum(mean, 0) + 1),
        }
    if "n_units" in log.sums:
        units = log.sums["n_units"]
        out |= {"units_per_day": log.per_customer(units) / count, "last_units": units[end]}
    if "discount_amount" in log.sums and log.sums["discount_amount"].any():
        discount = log.sums["discount_amount"]
        gross = log.sums.get("gross_amount", log.sums["net_amount"] + discount)
        share = log.per_customer(discount) / np.maximum(log.per_customer(gross), 0.01)
        out |= {"discount_share": share, "discount_trend": discount[end] / np.maximum(gross[end], 0.01) - share}
    return out


def families_of(features: pd.DataFrame) -> dict[str, list[str]]:
    """The families of the columns of a feature frame; columns of no family stand for themselves.

    >>> families_of(pd.DataFrame(columns=["n_days", "overdue", "mine"]))
    {'frequency': ['n_days'], 'rhythm': ['overdue'], 'mine': ['mine']}
    """
    found = {f: [n for n in names if n in features] for f, names in FAMILIES.items()}
    known = {n for names in found.values() for n in names}
    return {f: names for f, names in found.items() if names} | {str(c): [str(c)] for c in features if c not in known}


Builder = Callable[[pd.DataFrame], pd.DataFrame]


def varying(features: pd.DataFrame, *names: str) -> tuple[str, ...]:
    """The named features that vary between customers; a constant feature explains nothing.

    >>> varying(pd.DataFrame({"n_days": [1, 3], "units_per_day": [1.0, 1.0]}), "n_days", "units_per_day")
    ('n_days',)

    Args:
        features: One column per feature.
        names: Features to keep if they vary.

    Returns:
        Names of those that vary.

    Raises:
        CannotAnswer: If none of them differs.
    """
    need_columns(features.columns, names, "features")
    kept = tuple(name for name in names if features[name].min() < features[name].max())
    if not kept:
        raise cannot_answer("all_alike", names=", ".join(names))
    return kept


def refuse_leaks(build: Builder, log: pd.DataFrame, as_of: str | date) -> None:
    """Refuse features that change when the log is cut at `as_of`: they have seen the future.

    >>> log = pd.DataFrame({"customer_id": ["a", "a"], "date": pd.to_datetime(["2024-01-01", "2024-02-10"])})
    >>> refuse_leaks(lambda rows: rows.groupby("customer_id").agg(n=("date", "size")), log, "2024-01-31")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: ...

    Args:
        build: Makes the features (indexed by customer) from a log; asked twice, with all of it and with the cut one.
        log: A table with a `date` column that goes beyond `as_of`.
        as_of: Last day that may be read.

    Raises:
        BadInput: Naming every feature that differs, or the customers that only the future knows.
    """
    cut = log[log["date"] <= pd.Timestamp(str(as_of))]
    whole, known = build(log), build(cut)
    problems = Problems(f"The features as of {as_of} have seen what came later")
    unknown = whole.index.difference(known.index)
    problems.unless(
        unknown.empty, f"{len(unknown)} customers have features but no purchase up to {as_of}; leave them out."
    )
    both = whole.loc[whole.index.intersection(known.index)]
    then = known.loc[both.index]
    for column in both:
        same = both[column].equals(then[column])
        problems.unless(
            same, f"{column} changes when later purchases are removed; compute it from the log up to {as_of}."
        )
    problems.raise_any()
