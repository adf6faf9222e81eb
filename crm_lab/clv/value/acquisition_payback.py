"""Payback period of acquisition cost, by channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_among, not_portions, too_small
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.spend.spend_model import fit_spend
from crm_lab.clv.validation.left_truncation import FirstPurchases
from crm_lab.clv.validation.standing import Standing
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit, purchase_days, purchase_summary
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.stats.bootstrap import percentile_interval

_FEWEST = 100  # repeat buyers of a channel; below that it borrows the whole base's models
_COLUMNS = (
    "channel", "customers", "cost", "value", "lo", "hi", "value_per_cost", "payback_days", "payback_lo", "payback_hi",
    "own_model",
)  # fmt: skip


@dataclass(frozen=True)
class Payback:
    """Payback period of an acquired customer: when cumulative contribution covers the cost of acquiring one.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> payback = Payback(margin=0.3, draws=50).analyze(tables["orders"], tables.as_of, {"all": 12.0})
    >>> payback.to_frame()["channel"].tolist()
    ['all']

    Args:
        model: Purchase model.
        margin: Share of spend that stays as contribution.
        annual_discount_rate: 0.1 is 10 % a year.
        horizon_days: How far to look; what has not paid by then has not paid.
        level: Of the intervals.
        draws: Parameter draws behind them.
        unit: Unit of time of the model's parameters.
        currency: ISO code, for the readout.
    """

    model: str = "mbgnbd"
    margin: float = 1.0
    annual_discount_rate: float = 0.10
    horizon_days: int = 730
    level: float = 0.90
    draws: int = 100
    unit: Unit = "W"
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, model=MODELS), not_portions(self, "margin"), too_small(self, horizon_days=7, draws=50)
        )

    def analyze(
        self,
        purchases: IntoFrame,
        as_of: str | date,
        cost: Mapping[str, float],
        channel: pd.Series | None = None,
        *,
        first: FirstPurchases | None = None,
        standing: Standing | None = None,
        rng: np.random.Generator | int = 0,
        **names: str,
    ) -> PaybackResult:
        """Cumulative contribution of a new customer against the cost of acquiring one.

        >>> Payback(draws=50).analyze(tables["orders"], tables.as_of, {"all": 5.0}).as_of
        '1998-06-30'

        Args:
            purchases: As in `purchase_summary`.
            as_of: Last day that counts.
            cost: Cost per acquired customer, by channel; ``{"all": 12.0}`` without channels.
            channel: Channel of each customer, indexed by customer_id.
            first: When customers were first seen; where many are older than the records, those first seen later are
                read alone, and nothing is stated where they are too few.
            standing: Of the base's value (`CustomerValueResult.standing`): where that is refused, so is payback.
            rng: Seed or generator.
            names: Names of columns as in `purchase_summary`: customer, date, amount.

        Returns:
            Days to payback by channel.

        Raises:
            BadInput: If no cost is known, a cost is negative, or no customer has a channel with a cost.
        """
        if not cost or any(not np.isfinite(c) or c < 0 for c in cost.values()):
            raise BadInput(f"cost is {dict(cost)}; give a cost ≥ 0 per acquired customer for each channel.")
        rng = np.random.default_rng(rng)
        purchases = purchase_table(purchases, also=["kind"], **names)
        if first is not None:
            purchases = first.newcomers(purchases)
        days = purchase_days(purchases, as_of).groupby("customer_id")["day"].count()
        begun = str(purchases["date"].min().date()) if first is None else str(first.settled)
        since, repeaters = (begun, len(days)), int((days > 1).sum())
        if first is not None and first.truncated and repeaters < _FEWEST:
            values = {"since": begun, "fitted": len(days), "repeaters": repeaters, "least": _FEWEST}
            return self._unknown(Message("clv.payback.no_newcomers", values), as_of, since)
        summary = purchase_summary(purchases, as_of, unit=self.unit)
        of = np.full(len(summary), "all", dtype=object)
        if channel is not None:
            of = channel.reindex(summary["customer_id"]).to_numpy(dtype=object)
        opened = purchase_days(purchases, as_of).groupby("customer_id")["amount"].first()
        opening = opened.reindex(summary["customer_id"]).to_numpy(dtype=float)
        rows, curves = [], []
        for name, price in cost.items():
            mine = of == name
            if not mine.any():
                continue
            enough = ((summary["frequency"] > 0) & mine).sum() >= _FEWEST
            own = summary[mine] if enough else summary
            paid = self._curves(own, float(opening[mine].mean()), rng)
            rows.append(self._row(name, float(price), int(mine.sum()), paid, bool(enough)))
            curves.append(pd.DataFrame({"channel": name, "day": self._days, "value": paid[0], "cost": price}))
        if not rows:
            raise BadInput(f"No customer belongs to the channels {', '.join(cost)}; check the names.")
        why = self._refusal(summary, since, alone=first is not None and first.truncated)
        why = (standing or Standing()).refusal(why)
        return PaybackResult(self, pd.DataFrame(rows), pd.concat(curves, ignore_index=True), str(as_of), why, since)

    def _refusal(self, summary: pd.DataFrame, since: tuple[str, int], *, alone: bool) -> Message | None:
        """Why the models tell nothing; of newcomers read alone it is said that it is theirs, not the base's."""
        why = purchase_model(self.model, self.unit).fit(summary).refusal() or fit_spend(summary).refusal()
        if why is None or not alone:
            return why
        return Message("clv.payback.of_newcomers", {"since": since[0], "fitted": since[1], "why": why})

    def _unknown(self, why: Message, as_of: str | date, since: tuple[str, int]) -> PaybackResult:
        """Nothing is stated: too few customers are known to be new."""
        rows, curves = (pd.DataFrame(columns=[*names]) for names in (_COLUMNS, ("channel", "day", "value", "cost")))
        return PaybackResult(self, rows, curves, str(as_of), why, since)

    @property
    def _days(self) -> Floats:
        return np.unique(np.append(np.arange(0, self.horizon_days, 7.0), self.horizon_days))

    def _curves(self, summary: pd.DataFrame, opening: float, rng: np.random.Generator) -> Floats:
        """Contribution by day since acquisition; the estimate first, then a row for each draw."""
        fit = purchase_model(self.model, self.unit).fit(summary)
        spend = fit_spend(summary)
        fits, spends = [fit, *fit.drawn(self.draws, rng)], [spend, *spend.drawn(self.draws, rng)]
        days = self._days
        discount = (1 + self.annual_discount_rate) ** (-(days[1:] + days[:-1]) / 2 / UNIT_DAYS["Y"])
        out = []
        for one, money in zip(fits, spends, strict=True):
            steps = np.diff(one.expected_purchases(days / UNIT_DAYS[self.unit])) * discount
            later = np.concatenate(([0.0], np.cumsum(steps))) * money.mean_spend
            out.append(self.margin * (opening + later))
        return np.array(out)

    def _row(self, name: str, cost: float, customers: int, paid: Floats, own: bool) -> dict[str, Any]:
        tail = (1 - self.level) / 2
        when = np.array([self._when(curve, cost) for curve in paid])
        lo, hi = percentile_interval(paid[1:, -1], self.level)
        early, late = np.quantile(when[1:], [tail, 1 - tail], method="inverted_cdf")
        return {
            "channel": name,
            "customers": customers,
            "cost": cost,
            "value": paid[0, -1],
            "lo": lo,
            "hi": hi,
            "value_per_cost": paid[0, -1] / cost if cost > 0 else np.inf,
            "payback_days": when[0],
            "payback_lo": early,
            "payback_hi": late,
            "own_model": own,
        }

    def _when(self, curve: Floats, cost: float) -> float:
        """First day on which the curve has reached the cost; inf if it does not within the horizon."""
        if curve[-1] < cost:
            return float("inf")
        return float(np.interp(cost, curve, self._days)) if curve[0] < cost else 0.0


