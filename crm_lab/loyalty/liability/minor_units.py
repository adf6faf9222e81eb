"""Money in whole cents: rounding that is stated, and sums that are exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Integers
from crm_lab.checks import BadInput

Money = Decimal | float | int


def exact(value: Money) -> Fraction:
    """A number as it is written: 0.1 is a tenth.

    >>> exact(0.1)
    Fraction(1, 10)

    Args:
        value: Of any kind.

    Returns:
        A fraction.
    """
    return Fraction(value) if isinstance(value, int | Decimal) else Fraction(repr(float(value)))


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero.

    >>> half_up(Fraction(5, 2)), half_up(Fraction(-5, 2)), half_up(Fraction(12, 5))
    (3, -3, 2)

    Args:
        value: A fraction.

    Returns:
        A whole number.
    """
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def in_cents(values: ArrayLike, decimals: int) -> Integers:
    """Amounts in whole cents, halves away from zero.

    >>> in_cents([1.005, 2.0], 2).tolist(), in_cents([3.0], 0).tolist()
    ([101, 200], [3])

    Args:
        values: Amounts of a currency.
        decimals: Its decimals.

    Returns:
        Cents.

    Raises:
        BadInput: If an amount is missing or too large to be exact.
    """
    amounts = np.asarray(values, dtype=float)
    wrong = int((~(np.abs(amounts) < 2.0**52 / 10**decimals)).sum())
    if wrong:
        raise BadInput(f"{wrong} of {amounts.size} amounts are missing or too large to be exact in cents.")
    scaled = np.round(np.abs(amounts) * 10**decimals, 6)  # 1.005 is not 1.00499999999999989
    return np.asarray(np.sign(amounts) * np.floor(scaled + 0.5), dtype=np.int64)


def shared_out(total: int, weights: Integers) -> Integers:
    """A whole amount shared out by weights, in their order, so that the shares add up to it.

    >>> shared_out(100, np.array([1, 1, 1])).tolist()
    [33, 34, 33]

    Args:
        total: Cents.
        weights: 0 or more, shape (n,), with a positive sum unless the total is 0.

    Returns:
        Cents, shape (n,).

    Raises:
        BadInput: If there is something to share and no weight.
    """
    whole = int(weights.sum())
    if whole <= 0:
        if total:
            raise BadInput(f"{total} cents are to be shared out, and nobody has any weight.")
        return np.zeros(len(weights), dtype=np.int64)
    upto = np.floor(np.cumsum(weights) * (total / whole) + 0.5)
    upto[np.cumsum(weights) == whole] = total
    return np.asarray(np.diff(upto, prepend=0.0), dtype=np.int64)
