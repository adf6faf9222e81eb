"""The total of a coming period on the shop's own clock, with an interval that holds what past dates missed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import CannotAnswer, as_date, check_settings, not_among, not_levels, too_small
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.sampling.posterior_draws import Base, draw, seed_of
from crm_lab.clv.spend.spend_model import fit_spend
from crm_lab.clv.validation.past_errors import WIDEST, usual_errors
from crm_lab.clv.validation.period_forecast import PeriodForecast, summary_on_clock
from crm_lab.clv.validation.purchase_clock import FLAT, PurchaseClock, purchase_clock
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit, purchase_days
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.pooling.random_effects import NextError, next_error

_TWO_YEARS = 730
_MOST_ORIGINS = 4
_BUYERS = 10  # repeat buyers an origin must have


@dataclass(frozen=True)
class TotalForecast:
    """Forecast what the customers known today bring in a coming period, and try it at past dates.

    At each date, one period apart, the model is fitted to what was known and its total held against what came. The
    interval of the coming total holds parameters, chance and the errors of those dates (random effects). A correction
    is made only with two years of records, where a past date had the same season, and only as far as dates agree. The
    season is learned at each date from what was known then, and used now only if a past date could use its own.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> total = TotalForecast(horizon_days=182, draws=50).analyze(tables["orders"], tables.as_of)
    >>> total.to_frame()["origin"].astype(str).tolist()
    ['1997-12-30', '1997-07-01']

    Args:
        model: Purchase model.
        horizon_days: Length of the period.
        level: Of the intervals.
        draws: Predictive draws behind the part that is parameters and chance.
        unit: Unit of time of the model's parameters.
        currency: ISO code, for the readout.
    """

    model: str = "mbgnbd"
    horizon_days: int = 365
    level: float = 0.90
    draws: int = 100
    unit: Unit = "W"
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, model=MODELS, unit=UNIT_DAYS),
            too_small(self, horizon_days=7, draws=20),
            not_levels(self, "level"),
        )

    def analyze(
        self, purchases: IntoFrame, as_of: str | date, *, rng: np.random.Generator | int = 0
    ) -> TotalForecastResult:
        """Forecast the period after a date.

        >>> TotalForecast(horizon_days=91, draws=20).analyze(tables["orders"], "1998-03-31").as_of
        '1998-03-31'

        Args:
            purchases: One row per purchase or order.
            as_of: Last day that counts.
            rng: Seed or generator of the draws.

        Returns:
            The total, its interval, and the past dates it was tried at.

        Raises:
            BadInput: If the purchases cannot be used; see `purchase_summary`, `PurchaseModel.fit`.
        """
        end = day_number(as_date(as_of))
        days = purchase_days(purchases, as_of)
        first, seed = int(days["day"].min()), seed_of(rng)
        length = min(self.horizon_days, (end - first + 1) // 2)
        origins = self._origins(first, end, length)
        clocks = {at: self._clock(days, at) for at in origins}
        clock = self._clock(days, end)
        if origins and all(learned.flat for learned in clocks.values()):
            clock = replace(clock, speed=np.ones_like(clock.speed), reason=clock.reason or "untried")
        now = self._at(days, end, self.horizon_days, clock, seed)
        alike = {at: learned for at, learned in clocks.items() if learned.flat == clock.flat}
        rows = [self._row(days, at, length, learned, seed) for at, learned in alike.items()]
        known = pd.DataFrame([row for row in rows if row is not None], columns=list(_ROW))
        same_season = end - first + 1 >= _TWO_YEARS and (365 % length == 0 or length % 365 == 0) and bool(len(known))
        table = self._held(known, same_season)
        errors = {
            kind: next_error(
                table[f"{kind}_error"].to_numpy(), table[f"{kind}_chance"].to_numpy(), usual_errors(self.horizon_days),
                own_variance=getattr(now, f"{kind}_chance"), persistent=same_season,
            )
            for kind in ("count", "money")
        }  # fmt: skip
        return TotalForecastResult(self, table, now, errors["count"], errors["money"], clock, same_season, str(as_of))

    def _origins(self, first: int, end: int, length: int) -> list[int]:
        if length < 28:
            return []
        dates = [end - length * k for k in range(1, _MOST_ORIGINS + 1)]
        return [at for at in dates if at - first >= max(length // 2, 28)]

    def _clock(self, days: pd.DataFrame, at: int) -> PurchaseClock:
        """The season as it could be read at a date."""
        known = days[days["day"] <= at]
        try:
            plain = purchase_model(self.model, self.unit).fit(summary_on_clock(known, at, FLAT, self.unit))
        except CannotAnswer:
            return PurchaseClock(np.ones(12), "short")
        return purchase_clock(known, plain, at)

    def _at(self, days: pd.DataFrame, at: int, length: int, clock: PurchaseClock, seed: int) -> PeriodForecast:
        """The model's forecast of a period from a date, with what was known then."""
        calendar = MODELS[self.model].leaves_by_calendar
        summary = summary_on_clock(days, at, FLAT if calendar else clock, self.unit)
        fit, spend = purchase_model(self.model, self.unit).fit(summary), fit_spend(summary)
        x, t_x, T, mean = (summary[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T", "monetary_value"))
        unit = UNIT_DAYS[self.unit]
        on_clock = float(clock.between(np.array([at]), np.array([at + length]))[0])
        ahead = (length if calendar else on_clock) / unit
        expected = fit.conditional_purchases(ahead, x, t_x, T) * (on_clock / length if calendar else 1.0)
        each = spend.expected_spend(x, mean)
        base = Base(x, t_x, T, mean, np.ones_like(x))
        drawn = draw(
            fit, spend, base, (0.0, ahead), np.zeros(len(x), dtype=np.intp),
            draws=self.draws, level=self.level, seed=seed,
        )  # fmt: skip
        chance = [float(np.var(np.log(np.maximum(d[:, 0], 1e-9)))) for d in (drawn.purchases, drawn.value)]
        return PeriodForecast(summary["customer_id"], fit, spend, expected, each, chance[0], chance[1])

    def _row(self, days: pd.DataFrame, at: int, length: int, clock: PurchaseClock, seed: int) -> dict[str, Any] | None:
        """One past date: what was expected of its customers, what came."""
        known = days[days["day"] <= at]
        if known["customer_id"].duplicated().groupby(known["customer_id"]).any().sum() < _BUYERS:
            return None
        said = self._at(known, at, length, clock, seed)
        later = days[(days["day"] > at) & (days["day"] <= at + length) & days["customer_id"].isin(said.customers)]
        if later.empty or later["amount"].sum() <= 0:
            return None
        count, money = float(len(later)), float(later["amount"].sum())
        return dict(
            zip(
                _ROW,
                (
                    date(1970, 1, 1) + timedelta(days=int(at)), length, said.purchases, count, said.money, money,
                    float(np.log(count / said.purchases)), float(np.log(money / said.money)),
                    said.count_chance, said.money_chance, said.fit.refusal() is None,
                ), strict=True,
            )
        )  # fmt: skip

    def _held(self, known: pd.DataFrame, same_season: bool) -> pd.DataFrame:
        """Each past date with the interval that the other dates would have given it."""
        ends, chances = [], known["money_chance"].to_numpy(dtype=float)
        usual = usual_errors(int(known["days"].max())) if len(known) else (0.0, 0.0)
        for i, said in enumerate(known["expected_money"].to_numpy(dtype=float)):
            others = known.drop(index=i)
            error = next_error(
                others["money_error"].to_numpy(), others["money_chance"].to_numpy(), usual,
                own_variance=float(chances[i]), persistent=same_season,
            )  # fmt: skip
            tail = (1 - self.level) / 2
            ends.append([said * np.exp(error.quantile(q)) for q in (tail, 1 - tail)])
        table = known.assign(
            lo=np.array([lo for lo, _ in ends], dtype=float), hi=np.array([hi for _, hi in ends], dtype=float)
        )
        return table.assign(held=table["actual_money"].between(table["lo"], table["hi"]))


_ROW = (
    "origin", "days", "expected", "actual", "expected_money", "actual_money", "count_error", "money_error",
    "count_chance", "money_chance", "identified",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class TotalForecastResult(TableResult):
    """The total of the coming period, and the past dates at which it was tried.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> total = TotalForecast(horizon_days=182, draws=50).analyze(tables["orders"], tables.as_of)

    Attributes:
        spec: What was asked.
        frame: One row a past date, the latest first: what was expected and what came, in purchases and in money, the
            logarithm of the ratio, the interval that the other dates would have given, and whether it held.
        now: The model's forecast, before any correction.
        count_error: What the logarithm of actual over expected purchases will be.
        money_error: The same of money.
        clock: The season.
        same_season: Whether past dates had the same season, so that their errors may correct.
        as_of: Date of the forecast.
    """

    spec: TotalForecast
    frame: pd.DataFrame
    now: PeriodForecast
    count_error: NextError
    money_error: NextError
    clock: PurchaseClock
    same_season: bool
    as_of: str

    name = "total_forecast"
    formats: ClassVar = {
        **dict.fromkeys(("expected", "actual", "expected_money", "actual_money", "lo", "hi"), ",.0f"),
        "error": "+.1%",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a past date: what was expected, what came, the interval, whether it held.

        >>> total.to_frame()["days"].tolist()
        [182, 182]
        """
        table = self.frame.assign(error=np.exp(self.frame["money_error"].astype(float)) - 1)
        return table[["origin", "days", "expected_money", "lo", "hi", "actual_money", "error", "held", "identified"]]

    @property
    def correction(self) -> float:
        """What the model's money is multiplied by; 1 where nothing is corrected.

        >>> total.correction
        1.0
        """
        return float(np.exp(self.money_error.mean))

    @property
    def money(self) -> tuple[float, Interval]:
        """Money of the coming period, not discounted, with its interval.

        >>> money, interval = total.money
        >>> interval.lo < money < interval.hi
        True
        """
        said, (lo, hi) = self.now.money, self._ratios()
        return said * self.correction, Interval(said * lo, said * hi, self.spec.level)

    @property
    def purchases(self) -> tuple[float, Interval]:
        """Purchases of the coming period, with their interval.

        >>> total.purchases[1].level
        0.9
        """
        tail, said = (1 - self.spec.level) / 2, self.now.purchases
        lo, hi = (said * float(np.exp(self.count_error.quantile(q))) for q in (tail, 1 - tail))
        return said * float(np.exp(self.count_error.mean)), Interval(lo, hi, self.spec.level)

    def _ratios(self) -> tuple[float, float]:
        tail = (1 - self.spec.level) / 2
        lo, hi = (float(np.exp(self.money_error.quantile(q))) for q in (tail, 1 - tail))
        return lo, hi

    @property
    def around(self) -> tuple[float, float]:
        """Ends of the interval over the total.

        >>> total.around[0] < 1 < total.around[1]
        True
        """
        lo, hi = self._ratios()
        return lo / self.correction, hi / self.correction

    def refusal(self) -> Message | None:
        """Why no total can be stated, or ``None``.

        >>> total.refusal() is None
        True
        """
        edge = self.now.fit.refusal() or self.now.spend.refusal()
        if edge is not None:
            return edge
        lo, hi = self._ratios()
        return Message("clv.total.too_wide", {"ratio": hi / lo}) if hi / lo > WIDEST else None

    def readout(self) -> Readout:
        """The total with its interval, what it rests on, how often such intervals held.

        >>> print(total.readout().finding)
        The 2,357 customers are expected to bring ...
        """
        total, interval = self.money
        values = {
            "n": len(self.now.customers), "days": self.spec.horizon_days, "total": total, "level": self.spec.level,
            "currency": self.spec.currency, "model": self.now.fit.model.title,
            "interval": Message("clv.money_interval", {"lo": interval.lo, "hi": interval.hi}),
            "record": self.record, "season": self.season, "correction": self.correction - 1,
        }  # fmt: skip
        refused = self.refusal()
        if refused is not None:
            return Readout.of("clv.total", values, "refused", refused, Message("clv.value.refused_action"))
        return Readout.of("clv.total", values)

    @property
    def record(self) -> Message:
        """At how many past dates such an interval held.

        >>> print(total.record)
        At ... of 2 past dates, 182 days each, ...
        """
        if self.frame.empty:
            return Message("clv.total.untried")
        held, dates = int(self.frame["held"].sum()), len(self.frame)
        values = {"held": held, "dates": dates, "days": int(self.frame["days"].iloc[0])}
        one = f"_one_{'held' if held else 'missed'}" if dates == 1 else ""
        return Message(f"clv.total.record{one}", values)

    @property
    def season(self) -> Message:
        """What was done about the season.

        >>> total.season.key
        'clv.total.uncorrected'
        """
        said = f"clv.total.season_{self.clock.reason or 'used'}"
        values = {"most": float(self.clock.speed.max()), "least": float(self.clock.speed.min())}
        one = "_one" if len(self.frame) == 1 else ""
        corrected = f"corrected{one}" if self.same_season else "uncorrected"
        share = {"correction": self.correction - 1, "season": Message(said, values)}
        return Message(f"clv.total.{corrected}", share)

    def facts(self) -> tuple[Fact, ...]:
        """Money and purchases of the period, share of past dates at which the interval held.

        >>> [fact.id for fact in total.facts()]
        ['clv.total.money', 'clv.total.purchases', 'clv.total.held']
        """
        refused, n = self.refusal(), len(self.now.customers)
        window = Message("clv.window.after", {"as_of": self.as_of, "days": self.spec.horizon_days})
        money = partial(Fact, "clv.total.money", "clv.total.money", kind="forecast", n=n, window=window, better="up")
        if refused is not None:
            return (money(None, refusal=refused),)
        (total, interval), (count, ends) = self.money, self.purchases
        held = (
            Fact("clv.total.held", "clv.total.held", float(self.frame["held"].mean()), "share", n=len(self.frame)),
        ) if len(self.frame) else ()  # fmt: skip
        return (
            money(total, self.spec.currency, interval),
            Fact(
                "clv.total.purchases", "clv.total.purchases", count, "purchases", ends, kind="forecast", n=n,
                window=window, better="up",
            ),
            *held,
        )  # fmt: skip
