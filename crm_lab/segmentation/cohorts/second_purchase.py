"""Do new customers come back? Time from the first to the second purchase day, by Kaplan–Meier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import as_date, check_settings, negative, not_rising
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.known_purchases import known_purchases, purchase_days
from crm_lab.stats.intervals import wilson, z_value
from crm_lab.stats.survival import SurvivalCurve, kaplan_meier

HEADLINE_DAYS = 30
_FIRST_DAYS, _FALLS = 56, 1.2  # days after the guard held against the later ones; how many times as many are too many


def first_and_second(code: Integers, days: Integers, today: int) -> tuple[Integers, Integers, np.ndarray]:
    """First purchase day, days until the second or until today, and whether the second was seen.

    Args:
        code: Number of the customer (or customer and product), 0 … n - 1, every number occurring.
        days: Day of each purchase; several on one day count once.
        today: The as-of day.

    Returns:
        Three arrays of shape (n,).

    >>> [a.tolist() for a in first_and_second(np.array([0, 0, 1]), np.array([5, 9, 7]), 20)]
    [[5, 7], [4, 13], [True, False]]
    """
    who, when = purchase_days(code, days, today)
    start = np.searchsorted(who, np.arange(int(who[-1]) + 1), side="left")
    has_second = np.zeros(len(start), dtype=bool)
    inside = start + 1 < len(who)
    has_second[inside] = who[start[inside] + 1] == who[start[inside]]
    end = np.where(has_second, when[np.minimum(start + 1, len(who) - 1)], today)
    return when[start], end - when[start], has_second


@dataclass(frozen=True)
class SecondPurchase:
    """Time from the first to the second purchase of new customers, by Kaplan–Meier.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> spec = SecondPurchase(guard_days=0)  # CDNOW's customers are all new
    >>> result = spec.analyze(tables["orders"], as_of=tables.as_of)
    >>> result.to_frame()[["days", "share"]].round(3).to_numpy().tolist()
    [[7.0, 0.062], [30.0, 0.174], [60.0, 0.255], [90.0, 0.291]]

    Attributes:
        horizons: Days after the first purchase that are reported.
        guard_days: Customers first seen in so many days from the start of the data are left out: they may
            be old customers whose earlier purchases were not recorded. 0 where the data begin with the
            first customers ever.
        level: Confidence level.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Kaplan & Meier (1958), Nonparametric estimation from incomplete observations.
    """

    horizons: tuple[int, ...] = (7, 30, 60, 90)
    guard_days: int = 59
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_rising(self, "horizons"), negative(self, "guard_days"))

    def new_from(self, first_day: date) -> date:
        """The first day whose new customers count as new.

        >>> SecondPurchase(guard_days=59).new_from(date(2024, 1, 1))
        datetime.date(2024, 2, 29)

        Args:
            first_day: First day of the data.

        Returns:
            `guard_days` after it.
        """
        return first_day + timedelta(days=self.guard_days)

    def analyze(
        self,
        orders: IntoFrame,
        *,
        as_of: str | date | datetime,
        settled: date | None = None,
        customer: str = "customer_id",
        date: str = "date",
    ) -> RepurchaseResult:
        """Estimate the share who bought a second time by each horizon.

        >>> spec.analyze(tables["orders"], as_of="1997-12-31").headline_days
        30

        Args:
            orders: One row per purchase, order or line with a sale; a DataFrame of pandas, Polars, DuckDB, PyArrow or
                PySpark.
            as_of: Last day that counts; later orders are unknown.
            settled: Day from which who is first seen is new; where `guard_days` end before it, that is said.
            customer: Column with the customer.
            date: Column with the date.

        Returns:
            The curve, and the share at each horizon with its interval.

        Raises:
            BadInput: If columns are missing, or nobody is new.
        """
        day = as_date(as_of)
        known = known_purchases(orders, day, customer=customer, date=date)
        code, _ = pd.factorize(known["customer_id"])
        start = self.new_from(known["date"].min().date())
        first, gap, again = first_and_second(code, day_numbers(known["date"]), day_number(day))
        new = first >= day_number(start)
        if not new.any():
            raise cannot_answer("nobody_new", start=start, day=day)
        follow_up = day_number(day) - first[new]
        curve = kaplan_meier(gap[new], again[new], level=self.level)
        arrivals = np.bincount(first[new] - day_number(start), minlength=day_number(day) - day_number(start) + 1)
        return RepurchaseResult(curve, gap[new], again[new], follow_up, self, start, day, settled, arrivals)


Repurchase = SecondPurchase  # the name that notebooks know


@dataclass(frozen=True, eq=False)
class RepurchaseResult(Result):
    """The curve from first to second purchase.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = SecondPurchase(guard_days=0).analyze(tables["orders"], as_of=tables.as_of)

    Attributes:
        curve: Kaplan–Meier estimate over all new customers, whatever their follow-up.
        gap: Days to the second purchase or to `as_of`, shape (new customers,).
        again: Whether the second purchase was seen, the same shape.
        follow_up: Days from the first purchase to `as_of`, the same shape.
        spec: Horizons and guard.
        new_from: First day whose new customers count.
        as_of: Last day that counts.
        settled: Day from which who is first seen is new, where that was looked at.
        arrivals: New customers by day since `new_from`, shape (days,).
    """

    curve: SurvivalCurve = field(repr=False)
    gap: Integers = field(repr=False)
    again: np.ndarray = field(repr=False)
    follow_up: Integers = field(repr=False)
    spec: SecondPurchase
    new_from: date
    as_of: date
    settled: date | None = None
    arrivals: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)

    name: ClassVar[str] = "repurchase"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".1%", "lo": ".1%", "hi": ".1%", "share_followed": ".1%", "lo_followed": ".1%", "hi_followed": ".1%",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row per horizon: the curve's share with interval, and the plain share among those followed that long.

        >>> list(result.to_frame())
        ['days', 'share', 'lo', 'hi', 'followed', 'returned', 'share_followed', 'lo_followed',
        'hi_followed']
        """
        rows = []
        for days in self.spec.horizons:
            s, lo, hi = (float(v) for v in self.curve.at(days))
            followed = self.follow_up >= days
            k, n = int((self.again & (self.gap <= days) & followed).sum()), int(followed.sum())
            low, high = (float(v) for v in wilson(k, n, self.spec.level))
            share = k / n if n else np.nan
            rows.append((days, 1 - s, 1 - hi, 1 - lo, n, k, share, low, high))
        columns = [
            "days", "share", "lo", "hi", "followed", "returned", "share_followed", "lo_followed", "hi_followed"
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def curve_frame(self) -> pd.DataFrame:
        """The share who bought again by each day, from day 0, with interval.

        >>> result.curve_frame().round(3).iloc[:2].to_numpy().tolist()
        [[0.0, 0.0, 0.0, 0.0], [1.0, 0.012, 0.009, 0.018]]
        """
        c = self.curve
        columns = {"days": c.times, "share": 1 - c.survival, "lo": 1 - c.hi, "hi": 1 - c.lo}
        return pd.DataFrame({name: np.concatenate([[0.0], values]) for name, values in columns.items()})

    @property
    def headline_days(self) -> int:
        """30 days, or the first horizon if 30 is not one of them.

        >>> result.headline_days
        30
        """
        return HEADLINE_DAYS if HEADLINE_DAYS in self.spec.horizons else self.spec.horizons[0]

    def refusal(self) -> Message | None:
        """A sentence if no customer was followed up to the headline horizon, else ``None``.

        >>> result.refusal() is None
        True
        """
        return self._too_early(self.headline_days)

    def _too_early(self, days: int) -> Message | None:
        if np.isfinite(self.curve.at(days)[0]):
            return None
        return Message("segments.repurchase.too_early", {"days": days, "longest": self.curve.last})

    def _guard(self) -> dict[str, Any]:
        """The guard that would leave old customers out; nothing where the guard taken does, or nobody looked."""
        if self.settled is None or self.new_from >= self.settled:
            return {}
        return {"settled": str(self.settled), "guard": self.spec.guard_days + (self.settled - self.new_from).days}

    def _falling(self) -> Message | str:
        """That arrivals still fall after the guard, where they do by more than chance: old customers are among them."""
        if self.settled is None or len(self.arrivals) < 2 * _FIRST_DAYS:
            return ""
        early, late = int(self.arrivals[:_FIRST_DAYS].sum()), int(self.arrivals[_FIRST_DAYS:].sum())
        weeks = _FIRST_DAYS / 7, (len(self.arrivals) - _FIRST_DAYS) / 7
        ratio = (early + 0.5) / weeks[0] / ((late + 0.5) / weeks[1])
        if ratio * np.exp(-z_value(self.spec.level) * np.sqrt(1 / (early + 0.5) + 1 / (late + 0.5))) <= _FALLS:
            return ""
        values = {"weeks": _FIRST_DAYS // 7, "early": early / weeks[0], "late": late / weeks[1]}
        return Message("segments.repurchase.falling", values)

    def readout(self) -> Readout:
        """The headline share, how it was estimated, what to do.

        >>> print(result.readout().finding)
        17.4% [15.9%, 19.0%] of 2,357 new customers came back within 30 days; less than half have ...
        """
        days, half, refused = self.headline_days, self.curve.median, self.refusal()
        share, ci = self.curve.happened_by(days)
        values = {
            "share": share, "lo": ci.lo, "hi": ci.hi, "days": days, "n": self.curve.n, "median": half,
            "new_from": str(self.new_from), "waiting": int((~self.again).sum()), **self._guard(),
            "falling": self._falling(),
        }  # fmt: skip
        half_known = "finding" if np.isfinite(half) else "finding_no_median"
        said = (half_known, "certainty_old" if self._guard() else "certainty", "wait" if refused else "action")
        finding, certainty, action = (Message(f"segments.repurchase.{key}", values) for key in said)
        return Readout(refused or finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """The share at every horizon.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'repurchase.within_7_days': 'share', 'repurchase.within_30_days': 'share'}
        """
        by = partial(
            Fact, unit="share", kind="estimate", n=self.curve.n, better="up",
            window=Message("segments.about.first_seen", {"start": self.new_from, "end": self.as_of}),
            denominator="segments.about.new_customers",
            definition="segments.about.kaplan_meier",
        )  # fmt: skip
        facts = []
        for days in self.spec.horizons:
            (share, ci), refused = self.curve.happened_by(days), self._too_early(days)
            number = {"value": share, "ci": ci} if refused is None else {"value": None, "refusal": refused}
            facts.append(
                by(f"repurchase.within_{days}_days", Message("segments.repurchase.fact", {"days": days}), **number)
            )
        return tuple(facts)
