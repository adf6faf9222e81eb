"""Payback of an investment: when its discounted contributions have paid for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crm_lab.checks import BadInput


def payback_years(investment: float, contributions: Sequence[float], annual_discount_rate: float = 0.0) -> float:
    """Smallest T with the sum over years t <= T of contribution_t / (1 + d)^t at least the investment.

    Args:
        investment: Paid at the start.
        contributions: Incremental margin less running cost of each year, at its end.
        annual_discount_rate: d, as a share.

    Returns:
        Years, with the fraction of the year in which it is reached; infinite if it is not.

    >>> payback_years(80.0, [26.7, 26.7, 26.7])
    2.99...
    >>> payback_years(80.0, [26.7, 26.7, 26.7], 0.08)
    inf

    Raises:
        BadInput: If the investment is not above 0 or the rate not above -1.
    """
    if investment <= 0 or annual_discount_rate <= -1:
        raise BadInput(
            f"investment {investment} must be above 0 and the discount rate {annual_discount_rate} above -1."
        )
    years = np.arange(1, len(contributions) + 1)
    present = np.asarray(contributions, dtype=float) / (1 + annual_discount_rate) ** years
    reached = np.cumsum(present)
    done = np.flatnonzero(reached >= investment)
    if not len(done):
        return math.inf
    first = int(done[0])
    before = reached[first] - present[first]
    return float(first + (investment - before) / present[first])


def implied_contribution(investment: float, years: float, annual_discount_rate: float = 0.0) -> float:
    """Equal yearly contribution that pays an investment back in so many years: what a claim takes for granted.

    >>> needed = implied_contribution(80.0, 3)
    >>> round(needed, 1), f"{needed / 150:.1%}"
    (26.7, '17.8%')

    Raises:
        BadInput: If years or investment is not above 0.
    """
    if investment <= 0 or years <= 0:
        raise BadInput(f"investment {investment} and years {years} must be above 0.")
    if abs(annual_discount_rate) < 1e-12:  # the formula below loses its digits there
        return investment / years
    return investment * annual_discount_rate / -math.expm1(-years * math.log1p(annual_discount_rate))
