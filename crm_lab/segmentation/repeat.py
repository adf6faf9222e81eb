"""One word, many numbers: repeat rates side by side, days between purchases, products bought again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import CannotAnswer, as_date, need_columns
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.segmentation.periods import day_numbers
from crm_lab.segmentation.repurchase import Repurchase, day_number, first_and_second
from crm_lab.segmentation.scores import Floats, Integers
from crm_lab.stats.intervals import wilson
from crm_lab.stats.survival import kaplan_meier

GAP_SHARES = (0.25, 0.5, 0.75, 0.9)


def _known(orders: pd.DataFrame, day: date, columns: list[str]) -> pd.DataFrame:
    need_columns(orders.columns, columns, "The table of purchases")
    known = orders[orders["customer_id"].notna() & (orders["date"] <= pd.Timestamp(day))]
    if known.empty:
        raise CannotAnswer(f"There are no purchases up to {day}; choose a later as_of.")
    return known


def repeat_rates(
    orders: pd.DataFrame,
    *,
    as_of: str | date | datetime,
    window_days: int = 365,
    repurchase: Repurchase | None = None,
) -> RepeatRates:
    """The repeat rate in five definitions, over one window.

    Args:
        orders: ``customer_id``, ``order_id`` and ``date``; one row per order.
        as_of: Last day that counts.
        window_days: Length of the window that ends with `as_of`.
        repurchase: How new customers are told; its last horizon is used.

    Raises:
        BadInput: If columns are missing or the window holds no order.
    """
    day, spec = as_date(as_of), repurchase or Repurchase()
    known = _known(orders, day, ["customer_id", "order_id", "date"])
    since = pd.Timestamp(day) - pd.Timedelta(days=window_days)
    middle = pd.Timestamp(day) - pd.Timedelta(days=window_days // 2)
    inside = known[known["date"] > since]
    if inside.empty:
        raise CannotAnswer(f"The {window_days} days to {day} hold no order; lengthen window_days.")
    by = inside.groupby("customer_id")
    n_orders, n_days = by["order_id"].nunique(), by["date"].nunique()
    early = set(inside.loc[inside["date"] <= middle, "customer_id"])
    late = set(inside.loc[inside["date"] > middle, "customer_id"])
    counts = [
        ("two_orders", int((n_orders > 1).sum()), len(n_orders)),
        ("two_days", int((n_days > 1).sum()), len(n_days)),
        ("both_halves", len(early & late), len(early)),
        ("orders_from_repeaters", int(n_orders[n_orders > 1].sum()), int(n_orders.sum())),
    ]
    rows = [(name, k, n, k / n if n else np.nan, *map(float, wilson(k, n))) for name, k, n in counts]
    rows[-1] = (*rows[-1][:4], *_ratio_bounds(n_orders))
    new = spec.analyze(known, as_of=day)
    horizon = spec.horizons[-1]
    share, ci = new.curve.happened_by(horizon)
    rows.append(
        (f"new_within_{horizon}", int((new.again & (new.gap <= horizon)).sum()), new.curve.n, share, ci.lo, ci.hi)
    )
    frame = pd.DataFrame(rows, columns=["definition", "repeating", "of", "share", "lo", "hi"])
    return RepeatRates(frame, window_days, horizon, day)


def _ratio_bounds(n_orders: pd.Series) -> tuple[float, float]:
    """Interval of repeaters' orders over all orders, customers being the sampling unit (delta method)."""
    x = n_orders.to_numpy(dtype=np.float64)
    y = np.where(x > 1, x, 0.0)
    share = y.sum() / x.sum()
    se = float(np.sqrt(np.sum((y - share * x) ** 2)) / x.sum())
    return max(share - 1.96 * se, 0.0), min(share + 1.96 * se, 1.0)


