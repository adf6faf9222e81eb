"""The rules of a points programme: what is earned, when it expires, what rewards and tiers take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import check_settings, negative, not_positive

NEVER = 10**8  # a day that does not come


@dataclass(frozen=True, kw_only=True)
class PointsRules:
    """Rules of a programme; a changed rule is a copy with `dataclasses.replace`.

    >>> PointsRules(rate=1.0, expiry_months=12).last_day(np.array([19_000])).tolist()  # 2022-01-08 to 2023-01-31
    [19388]

    Attributes:
        rate: Points per unit of money.
        earns: Tier -> factor of the points earned; 1 where a tier is not named.
        expiry_months: Points hold to the end of the month so many months after that of their issue.
        expiry_days: Points hold for so many days; they never expire with neither.
        price_factor: Factor of all rewards' prices in points.
        cost_factor: Factor of what rewards cost the retailer, and so of the cost per point.
        thresholds: Tier -> amount from which members are in it, lowest tier left out.
        perks: Tier -> cost of perks and service by member-year; 0 where a tier is not named.
    """

    rate: float = 1.0
    earns: Mapping[str, float] = field(default_factory=dict)
    expiry_months: int | None = None
    expiry_days: int | None = None
    price_factor: float = 1.0
    cost_factor: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    perks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = [name for name in ("expiry_months", "expiry_days") if getattr(self, name) is not None]
        amounts = list(self.thresholds.values())
        check_settings(
            self,
            negative(self, "rate", "cost_factor"),
            not_positive(self, "price_factor", *given),
            expiry_days=len(given) > 1 and "give months or days, not both",
            thresholds=amounts != sorted(set(amounts)) and "they must rise, lowest tier first",
            earns=min([*self.earns.values(), *self.perks.values()], default=0) < 0
            and "factors and costs are 0 or more",
        )

    def last_day(self, issued: Integers) -> Integers:
        """Last day on which points can be redeemed, by the day of their issue, shape (n,).

        >>> PointsRules(expiry_days=30).last_day(np.array([100])).tolist()
        [130]

        Args:
            issued: Days since 1970-01-01, shape (n,).

        Returns:
            Days since 1970-01-01, shape (n,).
        """
        if self.expiry_days is not None:
            return issued + self.expiry_days
        if self.expiry_months is None:
            return np.full(len(issued), NEVER)
        month = issued.astype("datetime64[D]").astype("datetime64[M]") + self.expiry_months + 1
        return np.asarray(month.astype("datetime64[D]").astype(np.int64) - 1)

    def places(self, amounts: Floats) -> Integers:
        """Place of the tier that amounts lead to, 0 for the lowest, shape (n,).

        >>> PointsRules(thresholds={"silver": 300, "gold": 600}).places(np.array([10.0, 300, 900])).tolist()
        [0, 1, 2]

        Args:
            amounts: What counted, shape (n,); a missing one leads to the lowest tier.

        Returns:
            Places, shape (n,).
        """
        cuts = np.array(list(self.thresholds.values()), dtype=float)
        return np.asarray(np.searchsorted(cuts, np.nan_to_num(amounts, nan=-np.inf), side="right"))
