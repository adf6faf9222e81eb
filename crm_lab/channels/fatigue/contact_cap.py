"""`ContactCap`: how many messages within the memory of customers pay, from fatigue, opt-outs and their worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.channels.fatigue.fatigue_slope import FatigueSlopeResult
from crm_lab.channels.fatigue.opt_out_hazard import OptOutHazardResult
from crm_lab.checks import check_settings, negative, not_levels, not_positive, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.bootstrap import percentile_interval


@dataclass(frozen=True, kw_only=True)
class ContactCap:
    """What a message brings and costs; none of it can be read from who was written to, so it is asked.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.channels.fatigue import ContactDoses, FatigueSlope, OptOutHazard
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.opt_out": 0.01}))
    >>> doses = ContactDoses.of(log, without=["save_offer"])
    >>> cap = ContactCap(open_worth=0.6, opt_out_cost=20, message_cost=0.1)
    >>> cap.analyze(FatigueSlope().analyze(doses), OptOutHazard().analyze(doses)).cap
    1

    Attributes:
        open_worth: Margin that an opened message brings, as a test with a hold-out found it.
        opt_out_cost: Margin lost with a customer who can no longer be written to.
        message_cost: Cost of a message.
        draws: Draws of the slopes from what is known of them.
        level: Confidence level.
        seed: Of the draws.

    Raises:
        BadInput: If a setting is wrong.
    """

    open_worth: float
    opt_out_cost: float
    message_cost: float
    draws: int = 4000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            self, not_positive(self, "open_worth"), negative(self, "opt_out_cost", "message_cost"),
            too_small(self, draws=100), not_levels(self, "level"),
        )  # fmt: skip

    def analyze(self, slope: FatigueSlopeResult, opt_out: OptOutHazardResult | None = None) -> ContactCapResult:
        """Add up what the first, second, ... message within the memory brings.

        >>> ContactCap(open_worth=9, opt_out_cost=0, message_cost=0).analyze(FatigueSlope().analyze(doses)).beyond
        True

        Args:
            slope: Fatigue of opens.
            opt_out: Hazard of opting out; needed unless an opt-out costs nothing.

        Returns:
            Net worth of each message, and the number up to which each pays for itself.

        Raises:
            CannotAnswer: If the slope is not that of opens, the hazard is missing, or no dose has enough messages.
        """
        if slope.spec.outcome != "opened" or not len(slope.frame):
            raise cannot_answer("cap_needs_opens")
        if self.opt_out_cost and opt_out is None:
            raise cannot_answer("cap_needs_opt_outs", cost=self.opt_out_cost)
        dose = np.arange(int(slope.frame["dose"].max()) + 1, dtype=float)
        rng = np.random.default_rng(self.seed)
        b = rng.normal(slope.fit.coef[0], slope.fit.se[0], self.draws)
        line = np.zeros((self.draws, 2))
        middle = np.zeros(2)
        if opt_out is not None:
            middle = opt_out.coef
            line = rng.multivariate_normal(opt_out.coef, opt_out.covariance, self.draws)
        net = self._net(slope.rate_at_none, slope.fit.coef[:1], middle[None], dose)[0]
        drawn = self._net(slope.rate_at_none, b, line, dose)
        ends = np.array([percentile_interval(column, self.level) for column in drawn.T])
        frame = pd.DataFrame({
            "message": dose.astype(np.int64) + 1, "open_rate": slope.rate_at_none * np.exp(slope.fit.coef[0] * dose),
            "hazard": np.clip(middle[0] + middle[1] * dose, 0, 1), "net_worth": net, "lo": ends[:, 0], "hi": ends[:, 1],
        })  # fmt: skip
        caps = _cap(drawn)
        lo, hi = (int(x) for x in np.quantile(caps, [(1 - self.level) / 2, (1 + self.level) / 2], method="nearest"))
        return ContactCapResult(self, slope, frame, int(_cap(net[None])[0]), Interval(lo, hi, self.level))

    def _net(self, rate: float, b: Floats, line: Floats, dose: Floats) -> Floats:
        """Net worth of a message by the messages before it, shape (draws, doses)."""
        opened = np.minimum(rate * np.exp(b[:, None] * dose), 1.0)
        leaves = np.clip(line[:, :1] + line[:, 1:] * dose, 0, 1)
        return np.asarray(opened * self.open_worth - self.message_cost - leaves * self.opt_out_cost)


def _cap(net: Floats) -> Floats:
    """Messages up to the first that does not pay for itself, shape (draws,)."""
    return np.asarray(np.cumprod(net >= 0, axis=1).sum(axis=1))


@dataclass(frozen=True, eq=False)
class ContactCapResult(TableResult):
    """Net worth of the first, second, ... message within the memory, and the cap.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.channels.fatigue import ContactDoses, FatigueSlope
    >>> log = of_retailer(make_retailer("fashion", n_customers=800, seed=7, overrides={"contacts.fatigue": 0.4}))
    >>> slope = FatigueSlope().analyze(ContactDoses.of(log, without=["save_offer"]))
    >>> result = ContactCap(open_worth=0.6, opt_out_cost=0, message_cost=0.1).analyze(slope)

    Attributes:
        spec: What was asked.
        slope: Fatigue of opens.
        frame: ``message`` (first, second, ...), ``open_rate``, ``hazard`` of opting out, ``net_worth`` with ``lo``
            and ``hi``.
        cap: Messages that pay for themselves, one after the other.
        ci: Interval of the cap, in whole messages.
    """

    spec: ContactCap
    slope: FatigueSlopeResult
    frame: pd.DataFrame = field(repr=False)
    cap: int
    ci: Interval

    name: ClassVar[str] = "contact_cap"
    formats: ClassVar[Mapping[str, str]] = {
        "open_rate": ".1%", "hazard": ".2%", **dict.fromkeys(("net_worth", "lo", "hi"), ",.3f"),
    }  # fmt: skip

    @property
    def beyond(self) -> bool:
        """Whether even the last message that was tried pays, so that the cap may be higher than the data reach.

        >>> result.beyond
        False
        """
        return self.cap == len(self.frame)

    def readout(self) -> Readout:
        """How many messages pay, what that rests on, and what to do.

        >>> result.readout().finding.key
        'channels.cap.finding'
        """
        values: dict[str, Any] = {
            "cap": self.cap, "lo": self.ci.lo, "hi": self.ci.hi, "level": self.ci.level, "most": len(self.frame),
            "days": self.slope.doses.memory_days, "currency": self.slope.doses.log.currency,
            "worth": self.spec.open_worth, "loss": self.spec.opt_out_cost, "cost": self.spec.message_cost,
        }  # fmt: skip
        part = "none" if not self.cap else "beyond" if self.beyond else ""
        end = f"_{part}" if part else ""
        return Readout.of("channels.cap", values, f"finding{end}", action=f"action{end}")

    def facts(self) -> tuple[Fact, ...]:
        """The cap with its interval.

        >>> [fact.id for fact in result.facts()]
        ['fatigue.cap']
        """
        label = Message("channels.cap.fact", {"days": self.slope.doses.memory_days})
        return (
            Fact("fatigue.cap", label, self.cap, "messages", ci=self.ci, kind=self.slope.doses.log.kind, decides=True),
        )  # fmt: skip
