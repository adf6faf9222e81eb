"""Whether members who just missed a tier leave more often than those around them, with equal follow-up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, need_columns, not_inside, not_positive
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.discontinuity.density_test import DensityTest
from crm_lab.stats.intervals import normal_interval, wilson

FEWEST = 50  # members of a group below which nothing is said
GROUPS = ("further", "near", "above")
_FURTHER = 4  # times the reach that members further below lie within


@dataclass(frozen=True, kw_only=True)
class NearMiss:
    """How near misses are read.

    >>> rng = np.random.default_rng(1)
    >>> amount = rng.uniform(200, 700, 20_000)
    >>> chance = 0.3 - 0.0002 * amount + 0.1 * ((amount >= 475) & (amount < 500))
    >>> members = pd.DataFrame({"qualifying_amount": amount, "left": (rng.random(20_000) < chance) * 1.0})
    >>> NearMiss(tier="gold", threshold=500).analyze(members).seen
    True

    Attributes:
        tier: The tier that was missed.
        threshold: Amount from which members are in it.
        reach: How near a miss is, as a share of the threshold.
        level: Confidence level.
        days: Length of the follow-up, for words.
    """

    tier: str
    threshold: float
    reach: float = 0.05
    level: float = 0.95
    days: int = 365

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_inside(self, "level"),
            not_positive(self, "threshold", "reach"),
            reach=self.reach >= 1 / _FURTHER and f"it must be below {1 / _FURTHER:g}",
        )

    def analyze(self, members: pd.DataFrame, *, simulated: bool = False) -> NearMissResult:
        """Compare near misses with members further below and with those just above.

        >>> NearMiss(tier="gold", threshold=500).analyze(members).to_frame()["group"].tolist()
        ['further', 'near', 'above']

        Args:
            members: One row a member with ``qualifying_amount`` and ``left`` (0 or 1), as `threshold_members` gives it.
            simulated: Whether any of it is simulated.

        Returns:
            Share that left in each group, and what near misses have beyond the trend of those further below.

        Raises:
            BadInput: If columns are missing or everybody is on one side.
        """
        need_columns(members.columns, ("qualifying_amount", "left"), "The members")
        x = members["qualifying_amount"].to_numpy(dtype=float) / self.threshold - 1
        y = members["left"].to_numpy(dtype=float)
        place = np.select(
            [
                (x >= -_FURTHER * self.reach) & (x < -self.reach),
                (x >= -self.reach) & (x < 0),
                (x >= 0) & (x < self.reach),
            ],
            [0, 1, 2],
            -1,
        )
        n = np.bincount(place[place >= 0], minlength=3).astype(np.float64)
        left = np.bincount(place[place >= 0], y[place >= 0], 3).astype(np.float64)
        if n.min() < FEWEST:
            return NearMissResult(self, n, left, math.nan, math.nan, False, simulated)
        expected, variance = _trend(x[place == 0], y[place == 0], float(x[place == 1].mean()))
        rate = left[1] / n[1]
        se = math.sqrt(variance + rate * (1 - rate) / n[1])
        amounts = members["qualifying_amount"].to_numpy(dtype=float)
        sorted_ = DensityTest(threshold=self.threshold, level=self.level).fit(amounts).seen
        return NearMissResult(self, n, left, expected, se, sorted_, simulated)


def _trend(x: Floats, y: Floats, at: float) -> tuple[float, float]:
    """What a line through members further below has at a place, and its robust variance."""
    design = np.column_stack([np.ones_like(x), x - at])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ y
    row = (inverse[0] @ design.T) * (y - design @ beta)
    return float(beta[0]), float((row**2).sum() * len(x) / max(len(x) - 2, 1))


@dataclass(frozen=True, eq=False)
class NearMissResult(Result):
    """How many left of those who just missed a tier, and of those around them.

    >>> rng = np.random.default_rng(1)
    >>> amount = rng.uniform(200, 700, 20_000)
    >>> chance = 0.3 - 0.0002 * amount + 0.1 * ((amount >= 475) & (amount < 500))
    >>> members = pd.DataFrame({"qualifying_amount": amount, "left": (rng.random(20_000) < chance) * 1.0})
    >>> found = NearMiss(tier="gold", threshold=500).analyze(members)

    Attributes:
        spec: How it was read.
        n: Members further below, near, just above, shape (3,).
        left: How many of them left, shape (3,).
        expected: Share of near misses that the trend of those further below leads to expect.
        se: Standard error of what they have beyond it.
        sorts: Whether members sort to the upper side, so that near misses are those who did not care to.
        simulated: Whether any of it is simulated.
    """

    spec: NearMiss
    n: Floats
    left: Floats
    expected: float
    se: float
    sorts: bool
    simulated: bool

    name: ClassVar[str] = "near_miss"
    formats: ClassVar[dict[str, str]] = {
        "members": ",.0f",
        **dict.fromkeys(("left_share", "lo", "hi", "expected"), ".1%"),
    }
    words: ClassVar[dict[str, str]] = {"group": "tier_economics.group_"}

    def refusal(self) -> Message | None:
        """Said where a group has too few members.

        >>> found.refusal() is None
        True
        """
        if math.isnan(self.se):
            return Message("tier_economics.refused_near", self._values())
        return None

    @property
    def beyond(self) -> Interval:
        """Interval of what near misses have beyond the trend of those further below.

        >>> bool(found.beyond.lo < 0.1 < found.beyond.hi)
        True
        """
        return normal_interval(self.left[1] / max(self.n[1], 1) - self.expected, self.se, self.spec.level)

    @property
    def seen(self) -> bool:
        """Whether near misses leave more often than that trend.

        >>> found.seen
        True
        """
        return bool(self.beyond.lo > 0)

    def to_frame(self) -> pd.DataFrame:
        """One row a group: ``group``, ``members``, ``left_share`` with ``lo, hi``, and what was ``expected``.

        >>> found.to_frame()["members"].tolist()
        [2929, 1047, 1001]
        """
        lo, hi = wilson(self.left, self.n, self.spec.level)
        return pd.DataFrame(
            {
                "group": list(GROUPS), "members": self.n.astype(int), "left_share": self.left / np.maximum(self.n, 1),
                "lo": lo, "hi": hi, "expected": [math.nan, self.expected, math.nan],
            }
        )  # fmt: skip

    def readout(self) -> Readout:
        """How many left, whether that is more than around them, and what to do.

        >>> found.readout().finding.key
        'tier_economics.near_seen'
        """
        values, why = self._values(), self.refusal()
        if why is not None:
            return Readout.of("tier_economics", values, why, "near_certainty_refused", "near_action_refused")
        certainty = "near_certainty_sorted" if self.sorts else "near_certainty"
        finding, action = ("near_seen", "near_action_seen") if self.seen else ("near_none", "near_action_none")
        return Readout.of("tier_economics", values, finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """Shares that left, and what near misses have beyond the trend.

        >>> [fact.id for fact in found.facts()]
        ['near_miss.gold.near', 'near_miss.gold.above', 'near_miss.gold.beyond']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact, rows, values = partial(Fact, kind=kind, better="down"), self.to_frame(), self._values()
        name = f"near_miss.{id_part(self.spec.tier)}"
        why = self.refusal()
        shares = [
            fact(
                f"{name}.{group}", Message(f"tier_economics.fact_{group}", values), row["left_share"], "share",
                ci=Interval(row["lo"], row["hi"], self.spec.level), n=int(row["members"]),
            )
            for group, (_, row) in zip(GROUPS[1:], rows.iloc[1:].iterrows(), strict=True)
        ]  # fmt: skip
        ends = self.beyond
        value = None if why else (ends.lo + ends.hi) / 2
        label = Message("tier_economics.fact_beyond", values)
        return (*shares, fact(f"{name}.beyond", label, value, "share", ci=None if why else ends, refusal=why))

    def _values(self) -> dict[str, Any]:
        rate, ends = self.left / np.maximum(self.n, 1), self.beyond
        return {
            "tier": self.spec.tier, "threshold": self.spec.threshold, "reach": self.spec.reach, "days": self.spec.days,
            "further": rate[0], "near": rate[1], "above": rate[2], "n": int(self.n[1]), "few": int(self.n.min()),
            "expected": self.expected, "beyond": (ends.lo + ends.hi) / 2, "lo": ends.lo, "hi": ends.hi,
            "level": self.spec.level, "least": FEWEST,
        }  # fmt: skip
