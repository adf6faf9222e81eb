"""Terms that are still examples: from where each of them pays, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import pandas as pd

from crm_lab.messages import Message

_BREAK_EVENS = {
    "margin_share": "margin",
    "reward_rate": "reward_rate",
    "contact_cost": "contact",
    "running_cost": "running",
}


def needs_terms(names: Sequence[str], break_evens: pd.DataFrame, decision: str, currency: str) -> Message:
    """Which terms are still examples, what the decision would be with them, and from where it pays.

    Args:
        names: The terms.
        break_evens: Columns quantity and break_even.
        decision: With the examples.
        currency: ISO code.
    """
    at = break_evens.set_index("quantity")["break_even"]
    said = [_break_even(name, float(at[_BREAK_EVENS[name]]), currency) for name in names]
    listed = reduce(lambda a, b: Message("experiments.terms.and", {"first": a, "second": b}), said)
    values = {"decision": Message(f"experiments.decision.{decision}"), "break_evens": listed}
    return Message("experiments.roi.terms", values)


def _break_even(name: str, value: float, currency: str) -> Message:
    """One term with its break-even, or that no value of it is enough."""
    possible = math.isfinite(value) and value >= 0 and (name != "margin_share" or value <= 1)
    return Message(f"experiments.terms.{name}{'' if possible else '_never'}", {"value": value, "currency": currency})
