"""The answer key: what was true, for instructors, tests and certification."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crm_lab.simulate.retailer import Retailer
from crm_lab.simulate.scenario import Scenario


@dataclass(frozen=True)
class AnswerKey:
    """What was true at a simulated retailer.

    Attributes:
        scenario: The planted parameters.
        seed: The chance that played.
        customers: Latent state and both outcomes of every customer.
        lines: Lines that are there only because something was done, with what (`origin`).
        dirt: Faulty lines: which fault, and what the line would have said.
    """

    scenario: Scenario
    seed: int
    customers: pd.DataFrame
    lines: pd.DataFrame
    dirt: pd.DataFrame


def open_key(retailer: Retailer) -> AnswerKey:
    """Open the answer key of a retailer.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("null", n_customers=40, seed=1))
    >>> int((key.customers["orders_1"] - key.customers["orders_0"]).abs().sum())
    0
    """
    sealed = retailer._sealed  # noqa: SLF001 - the one place that may
    return AnswerKey(retailer.scenario, retailer.seed, **{name: frame.copy() for name, frame in sealed.items()})
