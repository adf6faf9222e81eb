"""What each tier brings and costs in a span of days: spend, margin, points, perks, service, contribution, moves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import day_date, day_number
from crm_lab.checks import check_settings, negative, not_inside, not_shares, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.loyalty.tier_economics.threshold_effect import ThresholdEffectResult
from crm_lab.loyalty.tier_economics.tier_records import (
    Day,
    checked_history,
    purchase_rows,
    sums_within,
    tier_days,
    tier_ranks,
)
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.stats.bootstrap import copies, percentile_interval
from crm_lab.stats.inequality import gini, top_share
from crm_lab.stats.intervals import wilson

YEAR = 365
_COSTS = ("points_cost", "perk_cost", "service_cost")
_AMOUNTS = ("spend", "margin", "points_cost", "perk_cost", "service_cost", "contribution")
_SHOWN = (
    "tier", "members", *_AMOUNTS[1:], "per_member_year", "lo", "hi", "retention", "retention_lo",
    "retention_hi", "incremental", "incremental_lo", "incremental_hi",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TierProfit:
    """What is counted for each tier.

    >>> history = pd.DataFrame({"customer_id": ["a", "b"], "tier": ["base", "gold"], "since": ["2022-01-01"] * 2})
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "b"], "date": ["2023-03-01"] * 3, "net_amount": [50.0, 80, 70]}
    ... )
    >>> terms = TierProfit(tiers=("base", "gold"), margin_share=0.4, perk_cost={"gold": 12.0})
    >>> terms.analyze(history, orders, as_of="2023-12-31").to_frame()["contribution"].tolist()
    [20.0, 48.0]

    Attributes:
        tiers: Names from the lowest to the highest.
        margin_share: Margin by spend, before points, perks and service.
        perk_cost: Cost of perks by member-year in a tier; 0 where a tier is not named.
        service_cost: The same of service.
        point_cost: Cost of a point that is redeemed. Points are then charged when they are issued, by what of them
            will be redeemed; unless given, rewards are charged when they are redeemed, by their ``cost_amount``.
        redemption_share: What of issued points will be redeemed, with `point_cost`.
        days: Length of the span that ends with the as-of day; 365 is a calendar year.
        top: Share of a tier's members whose share of its spend is given.
        draws: Bootstrap samples of members.
        seed: Of the draws.
        level: Confidence level.
        currency: ISO code.
        assumed: Which of the settings are examples and not the retailer's.
    """

    tiers: Sequence[str]
    margin_share: float
    perk_cost: Mapping[str, float] = field(default_factory=dict)
    service_cost: Mapping[str, float] = field(default_factory=dict)
    point_cost: float | None = None
    redemption_share: float = 1.0
    days: int = YEAR
    top: float = 0.1
    draws: int = 300
    seed: int = 0
    level: float = 0.95
    currency: str = ""
    assumed: Sequence[str] = ()

    def __post_init__(self) -> None:
        named = [*self.perk_cost, *self.service_cost]
        unknown = sorted({name for name in named if name not in self.tiers})
        costs = [*self.perk_cost.values(), *self.service_cost.values()]
        check_settings(
            self,
            not_inside(self, "level", "top"),
            not_shares(self, "margin_share", "redemption_share"),
            too_small(self, days=1, draws=20),
            negative(self, *(("point_cost",) if self.point_cost is not None else ())),
            tiers=len(set(self.tiers)) < max(len(self.tiers), 1) and "it must name each tier once, lowest first",
            perk_cost=unknown and f"{', '.join(unknown)} are not among the tiers {', '.join(self.tiers)}",
            service_cost=min(costs, default=0) < 0 and "costs are 0 or more",
        )

    def analyze(
        self,
        tier_history: pd.DataFrame,
        orders: pd.DataFrame,
        rewards: pd.DataFrame | None = None,
        *,
        as_of: Day,
        amount: str = "net_amount",
        effects: Sequence[ThresholdEffectResult] = (),
        simulated: bool = False,
    ) -> TierProfitResult:
        """Count what each tier brought and cost in the days up to `as_of`.

        Each order counts for the tier its member was in on that day, each day of a member for the tier on it.

        >>> terms.analyze(history, orders, as_of="2023-12-31").to_frame()["tier"].tolist()
        ['base', 'gold']

        Args:
            tier_history: ``customer_id, tier, since``.
            orders: ``customer_id, date`` and an amount.
            rewards: The ledger of points: ``customer_id, date, kind, points, cost_amount``; no points unless given.
            as_of: Last day.
            amount: Column of the orders.
            effects: What thresholds change, where measured: the incremental margin of a tier is known from them alone.
            simulated: Whether any of it is simulated.

        Returns:
            One row a tier, with intervals from a bootstrap of members.

        Raises:
            BadInput: If columns are missing or a tier is unknown.
            CannotAnswer: If nobody was in a tier in those days.
        """
        last = day_number(as_of)
        first = last - self.days + 1 if self.days != YEAR else _year_before(as_of) + 1
        history = checked_history(tier_history, self.tiers)
        history = history[history["day"] <= last]
        if history.empty:
            raise cannot_answer("nobody_in_tiers", as_of=str(day_date(last)))
        ids = pd.Series(history["customer_id"].unique())
        cube = self._amounts(history, ids, orders, rewards, (first, last), amount)
        moves = self._moves(history, ids, orders, (first, last), amount)
        frame = self._table(cube, moves, effects)
        return TierProfitResult(frame, self, day_date(first), day_date(last), simulated)

    def _amounts(
        self,
        history: pd.DataFrame,
        ids: pd.Series,
        orders: pd.DataFrame,
        rewards: pd.DataFrame | None,
        span: tuple[int, int],
        amount: str,
    ) -> dict[str, Floats]:
        """Of each member and tier: years in it, spend, and what is charged, each shape (members, tiers)."""
        index, k = pd.Index(ids), len(self.tiers)
        years = tier_days(history, index, k, span) / YEAR
        spend = self._by_tier(history, index, purchase_rows(orders, amount), amount, span)
        points = self._points(history, index, rewards, span) if rewards is not None else np.zeros_like(spend)
        perks = years * np.array([self.perk_cost.get(tier, 0.0) for tier in self.tiers])
        service = years * np.array([self.service_cost.get(tier, 0.0) for tier in self.tiers])
        margin = self.margin_share * spend
        return {
            "years": years, "spend": spend, "margin": margin, "points_cost": points, "perk_cost": perks,
            "service_cost": service, "contribution": margin - points - perks - service,
        }  # fmt: skip

    def _points(self, history: pd.DataFrame, index: pd.Index, rewards: pd.DataFrame, span: tuple[int, int]) -> Floats:
        """Cost of points of each member and tier: at issue with a cost of a point, else at redemption."""
        column = "points" if self.point_cost is not None else "cost_amount"
        rows = purchase_rows(rewards.assign(**{column: rewards[column].fillna(0)}), column, "The ledger of points")
        if self.point_cost is None:
            return self._by_tier(history, index, rows[rows["kind"] == "redeem"], column, span)
        issued = rows[rows["kind"].isin(("earn", "pending", "reverse"))]
        return self.point_cost * self.redemption_share * self._by_tier(history, index, issued, column, span)

    def _by_tier(
        self, history: pd.DataFrame, index: pd.Index, rows: pd.DataFrame, column: str, span: tuple[int, int]
    ) -> Floats:
        """Sums of each member and the tier on the day of each row, shape (members, tiers)."""
        inside = rows[rows["day"].between(*span)]
        ranks = tier_ranks(history, inside["customer_id"], inside["day"].to_numpy(dtype=np.int64))
        who, k = index.get_indexer(pd.Index(inside["customer_id"])), len(self.tiers)
        known = (ranks >= 0) & (who >= 0)
        values = inside[column].to_numpy(dtype=float)[known]
        sums = np.bincount(who[known] * k + ranks[known], values, len(index) * k)
        return np.asarray(sums.reshape(-1, k), dtype=np.float64)

    def _moves(
        self, history: pd.DataFrame, ids: pd.Series, orders: pd.DataFrame, span: tuple[int, int], amount: str
    ) -> pd.DataFrame:
        """Of each member: tier before the span and at its end (-1 if none), and whether there was an order in it."""
        start, end = (tier_ranks(history, ids, np.full(len(ids), day)) for day in (span[0] - 1, span[1]))
        rows = purchase_rows(orders, amount).assign(n=1.0)
        first, last = (np.full(len(ids), day) for day in span)
        return pd.DataFrame({"start": start, "end": end, "bought": sums_within(rows, ids, first, last, "n") > 0})

    def _table(
        self, cube: dict[str, Floats], moves: pd.DataFrame, effects: Sequence[ThresholdEffectResult]
    ) -> pd.DataFrame:
        totals = {name: values.sum(axis=0) for name, values in cube.items()}
        members = np.bincount(moves["end"][moves["end"] >= 0], minlength=len(self.tiers))
        frame = pd.DataFrame({"tier": list(self.tiers), "members": members} | {name: totals[name] for name in _AMOUNTS})
        frame.insert(2, "member_years", totals["years"])
        with np.errstate(invalid="ignore", divide="ignore"):
            frame["per_member_year"] = totals["contribution"] / totals["years"]
            for name in ("spend", "contribution"):
                frame[f"{name}_share"] = totals[name] / totals[name].sum()
        frame["lo"], frame["hi"] = self._ends(cube)
        frame = pd.concat([frame, _move_rates(moves, len(self.tiers), self.level)], axis=1)
        cost = totals["points_cost"] + totals["perk_cost"] + totals["service_cost"]
        frame["cost_per_retained"] = np.where(frame["retained"] > 0, cost / frame["retained"].clip(lower=1), math.nan)
        frame["spend_gini"], frame["top_share"] = zip(
            *(_spread(cube["spend"][:, k], cube["years"][:, k], self.top) for k in range(len(self.tiers))), strict=True
        )
        return frame.join(_incremental(self.tiers, effects))

    def _ends(self, cube: dict[str, Floats]) -> tuple[Floats, Floats]:
        """Bootstrap interval of the contribution by member-year of each tier, members drawn again."""
        weights = copies(len(cube["years"]), self.draws, self.seed).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = (weights @ cube["contribution"]) / (weights @ cube["years"])
        ends = [percentile_interval(drawn[:, k], self.level) for k in range(drawn.shape[1])]
        return np.array([lo for lo, _ in ends]), np.array([hi for _, hi in ends])


def _year_before(as_of: Day) -> int:
    """The same day of the year before: a year of days is a calendar year, at whose start tiers are set anew."""
    return day_number((pd.Timestamp(as_of) - pd.DateOffset(years=1)).date())


def _move_rates(moves: pd.DataFrame, k: int, level: float) -> pd.DataFrame:
    """Of those in a tier at the start: how many, who moved up and down with intervals, who bought again."""
    rows = []
    for rank in range(k):
        own = moves[moves["start"] == rank]
        up, down, kept = int((own["end"] > rank).sum()), int((own["end"] < rank).sum()), int(own["bought"].sum())
        row: dict[str, float] = {"at_start": len(own), "retained": kept}
        for name, count in (("up", up), ("down", down), ("retention", kept)):
            lo, hi = (float(end) for end in wilson(count, len(own), level))
            share = count / len(own) if len(own) else math.nan
            row |= {name: share, f"{name}_lo": lo, f"{name}_hi": hi}
        rows.append(row)
    return pd.DataFrame(rows)


def _spread(spend: Floats, years: Floats, top: float) -> tuple[float, float]:
    """Gini coefficient of spend among a tier's members, and the share of the best of them."""
    own = np.clip(spend[years > 0], 0, None)
    return (gini(own), top_share(own, top)) if own.sum() > 0 else (math.nan, math.nan)


