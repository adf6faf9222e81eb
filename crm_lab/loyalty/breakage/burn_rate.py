"""The burn rate: points redeemed in a month by points issued in it, and how that misleads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, too_small
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle
from crm_lab.loyalty.breakage.ultimate_redemption import UltimateRedemptionResult
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_S = "breakage.burn"


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """Points redeemed by points issued over the last months, beside the ultimate redemption rate.

    >>> from crm_lab.loyalty.breakage import UltimateRedemption
    >>> month, issued = np.add.outer(np.arange(24), np.arange(24)), 1_000.0 * 1.1 ** np.arange(24)
    >>> cells = issued[:, None] * 0.1 * 0.85 ** np.arange(24) * (month < 24) * (np.arange(24) < 13)
    >>> ultimate = UltimateRedemption().analyze(RedemptionTriangle(648, issued, cells, expires_after=12))
    >>> found = BurnRate().analyze(ultimate)
    >>> round(found.burned, 2), round(ultimate.rate, 2), round(found.growth, 2)
    (0.42, 0.59, 2.14)

    Attributes:
        months: Over which it is taken.
    """

    months: int = 12

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, months=1))

    def analyze(self, ultimate: UltimateRedemptionResult) -> BurnRateResult:
        """Read the burn rate off the triangle of an ultimate rate.

        >>> BurnRate(months=3).analyze(ultimate).to_frame()["burn_rate"].notna().sum()
        np.int64(22)

        Args:
            ultimate: The ultimate redemption rate.

        Returns:
            The burn rate by month.
        """
        return BurnRateResult(self, ultimate)


@dataclass(frozen=True, eq=False)
class BurnRateResult(Result):
    """Burn rates by month.

    >>> from crm_lab.loyalty.breakage import UltimateRedemption
    >>> month, issued = np.add.outer(np.arange(24), np.arange(24)), 1_000.0 * 1.1 ** np.arange(24)
    >>> cells = issued[:, None] * 0.1 * 0.85 ** np.arange(24) * (month < 24) * (np.arange(24) < 13)
    >>> ultimate = UltimateRedemption().analyze(RedemptionTriangle(648, issued, cells, expires_after=12))
    >>> found = BurnRate().analyze(ultimate)

    Attributes:
        spec: Settings.
        ultimate: The ultimate redemption rate.
    """

    spec: BurnRate
    ultimate: UltimateRedemptionResult

    name: ClassVar[str] = "burn_rate"
    formats: ClassVar[Mapping[str, str]] = {"issued": ",.0f", "redeemed": ",.0f", "burn_rate": ".1%"}

    @cached_property
    def _frame(self) -> pd.DataFrame:
        triangle: RedemptionTriangle = self.ultimate.triangle
        cells = np.where(triangle.seen, triangle.redeemed, 0.0)
        redeemed = np.array([cells[triangle.calendar == t].sum() for t in range(triangle.n)])
        frame = pd.DataFrame({"month": triangle.months, "issued": triangle.issued, "redeemed": redeemed})
        sums = frame[["issued", "redeemed"]].rolling(self.spec.months).sum()
        return frame.assign(burn_rate=(sums["redeemed"] / sums["issued"].where(sums["issued"] > 0)))

    def to_frame(self) -> pd.DataFrame:
        """The burn rate by month.

        >>> list(found.to_frame())
        ['month', 'issued', 'redeemed', 'burn_rate']

        Returns:
            One row per calendar month: points `issued` and `redeemed` in it, and `burn_rate` over the last months.
        """
        return self._frame.copy()

    @property
    def burned(self) -> float:
        """The last burn rate; NaN where there are too few months.

        >>> round(found.burned, 3)
        0.425
        """
        return float(self._frame["burn_rate"].iloc[-1])

    @property
    def growth(self) -> float:
        """Growth of the points issued, the last months by those before, less 1; NaN where there are too few.

        >>> round(found.growth, 3)
        2.138
        """
        issued, k = self._frame["issued"], self.spec.months
        before = float(issued.iloc[-2 * k : -k].sum()) if len(issued) >= 2 * k else float("nan")
        return float(issued.iloc[-k:].sum()) / before - 1 if before > 0 else float("nan")

    def refusal(self) -> Message | None:
        """Why there is no burn rate.

        >>> found.refusal() is None
        True
        """
        if np.isnan(self.burned):
            return Message(f"{_S}.refused", {"months": self.ultimate.triangle.n, "least": self.spec.months})
        return None

    def readout(self) -> Readout:
        """The burn rate beside the ultimate rate.

        >>> print(found.readout().finding)
        In the last 12 months 42.5% as many points were redeemed as were issued; in the end 58.6% of those issued are.
        """
        refused = self.refusal() or self.ultimate.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action")
        values = {
            "months": self.spec.months, "burned": self.burned, "rate": self.ultimate.rate, "growth": self.growth,
        }  # fmt: skip
        known = "certainty" if not np.isnan(self.growth) else "certainty_short"
        return Readout.of(_S, values, "finding", known, "action")

    def facts(self) -> tuple[Fact, ...]:
        """The burn rate.

        >>> [fact.id for fact in found.facts()]
        ['breakage.burn_rate']
        """
        refused, values = self.refusal(), {"months": self.spec.months}
        value = None if refused is not None else self.burned
        return (Fact("breakage.burn_rate", Message(f"{_S}.fact", values), value, "share", refusal=refused),)
