"""Holdout check: what the models expected of a later period, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import CannotAnswer, Problems
from crm_lab.clv.models.gammagamma import GammaGamma, GammaGammaFit
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.sampling.posterior_draws import Base, draw
from crm_lab.data.kernels.purchases import Unit, calibration_holdout
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result


@dataclass(frozen=True)
class HoldoutCheck:
    """Fit up to one date, predict up to a later one, compare.

    Args:
        models: Purchase models to check, by key.
        level: Of the predictive intervals.
        draws: Predictive draws behind them.
        unit: Unit of time of the models' parameters.
        most: Customers with this many repeat purchases or more form the last row.
        currency: ISO code, for the readout.
    """

    models: tuple[str, ...] = ("bgnbd", "mbgnbd")
    level: float = 0.90
    draws: int = 250
    unit: Unit = "W"
    most: int = 7
    currency: str = "USD"

    def __post_init__(self) -> None:
        problems = Problems("HoldoutCheck settings")
        unknown = [m for m in self.models if m not in MODELS]
        problems.unless(self.models, f"models is empty; name one of {', '.join(MODELS)}.")
        problems.unless(not unknown, f"models has {unknown}; choose among {', '.join(MODELS)}.")
        problems.unless(0.5 <= self.level < 1, f"level is {self.level}; it must lie in [0.5, 1), e.g. 0.9.")
        problems.unless(self.draws >= 100, f"draws is {self.draws}; at least 100 are needed.")
        problems.unless(self.most >= 1, f"most is {self.most}; it must be 1 or more.")
        problems.raise_any()

    def analyze(
        self,
        purchases: IntoFrame,
        calibration_end: str | date,
        as_of: str | date,
        *,
        rng: np.random.Generator | int = 0,
    ) -> HoldoutResult:
        """Compare predictions made at `calibration_end` with what happened up to `as_of`.

        Raises:
            BadInput: If the dates are in the wrong order or nobody bought in the holdout.
        """
        data = calibration_holdout(purchases, calibration_end, as_of, unit=self.unit)
        if not data["holdout_purchases"].any():
            raise CannotAnswer(
                f"None of the {len(data):,} customers bought between {calibration_end} and {as_of}; there is "
                "nothing to check against. Choose an earlier calibration_end."
            )
        spend = GammaGamma().fit(data)
        seed = int(rng.integers(2**31)) if isinstance(rng, np.random.Generator) else int(rng)
        fits = {m: purchase_model(m, self.unit).fit(data) for m in self.models}
        checks = [self._check(fit, spend, data, seed) for fit in fits.values()]
        by_frequency = pd.concat([frame for frame, _ in checks], ignore_index=True)
        totals = pd.DataFrame([row for _, row in checks])
        return HoldoutResult(self, by_frequency, totals, fits, spend, str(calibration_end), str(as_of))

    def _check(
        self, fit: PurchaseFit, spend: GammaGammaFit, data: pd.DataFrame, seed: int
    ) -> tuple[pd.DataFrame, dict[str, object]]:
        x, t_x, T, mean = (data[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T", "monetary_value"))
        ahead = float(data["holdout_duration"].iloc[0])
        expected = fit.conditional_purchases(ahead, x, t_x, T)
        revenue = expected * spend.expected_spend(x, mean)
        rows = pd.DataFrame(
            {
                "model": fit.model.title,
                "repeat_purchases": np.minimum(x, self.most).astype(int),
                "actual": data["holdout_purchases"].to_numpy(),
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
        tail = [(1 - self.level) / 2, (1 + self.level) / 2]
        lo, hi = np.quantile(drawn.purchases[:, 0], tail, method="weibull")
        money_lo, money_hi = np.quantile(drawn.value[:, 0], tail, method="weibull")
        actual, spent = float(data["holdout_purchases"].sum()), float(data["holdout_spend"].sum())
        return by_frequency, {
            "model": fit.model.title,
            "actual": actual,
            "expected": float(expected.sum()),
            "lo": float(lo),
            "hi": float(hi),
            "bias": float(expected.sum()) / actual - 1,
            "mae": float(np.abs(expected - data["holdout_purchases"]).mean()),
            "actual_revenue": spent,
            "expected_revenue": float(revenue.sum()),
            "revenue_lo": float(money_lo),
            "revenue_hi": float(money_hi),
        }


@dataclass(frozen=True, eq=False)
class HoldoutResult(Result):
    """Expected against actual, model by model.

    Attributes:
        spec: What was asked.
        by_frequency: Mean purchases per customer by model and number of repeat purchases.
        totals: One row a model: totals with predictive intervals, bias, mean absolute error, revenue.
        fits: The fitted purchase models by key.
        spend: The fitted spend model.
        calibration_end: Last day the models saw.
        as_of: Last day of the holdout.
    """

    spec: HoldoutCheck
    by_frequency: pd.DataFrame
    totals: pd.DataFrame
    fits: dict[str, PurchaseFit]
    spend: GammaGammaFit
    calibration_end: str
    as_of: str

    name: ClassVar[str] = "holdout_check"
    formats: ClassVar[Mapping[str, str]] = {
        "actual": ",.0f",
        "expected": ",.0f",
        "lo": ",.0f",
        "hi": ",.0f",
        "bias": "+.1%",
        "mae": ".4f",
        "actual_revenue": ",.0f",
        "expected_revenue": ",.0f",
        "revenue_lo": ",.0f",
        "revenue_hi": ",.0f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a model: totals of the holdout, actual and expected."""
        return self.totals.copy()

    @property
    def best(self) -> dict[str, Any]:
        """The row of the model with the least mean absolute error per customer."""
        rows: Any = self.totals.sort_values("mae", kind="stable").to_dict("records")
        first: dict[str, Any] = rows[0]
        return first

    def revenue_ratio(self, title: str) -> float | None:
        """Actual over expected revenue of one model, by title; ``None`` if it was not checked."""
        rows = self.totals[self.totals["model"] == title]
        return None if rows.empty else float((rows["actual_revenue"] / rows["expected_revenue"]).iloc[0])

    def readout(self) -> Readout:
        """By how much the best model was off, whether that lies in its interval, how to use it."""
        best = self.best
        finding = Message(
            "clv.holdout.finding",
            {
                "model": best["model"],
                "start": self.calibration_end,
                "end": self.as_of,
                "actual": best["actual"],
                "expected": best["expected"],
                "interval": Message("clv.count_interval", {"lo": best["lo"], "hi": best["hi"]}),
                "bias": best["bias"],
            },
        )
        inside = best["lo"] <= best["actual"] <= best["hi"]
        low = best["expected"] < best["actual"]
        key = "inside" if inside else ("below" if low else "above")
        certainty = Message(
            f"clv.holdout.{key}", {"level": self.spec.level, "mae": best["mae"], "model": best["model"]}
        )
        gap = best["actual_revenue"] / best["expected_revenue"] - 1
        action = Message(f"clv.holdout.{key}_action", {"gap": abs(gap), "model": best["model"]})
        return Readout(finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """Actual and expected totals."""
        rows: list[Any] = list(self.totals.itertuples(index=False))
        window = f"{self.calibration_end}/{self.as_of}"
        n = next(iter(self.fits.values())).n
        actual = (
            Fact("clv.holdout.actual", "clv.holdout.actual", rows[0].actual, "purchases", n=n, window=window),
            Fact(
                "clv.holdout.actual_revenue",
                "clv.holdout.actual_revenue",
                rows[0].actual_revenue,
                self.spec.currency,
                n=n,
                window=window,
            ),
        )
        expected = tuple(
            Fact(
                f"clv.holdout.{key}.expected",
                Message("clv.holdout.expected", {"model": row.model}),
                row.expected,
                "purchases",
                ci=Interval(row.lo, row.hi, self.spec.level),
                kind="forecast",
                n=n,
                window=window,
            )
            for key, row in zip(self.fits, rows, strict=True)
        )
        return (*actual, *expected)
