"""Chain ladder: cumulative amounts grow from age to age by factors that all months of issue share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, not_among

LastSigma = Literal["mack", "log_linear"]
LAST_SIGMAS: tuple[LastSigma, ...] = ("mack", "log_linear")


@dataclass(frozen=True, eq=False)
class ChainLadder:
    """Age-to-age factors, ultimates and Mack's standard errors of a triangle of cumulative amounts.

    >>> ladder = ChainLadder(np.array([[100.0, 150.0, 165.0], [110.0, 176.0, np.nan], [90.0, np.nan, np.nan]]))
    >>> ladder.factors.round(4).tolist(), ladder.reserve.round(2)
    ([1.5524, 1.1], np.float64(81.29))

    Attributes:
        cumulative: One row per period of issue, oldest first; NaN where it is not seen, shape (n, n).
        last_sigma: Rule for the variance of the last factor, which one ratio cannot tell: ``mack`` takes the smallest
            continuation of the two before (Mack 1993), ``log_linear`` the line through the logarithms of all before.
        tail: Factor from the last age to the end.

    Source:
        Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates,
        ASTIN Bulletin 23(2).
    """

    cumulative: Floats
    last_sigma: LastSigma = "mack"
    tail: float = 1.0

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, last_sigma=LAST_SIGMAS),
            tail=not self.tail >= 1 and "points redeemed are not handed back: it is 1 or more",
        )
        problems, shape = Problems("The chain ladder's triangle"), self.cumulative.shape
        n = shape[0]
        problems.unless(shape == (n, n) and n >= 3, f"its shape is {shape}; it is square, of three periods or more.")
        problems.raise_any()
        seen = np.add.outer(np.arange(n), np.arange(n)) < n
        lacking = int(np.isnan(self.cumulative[seen]).sum())
        problems.unless(not lacking, f"{lacking} cells that must have been seen are missing.")
        empty = [str(j) for j in range(n - 1) if not self.cumulative[: n - 1 - j, j].sum() > 0]
        problems.unless(
            not empty, f"nothing is redeemed up to the ages {', '.join(empty)}: no factor starts there. Begin later."
        )
        problems.raise_any()

    @classmethod
    def of_cells(cls, redeemed: ArrayLike, last_sigma: LastSigma = "mack", tail: float = 1.0) -> ChainLadder:
        """A chain ladder of amounts by age, not added up yet.

        >>> ChainLadder.of_cells([[10, 5, 1], [10, 6, 0], [9, 0, 0]]).factors.round(3).tolist()
        [1.55, 1.067]

        Args:
            redeemed: Amounts by period of issue and age; what stands in cells not yet seen is not read.
            last_sigma: As in the class.
            tail: As in the class.

        Returns:
            The chain ladder.
        """
        cells = np.asarray(redeemed, dtype=float)
        n = len(cells)
        seen = np.add.outer(np.arange(n), np.arange(n)) < n
        return cls(np.where(seen, np.cumsum(np.where(seen, cells, 0), axis=1), np.nan), last_sigma, tail)

    @property
    def n(self) -> int:
        """Periods of issue.

        >>> ladder.n
        3
        """
        return len(self.cumulative)

    @cached_property
    def factors(self) -> Floats:
        """Factor from each age to the next, shape (n - 1,).

        >>> ladder.factors.shape
        (2,)
        """
        c, n = self.cumulative, self.n
        return np.array([c[: n - 1 - j, j + 1].sum() / c[: n - 1 - j, j].sum() for j in range(n - 1)])

    @cached_property
    def variances(self) -> Floats:
        """Mack's sigma squared of each factor, shape (n - 1,).

        >>> ladder.variances.round(4).tolist()
        [0.5238, 0.5238]
        """
        c, n = self.cumulative, self.n
        found = np.zeros(n - 1)
        for j in range(n - 2):
            start = c[: n - 1 - j, j]
            ratio = np.divide(c[: n - 1 - j, j + 1], start, out=np.zeros_like(start), where=start > 0)
            found[j] = (start * (ratio - self.factors[j]) ** 2).sum() / (n - 2 - j)
        found[n - 2] = self._last(found[: n - 2])
        return found

    def _last(self, before: Floats) -> float:
        """Variance of the last factor by the rule."""
        if len(before) < 2:
            return float(before[-1])
        if self.last_sigma == "mack":
            two, one = float(before[-2]), float(before[-1])
            return min(one**2 / two if two > 0 else 0.0, two, one)
        known = np.flatnonzero(before > 0)
        if len(known) < 2:
            return float(before[-1])
        slope, start = np.polyfit(known, np.log(np.sqrt(before[known])), 1)
        return float(np.exp(start + slope * len(before)) ** 2)

    @cached_property
    def latest(self) -> Floats:
        """Amount of each period of issue on the last diagonal, shape (n,).

        >>> ladder.latest.tolist()
        [165.0, 176.0, 90.0]
        """
        return np.array([self.cumulative[i, self.n - 1 - i] for i in range(self.n)])

    @cached_property
    def to_ultimate(self) -> Floats:
        """Factor from each age to the end, the tail included, shape (n,).

        >>> ladder.to_ultimate.round(4).tolist()
        [1.7076, 1.1, 1.0]
        """
        grown: Floats = np.append(np.cumprod(self.factors[::-1])[::-1], 1.0) * self.tail
        return grown

    @property
    def ultimates(self) -> Floats:
        """Amount that each period of issue comes to in the end, shape (n,).

        >>> ladder.ultimates.round(2).tolist()
        [165.0, 193.6, 153.69]
        """
        grown: Floats = self.latest * self.to_ultimate[::-1]
        return grown

    @property
    def reserve(self) -> np.float64:
        """What is still to come in all.

        >>> ladder.reserve.round(2)
        np.float64(81.29)
        """
        return np.float64((self.ultimates - self.latest).sum())

    @cached_property
    def standard_error(self) -> float:
        """Mack's standard error of the reserve in all; the tail is taken as known.

        >>> round(ladder.standard_error, 2)
        24.39
        """
        n, f = self.n, self.factors
        ratio = self.variances / f**2
        weight = np.array([self.cumulative[: n - 1 - k, k].sum() for k in range(n - 1)])
        ultimate, total = self.ultimates, 0.0
        for i in range(1, n):
            path, size = self.latest[i], 0.0
            later = ultimate[i + 1 :].sum()
            for k in range(n - 1 - i, n - 1):
                own = 1 / path if path > 0 else 0.0
                size += ultimate[i] ** 2 * ratio[k] * (own + 1 / weight[k])
                size += ultimate[i] * later * 2 * ratio[k] / weight[k]
                path *= f[k]
            total += size
        return math.sqrt(total)

    def to_frame(self) -> pd.DataFrame:
        """The factors.

        >>> list(ladder.to_frame())
        ['age', 'factor', 'sigma', 'to_ultimate', 'developed']

        Returns:
            One row per age: `factor` to the next age (none for the last), its `sigma`, factor `to_ultimate`, and
            share of the ultimate that is there by then (`developed`).
        """
        return pd.DataFrame({
            "age": np.arange(self.n),
            "factor": np.append(self.factors, np.nan),
            "sigma": np.append(np.sqrt(self.variances), np.nan),
            "to_ultimate": self.to_ultimate,
            "developed": 1 / self.to_ultimate,
        })  # fmt: skip
