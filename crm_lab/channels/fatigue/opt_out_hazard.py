"""`OptOutHazard`: the chance that a message is the last one a customer wants, by the messages before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from crm_lab.arrays import Floats, Integers
from crm_lab.channels.fatigue.contact_doses import ContactDoses
from crm_lab.channels.fatigue.dose_weights import dose_weights, history_before
from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import wilson, z_value

_FEWEST: Final = 20  # opt-outs on which a slope can rest


@dataclass(frozen=True, kw_only=True)
class OptOutHazard:
    """How the hazard of opting out is estimated.

    Opting out is absorbing: whoever has done it gets no further message, so a customer counts at each message up to
    that one (a discrete-time hazard), and a share of customers by their total of messages would be upside down.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.opt_out": 0.01}))
    >>> result = OptOutHazard().analyze(ContactDoses.of(log, without=["save_offer"]))
    >>> bool(result.interval.lo < 0.01 < result.interval.hi)
    True

    Attributes:
        weighted: Whether messages are weighted for targeting by what was known of the customer before.
        least: Messages that a dose needs to have a row of its own.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.

    Source:
        Singer & Willett (1993) for the hazard; Robins, Hernán & Brumback (2000) for the weights.
    """

    weighted: bool = True
    least: int = 100
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, least=1), not_levels(self, "level"))

    def analyze(self, doses: ContactDoses) -> OptOutHazardResult:
        """Fit a line of the hazard over the dose.

        >>> OptOutHazard(weighted=False).analyze(ContactDoses.of(log)).weights.tolist()[:2]
        [1.0, 1.0]

        Args:
            doses: Messages with the number of those before; the log knows who opted out when.

        Returns:
            Hazard by dose, and its rise per message with the interval.

        Raises:
            CannotAnswer: If opting out is not known, hardly happened, or doses do not vary.
        """
        if not len(doses.log.opted_out):
            raise cannot_answer("opt_out_not_known")
        event = opt_out_events(doses)
        arrived = (
            doses.rows["delivered"].fillna(1).to_numpy() == 1
            if "delivered" in doses.rows
            else np.ones(len(event), bool)
        )
        event, rows = event[arrived], doses.rows[arrived]
        n = int(event.sum())
        if n < _FEWEST:
            raise cannot_answer("few_opt_outs", n=n, least=_FEWEST)
        dose = rows["dose"].to_numpy()
        if not np.ptp(dose):
            raise cannot_answer("doses_do_not_vary", messages=len(dose), days=doses.memory_days)
        weights = dose_weights(dose, history_before(doses)[arrived]) if self.weighted else np.ones(len(dose))
        coef, covariance, ci = hazard_line(event, dose.astype(float), weights, self.level)
        return OptOutHazardResult(self, doses, self._table(event, dose, weights), coef, covariance, ci, n, weights)

    def _table(self, event: Floats, dose: Integers, weights: Floats) -> pd.DataFrame:
        table = pd.DataFrame({"dose": dose, "event": event, "w": weights, "we": weights * event, "ww": weights**2})
        sums = table.groupby("dose").agg(
            messages=("event", "size"), opt_outs=("event", "sum"), w=("w", "sum"), we=("we", "sum"), ww=("ww", "sum")
        )
        hazard, effective = sums["we"] / sums["w"], sums["w"] ** 2 / sums["ww"]
        lo, hi = wilson((hazard * effective).to_numpy(), effective.to_numpy(), self.level)
        frame = sums[["messages", "opt_outs"]].assign(
            rate=sums["opt_outs"] / sums["messages"], hazard=hazard, lo=lo, hi=hi
        )
        return frame[frame["messages"] >= self.least].reset_index()


def opt_out_events(doses: ContactDoses) -> Floats:
    """1 for the last message before a customer opted out, if that was within the memory of it; shape (rows,).

    Args:
        doses: Messages, by customer and day.

    Returns:
        0 or 1 for each.
    """
    who, day = doses.rows["customer"].to_numpy(), doses.rows["day"].to_numpy()
    out = doses.log.opted_out[who]
    following = np.append(day[1:], np.iinfo(np.int64).max)
    next_day = np.where(np.append(who[1:], -1) == who, following, np.iinfo(np.int64).max)
    soon = (out >= day) & (out < next_day) & (out - day <= doses.memory_days)
    return np.asarray(soon, dtype=np.float64)


def hazard_line(y: Floats, x: Floats, w: Floats, level: float = 0.95) -> tuple[Floats, Floats, Interval]:
    """Weighted least squares of events on a dose, with a score interval of the slope.

    Customers are at risk up to the event, so what each row's event lacks to its hazard is uncorrelated with that of
    others (a martingale). The interval holds every slope that the variance under that very slope allows: with few
    events the variance grows with the slope, and an interval from the variance found would be too short above.

    >>> y, x = np.r_[np.zeros(95), np.ones(5), np.zeros(85), np.ones(15)], np.repeat([0.0, 1.0], 100)
    >>> coef, _, ci = hazard_line(y, x, np.ones(200))
    >>> coef.round(3).tolist(), round(ci.lo, 3), round(ci.hi, 3)
    ([0.05, 0.1], 0.017, 0.179)

    Args:
        y: 1 where the event happened, shape (n,).
        x: Doses, shape (n,).
        w: Weights, shape (n,).
        level: Confidence level.

    Returns:
        Level and slope, shape (2,); their covariance, shape (2, 2); the interval of the slope.

    Source:
        Wilson (1927) for the principle; Aalen, Borgan & Gjessing (2008), Survival and event history analysis, ch. 2.
    """
    design = np.column_stack([np.ones(len(x)), x])
    pulls = np.linalg.solve((design * w[:, None]).T @ design, (design * w[:, None]).T)
    coef = pulls @ y
    squares = pulls[1] ** 2
    mean_y, mean_x = np.average(y, weights=w), np.average(x, weights=w)

    def beyond(slope: float) -> float:
        p = np.clip(mean_y + slope * (x - mean_x), 0.0, 1.0)
        return float((coef[1] - slope) ** 2 - z_value(level) ** 2 * (squares @ (p * (1 - p))))

    p = np.clip(design @ coef, 0.0, 1.0)
    covariance = (pulls * (p * (1 - p))) @ pulls.T
    step = max(float(np.sqrt(covariance[1, 1])), 1e-9)
    return coef, covariance, Interval(_end(beyond, coef[1], -step), _end(beyond, coef[1], step), level)


def _end(beyond: Callable[[float], float], start: float, step: float) -> float:
    """Where a function that is below 0 at the start crosses 0 in a direction."""
    far = start + step
    while beyond(far) < 0:
        step *= 2
        far = start + step
    return float(brentq(beyond, start, far))


@dataclass(frozen=True, eq=False)
class OptOutHazardResult(TableResult):
    """Chance of opting out at a message, by the messages before it.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.opt_out": 0.01}))
    >>> result = OptOutHazard().analyze(ContactDoses.of(log, without=["save_offer"]))

    Attributes:
        spec: What was asked.
        doses: Messages.
        frame: ``dose``, ``messages``, ``opt_outs``, ``rate`` as it came, weighted ``hazard`` with ``lo`` and ``hi``.
        coef: Hazard without messages before, and its rise with each, shape (2,).
        covariance: Of both, shape (2, 2).
        interval: Of the rise per message.
        events: Opt-outs.
        weights: Of each delivered message, shape (messages,).
    """

    spec: OptOutHazard
    doses: ContactDoses
    frame: pd.DataFrame = field(repr=False)
    coef: Floats
    covariance: Floats
    interval: Interval
    events: int
    weights: Floats = field(repr=False)

    name: ClassVar[str] = "opt_out_hazard"
    formats: ClassVar[Mapping[str, str]] = dict.fromkeys(("rate", "hazard", "lo", "hi"), ".2%")

    def readout(self) -> Readout:
        """By how much a further message raises the chance, how sure that is, and what to do.

        >>> result.readout().finding.key
        'channels.opt_out.finding_rises'
        """
        ci = self.interval
        values: dict[str, Any] = {
            "rise": 100 * self.coef[1], "lo": 100 * ci.lo, "hi": 100 * ci.hi, "level": ci.level, "events": self.events,
            "messages": len(self.weights), "days": self.doses.memory_days, "first": self.coef[0],
        }  # fmt: skip
        way = "rises" if ci.lo > 0 else "open"
        certainty = "certainty" if self.spec.weighted else "certainty_plain"
        return Readout.of("channels.opt_out", values, f"finding_{way}", certainty, f"action_{way}")

    def facts(self) -> tuple[Fact, ...]:
        """Rise of the chance with each message of the days before.

        >>> [fact.id for fact in result.facts()]
        ['fatigue.opt_out.rise', 'fatigue.opt_out.events']
        """
        log = self.doses.log
        return (
            Fact("fatigue.opt_out.rise", "channels.opt_out.fact_rise", float(self.coef[1]), "share", ci=self.interval,
                 kind=log.kind, n=len(self.weights), better="down"),
            Fact("fatigue.opt_out.events", "channels.opt_out.fact_events", self.events, "customers", kind=log.counted),
        )  # fmt: skip
