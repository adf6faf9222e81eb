"""Time to return: hazard ratios of features known on a day, by Cox and discrete-time regression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, as_date, check_settings, need_columns, not_among, too_small
from crm_lab.churn.definition.labels import days_to_next_order
from crm_lab.data.kernels.purchase_log import order_table
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.stats.hazard import CoxFit, HazardFit, PersonPeriods, cox, discrete_hazard, person_periods
from crm_lab.stats.intervals import z_value
from crm_lab.stats.survival import SurvivalCurve, kaplan_meier

Clock = Literal["silence", "waiting"]
EVENTS_PER_COVARIATE = 10


@dataclass(frozen=True)
class ReturnHazard:
    """Rate of return by Cox regression and by discrete-time hazard: what each doubling of a feature does to it.

    No definition of churn is needed: customers who have not come back by the last day are censored.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> features = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30").by_customer
    >>> spec = ReturnHazard(covariates=("n_days", "order_value"))
    >>> returning = spec.analyze(features, orders, as_of="1997-09-30", last_day="1998-06-30")
    >>> returning.to_frame()[["feature", "ratio"]].round(2).to_numpy().tolist()
    [['n_days', 1.95], ['order_value', 1.09]]

    Args:
        covariates: Features, each entered as log2(1 + value).
        clock: ``silence`` counts days since the last purchase: a customer silent for 100 days on the day is at risk
            from day 100 on (delayed entry), and length of silence needs no covariate. ``waiting`` counts days since
            the day itself; recency then belongs to the covariates.
        period_days: Length of a period of the discrete-time hazard, days; it counts from the day, whatever the clock.
        level: Level of the intervals.

    Source:
        Cox (1972), Regression models and life-tables.
    """

    covariates: tuple[str, ...] = ("n_days", "order_value", "units_per_day")
    clock: Clock = "silence"
    period_days: int = 91
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, clock=("silence", "waiting")),
            too_small(self, period_days=1),
            covariates=not self.covariates and "name one feature or more",
        )

    def analyze(
        self, features: pd.DataFrame, orders: IntoFrame, *, as_of: str | date, last_day: str | date, **names: str
    ) -> Returning:
        """Follow every customer from `as_of` to the first purchase after it, or to `last_day`.

        >>> spec.analyze(features, orders, as_of="1997-09-30", last_day="1998-03-31").events
        592

        Args:
            features: Known on `as_of`, indexed by customer, with `recency_days`.
            orders: The table `orders`, going beyond `as_of`.
            as_of: The day from which customers are followed.
            last_day: Last day the data cover.
            names: Names of columns of the orders: customer, date, amount.

        Returns:
            Hazard ratios and odds ratios with intervals.

        Raises:
            BadInput: If a feature is missing or never varies, or `last_day` is not after `as_of`.
        """
        need_columns(features.columns, (*self.covariates, "recency_days"), "features")
        start, end = day_number(as_of), day_number(last_day)
        if end <= start:
            raise BadInput(f"last_day is {last_day}, not after as_of {as_of}; nobody could have come back.")
        flat = [c for c in self.covariates if features[c].nunique() < 2]
        if flat:
            raise BadInput(f"{', '.join(flat)} has one value for all customers; leave it out of covariates.")
        first = days_to_next_order(order_table(orders, **names), features.index, start, end)
        back, waited = (~np.isnan(first)).astype(float), np.nan_to_num(first, nan=end - start)
        x = doublings(features, self.covariates)
        events = int(back.sum())
        if events < EVENTS_PER_COVARIATE * len(self.covariates):
            none = pd.DataFrame({"feature": self.covariates})
            return Returning(none, self, as_date(as_of), len(back), events, None, kaplan_meier(waited, back))
        silent = features["recency_days"].to_numpy(dtype=float)
        fitted = cox(waited, back, x) if self.clock == "waiting" else cox(silent + waited, back, x, entry=silent)
        frame = self._table(fitted, self._discrete(waited, back, x, silent))
        curve = kaplan_meier(waited, back, level=self.level)
        return Returning(frame, self, as_date(as_of), len(back), events, fitted, curve)

    def _discrete(self, waited: Floats, back: Floats, x: Floats, silent: Floats) -> HazardFit:
        """The discrete-time twin: periods since the day; on the clock of silence with its log as a covariate."""
        periods = np.ceil(waited / self.period_days).astype(int)
        spread = person_periods(periods, back)
        design = np.column_stack([x, np.log2(1 + silent)]) if self.clock == "silence" else x
        return discrete_hazard(spread, design[spread.unit], _told_apart(spread, int(np.percentile(periods, 90))))

    def _table(self, fitted: CoxFit, discrete: HazardFit) -> pd.DataFrame:
        z, k = z_value(self.level), len(self.covariates)
        columns: dict[str, object] = {"feature": list(self.covariates)}
        for name, coef, se in (("ratio", fitted.coef, fitted.se), ("odds", discrete.coef[:k], discrete.se[:k])):
            columns |= {name: np.exp(coef), f"{name}_lo": np.exp(coef - z * se), f"{name}_hi": np.exp(coef + z * se)}
        return pd.DataFrame(columns)


def _told_apart(spread: PersonPeriods, most: int) -> int:
    """The most periods, the last one with all later ones, of which each has customers who came back and who did not."""
    for periods in range(most, 1, -1):
        place = np.clip(spread.period, 1, periods) - 1
        events, rows = np.bincount(place, spread.event, periods), np.bincount(place, minlength=periods)
        if np.all((events > 0) & (events < rows)):
            return periods
    return 1


def doublings(features: pd.DataFrame, names: tuple[str, ...]) -> Floats:
    """log2(1 + value) of each feature (n, k); below 0 counts as 0.

    >>> doublings(pd.DataFrame({"n_days": [1, 3]}), ("n_days",)).tolist()
    [[1.0], [2.0]]
    """
    logs: Floats = np.log2(1 + np.maximum(features[list(names)].to_numpy(dtype=float), 0))
    return logs


@dataclass(frozen=True)
class Returning(TableResult):
    """How each doubling of a feature multiplies the rate of return.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> features = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30").by_customer
    >>> spec = ReturnHazard(covariates=("n_days", "recency_days"), clock="waiting")
    >>> returning = spec.analyze(features, orders, as_of="1997-09-30", last_day="1998-06-30")

    Attributes:
        frame: feature, ratio (hazard ratio by Cox) and odds (by discrete time), each with `_lo` and `_hi`.
        spec: What was asked.
        as_of: The day from which customers were followed.
        customers: Customers followed.
        events: Customers who came back.
        fitted: The Cox fit; missing if too few came back.
        curve: Share not yet back by days since `as_of` (Kaplan–Meier), all customers.
    """

    name = "churn_returning"
    formats: ClassVar = dict.fromkeys(("ratio", "odds"), ".2f")
    frame: pd.DataFrame
    spec: ReturnHazard
    as_of: date
    customers: int
    events: int
    fitted: CoxFit | None
    curve: SurvivalCurve

    def risk(self, features: pd.DataFrame) -> pd.Series:
        """Rank customers known on another day, those least likely to return first; meant for the clock ``waiting``.

        >>> returning.risk(features).index.equals(features.index)
        True

        Args:
            features: The covariates of the fit, indexed by customer.

        Returns:
            Scores by customer; higher means less likely to return.

        Raises:
            BadInput: If too few came back to fit anything.
        """
        if self.fitted is None:
            raise cannot_answer("too_few_returns", n=self.events)
        back = self.fitted.risk(doublings(features, self.spec.covariates))
        return pd.Series(-back, index=features.index, name="Cox")

    def refusal(self) -> Message | None:
        """A sentence if too few came back for so many features, else ``None``.

        >>> returning.refusal() is None
        True
        """
        if self.fitted is not None:
            return None
        least = EVENTS_PER_COVARIATE * len(self.spec.covariates)
        return Message("churn.returning.refusal", {"events": self.events, "least": least})

    def readout(self) -> Readout:
        """The strongest feature, how the rest is known, and what the result cannot show.

        >>> print(returning.readout().finding)
        Each doubling of n_days multiplies the rate of coming back by 2.29 [2.06, 2.56], the ...
        """
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.returning.wait")
        told = self.frame[(self.frame["ratio_lo"] > 1) | (self.frame["ratio_hi"] < 1)]
        row = self._nearest() if told.empty else told.iloc[int(np.log(told["ratio"]).abs().to_numpy().argmax())]
        agrees = (row["ratio"] - 1) * (row["odds"] - 1) >= 0
        values = {
            **row,
            "features": len(self.frame),
            "twin": Message(f"churn.returning.twin_{'agrees' if agrees else 'differs'}"),
            "customers": self.customers,
            "events": self.events,
            "as_of": str(self.as_of),
            "period": self.spec.period_days,
        }
        none = "_none" if told.empty else ""
        return Readout.of("churn.returning", values, f"finding{none}", f"certainty_{self.spec.clock}", f"action{none}")

    def _nearest(self) -> pd.Series:
        """The feature whose ratio lies the most standard errors from 1."""
        mid, lo, hi = np.log(self.frame[["ratio", "ratio_lo", "ratio_hi"]].to_numpy(dtype=float)).T
        return self.frame.iloc[int((np.abs(mid) / (hi - lo)).argmax())]

    def facts(self) -> tuple[Fact, ...]:
        """The hazard ratio of each feature.

        >>> {fact.id: fact.unit for fact in returning.facts()[:2]}
        {'churn.returning.n_days': '', 'churn.returning.recency_days': ''}
        """
        return facts_of(
            self.frame.reindex(columns=["feature", "ratio", "ratio_lo", "ratio_hi"]), "churn.returning.{feature}",
            "churn.label.hazard_ratio", "ratio", ends=("ratio_lo", "ratio_hi"), level=self.spec.level,
            n=self.customers, kind="estimate", window=Message("churn.fact.since", {"as_of": str(self.as_of)}),
            definition="churn.fact.hazard_ratio", refusal=self.refusal(),
        )  # fmt: skip