@dataclass(frozen=True, eq=False)
class PaybackResult(TableResult):
    """Payback by channel, soonest first.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> payback = Payback(margin=0.3, draws=50).analyze(tables["orders"], tables.as_of, {"all": 12.0})

    Attributes:
        spec: What was asked.
        frame: One row per channel: customers, cost (currency), value at the horizon with lo and hi, payback_days.
        curves: channel, day, value (cumulative contribution of one customer), cost.
        as_of: Last day of the data.
        problem: Why no value can be stated, or ``None``.
        since: First day and number of the customers that it is read from.
    """

    spec: Payback
    frame: pd.DataFrame
    curves: pd.DataFrame
    as_of: str
    problem: Message | None = None
    since: tuple[str, int] = ("", 0)

    name = "payback"
    formats: ClassVar = {
        **dict.fromkeys(("cost", "value", "lo", "hi"), ",.2f"),
        **dict.fromkeys(("payback_days", "payback"), ",.0f"),
        "value_per_cost": ".2f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per channel, soonest payback first; `inf` if the cost is not covered within the horizon.

        >>> list(payback.to_frame())
        ['channel', 'customers', 'cost', 'value', 'lo', 'hi', 'value_per_cost', 'payback_days',
        'payback_lo', 'payback_hi', 'own_model']
        """
        frame = self.frame if self.problem is None else self.frame.iloc[:0]
        return frame.sort_values(["payback_days", "cost"], kind="stable", ignore_index=True)

    def refusal(self) -> Message | None:
        """Why no value can be stated, or ``None``."""
        return self.problem

    def _when(self, soonest: pd.Series) -> Message:
        """After how many days the money is back, or with the first purchase."""
        if soonest["payback_days"] < 0.5:
            return Message("clv.payback.at_once")
        interval = Message("clv.count_interval", {"lo": soonest["payback_lo"], "hi": soonest["payback_hi"]})
        return Message("clv.payback.after", {"days": soonest["payback_days"], "interval": interval})

    def readout(self) -> Readout:
        """Which channel pays back soonest, how precise that is, which channel not to expand.

        >>> print(payback.readout().finding)
        At 12.00 USD for a customer, an assumed cost, the money is back by day 32 [30, 35]; ...
        """
        if self.problem is not None:
            waits = self.problem.key in ("clv.payback.no_newcomers", "clv.payback.of_newcomers")
            return Readout(
                "clv.payback.refused", self.problem, "clv.payback.wait" if waits else "clv.value.refused_action"
            )
        table = self.to_frame()
        first = table.iloc[0]
        never = table.loc[np.isinf(table["payback_days"]), "channel"]
        values = {
            **first,
            "when": self._when(first),
            "horizon": self.spec.horizon_days,
            "currency": self.spec.currency,
            "level": self.spec.level,
            "channels": ", ".join(never),
            "since": self.since[0],
            "fitted": self.since[1],
        }
        pays, one = bool(np.isfinite(first["payback_days"])), len(table) == 1
        finding = ("finding" if pays else "none") + ("_one" if one else "")
        action = "never" if len(never) else "action"  # with one channel there is none to prefer
        return Readout.of("clv.payback", values, finding, action=action + ("_one" if one else ""))

    def facts(self) -> tuple[Fact, ...]:
        """Days to payback of each channel.

        >>> {fact.id: fact.unit for fact in payback.facts()[:2]}
        {'clv.payback.all': 'days'}
        """
        if self.problem is not None:
            return ()
        table, late = self.to_frame(), Message("clv.payback.not_within", {"horizon": self.spec.horizon_days})
        days = table[["payback_days", "payback_lo", "payback_hi"]].replace(np.inf, np.nan)
        days.loc[days.isna().any(axis=1), ["payback_lo", "payback_hi"]] = np.nan
        table = table.assign(**days, late=days["payback_days"].isna().map({True: late, False: None}))
        return facts_of(
            table, "clv.payback.{channel}", "clv.payback.label", "payback_days", "days", refusal="late",
            ends=("payback_lo", "payback_hi"), level=self.spec.level, n="customers", kind="forecast", better="down",
        )  # fmt: skip
