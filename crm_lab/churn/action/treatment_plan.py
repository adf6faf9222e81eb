"""Whom to treat in the week after a day: expected profit under a budget, with a random hold-out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, as_date, check_settings, need_columns, not_portions, not_positive, not_shares
from crm_lab.churn.action.measured_gains import MeasuredGains
from crm_lab.churn.models.churn_calibration import Calibration
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages import Message, named
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import z_value

NEEDED = ("customer_id", "p_churn", "value")
TREATMENT, CONTROL = "treatment", "control"
_WEEKS_OF_A_YEAR = 52
_SEEN = z_value(0.95) + z_value(0.60)  # a two-sided test at 5 % with a power of 80 %


@dataclass(frozen=True)
class TreatmentPlan:
    """Whom to contact: those whose expected profit is positive, the most profitable first, within budget and caps.

    Expected profit of a contact = save_rate x p_churn x value x margin - contact_cost: what it brings if a share
    `save_rate` of those who would not come back does. If `at_risk` is given, it replaces p_churn x value: then only
    customers count who are still here and would leave. High risk is not high response: `save_rate` is the same for all
    and provisional until a hold-out has measured it. Where `gains` are given, what a test measured for each customer
    stands for save_rate x p_churn x value x margin.

    >>> customers = pd.DataFrame({"customer_id": list("abc"), "p_churn": [0.9, 0.5, 0.1], "value": [20.0, 200.0, 50.0]})
    >>> customers = customers.assign(reasons="rhythm", contacts_91=0)
    >>> arms = pd.Series(["treatment", "treatment", "control"], index=list("abc"))
    >>> plan = TreatmentPlan(budget=1.0, contact_cost=0.25)
    >>> alerts = plan.analyze(customers, as_of="2024-06-30", arms=arms, experiment="save")
    >>> alerts.to_frame()["customer_id"].tolist()
    ['b', 'a']

    Args:
        budget: Money to spend on contacts this week, currency.
        contact_cost: Cost of one contact, currency.
        save_rate: Share of would-be leavers whom a contact keeps.
        margin: Contribution margin as a share of revenue.
        max_contacts: Contacts a customer may have had in the last 91 days; more, and none is planned.
        measured: Interval of the save rate from a hold-out round; without one the rate is provisional.
        currency: ISO code of all money.
        owner: Who sees to the list.
        gains: What a contact brings each customer, measured in a randomised test.

    Source:
        Ascarza (2018), Retention futility, Journal of Marketing Research 55.
    """

    budget: float
    contact_cost: float = 1.0
    save_rate: float = 0.10
    margin: float = 0.30
    max_contacts: int = 4
    measured: Interval | None = None
    currency: str = "USD"
    owner: str = "CRM manager"
    gains: MeasuredGains | None = None

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_positive(self, "budget", "contact_cost"),
            not_portions(self, "margin"),
            not_shares(self, "save_rate"),
        )

    def analyze(
        self,
        customers: IntoFrame,
        *,
        as_of: str | date,
        arms: pd.Series,
        experiment: str,
        calibration: Calibration | None = None,
    ) -> Alerts:
        """The week's list, hold-out included.

        >>> plan.analyze(customers, as_of="2024-06-30", arms=arms, experiment="save").considered
        3

        Args:
            customers: customer_id, p_churn, value (revenue at stake over the horizon, currency); where present
                `reasons`, `contacts_91`, and `at_risk` (revenue expected to be lost by leaving, `revenue_at_risk`).
            as_of: Date of the list.
            arms: Customer id to ``treatment`` or ``control``, drawn at random (a salted hash); controls are listed
                and not contacted.
            experiment: Name under which the hold-out is analysed later.
            calibration: How such chances did at past dates; where they did not hold, no money is promised on them.

        Returns:
            The list, with a random hold-out that is not contacted.

        Raises:
            BadInput: If a column is missing, a chance lies outside [0, 1], or a customer has no arm.
        """
        table = as_pandas(customers, "customers")
        need_columns(table.columns, NEEDED, "customers")
        p = table["p_churn"].to_numpy(dtype=float)
        if not ((p >= 0) & (p <= 1)).all():
            raise BadInput("p_churn has values outside 0 to 1, or missing ones; give chances of leaving.")
        arm = arms.reindex(table["customer_id"]).to_numpy()
        unknown = ~np.isin(arm.astype(object), [TREATMENT, CONTROL])
        if unknown.any():
            raise BadInput(f"{int(unknown.sum())} customers have no arm; assign each to '{TREATMENT}' or '{CONTROL}'.")
        stake = table["value"].to_numpy(dtype=float) * self.margin
        loss = table["at_risk"].to_numpy(dtype=float) * self.margin if "at_risk" in table else p * stake
        gains, why = self.save_rate * loss, table["reasons"].tolist() if "reasons" in table else [""] * len(table)
        if self.gains is not None:
            gains, why = self.gains.of(table["customer_id"]), self.gains.reasons(table["customer_id"])
        frame = pd.DataFrame(
            {
                "customer_id": table["customer_id"].to_numpy(),
                "p_churn": p,
                "margin_at_stake": stake,
                "expected_loss": loss,
                "expected_profit": gains - self.contact_cost,
                "break_even": np.divide(self.contact_cost, loss, out=np.full(len(p), np.inf), where=loss > 0),
                "reasons": why,
                "arm": arm,
            }
        )
        contacts = table["contacts_91"] if "contacts_91" in table else pd.Series(-np.inf, table.index)
        capped = contacts.to_numpy(dtype=float) >= self.max_contacts
        chosen = frame[(frame["expected_profit"] > 0) & ~capped]
        chosen = chosen.sort_values(["expected_profit", "customer_id"], ascending=[False, True], ignore_index=True)
        spent = ((chosen["arm"] == TREATMENT) * self.contact_cost).cumsum()
        chosen = chosen[spent <= self.budget + 1e-9]
        chosen.insert(0, "experiment", experiment)
        chosen.insert(2, "as_of", pd.Timestamp(as_date(as_of)))
        chosen.insert(3, "priority", np.arange(1, len(chosen) + 1))
        listed = chosen.reset_index(drop=True)
        return Alerts(listed, self, as_date(as_of), len(frame), int(capped.sum()), calibration)


@dataclass(frozen=True)
class Alerts(TableResult):
    """The table `alerts`: customers to contact, and a hold-out not to contact, to measure the effect.

    >>> customers = pd.DataFrame({"customer_id": list("abc"), "p_churn": [0.9, 0.5, 0.1], "value": [20.0, 200.0, 50.0]})
    >>> customers = customers.assign(reasons="rhythm", contacts_91=0)
    >>> arms = pd.Series(["treatment", "treatment", "control"], index=list("abc"))
    >>> alerts = TreatmentPlan(budget=1.0).analyze(customers, as_of="2024-06-30", arms=arms, experiment="save")

    Attributes:
        frame: experiment, customer_id, as_of, priority, p_churn, margin_at_stake, expected_loss (margin expected to be
            lost if nothing is done), expected_profit, break_even (save rate at which the contact pays), reasons, arm;
            ready for import, one row per customer.
        spec: What was asked.
        as_of: Date of the list.
        considered: Customers looked at.
        capped: Customers left out because they had too many contacts.
        calibration: How such chances did at past dates, where that was looked at.
    """

    name = "alerts"
    formats: ClassVar = {
        "break_even": ".1%",
        **dict.fromkeys(("margin_at_stake", "expected_loss", "expected_profit"), ",.2f"),
    }
    frame: pd.DataFrame
    spec: TreatmentPlan
    as_of: date
    considered: int
    capped: int
    calibration: Calibration | None = None

    def shown(self) -> pd.DataFrame:
        """The table without columns that are the same in every row.

        >>> list(alerts.shown())
        ['customer_id', 'priority', 'p_churn', 'margin_at_stake', 'expected_loss', 'expected_profit',
        'break_even', 'reasons', 'arm']
        """
        return self.frame.drop(columns=["experiment", "as_of"])

    def assignments(self) -> pd.DataFrame:
        """The random assignment as the table `assignments`, which the analysis of the test reads.

        >>> list(alerts.assignments())
        ['experiment', 'customer_id', 'arm', 'assigned_on']
        """
        columns = {"experiment": "experiment", "customer_id": "customer_id", "arm": "arm", "as_of": "assigned_on"}
        return self.frame[list(columns)].rename(columns=columns)

    @property
    def treated(self) -> pd.DataFrame:
        """The rows of customers to contact.

        >>> alerts.treated["customer_id"].tolist()
        ['b']
        """
        return self.frame[self.frame["arm"] == TREATMENT]

    @property
    def break_even(self) -> float:
        """The save rate (0-1) at which the list pays for itself: cost over margin that would be lost.

        >>> round(alerts.break_even, 3)
        0.033
        """
        loss = float(self.treated["expected_loss"].sum())
        return len(self.treated) * self.spec.contact_cost / loss if loss > 0 else float("nan")

    def refusal(self) -> Message | None:
        """A sentence if no contact is expected to pay, else ``None``.

        >>> alerts.refusal() is None
        True
        """
        if len(self.treated):
            return None
        return Message(f"churn.alerts_list.nobody{self._by_test}", {"considered": self.considered})

    @property
    def _by_test(self) -> str:
        """Ending of the sentences that speak of measured gains."""
        return "" if self.spec.gains is None else "_tested"

    def readout(self) -> Readout:
        """Whom to contact, what it is expected to bring, when it pays.

        >>> print(alerts.readout().finding)
        In the week after 2024-06-30 contact 1 of 3 customers for USD 1.00, expected to bring USD 2.00 ...
        """
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, self._certainty(), f"churn.alerts_list.no_action{self._by_test}")
        values = {
            "n": len(self.treated),
            "as_of": str(self.as_of),
            "held": len(self.frame) - len(self.treated),
            "considered": self.considered,
            "cost": len(self.treated) * self.spec.contact_cost,
            "profit": self.treated["expected_profit"].sum(),
            "break_even": self.break_even,
            "currency": self.spec.currency,
            "owner": named("level", self.spec.owner),
        }
        if not self.chances_hold:
            return Readout.of("churn.alerts_list", values, "finding_off", self._certainty(), "action_off")
        action = "action" if values["held"] else "action_all"
        return Readout.of("churn.alerts_list", values, f"finding{self._by_test}", self._certainty(), action)

    def rounds_needed(self) -> float:
        """Rounds of this size until pooled hold-outs can tell the save rate from 0; ``inf`` without a hold-out.

        Shares of leavers, p without and p (1 - save rate) with a contact, by the normal formula at 5 % and a power of
        80 % for arms of unequal size.
        """
        n, held = len(self.frame), int((self.frame["arm"] == CONTROL).sum())
        p = float(self.frame["p_churn"].mean()) if n else 0.0
        kept = p * (1 - self.spec.save_rate)
        if not 0 < held < n or not p > kept:
            return float("inf")
        spread = p * (1 - p) / held + kept * (1 - kept) / (n - held)
        return float(np.ceil(_SEEN**2 * spread / (p - kept) ** 2))

    def _certainty(self) -> Message:
        if self.spec.gains is not None:
            return self._tested(self.spec.gains)
        rounds = self.rounds_needed()
        terms = {"margin": self.spec.margin, "cost": self.spec.contact_cost, "currency": self.spec.currency}
        money = Message("churn.alerts_list.terms", terms | {"said": self._money()})
        rate = {"rate": self.spec.save_rate, "rounds": rounds, "pace": _pace(rounds), "money": money}
        if self.spec.measured is None:
            key = "provisional" if np.isfinite(rounds) else "provisional_alone"
            return Message(f"churn.alerts_list.{key}", rate)
        return Message("churn.alerts_list.measured", rate | {"lo": self.spec.measured.lo, "hi": self.spec.measured.hi})

    def _tested(self, gains: MeasuredGains) -> Message:
        """What was measured, on whom, and how sure the list's money is."""
        interval = self._profit_interval()
        values = {
            "action": gains.action, "units": gains.units, "days": gains.days, "cost": self.spec.contact_cost,
            "currency": self.spec.currency, "level": gains.level,
        }  # fmt: skip
        ends = {} if interval is None else {"lo": interval.lo, "hi": interval.hi}
        return Message(
            "churn.alerts_list.tested" if len(self.treated) else "churn.alerts_list.tested_none", values | ends
        )

    def _money(self) -> Message:
        """How far the list's money can be trusted: it comes from the customers whose stated chances are highest."""
        top = None if self.calibration is None else self.calibration.top_off
        return Message("churn.alerts_list.money") if top is None else Message("churn.alerts_list.money_off", top)

    @property
    def chances_hold(self) -> bool:
        """Whether chances stated at past dates may be multiplied with money.

        >>> alerts.chances_hold
        True
        """
        return self.spec.gains is not None or self.calibration is None or self.calibration.holds

    def _profit_interval(self) -> Interval | None:
        gains = self.spec.gains
        if gains is not None:
            profit, half = float(self.treated["expected_profit"].sum()), gains.half(self.treated["customer_id"])
            return Interval(profit - half, profit + half, gains.level)
        if self.spec.measured is None:
            return None
        loss = float(self.treated["expected_loss"].sum())
        cost, rate = len(self.treated) * self.spec.contact_cost, self.spec.measured
        return Interval(rate.lo * loss - cost, rate.hi * loss - cost, rate.level)

    def facts(self) -> tuple[Fact, ...]:
        """Contacts, hold-out, expected profit, break-even save rate.

        >>> {fact.id: fact.unit for fact in alerts.facts()[:2]}
        {'alerts.contacts': 'customers', 'alerts.holdout': 'customers'}
        """
        fact, refusal = partial(Fact, window=str(self.as_of)), self.refusal()
        held, profit = len(self.frame) - len(self.treated), float(self.treated["expected_profit"].sum())
        pays, how = None if refusal else self.break_even, self._by_test if self.chances_hold else "_off"
        return (
            fact("alerts.contacts", "churn.label.contacts", len(self.treated), "customers"),
            fact("alerts.holdout", "churn.label.holdout", held, "customers"),
            fact(
                "alerts.expected_profit", "churn.label.expected_profit", profit, self.spec.currency,
                self._profit_interval(), "forecast", better="up", definition=f"churn.fact.expected_profit{how}",
            ),
            fact("alerts.break_even", "churn.label.break_even", pays, "share", better="down", refusal=refusal),
        )  # fmt: skip


def _pace(rounds: float) -> Message | str:
    """How many years of weekly rounds that is, where it is more than one."""
    if not _WEEKS_OF_A_YEAR < rounds < float("inf"):
        return ""
    return Message("churn.alerts_list.pace", {"years": rounds / _WEEKS_OF_A_YEAR})