def _incremental(tiers: Sequence[str], effects: Sequence[ThresholdEffectResult]) -> pd.DataFrame:
    """Margin that a tier adds for members at its threshold, where a threshold effect on the margin is stated."""
    known = {e.spec.tier: e.jump for e in effects if e.spec.outcome == "margin" and e.why == "stated"}
    rows = []
    for tier in tiers:
        jump = known.get(tier)
        value = (math.nan,) * 3 if jump is None else (jump.effect, jump.interval.lo, jump.interval.hi)
        rows.append(dict(zip(("incremental", "incremental_lo", "incremental_hi"), value, strict=True)))
    return pd.DataFrame(rows).assign(
        incremental_basis=["unknown" if tier not in known else "threshold" for tier in tiers]
    )


@dataclass(frozen=True, eq=False)
class TierProfitResult(TableResult):
    """What each tier brought and cost.

    >>> history = pd.DataFrame({"customer_id": ["a", "b"], "tier": ["base", "gold"], "since": ["2022-01-01"] * 2})
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "b"], "date": ["2023-03-01"] * 3, "net_amount": [50.0, 80, 70]}
    ... )
    >>> terms = TierProfit(tiers=("base", "gold"), margin_share=0.4, perk_cost={"gold": 12.0})
    >>> found = terms.analyze(history, orders, as_of="2023-12-31")

    Attributes:
        frame: One row a tier, lowest first. ``spend`` to ``contribution`` are sums of the span; ``per_member_year`` is
            the contribution by member-year, with its interval ``lo, hi``; ``up``, ``down`` and ``retention`` are shares
            of those in the tier ``at_start``; ``cost_per_retained`` is points, perks and service by those of them who
            bought; ``incremental`` is known for members at a threshold only, where a test of it earned that.
        spec: What was counted.
        first: First day.
        last: Last day.
        simulated: Whether any of it is simulated.
    """

    frame: pd.DataFrame
    spec: TierProfit
    first: date
    last: date
    simulated: bool

    name: ClassVar[str] = "tier_profit"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("members", "at_start", "retained", *_AMOUNTS), ",.0f"), "member_years": ",.0f",
        **dict.fromkeys(("per_member_year", "lo", "hi", "cost_per_retained"), ",.2f"),
        **dict.fromkeys(("incremental", "incremental_lo", "incremental_hi"), "+,.2f"),
        **{f"{name}{end}": ".1%" for name in ("up", "down", "retention") for end in ("", "_lo", "_hi")},
        **dict.fromkeys(("spend_share", "contribution_share", "top_share"), ".1%"), "spend_gini": ".2f",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"incremental_basis": "tier_economics.basis_"}

    def shown(self) -> pd.DataFrame:
        """From margin to contribution, what a member-year brings, who bought again, and what the tier adds.

        >>> list(found.shown())[:7]
        ['tier', 'members', 'margin', 'points_cost', 'perk_cost', 'service_cost', 'contribution']
        """
        return self.in_words(self.to_frame())[list(_SHOWN)]

    def readout(self) -> Readout:
        """Which tier brings most by member, what is known of its own effect, and what to do.

        >>> print(found.readout().finding)
        In the 365 days to 2023-12-31, gold brought 48.00 a member-year after points, perks and service (95% interval
        48.00 to 48.00), 2.4 times base; it is 71% of the whole contribution.
        """
        frame = self.frame[self.frame["member_years"] > 0]
        top, base = frame.iloc[-1], frame.iloc[0]
        times = top["per_member_year"] / base["per_member_year"] if base["per_member_year"] > 0 else math.nan
        known = [str(tier) for tier in frame["tier"][frame["incremental_basis"] == "threshold"]]
        values = {
            "tier": top["tier"], "base": base["tier"], "per": top["per_member_year"], "lo": top["lo"], "hi": top["hi"],
            "times": times, "share": top["contribution_share"], "as_of": str(self.last),
            "days": day_number(self.last) - day_number(self.first) + 1,
            "level": self.spec.level, "currency": f"{self.spec.currency} ".lstrip(), "known": ", ".join(known),
            "assumed": ", ".join(self.spec.assumed), "free": self._without_cost,
            "least": frame["tier"].iloc[int(frame["per_member_year"].to_numpy().argmin())],
            "worst": float(frame["per_member_year"].min()),
        }  # fmt: skip
        certainty = "profit_known" if known else "profit_unknown"
        action = "profit_terms" if self.spec.assumed else "profit_loss" if values["worst"] < 0 else "profit_action"
        return Readout.of("tier_economics", values, "profit_finding", certainty, action)

    @property
    def _without_cost(self) -> Message | str:
        """That points, perks or service have no cost here, where they have none."""
        free = [name for name in _COSTS if not self.frame[name].any()]
        return Message(f"tier_economics.free_{'_'.join(name.removesuffix('_cost') for name in free)}") if free else ""

    def facts(self) -> tuple[Fact, ...]:
        """Members, contribution, moves and cost of a retained member of each tier.

        >>> [fact.id for fact in found.facts()][:3]
        ['tier.base.members', 'tier.gold.members', 'tier.base.contribution']
        """
        kind: Kind = "simulated" if self.simulated else "fact"
        guess: Kind = "simulated" if self.simulated else "estimate"
        of, money, label = partial(facts_of, self.frame, level=self.spec.level), self.spec.currency, "tier_economics."
        return (
            *of("tier.{tier}.members", f"{label}fact_members", "members", "customers", kind=kind),
            *of("tier.{tier}.contribution", f"{label}fact_contribution", "contribution", money, kind=kind, better="up"),
            *of("tier.{tier}.per_member_year", f"{label}fact_per_member", "per_member_year", money, ends=("lo", "hi"),
                n="members", kind=guess, better="up"),
            *of("tier.{tier}.up", f"{label}fact_up", "up", "share", ends=("up_lo", "up_hi"), n="at_start", kind=guess),
            *of("tier.{tier}.down", f"{label}fact_down", "down", "share", ends=("down_lo", "down_hi"), n="at_start",
                kind=guess),
            *of("tier.{tier}.cost_per_retained", f"{label}fact_cost_per_retained", "cost_per_retained", money,
                kind=kind),
            *of("tier.{tier}.spend_share", f"{label}fact_spend_share", "spend_share", "share", kind=kind),
            *of("tier.{tier}.top_share", lambda row: Message(f"{label}fact_top", {"tier": row["tier"],
                "top": self.spec.top}), "top_share", "share", kind=kind),
        )  # fmt: skip
