"""Shares of events by customer, and the difference of two of them with an interval that holds for few events too."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crm_lab.arrays import Floats
from crm_lab.stats.intervals import wilson


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of events with its interval.

    Attributes:
        hits: Events with a response.
        of: Events.
        value: The share, nan without an event.
        lo: Lower end.
        hi: Upper end.
    """

    hits: int
    of: int
    value: float
    lo: float
    hi: float


def customer_rate(hits: Floats, of: Floats, level: float) -> Rate:
    """A share of events; customers with several count by as much as their events say (design effect).

    >>> import numpy as np
    >>> rate = customer_rate(np.array([1.0, 0, 1, 0]), np.ones(4), 0.95)
    >>> rate.value, round(rate.lo, 2), round(rate.hi, 2)
    (0.5, 0.15, 0.85)

    Args:
        hits: Events with a response of each customer, shape (customers,).
        of: Events of each, shape (customers,).
        level: Confidence level.

    Returns:
        The share with Wilson's interval at the effective number of events.
    """
    n, k = float(of.sum()), float(hits.sum())
    if n == 0:
        return Rate(0, 0, math.nan, math.nan, math.nan)
    share = k / n
    effect = 1.0
    if 0 < share < 1:
        effect = max(float(((hits - share * of) ** 2).sum()) / (n * share * (1 - share)), 1.0)
    lo, hi = wilson(k / effect, n / effect, level)
    return Rate(int(k), int(n), share, float(lo), float(hi))


def rate_difference(one: Rate, other: Rate) -> tuple[float, float, float]:
    """First share less the second, with the interval of the squares of both intervals' distances.

    >>> import numpy as np
    >>> first = customer_rate(np.repeat([1.0, 0.0], [56, 14]), np.ones(70), 0.95)
    >>> second = customer_rate(np.repeat([1.0, 0.0], [48, 32]), np.ones(80), 0.95)
    >>> [round(end, 4) for end in rate_difference(first, second)]
    [0.2, 0.0524, 0.3339]

    Args:
        one: First share.
        other: Second share.

    Returns:
        Difference, lower and upper end.

    Source:
        R. G. Newcombe (1998). Interval estimation for the difference between independent proportions. Statistics in
        Medicine 17, method 10 and its table II.
    """
    gap = one.value - other.value
    below = math.hypot(one.value - one.lo, other.hi - other.value)
    above = math.hypot(one.hi - one.value, other.value - other.lo)
    return gap, gap - below, gap + above
