"""Lifecycle stages, each customer compared with their own purchase rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_numbers
from crm_lab.checks import as_date, check_settings, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.known_purchases import known_purchases, purchase_days

STAGES = ("new", "growing", "mature", "declining", "won_back", "dormant", "lost")


@dataclass(frozen=True)
class Lifecycle:
    """Lifecycle stages, tested in this order: lost, dormant, won back, new, growing or declining, mature.

    Silence is compared with a customer's *slow gap*: the number of days between purchase days that this customer
    exceeds one time in ten (nearest rank). Customers with fewer than `min_gaps` gaps get the slow gap of all customers.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = Lifecycle().analyze(tables["orders"], as_of=tables.as_of)
    >>> result.to_frame()[["stage", "customers"]].head(2).to_numpy().tolist()
    [['new', 0], ['growing', 7]]

    Attributes:
        dormant_after: Dormant if silent for more than this many slow gaps.
        lost_after: Lost if silent for more than this many slow gaps.
        window_days: Recent window; growing and declining compare it with the window before.
        min_gaps: Gaps needed to use a customer's own slow gap.
        z: How far the purchase days of two windows must lie apart, in standard errors of a Poisson
            difference, to be called growing or declining.

    Raises:
        BadInput: If the settings are wrong.
    """

    dormant_after: float = 2.0
    lost_after: float = 6.0
    window_days: int = 91
    min_gaps: int = 5
    z: float = 1.645

    def __post_init__(self) -> None:
        rise = 0 < self.dormant_after < self.lost_after
        apart = f"with lost_after {self.lost_after} they must be positive, and lost comes after dormant"
        check_settings(self, too_small(self, window_days=7, min_gaps=1), dormant_after=not rise and apart)

    def analyze(
        self, orders: IntoFrame, *, as_of: str | date | datetime, customer: str = "customer_id", date: str = "date"
    ) -> LifecycleResult:
        """Give every customer a stage.

        >>> Lifecycle(lost_after=4).analyze(tables["orders"], as_of=tables.as_of).spec.lost_after
        4

        Args:
            orders: ``customer_id`` and ``date``, one row per order or line with a sale.
            as_of: Last day that counts.
            customer: Column with the customer.
            date: Column with the date.

        Returns:
            A stage per customer.

        Raises:
            BadInput: If columns are missing, there is no order, or nobody has bought on two days.
        """
        day = as_date(as_of)
        known = known_purchases(orders, day, customer=customer, date=date)
        customers, code = np.unique(known["customer_id"].to_numpy(dtype=object), return_inverse=True)
        days = day_numbers(known["date"])
        today = int(np.datetime64(day, "D").astype(np.int64))
        history = purchase_history(np.asarray(code), days, today, self)
        frame = pd.DataFrame({"customer_id": pd.Series(customers).infer_objects(), **history})
        return LifecycleResult(frame.assign(stage=stages(frame, self)), self, day)


def purchase_history(code: Integers, days: Integers, today: int, spec: Lifecycle) -> dict[str, NDArray[np.generic]]:
    """What the stages need per customer, from one (customer, day) per purchase.

    Args:
        code: Customer number 0 … n - 1 of each purchase, every number occurring.
        days: Its day, days since 1970-01-01.
        today: The as-of day.
        spec: Windows and rhythm.

    Returns:
        Arrays of shape (n,): tenure_days, silent_days, n_gaps, slow_gap, recent_days, before_days (purchase
        days in the recent window and in the one before), last_long_gap (days since the end of the latest gap
        that was longer than `dormant_after` slow gaps; infinite if none).

    Raises:
        BadInput: If nobody has bought on two days.
    """
    who, when = purchase_days(code, days, today)
    n = int(who[-1]) + 1
    same = who[1:] == who[:-1]
    gap, owner, ends = np.diff(when)[same], who[1:][same], when[1:][same]
    if not len(gap):
        raise cannot_answer("no_rhythm")
    n_gaps = np.bincount(owner, minlength=n)
    slow = slow_gaps(gap, owner, n_gaps, spec.min_gaps)
    long_end = np.full(n, -np.inf)
    long = gap > spec.dormant_after * slow[owner]
    np.maximum.at(long_end, owner[long], ends[long])
    recent = when > today - spec.window_days
    before = (when > today - 2 * spec.window_days) & ~recent
    return {
        "tenure_days": today - np.array(when[np.searchsorted(who, np.arange(n), side="left")]),
        "silent_days": today - np.array(when[np.searchsorted(who, np.arange(n), side="right") - 1]),
        "n_gaps": n_gaps,
        "slow_gap": slow,
        "recent_days": np.bincount(who[recent], minlength=n),
        "before_days": np.bincount(who[before], minlength=n),
        "last_long_gap": today - long_end,
    }


def slow_gaps(gap: Integers, owner: Integers, n_gaps: Integers, min_gaps: int) -> Floats:
    """The 9th decile (nearest rank) of each customer's gaps; of all gaps where they are fewer than `min_gaps`.

    >>> slow_gaps(np.array([1, 2, 9, 5]), np.array([0, 0, 0, 1]), np.array([3, 1]), 2).tolist()
    [9.0, 9.0]
    """
    ordered = gap[np.lexsort((gap, owner))]
    starts = np.concatenate([[0], np.cumsum(n_gaps)[:-1]])
    rank = np.maximum(-(-9 * n_gaps // 10) - 1, 0)
    own = ordered[np.minimum(starts + rank, len(ordered) - 1)].astype(np.float64)
    everybody = float(np.sort(gap)[-(-9 * len(gap) // 10) - 1])
    return np.where(n_gaps >= min_gaps, own, everybody)


def stages(history: pd.DataFrame, spec: Lifecycle) -> NDArray[np.str_]:
    """The stage of each customer, from the columns of `purchase_history`; shape (n,)."""
    silence = history["silent_days"] / history["slow_gap"]
    change = history["recent_days"] - history["before_days"]
    noise = np.sqrt(history["recent_days"] + history["before_days"])
    rules = [
        ("lost", silence > spec.lost_after),
        ("dormant", silence > spec.dormant_after),
        ("won_back", history["last_long_gap"] < spec.window_days),
        ("new", history["tenure_days"] < spec.window_days),
        ("growing", (change > spec.z * noise) & (history["tenure_days"] >= 2 * spec.window_days - 1)),
        ("declining", -change > spec.z * noise),
    ]
    return np.select([mask.to_numpy() for _, mask in rules], [name for name, _ in rules], default="mature")


def stage_name(stage: str) -> Message:
    """What readers call a stage."""
    return Message(f"segments.stage.{stage}")


@dataclass(frozen=True, eq=False)
class LifecycleResult(Result):
    """Every customer's stage, and the purchase history behind it.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = Lifecycle().analyze(tables["orders"], as_of=tables.as_of)

    Attributes:
        customers: One row per customer.
        spec: The rules.
        as_of: Last day that counts.
    """

    customers: pd.DataFrame = field(repr=False)
    spec: Lifecycle
    as_of: date

    name: ClassVar[str] = "lifecycle"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".1%",
        "median_silent_days": ".0f",
        "median_slow_gap": ".0f",
        "borrowed_rhythm": ".1%",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per stage: customers, share (0-1), median days of silence, median slow gap (days).

        >>> list(result.to_frame())
        ['stage', 'customers', 'share', 'median_silent_days', 'median_slow_gap', 'borrowed_rhythm']

        Returns:
            ``borrowed_rhythm`` is the share whose slow gap is that of all customers.
        """
        borrowed = self.customers["n_gaps"] < self.spec.min_gaps
        of_stage = {
            "customers": ("stage", "size"), "median_silent_days": ("silent_days", "median"),
            "median_slow_gap": ("slow_gap", "median"), "borrowed_rhythm": ("borrowed", "mean"),
        }  # fmt: skip
        frame = self.customers.assign(borrowed=borrowed).groupby("stage").agg(**of_stage).reindex(list(STAGES))
        frame["customers"] = frame["customers"].fillna(0).astype("int64")
        frame.insert(1, "share", frame["customers"] / len(self.customers))
        return frame.rename_axis("stage").reset_index()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the stages' names in the active language.

        >>> list(result.shown())
        ['stage', 'name', 'customers', 'share', 'median_silent_days', 'median_slow_gap', 'borrowed_rhythm']
        """
        frame = self.to_frame()
        frame.insert(1, "name", [stage_name(s).text() for s in frame["stage"]])
        return frame

    def readout(self) -> Readout:
        """How many are lapsing, how that was decided, what to do.

        >>> print(result.readout().finding)
        1,532 of 2,357 customers (65.0%) are slipping: fewer visits than a quarter ago, or silent ...
        """
        counts, total = self.customers["stage"].value_counts(), len(self.customers)
        slipping = int(counts.get("declining", 0) + counts.get("dormant", 0))
        values = {
            "slipping": slipping, "share": slipping / total, "lost": int(counts.get("lost", 0)), "total": total,
            "borrowed": float((self.customers["n_gaps"] < self.spec.min_gaps).mean()), "min_gaps": self.spec.min_gaps,
        }  # fmt: skip
        return Readout(*(Message(f"segments.lifecycle.{key}", values) for key in ("finding", "certainty", "action")))

    def facts(self) -> tuple[Fact, ...]:
        """Customers per stage.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'lifecycle.new': 'customers', 'lifecycle.growing': 'customers'}
        """
        dormant, lost, frame = self.spec.dormant_after, self.spec.lost_after, self.to_frame()
        definition = f"slow gap = 9th decile of own gaps; dormant > {dormant:g}, lost > {lost:g} slow gaps"
        of_stage = partial(Fact, unit="customers", n=len(self.customers), definition=definition)
        counts = zip(frame["stage"], frame["customers"], strict=True)
        return tuple(of_stage(f"lifecycle.{stage}", stage_name(stage), int(customers)) for stage, customers in counts)