@dataclass(frozen=True, eq=False)
class RepeatRates(Result):
    """Repeat rates in several definitions.

    Attributes:
        frame: definition, repeating, of, share, lo, hi.
        window_days: Length of the window.
        horizon: Days within which new customers had to return.
        as_of: Last day that counts.
    """

    frame: pd.DataFrame
    window_days: int
    horizon: int
    as_of: date

    name: ClassVar[str] = "repeat_rates"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    def _words(self, definition: str) -> Message:
        if definition.startswith("new_within_"):
            return Message("segments.repeat.new_within", {"days": self.horizon})
        return Message(f"segments.repeat.{definition}", {"days": self.window_days})

    def to_frame(self) -> pd.DataFrame:
        """One row per definition, with its words."""
        frame = self.frame.copy()
        frame.insert(1, "meaning", [self._words(d).text() for d in frame["definition"]])
        return frame

    def readout(self) -> Readout:
        """How far the definitions are apart."""
        lo, hi = self.frame["share"].min(), self.frame["share"].max()
        values = {"lo": lo, "hi": hi, "definitions": len(self.frame)}
        return Readout(
            Message("segments.repeat.finding", values),
            Message("segments.repeat.certainty"),
            Message("segments.repeat.action"),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Every rate under its definition."""
        return tuple(
            Fact(
                id=f"repeat_rate.{row['definition']}",
                label=self._words(row["definition"]),
                value=float(row["share"]),
                unit="share",
                ci=Interval(float(row["lo"]), float(row["hi"])),
                kind="estimate",
                n=int(row["of"]),
                window=f"{self.window_days} days to {self.as_of}",
                definition=self._words(row["definition"]).text("en"),
                better="up",
            )
            for _, row in self.frame.iterrows()
        )


def interpurchase(
    orders: pd.DataFrame, *, as_of: str | date | datetime, rng: np.random.Generator | int, draws: int = 200
) -> InterpurchaseTimes:
    """Days between purchase days: of the gaps that ended, and with the open ones counted as censored.

    Looking at ended gaps alone is too short: long ones are still open.

    Args:
        orders: ``customer_id`` and ``date``.
        as_of: Last day that counts; each customer's last gap is open until then.
        rng: Generator or seed for the bootstrap of customers.
        draws: Bootstrap samples.

    Raises:
        BadInput: If columns are missing or nobody has bought on two days.
    """
    day = as_date(as_of)
    known = _known(orders, day, ["customer_id", "date"])
    code, _ = pd.factorize(known["customer_id"])
    today = day_number(day)
    who, when = np.divmod(np.unique(code * (today + 1) + day_numbers(known["date"])), today + 1)
    ended = np.append(who[1:] == who[:-1], False)
    if not ended.any():
        raise CannotAnswer("Nobody has bought on two days; there is no time between purchases to measure.")
    gap = np.where(ended, np.append(when[1:], today) - when, today - when)
    generator, n = np.random.default_rng(rng), int(who.max()) + 1
    drawn = np.empty((draws, len(GAP_SHARES)))
    for b in range(draws):
        weights = np.bincount(generator.integers(0, n, n), minlength=n)[who].astype(np.float64)
        drawn[b] = gap_quantiles(gap, ended, weights)
    lo, hi = np.quantile(drawn, [0.025, 0.975], axis=0, method="inverted_cdf")
    naive = np.quantile(gap[ended], GAP_SHARES, method="inverted_cdf")
    frame = pd.DataFrame(
        {
            "share": GAP_SHARES,
            "days": gap_quantiles(gap, ended, np.ones(len(gap))),
            "lo": lo,
            "hi": hi,
            "ended_only": naive,
        }
    )
    return InterpurchaseTimes(frame, n, int(ended.sum()), int((~ended).sum()), day)


def gap_quantiles(gap: Integers, ended: np.ndarray, weights: Floats) -> Floats:
    """Weighted Kaplan–Meier quantiles of whole-day gaps at `GAP_SHARES`; infinite where not reached.

    >>> gap_quantiles(np.array([1, 2, 3, 4]), np.array([True] * 4), np.ones(4)).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    events = np.bincount(gap, weights=weights * ended)
    left = np.bincount(gap, weights=weights)
    at_risk = left[::-1].cumsum()[::-1]
    hazard = np.divide(events, at_risk, out=np.zeros(len(left)), where=at_risk > 0)
    survival = np.cumprod(1 - hazard)
    days = np.arange(len(left), dtype=np.float64)
    reached = [np.flatnonzero(survival <= 1 - s + 1e-12) for s in GAP_SHARES]
    return np.array([days[r[0]] if len(r) else np.inf for r in reached])


@dataclass(frozen=True, eq=False)
class InterpurchaseTimes(Result):
    """Quantiles of the days between purchase days.

    Attributes:
        frame: share, days (open gaps censored), lo, hi, ended_only.
        customers: Customers.
        ended: Gaps that ended.
        open: Gaps still open.
        as_of: Last day that counts.
    """

    frame: pd.DataFrame
    customers: int
    ended: int
    open: int
    as_of: date

    name: ClassVar[str] = "interpurchase"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".0%",
        "days": ".0f",
        "lo": ".0f",
        "hi": ".0f",
        "ended_only": ".0f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per share of gaps."""
        return self.frame.copy()

    def readout(self) -> Readout:
        """The median, the slow tenth, and what ended gaps alone would have said."""
        rows = self.frame.set_index("share").to_dict("index")
        half, slow = rows[0.5], rows[0.9]
        values = {"median": half["days"], "lo": half["lo"], "hi": half["hi"],
                  "slow": slow["days"], "slow_ended": slow["ended_only"]}  # fmt: skip
        return Readout(
            Message("segments.gaps.finding", values),
            Message("segments.gaps.certainty", {"ended": self.ended, "open": self.open, "customers": self.customers}),
            Message("segments.gaps.action"),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Every finite quantile."""
        return tuple(
            Fact(
                id=f"interpurchase.q{100 * row['share']:.0f}",
                label=Message("segments.gaps.fact", {"share": row["share"]}),
                value=float(row["days"]),
                unit="days",
                ci=Interval(float(row["lo"]), float(row["hi"])) if np.isfinite(row["hi"]) else None,
                kind="estimate",
                n=self.customers,
                definition="Kaplan-Meier quantile of days between purchase days, open gaps censored",
                better="down",
            )
            for _, row in self.frame[np.isfinite(self.frame["days"])].iterrows()
        )


def product_repurchase(
    lines: pd.DataFrame,
    products: pd.DataFrame | None,
    column: str,
    *,
    as_of: str | date | datetime,
    spec: Repurchase | None = None,
    least: int = 50,
) -> ProductCohorts:
    """How soon the first buyers of a product group buy it again.

    Args:
        lines: ``customer_id``, ``date``, ``product_id`` and, where there are returns, ``kind``.
        products: ``product_id`` and `column`; without it the result is a refusal.
        column: What is bought again: ``department``, ``category``, ``product_id``.
        as_of: Last day that counts.
        spec: Horizons and the guard against first purchases before the data.
        least: Groups with fewer first buyers are left out and counted.

    Raises:
        BadInput: If columns are missing or no group is large enough.
    """
    day, spec = as_date(as_of), spec or Repurchase()
    empty = pd.DataFrame(columns=[column, "first_buyers", "share", "lo", "hi", "median_days"])
    if products is None or column not in products:
        return ProductCohorts(empty, column, spec.horizons[-1], 0, day)
    known = _known(lines, day, ["customer_id", "date", "product_id"])
    start = day_number(spec.new_from(known["date"].min().date()))
    group = known["product_id"].map(products.set_index("product_id")[column])
    use = group.notna() & ((known["kind"] == "sale") if "kind" in known else True)
    label, names = pd.factorize(group[use], sort=True)
    customer, _ = pd.factorize(known.loc[use, "customer_id"])
    code, pairs = pd.factorize(customer * max(len(names), 1) + label)
    if not len(names):
        return ProductCohorts(empty, column, spec.horizons[-1], 0, day)
    first, gap, again = first_and_second(code, day_numbers(known.loc[use, "date"]), day_number(day))
    new = first >= start
    buyers = np.bincount(pairs[new] % len(names), minlength=len(names))
    rows = []
    for g in np.flatnonzero(buyers >= least):
        chosen = new & (pairs % len(names) == g)
        curve = kaplan_meier(gap[chosen], again[chosen], level=spec.level)
        share, ci = curve.happened_by(spec.horizons[-1])
        rows.append((names[int(g)], curve.n, share, ci.lo, ci.hi, curve.median))
    if not rows:
        raise CannotAnswer(f"No {column} has {least} first buyers; lower least or take a wider grouping.")
    frame = pd.DataFrame(rows, columns=empty.columns)
    frame = frame.sort_values(["share", column], ascending=[False, True]).reset_index(drop=True)
    return ProductCohorts(frame, column, spec.horizons[-1], int((buyers < least).sum()), day)


@dataclass(frozen=True, eq=False)
class ProductCohorts(Result):
    """Repurchase by product group.

    Attributes:
        frame: group, first_buyers, share, lo, hi, median_days.
        column: What was grouped.
        horizon: Days.
        small: Groups left out for want of buyers.
        as_of: Last day that counts.
    """

    frame: pd.DataFrame = field(repr=False)
    column: str
    horizon: int
    small: int
    as_of: date

    name: ClassVar[str] = "product_cohorts"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%", "median_days": ".0f"}

    def to_frame(self) -> pd.DataFrame:
        """One row per group, most often bought again first."""
        return self.frame.copy()

    def refusal(self) -> Message | None:
        """No products are known."""
        return None if len(self.frame) else Message("segments.products.unknown", {"column": self.column})

    def readout(self) -> Readout:
        """Best and worst group."""
        unknown = self.refusal()
        if unknown:
            return Readout(unknown, Message("segments.products.why"), Message("segments.products.supply"))
        best, worst = self.frame.iloc[0], self.frame.iloc[-1]
        values = {
            "best": best[self.column],
            "best_share": best["share"],
            "worst": worst[self.column],
            "worst_share": worst["share"],
            "days": self.horizon,
        }
        return Readout(
            Message("segments.products.finding", values),
            Message("segments.products.certainty", {"small": self.small, "groups": len(self.frame)}),
            Message("segments.products.action"),
        )

    def facts(self) -> tuple[Fact, ...]:
        """The share of every group."""
        return tuple(
            Fact(
                id=f"product_repurchase.{row[self.column]}",
                label=Message("segments.products.fact", {"group": row[self.column], "days": self.horizon}),
                value=float(row["share"]),
                unit="share",
                ci=Interval(float(row["lo"]), float(row["hi"])),
                kind="estimate",
                n=int(row["first_buyers"]),
                better="up",
            )
            for _, row in self.frame.iterrows()
            if np.isfinite(row["share"])
        )
