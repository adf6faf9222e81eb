"""Value of the next period by any back-tested model, with intervals from its past errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import Problems
from crm_lab.clv.models.model_registry import model_title
from crm_lab.clv.validation.backtest import BackTestResult
from crm_lab.clv.validation.past_errors import WIDEST, usual_errors
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.bootstrap import copies
from crm_lab.stats.inequality import top_count
from crm_lab.stats.pooling.random_effects import NextError, next_error

_GROUPS = 10


@dataclass(frozen=True, eq=False)
class RecordForecast(TableResult):
    """Value of each customer in the next period, with intervals from the back-test's own errors.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import BackTest
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> test = BackTest(models=("nbd", "mbgnbd"), origins=2, draws=50).analyze(tables["orders"], tables.as_of)
    >>> forecast = forecast_by_record(test, "mbgnbd", margin=0.3, samples=20)

    Attributes:
        frame: rank, customer_id, expected_purchases, value (currency), lo, hi; most valuable first.
        total: Value of the base, in currency.
        interval: Of the total.
        model: Key of the model.
        days: Length of the period.
        currency: ISO code.
        problem: Why the model does not fit the base, or ``None``.
    """

    frame: pd.DataFrame
    total: float
    interval: Interval
    model: str
    days: int
    currency: str
    problem: Message | None

    name = "record_forecast"
    formats: ClassVar = dict.fromkeys(("value", "lo", "hi"), ",.2f")

    def to_frame(self) -> pd.DataFrame:
        """One row a customer, most valuable first; without money where the model does not fit the base."""
        return self.frame.copy() if self.problem is None else self.frame[["rank", "customer_id", "expected_purchases"]]

    @property
    def by_tenth(self) -> list[float]:
        """Value of each tenth of customers, most valuable first.

        >>> len(forecast.by_tenth)
        10
        """
        return [float(part.sum()) for part in np.array_split(self.frame["value"].to_numpy(), 10)]

    def refusal(self) -> Message | None:
        """A sentence if the model does not fit the base, else ``None``.

        >>> forecast.refusal() is None
        True
        """
        return self.problem

    def readout(self) -> Readout:
        """The value of the next period, what its interval rests on, where to start.

        >>> print(forecast.readout().finding)
        By MBG/NBD the 2,357 customers bring 5,845 USD [4,303, 7,940] in the next 91 days.
        """
        if self.problem is not None:
            return Readout.of(
                "clv.record", {"n": len(self.frame), "days": self.days}, "refused", self.problem, "refused_action"
            )
        top, value = top_count(0.1, len(self.frame)), self.frame["value"]
        values = {
            "model": model_title(self.model),
            "days": self.days,
            "n": len(self.frame),
            "total": self.total,
            "currency": self.currency,
            "interval": Message("clv.money_interval", {"lo": self.interval.lo, "hi": self.interval.hi}),
            "top": top,
            "share": value.head(top).sum() / value.sum(),
            "cut": value.iloc[top - 1],
            "level": self.interval.level,
        }
        return Readout.of("clv.record", values)

    def facts(self) -> tuple[Fact, ...]:
        """Value of the base in the period.

        >>> {fact.id: fact.unit for fact in forecast.facts()[:2]}
        {'clv.record.base_value': 'USD'}
        """
        window = Message("clv.window.days", {"days": self.days})
        total = partial(Fact, "clv.record.base_value", "clv.record.base", kind="forecast", better="up", window=window)
        if self.problem is not None:
            return (total(None, refusal=self.problem),)
        return (total(self.total, self.currency, self.interval, n=len(self.frame)),)


def forecast_by_record(
    result: BackTestResult,
    model: str = "champion",
    *,
    margin: float = 1.0,
    samples: int = 200,
    rng: np.random.Generator | int = 0,
) -> RecordForecast:
    """Value every customer over the next period, as one of the back-tested models sees it.

    The total's interval holds chance (customers drawn again) and the model's own errors at the origins, as random
    effects. It is corrected only where an origin had the same season, a year or years before, and only as far as
    origins agree. A customer's interval is what
    customers in the same tenth of predictions spent, relative to their predictions.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import BackTest
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> test = BackTest(models=("nbd",), origins=2, draws=50).analyze(tables["orders"], tables.as_of)
    >>> forecast_by_record(test, "nbd", samples=20).days
    91

    Args:
        result: A back-test.
        model: Key of a model in it, or ``champion``.
        margin: Share of spend that stays as contribution.
        samples: Draws of customers.
        rng: Seed or generator.

    Returns:
        The value of every customer in the next period.

    Raises:
        BadInput: If the model was not back-tested or the margin is impossible.
    """
    key = result.champion if model == "champion" else model
    problems = Problems("The forecast")
    problems.unless(key in result.now, f"model is {key!r}; it must be champion or one that was back-tested.")
    problems.unless(0 < margin <= 1, f"margin is {margin}; it must lie in (0, 1].")
    problems.raise_any()
    rng, level = np.random.default_rng(rng), result.spec.level
    now = result.now
    raw = margin * (now[key] * now["spend_each"]).to_numpy()
    past = result.predictions.assign(
        said=margin * result.predictions[key] * result.predictions["spend_each"],
        was=margin * result.predictions["spend"],
    )
    error = _next_error(past, result.spec.horizon_days, result.same_season, samples, rng)
    tail = (1 - level) / 2
    factor = float(np.exp(error.mean))
    value = raw * factor
    lo, hi = _by_tenth(past, raw, tail)
    order = np.argsort(-value, kind="stable")
    frame = pd.DataFrame(
        {
            "rank": np.arange(1, len(now) + 1),
            "customer_id": now["customer_id"].to_numpy()[order],
            "value": value[order],
            "lo": np.minimum(lo, value)[order],
            "hi": np.maximum(hi, value)[order],
            "expected_purchases": now[key].to_numpy()[order],
        }
    )
    ends = [float(np.exp(error.quantile(q))) for q in (tail, 1 - tail)]
    interval = Interval(float(raw.sum()) * ends[0], float(raw.sum()) * ends[1], level)
    spec, ratio = result.spec, ends[1] / ends[0]
    problem = result.refusal() or (Message("clv.total.too_wide", {"ratio": ratio}) if ratio > WIDEST else None)
    return RecordForecast(frame, float(value.sum()), interval, key, spec.horizon_days, spec.currency, problem)


def _next_error(past: pd.DataFrame, days: int, same_season: bool, samples: int, rng: np.random.Generator) -> NextError:
    """Of the logarithm of actual over predicted spend, from those at the origins; chance is customers drawn again."""
    errors, chances = [], []
    for _, rows in past.groupby("origin"):
        said, was = rows["said"].to_numpy(), rows["was"].to_numpy()
        if said.sum() <= 0 or was.sum() <= 0:
            raise cannot_answer("nothing_predicted")
        weight = copies(len(rows), samples, rng).astype(np.float32)
        errors.append(np.log(was.sum() / said.sum()))
        chances.append(float(np.var(np.log(np.maximum(weight @ was, 1e-9) / np.maximum(weight @ said, 1e-9)))))
    return next_error(
        np.array(errors),
        np.array(chances),
        usual_errors(days),
        own_variance=float(np.mean(chances)),
        persistent=same_season,
    )


def _by_tenth(past: pd.DataFrame, raw: Floats, tail: float) -> tuple[Floats, Floats]:
    """Quantiles of actual over predicted spend in the customer's tenth of predictions, times `raw`."""
    said, was = past["said"].to_numpy(), past["was"].to_numpy()
    cuts = np.unique(np.quantile(said, np.arange(1, _GROUPS) / _GROUPS))
    group, place = np.searchsorted(cuts, said), np.searchsorted(cuts, raw)
    ends = np.zeros((len(cuts) + 1, 2))
    for tenth in range(len(ends)):
        own = group == tenth
        if own.any():
            ends[tenth] = np.quantile(was[own] / np.maximum(said[own], 1e-12), [tail, 1 - tail])
    return raw * ends[place, 0], raw * ends[place, 1]
