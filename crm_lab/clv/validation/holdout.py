"""Holdout validation: purchases in a later period, predicted and actual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import check_settings, not_among, not_levels, too_small
from crm_lab.clv.fitting.return_development import return_development
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.sampling.posterior_draws import Base, draw, exact_interval, seed_of
from crm_lab.clv.spend.spend_model import SpendFit, fit_spend
from crm_lab.clv.validation.forecast_scores import bias, mean_absolute_error
from crm_lab.data.kernels.purchases import Unit, calibration_holdout
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult


@dataclass(frozen=True)
class HoldoutCheck:
    """Validate purchase models on held-out time: fit up to one date, predict up to a later one, compare.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> check = HoldoutCheck(draws=100).analyze(tables["orders"], "1997-09-30", tables.as_of)
    >>> check.to_frame()[["model", "bias"]].round(3).to_numpy().tolist()
    [['BG/NBD', -0.121], ['MBG/NBD', -0.162]]

    Args:
        models: Purchase models to check, by key.
        level: Of the predictive intervals.
        draws: Predictive draws behind them.
        unit: Unit of time of the models' parameters.
        most: Customers with this many repeat purchases or more form the last row.
        currency: ISO code, for the readout.
        values_by: Key of the model behind the values, which the readout then judges; else the one of least error.
    """

    models: tuple[str, ...] = ("bgnbd", "mbgnbd")
    level: float = 0.90
    draws: int = 250
    unit: Unit = "W"
    most: int = 7
    currency: str = "USD"
    values_by: str = ""

    def __post_init__(self) -> None:
        unchecked = self.values_by not in ("", *self.models) and "it must be one of models, or empty"
        check_settings(
            self,
            not_among(self, models=MODELS),
            not_levels(self, "level"),
            too_small(self, draws=100, most=1),
            values_by=unchecked,
        )

    def analyze(
        self,
        purchases: IntoFrame,
        calibration_end: str | date,
        as_of: str | date,
        *,
        rng: np.random.Generator | int = 0,
        lines: pd.DataFrame | None = None,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
    ) -> HoldoutResult:
        """Compare predictions made at `calibration_end` with what happened up to `as_of`.

        >>> spec = HoldoutCheck(models=("nbd",), draws=100)
        >>> spec.analyze(tables["orders"], "1997-09-30", tables.as_of).calibration_end
        '1997-09-30'

        Args:
            purchases: One row per purchase or order, sales before returns; a DataFrame of pandas, Polars,
                DuckDB, PyArrow or PySpark.
            calibration_end: Last day that the models see.
            as_of: Last day of the holdout.
            rng: Seed or generator of the predictive draws.
            customer: Column with the customer.
            date: Column with the date.
            amount: Column with the amount.
            lines: As in `returns_by_sale`. With them revenue is net of returns on both sides: what came back up to
                `as_of` is taken off what came, and off the prediction what sales before and after the cut were
                expected to bring back until then, as known at the cut.

        Returns:
            Predictions beside what came, per model.

        Raises:
            BadInput: If the dates are in the wrong order or nobody bought in the holdout.
        """
        data = calibration_holdout(
            purchases, calibration_end, as_of, unit=self.unit, customer=customer, date=date, amount=amount
        )
        if not data["holdout_purchases"].any():
            raise cannot_answer("nobody_in_holdout", n=len(data), start=calibration_end, end=as_of)
        spend = fit_spend(data)
        seed = seed_of(rng)
        fits = {m: purchase_model(m, self.unit).fit(data) for m in self.models}
        returns = _Returns.between(lines, data["customer_id"], calibration_end, as_of)
        checks = [self._check(fit, spend, data, seed, returns) for fit in fits.values()]
        by_frequency = pd.concat([frame for frame, _ in checks], ignore_index=True)
        totals = pd.DataFrame([row for _, row in checks])
        return HoldoutResult(self, by_frequency, totals, fits, spend, str(calibration_end), str(as_of))

    def _check(
        self, fit: PurchaseFit, spend: SpendFit, data: pd.DataFrame, seed: int, returns: _Returns
    ) -> tuple[pd.DataFrame, dict[str, object]]:
        x, t_x, T, mean = (data[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T", "monetary_value"))
        ahead = float(data["holdout_duration"].iloc[0])
        expected = fit.conditional_purchases(ahead, x, t_x, T)
        bought, revenue = data["holdout_purchases"].to_numpy(), expected * spend.expected_spend(x, mean)
        rows = pd.DataFrame(
            {
                "model": fit.model.title,
                "repeat_purchases": np.minimum(x, self.most).astype(int),
                "actual": bought,
                "expected": expected,
            }
        )
        by_frequency = rows.groupby(["model", "repeat_purchases"], as_index=False).agg(
            customers=("actual", "size"), actual=("actual", "mean"), expected=("expected", "mean")
        )
        drawn = draw(
            fit,
            spend,
            Base(x, t_x, T, mean, np.ones_like(x)),
            (0.0, ahead),
            np.zeros(len(x), dtype=np.intp),
            draws=self.draws,
            level=self.level,
            seed=seed,
        )
        ends, money = (exact_interval(total[:, 0], self.level) for total in (drawn.purchases, drawn.value))
        return by_frequency, {
            "model": fit.model.title,
            "actual": float(bought.sum()),
            "expected": float(expected.sum()),
            "lo": ends.lo,
            "hi": ends.hi,
            "bias": bias(bought, expected),
            "mae": mean_absolute_error(bought, expected),
            "actual_sales": float(data["holdout_spend"].sum()),
            "expected_sales": float(revenue.sum()),
            "actual_revenue": float(data["holdout_spend"].sum()) - returns.came,
            "expected_revenue": returns.net(float(revenue.sum())),
            "revenue_lo": returns.net(money.lo),
            "revenue_hi": returns.net(money.hi),
        }


@dataclass(frozen=True, slots=True)
class _Returns:
    """What comes back in the holdout: of sales made in it a share, of those made before it an amount; what came."""

    kept: float = 1.0
    outstanding: float = 0.0
    came: float = 0.0

    @classmethod
    def between(
        cls, lines: pd.DataFrame | None, customers: pd.Series, calibration_end: str | date, as_of: str | date
    ) -> _Returns:
        """As known at the end of the calibration, and what its customers brought back up to `as_of`."""
        if lines is None:
            return cls()
        known, days = return_development(lines, calibration_end), day_number(as_of) - day_number(calibration_end)
        back = lines[lines["kind"].isin(["return", "cancellation"]) & lines["customer_id"].isin(customers)]
        first, last = (pd.Timestamp(str(day)) for day in (calibration_end, as_of))
        inside = (back["date"] > first) & (back["date"] <= last)
        return cls(known.kept_within(days), known.outstanding(days), -float(back.loc[inside, "net_amount"].sum()))

    def net(self, sales: float) -> float:
        """Revenue net of returns where so much is sold."""
        return sales * self.kept - self.outstanding


@dataclass(frozen=True, eq=False)
class HoldoutResult(TableResult):
    """Expected against actual, model by model.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> check = HoldoutCheck(draws=100).analyze(tables["orders"], "1997-09-30", tables.as_of)

    Attributes:
        spec: What was asked.
        by_frequency: Mean purchases per customer by model and number of repeat purchases.
        frame: One row per model: totals with predictive intervals, bias, mean absolute error, revenue.
        fits: The fitted purchase models by key.
        spend: The fitted spend model.
        calibration_end: Last day the models saw.
        as_of: Last day of the holdout.
    """

    spec: HoldoutCheck
    by_frequency: pd.DataFrame
    frame: pd.DataFrame
    fits: dict[str, PurchaseFit]
    spend: SpendFit
    calibration_end: str
    as_of: str

    name = "holdout_check"
    formats: ClassVar = dict.fromkeys(
        (
            "actual", "expected", "lo", "hi", "actual_sales", "expected_sales", "actual_revenue", "expected_revenue",
            "revenue", "revenue_lo", "revenue_hi",
        ), ",.0f",
    ) | {"mae": ".4f"}  # fmt: skip

    @property
    def judged(self) -> dict[str, Any]:
        """The row that the readout judges: of the model behind the values, else of the one of least error.

        >>> check.judged["model"]
        'MBG/NBD'
        """
        if self.spec.values_by:
            title = self.fits[self.spec.values_by].model.title
            chosen: Any = self.frame[self.frame["model"] == title].to_dict("records")
            row: dict[str, Any] = chosen[0]
            return row
        rows: Any = self.frame.sort_values("mae", kind="stable").to_dict("records")
        first: dict[str, Any] = rows[0]
        return first

    def revenue_ratio(self, title: str) -> float | None:
        """Actual over expected revenue of one model, by title; ``None`` if it was not checked.

        >>> round(check.revenue_ratio("MBG/NBD"), 3)
        1.242

        Args:
            title: Title of a model, like ``MBG/NBD``.

        Returns:
            Actual over expected revenue.
        """
        rows = self.frame[self.frame["model"] == title]
        return None if rows.empty else float((rows["actual_revenue"] / rows["expected_revenue"]).iloc[0])

    def missed(self, title: str) -> bool:
        """Whether revenue came outside the interval of one model, by title; false if it was not checked.

        >>> check.missed("MBG/NBD")
        True

        Args:
            title: Title of a model, like ``MBG/NBD``.

        Returns:
            Whether it did.
        """
        row = self.frame[self.frame["model"] == title]
        inside = row["actual_revenue"].between(row["revenue_lo"], row["revenue_hi"])
        return not bool(inside.all())

    def _money(self, best: dict[str, Any]) -> Message:
        """Where revenue came to, and how much of the gap is purchases, sale per purchase and returns."""
        inside = best["revenue_lo"] <= best["actual_revenue"] <= best["revenue_hi"]
        each = [best[f"{side}_sales"] / max(best[side], 1e-12) for side in ("actual", "expected")]
        kept = [best[f"{side}_revenue"] / max(best[f"{side}_sales"], 1e-12) for side in ("actual", "expected")]
        values = {
            **best, "currency": self.spec.currency, "level": self.spec.level,
            "interval": Message("clv.money_interval", {"lo": best["revenue_lo"], "hi": best["revenue_hi"]}),
            "by_purchases": best["actual"] / best["expected"] - 1, "by_spend": each[0] / each[1] - 1,
            "by_returns": kept[0] / kept[1] - 1,
        }  # fmt: skip
        return Message(f"clv.holdout.revenue_{'inside' if inside else 'outside'}", values)

    def readout(self) -> Readout:
        """By how much the best model was off, whether that lies in its interval, how to use it.

        >>> print(check.readout().finding)
        From 1997-09-30 to 1998-06-30 customers bought 1,882 times; MBG/NBD had expected 1,577 ...
        """
        best = self.judged
        inside, low = best["lo"] <= best["actual"] <= best["hi"], best["expected"] < best["actual"]
        values = {
            **best,
            "start": self.calibration_end,
            "end": self.as_of,
            "interval": Message("clv.count_interval", {"lo": best["lo"], "hi": best["hi"]}),
            "level": self.spec.level,
            "gap": best["actual_revenue"] / best["expected_revenue"] - 1,
            "money": self._money(best),
        }
        key = "inside" if inside else ("below" if low else "above")
        return Readout.of("clv.holdout", values, certainty=key, action=self._action(best["model"], inside))

    def _action(self, title: str, counts_held: bool) -> Message | str:
        if any(fit.model.title == title and fit.refusal() for fit in self.fits.values()):
            return Message("clv.value.refused_action")
        if self.missed(title):
            return "missed_action"
        return "action" if counts_held else "cancelled_action"

    def facts(self) -> tuple[Fact, ...]:
        """Actual and expected totals.

        >>> {fact.id: fact.unit for fact in check.facts()[:2]}
        {'clv.holdout.actual': 'purchases', 'clv.holdout.actual_revenue': 'USD'}
        """
        fact = partial(Fact, n=next(iter(self.fits.values())).n, window=f"{self.calibration_end}/{self.as_of}")
        judged = self.judged
        actual, revenue = judged["actual"], judged["actual_revenue"]
        expected = facts_of(
            self.frame.assign(key=list(self.fits)), "clv.holdout.{key}.expected", "clv.holdout.expected", "expected",
            "purchases", ends=("lo", "hi"), level=self.spec.level, kind="forecast", **fact.keywords,
        )  # fmt: skip
        return (
            fact("clv.holdout.actual", "clv.holdout.actual", actual, "purchases"),
            fact("clv.holdout.actual_revenue", "clv.holdout.actual_revenue", revenue, self.spec.currency),
            Fact(
                "clv.holdout.expected_revenue",
                Message("clv.holdout.expected_revenue", {"model": judged["model"]}), judged["expected_revenue"],
                self.spec.currency, Interval(judged["revenue_lo"], judged["revenue_hi"], self.spec.level),
                kind="forecast", **fact.keywords,
            ),
            *expected,
        )  # fmt: skip
