"""`FatigueSlope`: by how much each further message of the last weeks lowers opens or orders, within customers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.channels.fatigue.conditional_poisson import WithinFit, conditional_poisson
from crm_lab.channels.fatigue.contact_doses import ContactDoses
from crm_lab.checks import check_settings, not_among, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import z_value

Outcome = Literal["opened", "ordered"]
OUTCOMES: tuple[Outcome, ...] = ("opened", "ordered")
_YEAR: Final = 365.25


@dataclass(frozen=True, kw_only=True)
class FatigueSlope:
    """Which outcome of a message is held against the messages before it.

    A customer is compared with itself: who opens much and is written to often does not make messages look good. The
    simulated retailer plants the fall of the chance to open, and the intervals cover it in 93-97 %
    (`certification.channels`).

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.fatigue": 0.2}))
    >>> result = FatigueSlope().analyze(ContactDoses.of(log, without=["save_offer"]))
    >>> bool(result.interval.lo < 0.2 < result.interval.hi)
    True

    Attributes:
        outcome: ``opened``, of delivered messages; or ``ordered`` within `order_days`.
        order_days: Days from the message on in which an order counts.
        trend: Whether a steady change over the years is allowed for.
        least: Messages that a dose needs to have a row of its own.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.
    """

    outcome: Outcome = "opened"
    order_days: int = 7
    trend: bool = True
    least: int = 100
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, outcome=OUTCOMES), too_small(self, order_days=1, least=1), not_levels(self, "level")
        )

    def analyze(self, doses: ContactDoses) -> FatigueSlopeResult:
        """Fit one slope, and beside it a level for each dose.

        >>> FatigueSlope(trend=False).analyze(ContactDoses.of(log, without=["save_offer"])).to_frame()["dose"].tolist()
        [0, 1, 2]

        Args:
            doses: Messages with the number of those before.

        Returns:
            The fall per message with its interval, and what a comparison between customers would say.

        Raises:
            CannotAnswer: If the outcome is not known, or doses do not vary within customers.
        """
        rows, y = self._outcome(doses)
        dose, who = rows["dose"].to_numpy(dtype=float), rows["customer"].to_numpy()
        within = dose - (np.bincount(who, dose) / np.maximum(np.bincount(who), 1))[who]
        if not len(y) or not y.any() or not (np.abs(within) > 0).any():
            raise cannot_answer("doses_do_not_vary", messages=len(y), days=doses.memory_days)
        years = [(rows["day"].to_numpy() - rows["day"].min()) / _YEAR] if self.trend else []
        fit = conditional_poisson(y, np.column_stack([dose, *years]), who)
        plain = conditional_poisson(y, np.column_stack([dose, *years]), np.zeros(len(y), dtype=np.int64), who)
        return FatigueSlopeResult(self, doses, self._table(rows, y, years), fit, plain, _level_at_none(y, dose, fit))

    def _outcome(self, doses: ContactDoses) -> tuple[pd.DataFrame, Floats]:
        rows, log = doses.rows, doses.log
        if self.outcome == "ordered":
            day = rows["day"].to_numpy()
            rows = rows[(day >= log.orders.first_day) & (day + self.order_days - 1 <= log.last_day)]
            day = rows["day"].to_numpy()
            orders, _ = log.orders.sums(rows["customer"].to_numpy(), day, day + self.order_days - 1)
            return rows, (orders > 0).astype(np.float64)
        if "opened" not in rows:
            raise cannot_answer("response_not_known", response=Message("column.opened").text())
        known = rows["opened"].notna() & (rows["delivered"].fillna(1) == 1 if "delivered" in rows else True)
        rows = rows[known]
        return rows, rows["opened"].to_numpy(dtype=float)

    def _table(self, rows: pd.DataFrame, y: Floats, years: list[Floats]) -> pd.DataFrame:
        table = pd.DataFrame({"dose": rows["dose"].to_numpy(), "customer": rows["customer"].to_numpy(), "y": y})
        grouped = table.groupby("dose")
        frame = grouped.agg(messages=("y", "size"), customers=("customer", "nunique"), rate=("y", "mean")).reset_index()
        frame = frame[frame["messages"] >= self.least].reset_index(drop=True)
        frame[["relative", "lo", "hi"]] = np.nan
        kept = np.isin(table["dose"], frame["dose"])
        levels = frame["dose"].to_numpy()[1:]
        if len(levels):
            flags = (table["dose"].to_numpy()[:, None] == levels) * 1.0
            fit = conditional_poisson(y[kept], np.column_stack([flags, *years])[kept], table["customer"][kept])
            k, z = len(levels), z_value(self.level)
            b, se = fit.coef[:k], fit.se[:k]
            frame.loc[0, "relative"] = 1.0
            frame.loc[1:, ["relative", "lo", "hi"]] = np.exp(np.column_stack([b, b - z * se, b + z * se]))
        return frame


def _level_at_none(y: Floats, dose: Floats, fit: WithinFit) -> float:
    """Outcome per message of the same customers, were no message before it."""
    return float(y.sum() / np.exp(fit.coef[0] * dose).sum())


@dataclass(frozen=True, eq=False)
class FatigueSlopeResult(TableResult):
    """The fall per message within customers.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.fatigue": 0.2}))
    >>> result = FatigueSlope().analyze(ContactDoses.of(log, without=["save_offer"]))

    Attributes:
        spec: What was asked.
        doses: Messages with the number of those before.
        frame: ``dose``, ``messages``, ``customers``, ``rate`` as it came, and ``relative`` to the lowest dose within
            customers with ``lo`` and ``hi``.
        fit: Of the slope within customers.
        plain: Of the slope between and within customers together.
        rate_at_none: Outcome per message without messages before it.
    """

    spec: FatigueSlope
    doses: ContactDoses
    frame: pd.DataFrame = field(repr=False)
    fit: WithinFit
    plain: WithinFit
    rate_at_none: float

    name: ClassVar[str] = "fatigue_slope"
    formats: ClassVar[Mapping[str, str]] = {"rate": ".1%", **dict.fromkeys(("relative", "lo", "hi"), ".3f")}

    @property
    def fall(self) -> float:
        """Relative fall of the outcome with each further message; below 0 it rises.

        >>> 0.1 < result.fall < 0.3
        True
        """
        return 1 - math.exp(float(self.fit.coef[0]))

    @property
    def interval(self) -> Interval:
        """Interval of the fall.

        >>> result.interval.level
        0.95
        """
        return _fall(self.fit, self.spec.level)

    @property
    def plain_interval(self) -> Interval:
        """Interval of the fall that a comparison of all messages gives, between customers, too.

        >>> result.plain_interval.lo < result.interval.hi
        True
        """
        return _fall(self.plain, self.spec.level)

    def readout(self) -> Readout:
        """The fall per message, what it rests on, and what to do.

        >>> result.readout().finding.key
        'channels.fatigue.finding_falls'
        """
        ci, plain = self.interval, self.plain_interval
        values: dict[str, Any] = {
            "fall": self.fall, "lo": ci.lo, "hi": ci.hi, "level": ci.level, "days": self.doses.memory_days,
            "outcome": Message(f"channels.fatigue.outcome_{self.spec.outcome}", {"days": self.spec.order_days}),
            "customers": self.fit.groups, "messages": self.fit.rows, "plain": 1 - math.exp(float(self.plain.coef[0])),
            "plain_lo": plain.lo, "plain_hi": plain.hi,
        }  # fmt: skip
        way = "falls" if ci.lo > 0 else "rises" if ci.hi < 0 else "open"
        return Readout.of("channels.fatigue", values, f"finding_{way}", action=f"action_{way}")

    def facts(self) -> tuple[Fact, ...]:
        """The fall per message within customers, and the one between them for comparison.

        >>> [fact.id for fact in result.facts()]
        ['fatigue.opened.fall', 'fatigue.opened.fall_between']
        """
        part, kind = f"fatigue.{self.spec.outcome}", self.doses.log.kind
        values = {"outcome": Message(f"channels.fatigue.outcome_{self.spec.outcome}", {"days": self.spec.order_days})}
        return (
            Fact(f"{part}.fall", Message("channels.fatigue.fact_fall", values), self.fall, "share", ci=self.interval,
                 kind=kind, n=self.fit.groups, better="down"),
            Fact(f"{part}.fall_between", Message("channels.fatigue.fact_between", values),
                 1 - math.exp(float(self.plain.coef[0])), "share", ci=self.plain_interval, kind=kind,
                 n=self.plain.rows),
        )  # fmt: skip


def _fall(fit: WithinFit, level: float) -> Interval:
    b, half = float(fit.coef[0]), z_value(level) * float(fit.se[0])
    return Interval(1 - math.exp(b + half), 1 - math.exp(b - half), level)
