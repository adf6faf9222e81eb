"""A rule that a test taught, asked about the customers of another list: what treating each of them brings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, too_small
from crm_lab.experiments.core.outcome_metrics import arm_label
from crm_lab.experiments.origins.contract_test import TablesLike, past_as_of
from crm_lab.experiments.origins.unit_file import read_units
from crm_lab.experiments.uplift.policy.policy_origin import PolicyOrigin
from crm_lab.experiments.uplift.policy.targeting_policy import TargetingPolicy
from crm_lab.messages import Message
from crm_lab.project import project_root
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value

_PAST = ("spend_before", "orders_before")


class ShopTables(TablesLike, Protocol):
    """What is read of the tables of a workspace."""

    @property
    def currency(self) -> str:
        """ISO code of all amounts."""
        ...

    def provenance(self) -> dict[str, Any]:
        """Where the tables come from."""
        ...


@dataclass(frozen=True, kw_only=True)
class MeasuredPolicy:
    """A policy that page 17 saved, in place of an assumed effect of a contact.

    >>> MeasuredPolicy(file="policy.json", action="offer", days=91).action
    'offer'

    Attributes:
        file: The saved policy (JSON).
        action: What the list sends, named as a treatment of the policy's test.
        days: Days over which the list counts what a contact brings.
        customers_file: One row a customer with ``customer_id`` and columns that the policy reads; empty where the
            tables hold them.
    """

    file: str
    action: str = ""
    days: int = 91
    customers_file: str = ""

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, days=1), file=not self.file and "it must name a saved policy")

    def analyze(self, customers: pd.DataFrame, tables: ShopTables) -> MeasuredPolicyResult:
        """What the action brings each customer of a list, or why the test does not say.

        Args:
            customers: The list: customer_id and columns that the policy may read.
            tables: The tables that the list was made from.

        Returns:
            Gain of each customer before cost, with the test's error; every reason against it at once.

        Raises:
            BadInput: If a file is not there, or is none of this kind.
        """
        policy = TargetingPolicy.load(_found(self.file))
        known = self._known(customers, tables, policy)
        needed = list(policy.columns)
        refused = [*self._other_test(policy, tables), *_other_columns(needed, known)]
        asked = (self.action, policy.origin, len(customers), tuple(needed))
        if refused:
            return MeasuredPolicyResult(*asked, refused=reduce(_and, refused))
        known = known[known["customer_id"].notna()].set_index("customer_id")
        asked_of = known.loc[known[needed].notna().any(axis=1)]
        unlike = policy.unlike_message(asked_of)
        if unlike is not None:
            return MeasuredPolicyResult(*asked, refused=unlike)
        frame = policy.money(asked_of, self.action)
        gaps = int(asked_of[needed].isna().any(axis=1).sum())
        return MeasuredPolicyResult(*asked, frame.reset_index(), gaps=gaps)

    def _other_test(self, policy: TargetingPolicy, tables: ShopTables) -> Iterator[Message]:
        """Why the test was another one than the list is for."""
        treatments, origin = list(policy.models)[1:], policy.origin
        values = {"action": self.action, "known": ", ".join(treatments), "days": self.days, "measured": origin.days}
        if self.action not in treatments:
            yield Message(f"experiments.uplift.policy.{'other_action' if self.action else 'no_action'}", values)
        if origin.days != self.days:
            yield Message(f"experiments.uplift.policy.{'other_days' if origin.days else 'no_days'}", values)
        if origin.end > tables.as_of.isoformat():
            yield Message("experiments.uplift.policy.later", {"end": origin.end, "as_of": str(tables.as_of)})
        if origin.currency != tables.currency:
            values = {"measured": origin.currency, "currency": tables.currency}
            yield Message("experiments.uplift.policy.other_currency", values)
        if origin.simulated and not tables.provenance()["simulated"]:
            yield Message("experiments.uplift.policy.made_up")

    def _known(self, customers: pd.DataFrame, tables: ShopTables, policy: TargetingPolicy) -> pd.DataFrame:
        """The list with every column that is known of its customers; a file goes before the tables."""
        known = customers.assign(customer_id=customers["customer_id"].astype(str))
        others = []
        if self.customers_file:
            path = _found(self.customers_file)
            given = read_units(path, ["customer_id"])
            if "customer_id" not in given or given["customer_id"].duplicated().any():
                raise BadInput(f"{path.name} must have the column customer_id and each customer once.")
            others.append(given)
            known = known.drop(columns=[c for c in given if c in known and c != "customer_id"])
        if policy.origin.pre_days and set(_PAST) & set(policy.features):
            others.append(past_as_of(tables, known["customer_id"], policy.origin.pre_days))
        others += [tables[name] for name in ("customer_360", "customers") if name in tables]
        for other in others:
            new = [c for c in other if c not in known]
            known = known.merge(other[["customer_id", *new]].astype({"customer_id": str}), "left", on="customer_id")
        return known


@dataclass(frozen=True, eq=False)
class MeasuredPolicyResult(Result):
    """What an action brings each customer of a list, by a test.

    Attributes:
        action: What the list sends.
        origin: The test.
        customers: Customers of the list.
        columns: What the policy reads.
        frame: One row a customer: customer_id, gain (money before cost), error_level, error_slope, reasons.
        gaps: Customers who lack some of the columns and stand there at the test's mean.
        refused: Why the test does not say, or ``None``.
    """

    action: str
    origin: PolicyOrigin
    customers: int
    columns: tuple[str, ...]
    frame: pd.DataFrame | None = None
    gaps: int = 0
    refused: Message | None = None

    name: ClassVar[str] = "measured_policy"
    formats: ClassVar[dict[str, str]] = dict.fromkeys(("gain", "error_level", "error_slope"), "+,.2f")

    def to_frame(self) -> pd.DataFrame:
        """One row a customer: customer_id, gain, error_level, error_slope, reasons."""
        columns = ["customer_id", "gain", "error_level", "error_slope", "reasons"]
        return pd.DataFrame(columns=columns) if self.frame is None else self.frame[columns].copy()

    def about(self) -> dict[str, Any]:
        """Action, units, days and level of the test."""
        return {"action": self.action, "units": self.origin.units, "days": self.origin.days, "level": self.origin.level}

    @property
    def mean(self) -> Interval:
        """Interval of the mean gain of the list's customers."""
        frame = self.to_frame()
        half = z_value(self.origin.level) * float(np.linalg.norm(frame[["error_level", "error_slope"]].mean()))
        centre = float(frame["gain"].mean())
        return Interval(centre - half, centre + half, self.origin.level)

    def refusal(self) -> Message | None:
        """Why the test does not say, or ``None``."""
        return self.refused

    def readout(self) -> Readout:
        """What the action brings these customers on average, how sure that is, what it replaces."""
        if self.refused is not None:
            return Readout(self.refused, "experiments.effect.certainty_refused", "experiments.uplift.policy.kept")
        frame, mean, origin = self.to_frame(), self.mean, self.origin
        values = {
            "action": arm_label(self.action), "units": origin.units, "start": origin.start, "end": origin.end,
            "currency": origin.currency, "mean": frame["gain"].mean(), "lo": mean.lo, "hi": mean.hi,
            "level": origin.level, "low": frame["gain"].quantile(0.1), "high": frame["gain"].quantile(0.9),
            "n": len(frame), "columns": ", ".join(self.columns), "gaps": self.gaps,
            "absent": self.customers - len(frame),
        }  # fmt: skip
        action = "examples" if origin.examples else "action"
        return Readout.of("experiments.uplift.policy", values, "finding", "certainty", action)

    def facts(self) -> tuple[Fact, ...]:
        """Mean gain of the list's customers before cost."""
        label, found = Message("experiments.uplift.policy.fact_gain", {"action": arm_label(self.action)}), self.frame
        mean, ends = (None, None) if found is None else (float(found["gain"].mean()), self.mean)
        kind: Kind = "simulated" if self.origin.simulated else "estimate"
        fact = Fact(
            "measured_policy.gain", label, mean, self.origin.currency, ends, kind, self.customers, better="up",
            refusal=self.refused,
        )  # fmt: skip
        return (fact,)


def _other_columns(needed: list[str], known: pd.DataFrame) -> Iterator[Message]:
    """Why the policy cannot read these customers."""
    missing = [name for name in needed if name not in known]
    if missing:
        yield Message("experiments.uplift.policy.columns", {"columns": ", ".join(missing)})
    elif known[needed].isna().all(axis=None):
        yield Message("experiments.uplift.policy.nobody", {"columns": ", ".join(needed)})


def _and(first: Message, second: Message) -> Message:
    return Message("experiments.soundness.two", {"first": first, "second": second})


def _found(file: str) -> Path:
    path = Path(file)
    path = path if path.is_absolute() or path.exists() else project_root() / path
    if not path.is_file():
        raise BadInput(f"There is no file {file}; give its path from the project's folder.")
    return path
