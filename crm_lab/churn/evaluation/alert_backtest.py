"""Back-test of alerts: what a rule would have found, missed, cost and brought, beside never alerting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, need_columns
from crm_lab.churn.evaluation.model_comparison import ranking_words
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.ranking import percentile_interval

NEVER = "never_alert"
NEEDED = ("customer_id", "origin", "left", "recency_days", "value")


@dataclass(frozen=True)
class AlertBacktest:
    """Precision, recall, lift, lead time, alerts a week and money of alerts, averaged over dates.

    Args:
        capacity: Share of customers that each ranking alerts at each date.
        window_days: Silence that defines leaving, days; lead time is counted against waiting for it.
        days_between: Days between dates, for alerts a week.
        contact_cost: Cost of acting on one alert, currency.
        save_rate: Provisional share of true leavers that acting keeps; an assumption until a hold-out measured it.
        margin: Contribution margin as a share of revenue.
        min_events: Fewest leavers over all dates to judge anything.
        draws: Bootstrap resamples of customers.
    """

    capacity: float = 0.05
    window_days: int = 91
    days_between: float = 30.4
    contact_cost: float = 1.0
    save_rate: float = 0.10
    margin: float = 0.30
    min_events: int = 20
    draws: int = 500

    def __post_init__(self) -> None:
        problems = Problems("AlertBacktest settings")
        for name in ("capacity", "save_rate", "margin"):
            value = getattr(self, name)
            problems.unless(0 < value <= 1, f"{name} is {value}; it must be a share above 0 and up to 1.")
        problems.unless(self.contact_cost >= 0, f"contact_cost is {self.contact_cost}; it cannot be negative.")
        problems.raise_any()

    def analyze(
        self, panel: pd.DataFrame, *, alerts: Sequence[str], rankings: Sequence[str], rng: np.random.Generator | int
    ) -> AlertReport:
        """Judge columns of a panel of customers and dates.

        Args:
            panel: customer_id, origin, left, recency_days, value (revenue at stake), and a column per alert or ranking.
            alerts: Columns of true and false.
            rankings: Columns of scores; each alerts its top `capacity` at each date, ties in part.
            rng: Generator or seed.

        Raises:
            BadInput: If a column is missing.
        """
        need_columns(panel.columns, (*NEEDED, *alerts, *rankings), "the panel")
        on = {NEVER: np.zeros(len(panel))}
        on |= {name: panel[name].to_numpy(dtype=float) for name in alerts}
        on |= {name: _top(panel, name, self.capacity) for name in rankings}
        kinds = {NEVER: "never"} | dict.fromkeys(alerts, "alert") | dict.fromkeys(rankings, "ranking")
        sums = _Sums.of(panel, np.random.default_rng(rng), self.draws)
        rows = [{"rule": n, "kind": kinds[n], **self._row(panel, share, sums)} for n, share in on.items()]
        net = {n: sums.draw(self._gain(panel, share)).mean(axis=1) for n, share in on.items()}
        events, dates = int(panel["left"].sum()), panel["origin"].nunique()
        return AlertReport(pd.DataFrame(rows), self, events, len(panel), dates, net)

    def _gain(self, panel: pd.DataFrame, share: Floats) -> Floats:
        """Money of each row's alert: margin saved from a true leaver, less the contact."""
        saved = (
            self.save_rate * self.margin * panel["value"].to_numpy(dtype=float) * panel["left"].to_numpy(dtype=float)
        )
        return np.asarray(share * (saved - self.contact_cost), dtype=float)

    def _row(self, panel: pd.DataFrame, share: Floats, sums: _Sums) -> dict[str, float]:
        left = panel["left"].to_numpy(dtype=float)
        hits, gain = share * left, self._gain(panel, share)
        alerts, true, money = sums.by_date(share), sums.by_date(hits), sums.by_date(gain)
        leavers, people = sums.by_date(left), sums.by_date(np.ones(len(left)))
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = true / alerts
            right = (people - alerts - leavers + 2 * true) / people
            lead = ((self.window_days - panel["recency_days"].to_numpy(dtype=float)) * hits).sum() / hits.sum()
            base, recall = leavers / people, true / leavers
            lift = precision / base
            drawn = sums.draw(hits) / sums.draw(share)
            drawn_lift = drawn / (sums.draw(left) / sums.draw(np.ones(len(left))))
        lo, hi = _interval(drawn.mean(axis=1))
        lift_lo, lift_hi = _interval(drawn_lift.mean(axis=1))
        net_lo, net_hi = _interval(sums.draw(gain).mean(axis=1))
        return {
            "alerts_a_week": float(alerts.mean() * 7 / self.days_between),
            "precision": float(precision.mean()), "precision_lo": lo, "precision_hi": hi,
            "recall": float(recall.mean()),
            "lift": float(lift.mean()), "lift_lo": lift_lo, "lift_hi": lift_hi,
            "accuracy": float(right.mean()), "never_accuracy": float((1 - base).mean()),
            "lead_days": float(lead),
            "net": float(money.mean()), "net_lo": net_lo, "net_hi": net_hi,
        }  # fmt: skip


def _interval(draws: Floats) -> tuple[float, float]:
    return percentile_interval(draws) if np.isfinite(draws).any() else (float("nan"), float("nan"))


def _top(panel: pd.DataFrame, name: str, capacity: float) -> Floats:
    """Share of each row that a date's list of `capacity` holds: 1, 0, or in between where scores tie at the line."""
    best = panel.groupby("origin")[name].rank(ascending=False, method="min").to_numpy()
    ties = panel.groupby(["origin", name])[name].transform("size").to_numpy()
    room = capacity * panel.groupby("origin")[name].transform("size").to_numpy()
    return np.asarray(np.clip((room - best + 1) / ties, 0, 1), dtype=float)


