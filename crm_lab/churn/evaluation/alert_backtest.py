"""Back-test of alert rules: leavers found and missed, cost and profit, compared with never alerting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, need_columns, negative, not_portions
from crm_lab.churn.evaluation.ranking_report import REFUSED, ends, in_ranking_words, ranking_words
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.bootstrap import percentile_interval, resamples

NEVER = "never_alert"
NEEDED = ("customer_id", "origin", "left", "recency_days", "value")


@dataclass(frozen=True)
class AlertBacktest:
    """Back-test of alerts: precision, recall, lift, lead time, alerts a week and profit, averaged over dates.

    >>> rng = np.random.default_rng(0)
    >>> panel = pd.DataFrame({"customer_id": np.arange(400), "origin": pd.Timestamp("2024-03-31"), "value": 50.0})
    >>> panel = panel.assign(recency_days=rng.integers(1, 90, 400)).assign(silent=lambda t: t["recency_days"] > 60)
    >>> panel["left"] = (rng.random(400) < panel["recency_days"] / 100).astype(int)
    >>> spec = AlertBacktest(draws=100)
    >>> report = spec.analyze(panel, alerts=["silent"], rankings=["recency_days"], rng=0)
    >>> report.to_frame()[["rule", "precision"]].round(2).to_numpy().tolist()
    [['never_alert', nan], ['silent', 0.76], ['recency_days', 0.95]]

    Args:
        capacity: Share of customers that each ranking alerts at each date.
        window_days: Days without a purchase that define leaving; lead time is counted against waiting for it.
        days_between: Days between dates, for alerts a week.
        contact_cost: Cost of acting on one alert, currency.
        save_rate: Provisional share of true leavers that acting retains; an assumption until a hold-out measured it.
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
        check_settings(self, not_portions(self, "capacity", "save_rate", "margin"), negative(self, "contact_cost"))

    def analyze(
        self, panel: pd.DataFrame, *, alerts: Sequence[str], rankings: Sequence[str], rng: np.random.Generator | int
    ) -> AlertReport:
        """Evaluate columns of a panel of customers and dates.

        >>> spec.analyze(panel, alerts=["silent"], rankings=[], rng=0).events
        179

        Args:
            panel: customer_id, origin, left, recency_days, value (revenue at stake), and a column per alert or ranking.
            alerts: Columns of true and false.
            rankings: Columns of scores; each alerts its top `capacity` at each date, ties in part.
            rng: Generator or seed.

        Returns:
            One row per rule.

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
        value, left = (panel[column].to_numpy(dtype=float) for column in ("value", "left"))
        return np.asarray(share * (self.save_rate * self.margin * value * left - self.contact_cost), dtype=float)

    def _row(self, panel: pd.DataFrame, share: Floats, sums: _Sums) -> dict[str, float]:
        left, silent = (panel[column].to_numpy(dtype=float) for column in ("left", "recency_days"))
        hits, gain = share * left, self._gain(panel, share)

        def measures(total: Callable[[Floats], Floats]) -> dict[str, Floats]:
            """By date, from sums by date: those of the panel, or of resamples."""
            alerts, true, leavers, people = (total(values) for values in (share, hits, left, np.ones(len(left))))
            precision, base = true / alerts, leavers / people
            return {
                "alerts_a_week": alerts * 7 / self.days_between,
                "precision": precision,
                "recall": true / leavers,
                "lift": precision / base,
                "accuracy": (people - alerts - leavers + 2 * true) / people,
                "never_accuracy": 1 - base,
                "lead_days": ((self.window_days - silent) * hits).sum() / hits.sum(),
                "net": total(gain),
            }

        with np.errstate(invalid="ignore", divide="ignore"):
            found, drawn = measures(sums.by_date), measures(sums.draw)
        row: dict[str, float] = {}
        for name, values in found.items():
            row[name] = float(np.mean(values))
            row |= ends(name, drawn[name].mean(axis=1)) if name in ("precision", "lift", "net") else {}
        return row


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
        weights = np.stack(list(resamples(n, draws, rng)))
        return cls(when, who * len(days) + when, len(days), n, weights)

    def by_date(self, values: Floats) -> Floats:
        return np.bincount(self.date, values, self.dates).astype(float)

    def draw(self, values: Floats) -> Floats:
        """Resampled sums, (draws, dates)."""
        cells = np.bincount(self.cell, values, self.customers * self.dates)
        return np.asarray(self.weights @ cells.reshape(self.customers, self.dates), dtype=float)


@dataclass(frozen=True)
class AlertReport(TableResult):
    """What each alert rule would have found, missed, cost and earned.

    >>> rng = np.random.default_rng(0)
    >>> panel = pd.DataFrame({"customer_id": np.arange(400), "origin": pd.Timestamp("2024-03-31"), "value": 50.0})
    >>> panel = panel.assign(recency_days=rng.integers(1, 90, 400)).assign(silent=lambda t: t["recency_days"] > 60)
    >>> panel["left"] = (rng.random(400) < panel["recency_days"] / 100).astype(int)
    >>> report = AlertBacktest(draws=100).analyze(panel, alerts=["silent"], rankings=["recency_days"], rng=0)

    Attributes:
        frame: rule, kind, alerts_a_week, precision, recall, lift, accuracy beside that of never alerting, lead_days
            (days earlier than waiting for the window to pass), net (currency per date under the provisional save rate);
            means over dates.
        spec: What was asked.
        events: Leavers over all dates.
        rows: Customers over all dates.
        dates: Number of dates.
        net_draws: Bootstrap draws of each rule's net profit.
    """

    name = "churn_alerts"
    formats: ClassVar = {"lift": ".2f", **dict.fromkeys(("alerts_a_week", "lead_days"), ".1f"), "net": ",.0f"}
    frame: pd.DataFrame
    spec: AlertBacktest
    events: int
    rows: int
    dates: int
    net_draws: Mapping[str, Floats]

    def net_difference(self, one: str, other: str) -> tuple[float, Interval]:
        """One rule's net profit per date minus another's, in currency, with the paired bootstrap interval.

        >>> difference, interval = report.net_difference("silent", "recency_days")
        >>> interval.lo <= difference <= interval.hi
        True

        Args:
            one: Name of a rule.
            other: Name of the rule it is compared with.

        Returns:
            The difference per date, and its interval.
        """
        lo, hi = percentile_interval(self.net_draws[one] - self.net_draws[other])
        return float(self.row(one)["net"] - self.row(other)["net"]), Interval(lo, hi)

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table; with too few leavers only the counts of alerts.

        >>> list(report.to_frame())
        ['rule', 'kind', 'alerts_a_week', 'precision', 'precision_lo', 'precision_hi', 'recall', 'lift',
        'lift_lo', 'lift_hi', 'accuracy', 'never_accuracy', 'lead_days', 'net', 'net_lo', 'net_hi']
        """
        if self.refusal() is not None:
            return self.frame[["rule", "kind", "alerts_a_week", "never_accuracy"]].copy()
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the rules in words.

        >>> list(report.shown())[:2]
        ['rule', 'kind']
        """
        return in_ranking_words(super().shown(), "rule")

    def row(self, rule: str) -> pd.Series:
        """The row of one rule.

        >>> report.row("silent")["kind"]
        'alert'

        Args:
            rule: Name of an alert or ranking.

        Returns:
            Its row of `frame`.
        """
        return self.frame[self.frame["rule"] == rule].iloc[0]

    @property
    def best(self) -> str:
        """The ranking with the highest precision at capacity, or the best alert where there is no ranking.

        >>> report.best
        'recency_days'
        """
        rows = self.frame[self.frame["kind"] == "ranking"]
        rows = rows if len(rows) else self.frame[self.frame["kind"] == "alert"]
        return str(rows.sort_values("precision", ascending=False, kind="stable")["rule"].iloc[0])

    def refusal(self) -> Message | None:
        """A sentence if too few left to judge any alert, else ``None``.

        >>> report.refusal() is None
        True
        """
        if self.events >= self.spec.min_events:
            return None
        return Message(
            "churn.alerts.refusal", {"events": self.events, "dates": self.dates, "least": self.spec.min_events}
        )

    def readout(self) -> Readout:
        """The first alert beside never alerting and the best ranking.

        >>> print(report.readout().finding)
        "silent" is right in 74.0% of cases, and never alerting in 55.2%; of its alerts 76.2% ...
        """
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, REFUSED, "churn.alerts.refused_action")
        judged, best = self.frame[self.frame["kind"] == "alert"], self.row(self.best)
        first = judged.iloc[0] if len(judged) else best
        values = {
            **first,
            "rule": ranking_words(first["rule"]),
            "best": ranking_words(self.best),
            "never": first["never_accuracy"],
            "best_precision": best["precision"],
            "best_recall": best["recall"],
            "capacity": self.spec.capacity,
            "events": self.events,
            "dates": self.dates,
            "draws": self.spec.draws,
        }
        return Readout.of("churn.alerts", values)

    def facts(self) -> tuple[Fact, ...]:
        """Precision of every rule, with the base rate's accuracy.

        >>> {fact.id: fact.unit for fact in report.facts()[:2]}
        {'churn.alerts.never_accuracy': 'share', 'churn.alerts.precision.silent': 'share'}
        """
        refusal, never = self.refusal(), self.frame["never_accuracy"].iloc[0]
        if refusal is not None:
            return (Fact("churn.alerts.precision", _precision({"rule": ""}), None, refusal=refusal),)
        found = facts_of(
            self.frame[self.frame["kind"] != "never"].dropna(subset=["precision"]), "churn.alerts.precision.{rule}",
            _precision, "precision", "share", ends=("precision_lo", "precision_hi"), n=self.rows,
            kind="estimate", better="up",
        )  # fmt: skip
        label = "churn.label.never_accuracy"
        return (Fact("churn.alerts.never_accuracy", label, float(never), "share", n=self.rows), *found)


def _precision(row: Mapping[str, Any]) -> Message:
    return Message("churn.label.precision", {"rule": ranking_words(row["rule"])})
