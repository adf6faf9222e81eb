"""Customer lifetime value: discounted margin of future purchases, with predictive intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_among, not_levels, not_portions, too_small
from crm_lab.clv.fitting.return_development import share_kept
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.sampling.posterior_draws import seed_of
from crm_lab.clv.spend.spend_model import SpendFit, fit_spend
from crm_lab.clv.validation.holdout import HoldoutResult
from crm_lab.clv.validation.left_truncation import FirstPurchases
from crm_lab.clv.validation.standing import Standing
from crm_lab.clv.validation.total_forecast import TotalForecastResult
from crm_lab.clv.value.group_value import VALUE_BANDS, GroupValueResult, wider
from crm_lab.clv.value.valuation import Draws, Valuation, valuation
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit, purchase_summary
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.inequality import top_count


@dataclass(frozen=True)
class CustomerValue:
    """Customer lifetime value over a horizon: discounted margin of the expected purchases.

    Value = margin x sum over expected purchases of expected spend, each discounted to the as-of date.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> value = CustomerValue(margin=0.3, draws=100).fit(tables["orders"], tables.as_of)
    >>> value.to_frame()[["customer_id", "value"]].round(1).iloc[0].tolist()
    ['1981', np.float64(280.0)]

    Args:
        model: Purchase model. The default lets one-time buyers have left, which BG/NBD cannot.
        horizon_days: Length of the future counted.
        annual_discount_rate: 0.1 is 10 % a year, compounded in exact calendar time.
        margin: Share of spend that stays as contribution.
        level: Of the predictive intervals.
        draws: Predictive draws behind the intervals.
        unit: Unit of time of the model's parameters; changes no value.
        currency: ISO code, for the readout.
        start_days: Where in the future counting starts; 365 with a horizon of 730 values the second year.
    """

    model: str = "mbgnbd"
    horizon_days: int = 365
    annual_discount_rate: float = 0.10
    margin: float = 1.0
    level: float = 0.90
    draws: int = 250
    unit: Unit = "W"
    currency: str = "USD"
    start_days: int = 0

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, model=MODELS, unit=UNIT_DAYS),
            not_portions(self, "margin"),
            not_levels(self, "level"),
            too_small(self, horizon_days=1, draws=100),
            start_days=not 0 <= self.start_days < self.horizon_days and "it must be 0 or more and before horizon_days",
            annual_discount_rate=not 0 <= self.annual_discount_rate < 10 and "write 0.1 for 10 % a year",
        )

    def fit(
        self,
        purchases: IntoFrame,
        as_of: str | date,
        *,
        check: HoldoutResult | None = None,
        record: TotalForecastResult | None = None,
        lines: pd.DataFrame | None = None,
        margins: pd.Series | None = None,
        first: FirstPurchases | None = None,
        rng: np.random.Generator | int = 0,
        **names: str,
    ) -> CustomerValueResult:
        """Fit both models to the purchases up to a date and value every customer.

        >>> CustomerValue(model="bgnbd", draws=100).fit(tables["orders"], tables.as_of).fit.titles
        ('bgnbd', 'BG/NBD')

        Args:
            purchases: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Last day that counts; values are as of its evening.
            check: A holdout check of the same model; where revenue came outside its interval, that is said and
                the total has no interval.
            record: The total of the same horizon and model, tried at past dates. Values are then brought to it (season,
                and what past dates correct), the total has its interval, and where it is refused so are values.
            lines: Sales and returns, as in `returns_by_sale`: the share of sales that comes back in the end is taken
                off. By default they are read from `purchases` where those hold returns (`kind` and negative
                ``net_amount``); without either, values are of sales before returns, and that is said.
            margins: Margin of each customer, by customer_id, in place of one for all; it may be negative.
            first: When customers were first seen; where many are older than the records, that is said.
            rng: Seed or generator of the predictive draws.
            names: Names of columns as in `purchase_summary`: customer, date, amount.

        Returns:
            The value of every customer with its predictive interval.

        Raises:
            BadInput: If the purchases cannot be used; see `purchase_summary`, `PurchaseModel.fit`.
        """
        purchases = purchase_table(purchases, also=["kind"], **names)
        stays = share_kept(purchases if lines is None else lines, as_of)
        summary = purchase_summary(purchases, as_of, unit=self.unit)
        fit = replace(
            purchase_model(self.model, self.unit).fit(summary), old_base=first is not None and first.truncated
        )
        spend = fit_spend(summary)
        missed = None if check is None else check.revenue_ratio(fit.model.title)
        off = check is not None and check.missed(fit.model.title)
        window = (self.start_days / UNIT_DAYS[self.unit], self.horizon_days / UNIT_DAYS[self.unit])
        draws = Draws(self.draws, self.level, seed_of(rng))
        margin = self.margin * (1.0 if stays is None else stays)
        alike = worth = valuation(summary, fit, spend, window, self.annual_discount_rate, margin, draws)
        if margins is not None:
            worth = worth.at_margins(margins, summary["customer_id"], self.margin)
            margin *= float(worth.value.sum() / alike.value.sum())
        if record is None:
            return CustomerValueResult(self, summary, fit, spend, str(as_of), worth, stays, missed, off, margin=margin)
        self._check_record(record)
        uncorrected = float(worth.expected @ spend.expected_spend(summary["frequency"], summary["monetary_value"]))
        worth = worth.times(record.money[0] / uncorrected)
        return CustomerValueResult(self, summary, fit, spend, str(as_of), worth, stays, record=record, margin=margin)

    def _check_record(self, record: TotalForecastResult) -> None:
        """Refuse a record of another model or horizon."""
        ours = (self.model, self.horizon_days, self.start_days, self.level)
        theirs = (record.spec.model, record.spec.horizon_days, 0, record.spec.level)
        if ours != theirs:
            raise BadInput(
                f"The record is of model {theirs[0]}, {theirs[1]} days and level {theirs[3]}, the value of {ours[0]}, "
                f"{ours[1]} days from day {ours[2]} and level {ours[3]}; give both the same."
            )


@dataclass(frozen=True, eq=False)
class CustomerValueResult(Result):
    """The value of every customer, and of any grouping of them.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> value = CustomerValue(margin=0.3, draws=100).fit(tables["orders"], tables.as_of)

    Attributes:
        spec: What was asked.
        summary: Purchase summary, one row per customer.
        fit: Purchase model.
        spend: Spend model.
        as_of: Date of the values.
        valuation: Expected and drawn purchases and values, as arrays.
        stays: Share of sales that stays sold, counted in the values; ``None`` where returns are not known.
        missed: Actual over expected revenue of the model on held-out time, where it was checked.
        off: Whether that lies outside the model's interval, so that an interval of the total would not be earned.
        record: The total as past dates let it stand, to which values were brought, or ``None``.
        margin: Share of sales that is contribution, over all customers' values, net of returns where they are known.
    """

    spec: CustomerValue
    summary: pd.DataFrame
    fit: PurchaseFit
    spend: SpendFit
    as_of: str
    valuation: Valuation
    stays: float | None = None
    missed: float | None = None
    off: bool = False
    record: TotalForecastResult | None = None
    margin: float = 1.0

    name = "customer_value"
    formats: ClassVar = {
        "frequency": ",.0f",
        **dict.fromkeys(("recency", "T"), ",.1f"),
        **dict.fromkeys(("value", "lo", "hi"), ",.2f"),
    }

    def refusal(self) -> Message | None:
        """A sentence if the models cannot value this base, else ``None``.

        >>> value.refusal() is None
        True
        """
        return self.standing.refusal()

    @property
    def standing(self) -> Standing:
        """What later numbers ask: why values of this base may not be stated, or nothing.

        >>> value.standing.refusal() is None
        True
        """
        return Standing.of(self.fit, self.spend, self.record)

    def to_frame(self) -> pd.DataFrame:
        """One row per customer, highest value first; where no value is stated, its history only, in order of spend.

        Columns: rank, customer_id, value with its predictive interval lo, hi (currency, margin,
        discounted), value_share (of the base's value, up to and with that rank), p_alive, frequency,
        recency, T, monetary_value, expected_purchases, expected_spend (per purchase).

        >>> list(value.to_frame())
        ['rank', 'customer_id', 'value', 'lo', 'hi', 'value_share', 'p_alive', 'frequency', 'recency', 'T',
        'monetary_value', 'expected_purchases', 'expected_spend']
        """
        return self._frame.copy()

    @cached_property
    def _frame(self) -> pd.DataFrame:
        summary = self.summary
        if self.refusal() is not None:
            spend = summary["frequency"] * summary["monetary_value"]
            known = summary.assign(repeat_spend=spend).sort_values(
                ["repeat_spend", "customer_id"], ascending=[False, True], ignore_index=True
            )
            known.attrs = {}
            return known
        worth = self.valuation
        frame = summary.assign(
            p_alive=self.fit.p_alive(summary["frequency"], summary["recency"], summary["T"]),
            expected_purchases=worth.expected,
            expected_spend=self.spend.expected_spend(summary["frequency"], summary["monetary_value"]),
            value=worth.value,
            lo=worth.drawn.lo,
            hi=worth.drawn.hi,
        )
        frame = frame.sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
        frame.insert(0, "rank", np.arange(1, len(frame) + 1))
        frame["value_share"] = frame["value"].cumsum() / frame["value"].sum()
        frame.attrs = {}
        first = ["rank", "customer_id", "value", "lo", "hi", "value_share", "p_alive"]
        return frame[first + [c for c in frame if c not in first]]

    def contact_prices(self, saves: float) -> pd.Series:
        """The most that contacting each customer now may cost, if it saves that share of what leaves in the period.

        Value x (purchases at risk / purchases expected) x `saves`: what is lost because customers leave within the
        period, times what a contact saves of it. It is highest in the middle: who is gone has nothing left to save, who
        is sure to stay needs no contact. The share saved must come from a test (page 14); it is no part of the data.

        >>> float(value.contact_prices(0.1).max()) < float(value.to_frame()["value"].max())
        True

        Args:
            saves: Share of the purchases at risk that a contact saves, 0 to 1.

        Returns:
            Amounts in currency by customer_id, highest first; none where no value is stated.

        Raises:
            BadInput: If the share is impossible.
        """
        if not 0 <= saves <= 1:
            raise BadInput(f"saves is {saves}; write 0.1 for 10 % of what would be lost.")
        summary, worth = self.summary, self.valuation
        if self.refusal() is not None:
            return pd.Series(dtype=float, name="highest_price")
        risk = self.fit.purchases_at_risk(worth.ahead, summary["frequency"], summary["recency"], summary["T"])
        price = np.maximum(worth.lost_with(risk) * saves, 0.0)
        ranked = pd.Series(price, index=pd.Index(summary["customer_id"]), name="highest_price")
        return ranked.sort_values(ascending=False, kind="stable")

    @property
    def purchases_worth(self) -> Floats:
        """Value per unit of expected spend: expected purchases x discount x margin, shape (n,).

        >>> value.purchases_worth.shape
        (2357,)
        """
        return self.valuation.purchases_worth

    def total(self) -> tuple[float, Interval]:
        """Value of the whole base in currency, with its predictive interval.

        >>> total, interval = value.total()
        >>> interval.lo < total < interval.hi
        True
        """
        worth = self.valuation
        total = float(worth.value.sum())
        if self.record is None:
            return total, worth.interval(worth.drawn.value[:, 0])
        return total, Interval(total * self.record.around[0], total * self.record.around[1], self.spec.level)

    def by(self, groups: pd.Series) -> GroupValueResult:
        """The value of groups of customers: segments, cohorts, value bands.

        >>> groups = tables["customer_360"].set_index("customer_id")["n_orders"].ge(5)
        >>> value.by(groups).to_frame()["group"].tolist()
        ['True', 'False']

        Args:
            groups: Group of each customer, indexed by customer_id; customers without one are left out.

        Returns:
            The value of each group with its interval; without where a holdout says that intervals do not hold.
        """
        of = groups.reindex(self.summary["customer_id"])
        codes, names = pd.factorize(of, sort=True)
        worth = self.valuation
        places = np.where(codes < 0, len(names), codes).astype(np.intp)
        drawn, size = worth.in_groups(places), len(names)
        intervals = pd.DataFrame(
            [worth.interval(drawn.value[:, i]) for i in range(size)], columns=["lo", "hi", "level"]
        )
        frame = pd.DataFrame(
            {
                "group": names.astype(str),
                "customers": np.bincount(places, minlength=size)[:size],
                "value": np.bincount(places, weights=worth.value, minlength=size)[:size],
                **intervals[["lo", "hi"]],
            }
        )
        if self.off:
            frame[["lo", "hi"]] = np.nan
        elif self.record is not None:
            frame[["lo", "hi"]] = wider(frame, self.record.around)
        frame["value_per_customer"] = frame["value"] / frame["customers"]
        frame["value_share"] = frame["value"] / worth.value.sum()
        frame = frame.sort_values("value", ascending=False, ignore_index=True)
        return GroupValueResult(frame, self.spec.currency, self.spec.level, self.refusal(), self.off)

    def bands(self) -> GroupValueResult:
        """The base in value bands: the top 1 %, the next 9 %, the next 40 %, and the rest.

        >>> value.bands().to_frame()["group"].tolist()
        ['next_9_percent', 'next_40_percent', 'top_1_percent', 'rest']
        """
        position = pd.Series(self.valuation.value).rank(ascending=False, method="first").to_numpy() / len(self.summary)
        band = np.searchsorted([0.01, 0.10, 0.50], position)
        return self.by(pd.Series(np.array(VALUE_BANDS, dtype=object)[band], index=self.summary["customer_id"]))

    def to_lifetimes(self) -> tuple[Any, Any]:
        """Fitted objects of the lifetimes package with these estimates: of purchases, of spend.

        >>> [type(fitter).__name__ for fitter in value.to_lifetimes()]
        ['ModifiedBetaGeoFitter', 'GammaGammaFitter']
        """
        from crm_lab.clv.models.lifetimes_adapter import spend_to_lifetimes

        return self.fit.to_lifetimes(), spend_to_lifetimes(self.spend, self.summary)

    def readout(self) -> Readout:
        """What the base is worth, how precise that is, whom to retain.

        >>> print(value.readout().finding)
        The 2,357 customers are worth 20,425 USD [18,971, 22,176] over the next 365 days; the 235 ...
        """
        refusal, n = self.refusal(), len(self.summary)
        if refusal is not None:
            return Readout.of("clv.value", {"n": n}, "refused", refusal, "refused_action")
        (total, interval), top = self.total(), self._top
        values = {
            "n": n,
            "days": self.spec.horizon_days,
            "total": total,
            "currency": self.spec.currency,
            "interval": Message("clv.money_interval", {"lo": interval.lo, "hi": interval.hi}),
            "top": top,
            "share": self._frame["value_share"].iloc[top - 1],
            "level": self.spec.level,
            "model": self.fit.model.title,
            "correlation": self.spend.correlation,
            "gap": (self.missed or 1.0) - 1,
            "cut": self._frame["value"].iloc[top - 1],
            "median": self._frame["value"].median(),
        }
        missed = "_missed" if self.off else ""
        checked = missed or ("" if self.missed is None else "_checked")
        if self.record is not None:
            checked, values = "_record", values | {"record": self.record.record, "season": self.record.season}
        sure = Message(f"clv.value.certainty{checked}", values)
        net, stays = ("_gross", 1.0) if self.stays is None else ("_net" if self.stays < 1 else "", self.stays)
        sure = Message(f"clv.value.of_margin{net}", {"said": sure, "margin": self.spec.margin * stays})
        if self.fit.old_base:
            sure = Message("clv.value.of_old_base", {"said": sure})
        action = "action_record" if self.record is not None else f"action{missed}"
        return Readout.of("clv.value", values, f"finding{missed}", sure, action)

    def _purchases(self) -> tuple[float, Interval]:
        """Purchases expected of the whole base, with their interval."""
        if self.record is not None:
            return self.record.purchases
        worth = self.valuation
        return float(worth.expected.sum()), worth.interval(worth.drawn.purchases[:, 0])

    @property
    def _top(self) -> int:
        """Customers in the most valuable tenth."""
        return top_count(0.1, len(self.summary))

    def facts(self) -> tuple[Fact, ...]:
        """Value of the base, per customer, expected purchases, concentration.

        >>> {fact.id: fact.unit for fact in value.facts()[:2]}
        {'clv.base_value': 'USD', 'clv.value_per_customer': 'USD'}
        """
        refusal = self.refusal()
        if refusal is not None:
            return (Fact("clv.base_value", "clv.value.base", None, refusal=refusal),)
        spec, n, (total, interval) = self.spec, len(self.summary), self.total()
        window = Message("clv.window.after", {"as_of": self.as_of, "days": spec.horizon_days})
        how = {"margin": self.margin, "rate": spec.annual_discount_rate, "gap": (self.missed or 1.0) - 1}
        terms = Message(f"clv.value.definition{'_missed' if self.off else ''}", how)
        held = None if self.off else interval
        each = None if self.off else Interval(interval.lo / n, interval.hi / n, interval.level)
        purchases, likely = self._purchases()
        fact = partial(Fact, kind="forecast", n=n, window=window)
        more = partial(fact, better="up")
        return (
            more("clv.base_value", "clv.value.base", total, spec.currency, held, definition=terms),
            more("clv.value_per_customer", "clv.value.per_customer", total / n, spec.currency, each),
            more("clv.expected_purchases", "clv.value.purchases", purchases, "purchases", None if self.off else likely),
            fact("clv.top_tenth_share", "clv.value.top_share", float(self._frame["value_share"].iloc[self._top - 1]),
                 "share", denominator="clv.value.of_base"),
        )  # fmt: skip
