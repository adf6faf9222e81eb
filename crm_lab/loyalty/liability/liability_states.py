"""Liabilities measured state by state: each movement is the difference of two measured amounts, so nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from crm_lab.arrays import Integers
from crm_lab.loyalty.liability.minor_units import half_up
from crm_lab.loyalty.liability.redemption_estimates import RedemptionEstimates

STEPS: Final = ("issued", "reversed", "handed_on", "redeemed", "expired", "change_of_rate", "change_of_cost")
MOVES: Final = (*STEPS[:3], "revenue_taken_back", *STEPS[3:])
REVENUE: Final = ("revenue_taken_back", "redeemed", "expired", "change_of_rate")
"""Movements of the contract liability whose other side is revenue from points."""

PARTS: Final = ("contract_liability", "cost_to_fulfil", "provision")
_WENT: Final = STEPS[1:5]


@dataclass(frozen=True, eq=False)
class Flows:
    """Points or cents by month of issue, and by the month in which they went.

    Attributes:
        issued: Shape (n,).
        reversed: Taken back, shape (n, n), months of issue first.
        moved: Handed on to other lots.
        redeemed: Redeemed.
        expired: Expired or taken away.
    """

    issued: Integers
    reversed: Integers
    handed_on: Integers
    redeemed: Integers
    expired: Integers


class State(NamedTuple):
    """Points or cents of a month of issue so far.

    Attributes:
        whole: Issued, less taken back and handed on.
        redeemed: Of those, redeemed.
        gone: Of those, expired.
    """

    whole: int
    redeemed: int
    gone: int

    @property
    def left(self) -> int:
        """What can still be redeemed."""
        return self.whole - self.redeemed - self.gone


@dataclass(frozen=True, eq=False)
class Measured:
    """Movements of a liability by month, in cents.

    Attributes:
        opening: Shape (n,).
        moves: Of each kind, shape (n,).
        closing: Measured by itself, shape (n,).
        by_cohort: Closing by month of issue and month, shape (n, n).
        contradicted: Months of issue of which more is redeemed at the end than was expected, with some left.
    """

    opening: Integers
    moves: dict[str, Integers]
    closing: Integers
    by_cohort: Integers
    contradicted: int

    @property
    def difference(self) -> int:
        """Cents by which the roll-forward fails to close, over all months."""
        total = self.opening + sum(self.moves.values())
        carried = self.opening - np.append(0, self.closing[:-1])
        return int(np.abs(total - self.closing).sum() + np.abs(carried).sum())


def unearned(state: State, rate: Fraction) -> int:
    """Price that is no revenue yet, in cents.

    Revenue in all is the price times what is redeemed by what is expected to be, which is no less than what is
    redeemed and no more than that and what is left; without anything left all is revenue.

    >>> unearned(State(867_580, 390_411, 0), Fraction(95, 100))
    456621

    Args:
        state: Cents of price.
        rate: Share redeemed in the end.

    Returns:
        Cents.
    """
    if state.left <= 0:
        return 0
    expected = min(max(rate * state.whole, Fraction(state.redeemed)), Fraction(state.redeemed + state.left))
    if not state.redeemed:
        return state.whole
    return state.whole - half_up(Fraction(state.whole * state.redeemed) / expected)


def to_be_spent(state: State, rate: Fraction, cost: Fraction) -> int:
    """Cost of the points still expected to be redeemed, in the unit of the cost.

    >>> to_be_spent(State(1_000, 300, 0), Fraction(8, 10), Fraction(6, 10))
    300

    Args:
        state: Points.
        rate: Share redeemed in the end.
        cost: Of a point redeemed.

    Returns:
        A whole amount.
    """
    more = min(max(rate * state.whole - state.redeemed, Fraction(0)), Fraction(state.left))
    return half_up(more * cost)


def rolled(flows: Flows, estimates: RedemptionEstimates, unit: int | None) -> Measured:
    """Roll a liability forward.

    In each month points are issued, taken back, handed on, redeemed and expire at the estimates of the month before;
    then those change.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.5], "cost_per_point": [0.01]})
    >>> none = np.zeros((1, 1), dtype=np.int64)
    >>> flows = Flows(np.array([1_000]), none, none, none + 200, none)
    >>> rolled(flows, RedemptionEstimates.read(table, 648, 1), 100).closing.tolist()
    [300]

    Args:
        flows: Points; or cents of price.
        estimates: In force at the end of each month.
        unit: Cents in a unit of the currency, for the cost of points; ``None`` for their price.

    Returns:
        The movements.
    """
    n = len(flows.issued)
    moves = {name: np.zeros(n, dtype=np.int64) for name in MOVES}
    by_cohort, contradicted = np.zeros((n, n), dtype=np.int64), 0
    for issue in range(n):
        state = State(0, 0, 0)
        for month in range(issue, n):
            before = max(month - 1, issue)
            old, new = estimates.rate(before, issue), estimates.rate(month, issue)
            costs = (estimates.cost(before), estimates.cost(month))
            states = _states(state, flows, issue, month)
            state = states[-1]
            measure = _measure(unit)
            amounts = [measure(one, old, costs[0]) for one in states]
            amounts += [measure(state, new, costs[0]), measure(state, new, costs[1])]
            for name, (start, end) in zip(STEPS, pairwise(amounts), strict=True):
                moves[name][month] += end - start
            if unit is None:  # price that goes back whole, though some of it is revenue already
                for name, (start, end) in zip(("reversed", "handed_on"), pairwise(amounts[1:4]), strict=True):
                    back = int(getattr(flows, name)[issue, month])
                    moves[name][month] -= back + end - start
                    moves["revenue_taken_back"][month] += back + end - start
            by_cohort[issue, month] = measure(state, new, costs[1])
        last = estimates.rate(n - 1, issue)
        contradicted += state.left > 0 and state.redeemed > last * state.whole
    closing = by_cohort.sum(axis=0)
    return Measured(np.append(0, closing[:-1]), moves, closing, by_cohort, int(contradicted))


def _measure(unit: int | None) -> Callable[[State, Fraction, Fraction], int]:
    """How a state is measured."""
    if unit is None:
        return lambda state, rate, _: unearned(state, rate)
    return lambda state, rate, cost: to_be_spent(state, rate, cost * unit)


def _states(state: State, flows: Flows, issue: int, month: int) -> list[State]:
    """The state before the month and after each kind of movement in it."""
    whole, redeemed, gone = state
    states = [state]
    if month == issue:
        whole += int(flows.issued[issue])
    states.append(State(whole, redeemed, gone))
    for name in _WENT:
        size = int(getattr(flows, name)[issue, month])
        if name == "redeemed":
            redeemed += size
        elif name == "expired":
            gone += size
        else:
            whole -= size
        states.append(State(whole, redeemed, gone))
    return states