@dataclass(frozen=True)
class _Sums:
    """Sums per date, as they are and in resamples of customers."""

    date: NDArray[np.intp]
    cell: NDArray[np.intp]
    dates: int
    customers: int
    weights: Floats

    @classmethod
    def of(cls, panel: pd.DataFrame, rng: np.random.Generator, draws: int) -> _Sums:
        who, ids = pd.factorize(panel["customer_id"])
        when, days = pd.factorize(panel["origin"], sort=True)
        n = len(ids)
        weights = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(draws)]).astype(float)
        return cls(when, who * len(days) + when, len(days), n, weights)

    def by_date(self, values: Floats) -> Floats:
        return np.bincount(self.date, values, self.dates).astype(float)

    def draw(self, values: Floats) -> Floats:
        """Resampled sums, (draws, dates)."""
        cells = np.bincount(self.cell, values, self.customers * self.dates)
        return np.asarray(self.weights @ cells.reshape(self.customers, self.dates), dtype=float)


@dataclass(frozen=True)
class AlertReport(Result):
    """What alerts would have done.

    Attributes:
        frame: rule, kind, alerts_a_week, precision, recall, lift, accuracy beside that of never alerting, lead_days
            (earlier than waiting for the window to pass), net (money per date under the provisional save rate);
            means over dates.
        spec: What was asked.
        events: Leavers over all dates.
        rows: Customers over all dates.
        dates: Number of dates.
        net_draws: Bootstrap draws of each rule's net money.
    """

    name: ClassVar[str] = "churn_alerts"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("precision", "precision_lo", "precision_hi", "recall", "accuracy", "never_accuracy"), ".1%"),
        **dict.fromkeys(("lift", "lift_lo", "lift_hi"), ".2f"),
        **dict.fromkeys(("alerts_a_week", "lead_days"), ".1f"),
        **dict.fromkeys(("net", "net_lo", "net_hi"), ",.0f"),
    }
    frame: pd.DataFrame
    spec: AlertBacktest
    events: int
    rows: int
    dates: int
    net_draws: Mapping[str, Floats]

    def net_difference(self, one: str, other: str) -> tuple[float, Interval]:
        """One rule's net money per date minus another's, with the paired bootstrap interval."""
        lo, hi = percentile_interval(self.net_draws[one] - self.net_draws[other])
        return float(self.row(one)["net"] - self.row(other)["net"]), Interval(lo, hi)

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table; without enough leavers only the counts of alerts."""
        if self.refusal() is not None:
            return self.frame[["rule", "kind", "alerts_a_week", "never_accuracy"]].copy()
        return self.frame.copy()

    def row(self, rule: str) -> pd.Series:
        """The row of one rule."""
        return self.frame[self.frame["rule"] == rule].iloc[0]

    @property
    def best(self) -> str:
        """The ranking with the highest precision at capacity, or the best alert where there is no ranking."""
        rows = self.frame[self.frame["kind"] == "ranking"]
        rows = rows if len(rows) else self.frame[self.frame["kind"] == "alert"]
        return str(rows.sort_values("precision", ascending=False, kind="stable")["rule"].iloc[0])

    def refusal(self) -> Message | None:
        """Too few leavers to judge any alert."""
        if self.events >= self.spec.min_events:
            return None
        return Message(
            "churn.alerts.refusal", {"events": self.events, "dates": self.dates, "least": self.spec.min_events}
        )

    def readout(self) -> Readout:
        """The first alert beside never alerting and the best ranking."""
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.alerts.refused_action")
        judged = self.frame[self.frame["kind"] == "alert"]
        first = judged.iloc[0] if len(judged) else self.row(self.best)
        best = self.row(self.best)
        numbers = {
            "rule": ranking_words(str(first["rule"])),
            "best": ranking_words(self.best),
            **{k: float(first[k]) for k in ("precision", "precision_lo", "precision_hi", "recall", "accuracy", "lift")},
            "never": float(first["never_accuracy"]),
            "best_precision": float(best["precision"]),
            "best_recall": float(best["recall"]),
            "capacity": self.spec.capacity,
        }
        return Readout(
            Message("churn.alerts.finding", numbers),
            Message("churn.alerts.certainty", {"events": self.events, "dates": self.dates, "draws": self.spec.draws}),
            Message("churn.alerts.action", numbers),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Precision of every rule, with the base rate's accuracy."""
        refusal = self.refusal()
        if refusal is not None:
            return (
                Fact("churn.alerts.precision", Message("churn.label.precision", {"rule": ""}), None, refusal=refusal),
            )
        never = Fact(
            "churn.alerts.never_accuracy",
            "churn.label.never_accuracy",
            float(self.frame["never_accuracy"].iloc[0]),
            "share",
            n=self.rows,
        )
        rows = self.frame[self.frame["kind"] != "never"]
        found = tuple(
            Fact(
                f"churn.alerts.precision.{row['rule']}",
                Message("churn.label.precision", {"rule": ranking_words(str(row["rule"]))}),
                float(row["precision"]),
                "share",
                ci=Interval(float(row["precision_lo"]), float(row["precision_hi"])),
                kind="estimate",
                n=self.rows,
                better="up",
            )
            for _, row in rows.iterrows()
            if np.isfinite(row["precision"])
        )
        return (never, *found)
