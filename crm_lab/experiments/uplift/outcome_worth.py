"""What the outcome of a test is worth in money, what treatments cost, and who comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from crm_lab.checks import BadInput, check_settings, negative, not_shares
from crm_lab.data.settings_text import settings_in
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guards import MISSING
from crm_lab.experiments.core.outcome_metrics import no_money
from crm_lab.experiments.origins.unit_file import read_units
from crm_lab.messages import Message
from crm_lab.project import project_root

EARNED = "earned"


@dataclass(frozen=True, kw_only=True)
class OfferTerms:
    """What an outcome earns and a treatment costs.

    >>> terms = OfferTerms(margin_share=0.3, contact_cost=0.5, assumed=("margin_share", "contact_cost"))
    >>> terms.costs(["card", "call"])
    {'card': 0.5, 'call': 0.5}

    Attributes:
        margin_share: Margin as a share of spend; not used where the test measured margin.
        value_per_success: Margin of one unit of an outcome that is no money; 0 where nobody said.
        contact_cost: Cost of treating one customer.
        own_costs: Treatments with costs of their own: ``card = 0.5; call = 4``.
        assumed: Which of the three terms are examples and not the retailer's.
    """

    margin_share: float = 0.3
    value_per_success: float = 0.0
    contact_cost: float = 0.0
    own_costs: str = ""
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_settings(
            self, not_shares(self, "margin_share"), negative(self, "value_per_success", "contact_cost"),
        )  # fmt: skip

    def costs(self, treatments: Sequence[str]) -> dict[str, float]:
        """Cost of treating one customer, by treatment.

        Args:
            treatments: Names of the treatments.

        Returns:
            Treatment to cost.

        Raises:
            BadInput: If a cost is no number, is below 0 or belongs to no treatment.
        """
        own = settings_in(self.own_costs)
        unknown = [name for name in own if name not in treatments]
        bad = [name for name, text in own.items() if not _is_cost(text)]
        if unknown or bad:
            raise BadInput(
                f"The costs {self.own_costs!r} do not fit the treatments {', '.join(treatments)}; write them like"
                " card = 0.5; call = 4, each 0 or more."
            )
        return {arm: float(own.get(arm, self.contact_cost)) for arm in treatments}

    def of(self, test: Experiment) -> Earning:
        """What the test's outcome earns: its margin less rewards where they were measured, else outcome x value.

        >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 3, "spend": [10.0, 20, 0, 5, 3, 8]})
        >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
        >>> found = terms.of(test)
        >>> found.outcome, found.value, found.examples
        ('spend', 0.3, ('margin_share', 'contact_cost'))

        Args:
            test: The test.

        Returns:
            The test with the outcome that is judged, the outcome's name and its value.
        """
        asked = [*(name for name in ("contact_cost",) if name in self.assumed)]
        if "margin" in test.money:
            rewards = test.frame[test.money["rewards"]] if "rewards" in test.money else 0.0
            frame = test.frame.assign(**{EARNED: test.frame[test.money["margin"]] - rewards})
            past = test.pasts.get(test.outcomes[0])
            pasts = {**test.pasts, EARNED: past} if past is not None else test.pasts
            known = replace(test, frame=frame, outcomes=(*test.outcomes, EARNED), pasts=pasts)
            return Earning(known, EARNED, 1.0, tuple(asked))
        outcome = test.outcomes[0]
        if not no_money(test.frame[outcome], outcome):
            return Earning(test, outcome, self.margin_share, (*_if("margin_share", self.assumed), *asked))
        if self.value_per_success > 0:
            examples = (*_if("value_per_success", self.assumed), *asked)
            return Earning(test, outcome, self.value_per_success, examples)
        refused = Message("experiments.uplift.refused_value", {"outcome": outcome})
        return Earning(test, outcome, 1.0, tuple(asked), refused)


@dataclass(frozen=True, eq=False)
class Earning:
    """A test with the outcome that is judged in money.

    Attributes:
        test: The test, its outcome in money where margin was measured.
        outcome: Column that is judged.
        value: Money of one unit of it.
        examples: Terms in it that are examples.
        refused: Why it has no value, or ``None``.
    """

    test: Experiment
    outcome: str
    value: float
    examples: tuple[str, ...]
    refused: Message | None = None


def _if(name: str, names: Sequence[str]) -> tuple[str, ...]:
    return (name,) if name in names else ()


def _is_cost(text: str) -> bool:
    try:
        return float(text) >= 0
    except ValueError:
        return False


def next_customers(test: Experiment, file: str = "") -> pd.DataFrame:
    """Customers who are to be chosen from: those of a file, or else the units of the test.

    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 2, "spend": [1.0, 2, 3, 4], "visits": [1, None, 2, 3]})
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["visits"])
    >>> next_customers(test).columns.tolist(), int(next_customers(test)["visits"].isna().sum())
    (['customer_id', 'arm', 'visits'], 1)

    Args:
        test: The test.
        file: CSV, Parquet or Excel with one row a customer: ``customer_id`` and what was known before, named as in
            the test; empty for the units of the test.

    Returns:
        One row a customer with ``customer_id``; gaps of the test stand as gaps again.

    Raises:
        BadInput: If there is no such file, no customer in it, or one without ``customer_id``.
    """
    if file:
        path = Path(file) if Path(file).exists() else project_root() / file
        if not path.is_file():
            raise BadInput(f"There is no file {file}; give its path from the project's folder.")
        name = test.unit or "customer_id"
        customers = read_units(path, [name])
        if name not in customers:
            raise BadInput(f"{path.name} has no column {name}; the list needs to know whom it names.")
        if customers.empty or customers[name].isna().any():
            gaps = f"{int(customers[name].isna().sum()):,} rows without {name}" if len(customers) else "no rows"
            raise BadInput(f"{path.name} has {gaps}; the list needs to know whom it names.")
        return customers.rename(columns={name: "customer_id"})
    frame: pd.DataFrame = test.frame.drop(columns=list(test.outcomes))
    flags: Mapping[str, str] = {str(c): f"{c}{MISSING}" for c in frame if f"{c}{MISSING}" in frame}
    frame = frame.assign(**{c: frame[c].mask(frame[flag] > 0) for c, flag in flags.items()})
    frame = frame.drop(columns=list(flags.values()))
    ids = frame.pop(test.unit) if test.unit else pd.Series(range(1, len(frame) + 1), index=frame.index)
    frame = frame.drop(columns="customer_id", errors="ignore")
    frame.insert(0, "customer_id", ids.astype(str))
    return frame
