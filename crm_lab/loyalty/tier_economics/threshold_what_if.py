"""Who would be in which tier under other thresholds, and what that costs in a year: perks, points, liability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, check_settings, negative, not_inside, not_shares, too_small
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult
from crm_lab.stats.bootstrap import copies, percentile_interval


@dataclass(frozen=True, kw_only=True)
class ThresholdWhatIf:
    """Thresholds now and then, and what tiers cost.

    >>> spec = ThresholdWhatIf(tiers=("base", "gold"), now={"gold": 600}, then={"gold": 500}, perk_cost={"gold": 24.0})
    >>> members = pd.DataFrame({"qualifying_amount": [450.0, 520, 580, 900]})
    >>> spec.analyze(members).to_frame()["moved_up"].tolist()
    [0, 2]

    Attributes:
        tiers: Names, lowest first.
        now: Tier -> amount from which members are in it now, lowest tier left out.
        then: The same under the other thresholds.
        perk_cost: Tier -> cost of perks and service by member-year.
        earns: Tier -> points by unit of money.
        point_cost: Cost of a point that is redeemed.
        redemption_share: What of issued points will be redeemed.
        top_up: Share of the threshold within which members could top up to reach it.
        draws: Bootstrap samples of members.
        seed: Of the draws.
        level: Confidence level.
        currency: ISO code.
    """

    tiers: Sequence[str]
    now: Mapping[str, float]
    then: Mapping[str, float]
    perk_cost: Mapping[str, float] = field(default_factory=dict)
    earns: Mapping[str, float] = field(default_factory=dict)
    point_cost: float = 0.0
    redemption_share: float = 1.0
    top_up: float = 0.05
    draws: int = 300
    seed: int = 0
    level: float = 0.95
    currency: str = ""

    def __post_init__(self) -> None:
        wanted = list(self.tiers[1:])
        check_settings(
            self,
            not_inside(self, "level", "top_up"),
            not_shares(self, "redemption_share"),
            negative(self, "point_cost"),
            too_small(self, draws=20),
            now=not _rising(self.now, wanted) and f"it needs rising amounts for {', '.join(wanted)}",
            then=not _rising(self.then, wanted) and f"it needs rising amounts for {', '.join(wanted)}",
        )

    def analyze(
        self, members: pd.DataFrame, *, amount: str = "qualifying_amount", simulated: bool = False
    ) -> ThresholdWhatIfResult:
        """Put members into tiers by the amount that counted, under both sets of thresholds.

        >>> spec.analyze(members).cost.lo <= spec.analyze(members).cost.hi
        True

        Args:
            members: One row a member.
            amount: Column of what counted in a year, which next year's spend is taken to be.
            simulated: Whether any of it is simulated.

        Returns:
            One row a tier, and the change of cost with its interval.

        Raises:
            BadInput: If the column is missing or no amount is known.
        """
        if amount not in members or members[amount].notna().sum() == 0:
            raise BadInput(f"No member has an amount in {amount!r}; tiers are decided by it.")
        spend = members[amount].dropna().to_numpy(dtype=float)
        before, after = (self._places(spend, cuts, 0.0) for cuts in (self.now, self.then))
        topped = self._places(spend, self.then, self.top_up)
        cost, points = self._cost(spend, after) - self._cost(spend, before), self._points(spend, after, before)
        weights = copies(len(spend), self.draws, self.seed)
        ends = Interval(*percentile_interval(weights @ cost, self.level), self.level)
        most = float((self._cost(spend, topped) - self._cost(spend, before)).sum())
        return ThresholdWhatIfResult(
            self._table(before, after, topped), self, float(cost.sum()), ends, most, float(points.sum()),
            len(spend), simulated,
        )  # fmt: skip

    def _places(self, spend: Floats, cuts: Mapping[str, float], top_up: float) -> Integers:
        amounts = np.array([cuts[tier] for tier in self.tiers[1:]]) * (1 - top_up)
        return np.asarray(np.searchsorted(amounts, spend, side="right"))

    def _cost(self, spend: Floats, places: Integers) -> Floats:
        perks = np.array([self.perk_cost.get(tier, 0.0) for tier in self.tiers])
        earns = np.array([self.earns.get(tier, 0.0) for tier in self.tiers])
        return np.asarray(perks[places] + earns[places] * spend * self.redemption_share * self.point_cost)

    def _points(self, spend: Floats, after: Integers, before: Integers) -> Floats:
        earns = np.array([self.earns.get(tier, 0.0) for tier in self.tiers])
        return np.asarray((earns[after] - earns[before]) * spend * self.redemption_share * self.point_cost)

    def _table(self, before: Integers, after: Integers, topped: Integers) -> pd.DataFrame:
        k = len(self.tiers)
        counts = {
            "members_now": np.bincount(before, minlength=k), "members_then": np.bincount(after, minlength=k),
            "members_topped_up": np.bincount(topped, minlength=k),
            "moved_up": np.bincount(after[after > before], minlength=k),
            "moved_down": np.bincount(after[after < before], minlength=k),
        }  # fmt: skip
        return pd.DataFrame({"tier": list(self.tiers)} | counts)


def _rising(cuts: Mapping[str, float], tiers: Sequence[str]) -> bool:
    amounts = list(cuts.values())
    return list(cuts) == list(tiers) and amounts == sorted(set(amounts))


@dataclass(frozen=True, eq=False)
class ThresholdWhatIfResult(TableResult):
    """Who moves under other thresholds, and what that costs.

    >>> spec = ThresholdWhatIf(tiers=("base", "gold"), now={"gold": 600}, then={"gold": 500}, perk_cost={"gold": 24.0})
    >>> found = spec.analyze(pd.DataFrame({"qualifying_amount": [450.0, 520, 580, 900]}))

    Attributes:
        frame: One row a tier: ``members_now, members_then, members_topped_up`` (if all within reach top up), and who
            ``moved_up`` or ``moved_down`` into it.
        spec: What was compared.
        change: Change of the yearly cost of perks, service and points, behaviour unchanged.
        cost: Its interval, members drawn again.
        most: The same if all within reach of a threshold top up.
        points: Part of the change that is points to be redeemed: what the liability rises by.
        members: Members in all.
        simulated: Whether any of it is simulated.
    """

    frame: pd.DataFrame
    spec: ThresholdWhatIf
    change: float
    cost: Interval
    most: float
    points: float
    members: int
    simulated: bool

    name: ClassVar[str] = "threshold_what_if"
    formats: ClassVar[dict[str, str]] = dict.fromkeys(
        ("members_now", "members_then", "members_topped_up", "moved_up", "moved_down"), ",.0f"
    )

    def readout(self) -> Readout:
        """Who moves, what it costs, and what is not known.

        >>> print(found.readout().finding)
        Under the other thresholds 2 members move up and 0 down; perks, service and points cost +48 a year (95%
        interval +0 to +120), and +48 if all within 5% of a threshold top up.
        """
        values: dict[str, Any] = {
            "up": int(self.frame["moved_up"].sum()), "down": int(self.frame["moved_down"].sum()),
            "change": self.change, "lo": self.cost.lo, "hi": self.cost.hi, "level": self.spec.level,
            "most": self.most, "top_up": self.spec.top_up, "points": self.points, "members": self.members,
            "currency": f"{self.spec.currency} ".lstrip(),
        }  # fmt: skip
        return Readout.of("tier_economics", values, "what_if_finding", "what_if_certainty", "what_if_action")

    def facts(self) -> tuple[Fact, ...]:
        """Members who move, change of cost and of liability.

        >>> [fact.id for fact in found.facts()]
        ['thresholds.moved_up', 'thresholds.moved_down', 'thresholds.cost_change', 'thresholds.liability_change']
        """
        kind: Kind = "simulated" if self.simulated else "forecast"
        fact, money, n = partial(Fact, kind=kind), self.spec.currency, self.members
        up, down = (int(self.frame[name].sum()) for name in ("moved_up", "moved_down"))
        return (
            fact("thresholds.moved_up", "tier_economics.fact_moved_up", up, "customers", n=n),
            fact("thresholds.moved_down", "tier_economics.fact_moved_down", down, "customers", n=n),
            fact("thresholds.cost_change", "tier_economics.fact_cost_change", self.change, money, ci=self.cost, n=n),
            fact("thresholds.liability_change", "tier_economics.fact_liability_change", self.points, money, n=n),
        )
