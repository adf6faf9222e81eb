"""The list of who gets the offer next, with its expected profit beside that of treating everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, need_columns, negative
from crm_lab.experiments.core.outcome_metrics import arm_label
from crm_lab.experiments.uplift.policy.targeting_policy import APART, numbers_in
from crm_lab.experiments.uplift.policy_value import mean_interval, unit_values
from crm_lab.experiments.uplift.uplift import bounded_share
from crm_lab.experiments.uplift.uplift_result import UpliftResult, plain_words, whom
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result

Money = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class TargetingList:
    """Whom to treat next within bounds, with a random share kept apart for the next measurement.

    >>> plan = TargetingList(capacity=1_000)
    >>> plan.bounds(pd.DataFrame({"customer_id": range(5_000)}), {"offer": 0.5}, units=8_000)
    {'most': 0.16666666666666666, 'budget': None}

    Attributes:
        capacity: Customers that can be treated, those dealt by lot included; 0 for as many as pay.
        budget: Money that can be spent on treating; 0 for no bound.
        apart: Share of the customers dealt by lot among all arms.
        contacts: Column of the customers with their contacts so far; empty for no cap.
        most_contacts: Customers with so many contacts are left alone, by lot too.
        salt: Of the lot: another one in each round.
    """

    capacity: int = 0
    budget: float = 0.0
    apart: float = APART
    contacts: str = ""
    most_contacts: int = 0
    salt: str = "next round"

    def __post_init__(self) -> None:
        check_settings(
            self, negative(self, "capacity", "budget", "most_contacts"),
            apart=not 0 <= self.apart < 1 and "it is a share of the customers, below 1",
            contacts=bool(self.contacts) and not self.most_contacts and "say how many contacts are the most",
        )  # fmt: skip

    def bounds(self, customers: pd.DataFrame, costs: Mapping[str, float], units: int) -> dict[str, float | None]:
        """What capacity and budget leave to the rule, for the units of the test (`Uplift.most`, `Uplift.budget`).

        Args:
            customers: Customers to choose from.
            costs: Treatment to cost.
            units: Units of the test.

        Returns:
            ``most`` as a share, and ``budget`` for as many customers as the test has units.

        Raises:
            BadInput: If those dealt by lot alone take all of it.
        """
        n = int(self._free(customers).sum())
        by_lot, by_rule = n * self.apart, n * (1 - self.apart)
        many = by_lot * len(costs) / (len(costs) + 1)
        spent = by_lot * sum(costs.values()) / (len(costs) + 1)
        if (self.capacity and self.capacity <= many) or (self.budget and self.budget <= spent):
            raise BadInput(
                f"Those dealt by lot alone are about {many:,.0f} for {spent:,.2f}; raise capacity or budget, or lower"
                " apart."
            )
        most = min(1.0, (self.capacity - many) / by_rule) if self.capacity else 1.0
        return {"most": most, "budget": (self.budget - spent) * units / by_rule if self.budget else None}

    def draw(self, result: UpliftResult, customers: pd.DataFrame) -> TargetingListResult:
        """Choose among customers, and say what the choice is expected to earn.

        Args:
            result: What `Uplift` found, learned within the same `bounds`.
            customers: One row a customer: ``customer_id`` and what was known of the units before the test.

        Returns:
            The list, its expected profit and that of treating everybody; a reason where there is none.
        """
        asked = (result.level, result.currency, result.simulated, result.examples, len(customers))
        found, worth, rule = result.found, result.worth, result.rule
        if found is None or worth is None or rule is None:
            return TargetingListResult(*asked, refused=result.refused)
        arm = int(result.best_for_all.name.partition(" ")[2])
        n = len(rule)
        nobody = unit_values(found, np.zeros(n, dtype=int), worth)
        by_arm = [unit_values(found, np.full(n, a), worth) - nobody for a in range(len(result.arms))]
        free = self._free(customers)
        many, cost = int(free.sum()), worth.costs[arm]
        share = bounded_share(many, cost, min(1.0, self.capacity / many) if self.capacity else 1.0, self.budget or None)
        everybody = _times(share * by_arm[arm], many, result.level)
        by_lot = int(share * many + 1e-9) if share < 1 else None
        beside: dict[str, Any] = {"all_arm": result.arms[arm], "everybody": everybody, "as_many": by_lot}
        slopes = [slope for *_, slope in result.policy.calibration.values()] if result.policy else [1.0]
        if result.policy is None or not result.differ or max(slopes) <= 0:
            key = "refused_alike" if not result.differ else "refused_slope" if result.policy else "refused_unsaved"
            refused = Message(f"experiments.uplift.list.{key}")
            return TargetingListResult(*asked, refused=refused, **beside)
        need_columns(customers.columns, result.policy.columns, "The table of customers")
        unlike = result.policy.unlike_message(customers[free])
        if unlike is not None:
            return TargetingListResult(*asked, refused=unlike)
        gains = (1 - self.apart) * (unit_values(found, rule, worth) - nobody) + self.apart * np.mean(by_arm, axis=0)
        chosen = result.policy.choose(
            customers[free], apart=self.apart, salt=self.salt,
            most=self.capacity or None, budget=self.budget or None,
        )  # fmt: skip
        columns = tuple(dict.fromkeys(result.policy.features))
        chosen["chosen_by"] = np.where(chosen.pop("by_lot"), "lot", "rule")
        if not ((chosen["arm"] != result.arms[0]) & (chosen["chosen_by"] == "rule")).any():
            return TargetingListResult(*asked, refused=Message("experiments.uplift.list.refused_dear"), **beside)
        return TargetingListResult(
            *asked, chosen, result.arms[0], capped=int((~free).sum()), costs=dict(result.policy.costs),
            expected=_times(gains, many, result.level), columns=columns, **beside,
        )  # fmt: skip

    def _free(self, customers: pd.DataFrame) -> pd.Series:
        """Whether each customer may be contacted."""
        if not self.contacts:
            return pd.Series(True, index=customers.index)
        need_columns(customers.columns, [self.contacts], "The table of customers")
        return numbers_in(customers, self.contacts).fillna(0) < self.most_contacts


@dataclass(frozen=True, eq=False)
class TargetingListResult(Result):
    """Who gets the offer next, and what that is expected to earn.

    Attributes:
        level: Confidence level.
        currency: ISO code of the money.
        simulated: Whether the effect was planted.
        examples: Terms that are examples.
        customers: Customers to choose from.
        chosen: One row a customer: arm, effect, net, reasons, ``chosen_by`` (rule or lot), or ``None``.
        control: Name of no treatment.
        all_arm: The treatment that earns most if everybody gets it.
        capped: Customers left alone since they had their contacts.
        costs: Treatment to cost.
        expected: Profit of the list above treating nobody, with its interval.
        everybody: The same of giving everybody `all_arm`, or as many by lot as the bounds allow.
        refused: Why there is no list, or ``None``.
        columns: What reasons may name.
        as_many: How many a lot could treat, where the bounds keep it from treating everybody.
    """

    level: float
    currency: str
    simulated: bool
    examples: tuple[str, ...]
    customers: int
    chosen: pd.DataFrame | None = None
    control: str = ""
    all_arm: str = ""
    capped: int = 0
    costs: Mapping[str, float] | None = None
    expected: Money = (0.0, 0.0, 0.0)
    everybody: Money = (0.0, 0.0, 0.0)
    refused: Message | None = None
    columns: tuple[str, ...] = ()
    as_many: int | None = None

    name: ClassVar[str] = "targeting_list"
    formats: ClassVar[dict[str, str]] = {"effect": "+.3g", "net": "+,.2f"}
    words: ClassVar[dict[str, str]] = {"chosen_by": "experiments.uplift.list.by_"}

    def to_frame(self) -> pd.DataFrame:
        """One row a customer who gets an offer, the best first: arm, effect, net, reasons, chosen by rule or lot."""
        columns = ["customer_id", "arm", "effect", "net", "reasons", "chosen_by"]
        if self.chosen is None:
            return pd.DataFrame(columns=columns)
        treated: pd.DataFrame = self.chosen.loc[self.chosen["arm"] != self.control, columns]
        return treated.reset_index(drop=True)

    def shown(self) -> pd.DataFrame:
        """`to_frame` with columns and what chose in words."""
        frame = self.in_words(self.to_frame())
        return frame.assign(reasons=[plain_words(text, self.columns) for text in frame["reasons"]])

    def by_lot(self) -> pd.DataFrame:
        """Customers dealt by lot with their arm, those without an offer too: what measures the next round."""
        if self.chosen is None:
            return pd.DataFrame(columns=["customer_id", "arm"])
        drawn: pd.DataFrame = self.chosen.loc[self.chosen["chosen_by"] == "lot", ["customer_id", "arm"]]
        return drawn.sort_values("customer_id", ignore_index=True)

    @property
    def spent(self) -> float:
        """Cost of all offers of the list."""
        return float(self.to_frame()["arm"].map(dict(self.costs or {})).astype(float).sum())

    def refusal(self) -> Message | None:
        """Why there is no list, or ``None``."""
        return self.refused

    def readout(self) -> Readout:
        """How many get the offer, what that earns beside treating everybody, and what to do."""
        values = {
            "customers": self.customers, "arm": arm_label(self.all_arm), "capped": self.capped,
            "currency": self.currency, "level": self.level, "whom": whom(self.as_many),
            **_ends("gain", self.expected), **_ends("all", self.everybody),
        }  # fmt: skip
        if self.refused is not None or self.chosen is None:
            refused = self.refused or Message("experiments.uplift.list.refused_alike")
            action = "experiments.uplift.list.action_refused" if self.all_arm else "experiments.uplift.action_refused"
            certainty = "all_certainty" if self.all_arm else "no_certainty"
            return Readout(refused, Message(f"experiments.uplift.list.{certainty}", values), Message(action, values))
        treated, drawn = self.to_frame(), self.by_lot()
        values |= {
            "treated": len(treated), "by_rule": int((treated["chosen_by"] == "rule").sum()), "spent": self.spent,
            "lot": len(drawn), "share": len(treated) / max(1, self.customers),
        }  # fmt: skip
        finding = "finding_capped" if self.capped else "finding"
        action = "action_simulated" if self.simulated else "action_terms" if self.examples else self._action
        return Readout.of("experiments.uplift.list", values, finding, "certainty" if len(drawn) else "no_lot", action)

    @property
    def _action(self) -> str:
        """What to do, by where the interval of the list's value lies."""
        _, lo, hi = self.expected
        return "action" if lo > 0 else "action_loses" if hi < 0 else "action_unsure"

    def facts(self) -> tuple[Fact, ...]:
        """Expected profit of the list and of treating everybody, customers on it, their cost."""
        kind: Kind = "simulated" if self.simulated else "estimate"
        n = self.customers
        everybody = self._money("everybody", self.everybody, kind) if self.all_arm else None
        if self.chosen is None:
            label = Message("experiments.uplift.list.fact_gain")
            none = Fact("targeting_list.gain", label, None, kind=kind, n=n, refusal=self.refused)
            return (none, everybody) if everybody else (none,)
        many = Fact("targeting_list.treated", "experiments.uplift.list.fact_treated", len(self.to_frame()), "customers",
                    n=n)  # fmt: skip
        spent = Fact("targeting_list.spent", "experiments.uplift.list.fact_spent", self.spent, self.currency, n=n)
        first = self._money("gain", self.expected, kind)
        return (first, *([everybody] if everybody else []), many, spent)

    def _money(self, name: str, money: Money, kind: Kind) -> Fact:
        words = {"arm": arm_label(self.all_arm), "whom": whom(self.as_many)}
        label = Message(f"experiments.uplift.list.fact_{name}", words)
        ends = Interval(money[1], money[2], self.level)
        return Fact(f"targeting_list.{name}", label, money[0], self.currency, ends, kind, self.customers, better="up")


def _ends(name: str, money: Money) -> dict[str, float]:
    return {name: money[0], f"{name}_lo": money[1], f"{name}_hi": money[2]}


def _times(values: Floats, customers: int, level: float) -> Money:
    """Mean of units' values and its interval, for so many customers like them."""
    mean, lo, hi = (customers * float(end) for end in mean_interval(values, level))
    return mean, lo, hi
