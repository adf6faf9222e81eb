"""Ultimate redemption rates of groups: tiers, tenure and balance at the time of issue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_among, not_rising
from crm_lab.fact_rows import facts_of
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle
from crm_lab.loyalty.breakage.ultimate_redemption import UltimateRedemption, UltimateRedemptionResult
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result

_S = "breakage.groups"
GroupedBy = Literal["tier", "tenure", "balance"]
_BY: tuple[GroupedBy, ...] = ("tier", "tenure", "balance")


@dataclass(frozen=True, kw_only=True)
class RedemptionByGroup:
    """Ultimate redemption rate by what was known of a member when points were issued.

    >>> days = pd.to_datetime(["2024-01-05", "2024-06-05", "2024-07-05"])
    >>> lots = pd.DataFrame({"customer_id": ["a", "a", "b"], "lot": [1, 2, 1], "issued_on": days, "points": 100})
    >>> uses = pd.DataFrame({"customer_id": ["a"], "lot": [1], "kind": "redeem", "points": 40, "date": days[[1]]})
    >>> RedemptionByGroup(by="tenure").groups(lots, uses).tolist()
    ['0–89', '90+', '0–89']

    Attributes:
        by: ``tier`` on the day of issue, ``tenure`` since the member's first points, or ``balance`` before the issue.
        cuts: Days of tenure, or points of balance, at which groups begin; the median balance unless given.
        ultimate: How the rates are estimated.
    """

    by: GroupedBy
    cuts: tuple[int, ...] = ()
    ultimate: UltimateRedemption = field(default_factory=UltimateRedemption)

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, by=_BY),
            not_rising(self, "cuts") if self.cuts else (),
            cuts=self.by == "tier" and bool(self.cuts) and "tiers have no cuts",
        )

    def groups(self, lots: pd.DataFrame, uses: pd.DataFrame, tiers: pd.DataFrame | None = None) -> pd.Series:
        """The group of each lot, by what was known when it was issued.

        >>> RedemptionByGroup(by="balance", cuts=(50,)).groups(lots, uses).tolist()
        ['0–49', '50+', '0–49']

        Args:
            lots: Lots of the ledger.
            uses: Their uses.
            tiers: For ``tier``: `customer_id`, `tier`, `since`.

        Returns:
            Names of groups, with the index of the lots.

        Raises:
            BadInput: If tiers are asked for and none are given.
        """
        if self.by == "tier":
            if tiers is None:
                raise BadInput("Rates by tier need tiers: a table with customer_id, tier, since.")
            return _tier_of(lots, tiers)
        if self.by == "tenure":
            first = lots.groupby("customer_id")["issued_on"].transform("min")
            return _banded((lots["issued_on"] - first).dt.days, self.cuts or (90,))
        had = balance_before(lots, uses)
        return _banded(had, self.cuts or (max(int(had[had > 0].median()) if (had > 0).any() else 1, 1),))

    def analyze(
        self,
        lots: pd.DataFrame,
        uses: pd.DataFrame,
        as_of: str | date,
        tiers: pd.DataFrame | None = None,
        expires_after: int | None = None,
    ) -> RedemptionByGroupResult:
        """Estimate the rate of each group, where its members allow one.

        >>> rates = RedemptionByGroup(by="tenure").analyze(lots, uses, "2024-12-31")
        >>> rates.to_frame()[["group", "issued"]].to_dict("list")
        {'group': ['0–89', '90+'], 'issued': [200.0, 100.0]}

        Args:
            lots: Lots of the ledger.
            uses: Their uses.
            as_of: Last day that is known.
            tiers: For ``tier``: `customer_id`, `tier`, `since`.
            expires_after: As in `RedemptionTriangle.from_ledger`.

        Returns:
            One row per group.
        """
        lots = lots[lots["issued_on"].notna()]
        names, found, first = self.groups(lots, uses, tiers), {}, lots["issued_on"].min()
        for name in sorted(names.unique(), key=_place):
            triangle = RedemptionTriangle.from_ledger(
                lots[names == name], uses, as_of, expires_after, since=first
            )  # fmt: skip
            found[str(name)] = self.ultimate.analyze(triangle)
        return RedemptionByGroupResult(self, found)


@dataclass(frozen=True, eq=False)
class RedemptionByGroupResult(Result):
    """Ultimate redemption rates of groups.

    >>> from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption
    >>> rng, month = np.random.default_rng(5), np.add.outer(np.arange(24), np.arange(24))
    >>> def one(rate):
    ...     cells = rng.poisson(rate * 1_000 * 0.85 ** np.arange(24), (24, 24)) * (month < 24) * (np.arange(24) < 13)
    ...     return RedemptionTriangle(648, np.full(24, 10_000.0), cells * 1.0, expires_after=12)
    >>> spec = UltimateRedemption()
    >>> found = RedemptionByGroupResult(
    ...     RedemptionByGroup(by="tier"), {"gold": spec.analyze(one(1.2)), "base": spec.analyze(one(0.8))}
    ... )

    Attributes:
        spec: Settings.
        groups: Each group's rate.
    """

    spec: RedemptionByGroup
    groups: Mapping[str, UltimateRedemptionResult]

    name: ClassVar[str] = "redemption_by_group"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("issued", "redeemed"), ",.0f"),
        **dict.fromkeys(("redemption_rate", "lo", "hi", "breakage"), ".1%"),
    }

    def to_frame(self) -> pd.DataFrame:
        """The rate of each group.

        >>> found.to_frame()["redemption_rate"].round(1).tolist()
        [0.7, 0.5]

        Returns:
            One row per group: `group`, `members` (0 where not known), points `issued` and `redeemed`,
            `redemption_rate` with `lo` and `hi`, `breakage`, and `refusal`, the reason in words where there is none.
        """
        rows = []
        for name, part in self.groups.items():
            triangle, ci, why = part.triangle, part.interval, part.refusal()
            issued, redeemed = float(triangle.issued.sum()), float(triangle.redeemed_so_far.sum())
            rows.append((name, triangle.members, issued, redeemed, part.rate, ci.lo, ci.hi, part.breakage, why))
        columns = ["group", "members", "issued", "redeemed", "redemption_rate", "lo", "hi", "breakage", "refusal"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.assign(refusal=["" if why is None else why.key for why in frame["refusal"]])

    def shown(self) -> pd.DataFrame:
        """The table with reasons in words.

        >>> found.shown()["refusal"].tolist()
        ['', '']
        """
        why = [part.refusal() for part in self.groups.values()]
        return self.to_frame().assign(refusal=["" if message is None else message.text() for message in why])

    def columns_of_data(self) -> Sequence[str]:
        """Groups are named by the data.

        >>> list(found.columns_of_data())
        []
        """
        return ()

    def refusal(self) -> Message | None:
        """Why no group has a rate.

        >>> found.refusal() is None
        True
        """
        known = [part for part in self.groups.values() if part.refusal() is None]
        return None if known else Message(f"{_S}.refused", {"groups": len(self.groups)})

    def readout(self) -> Readout:
        """Which group redeems most and least.

        >>> print(found.readout().finding)
        By tier, points of gold are redeemed most (70.6% in the end), those of base least (46.7%).
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action")
        frame = self.to_frame().dropna(subset=["redemption_rate"]).sort_values("redemption_rate")
        low, high = frame.iloc[0], frame.iloc[-1]
        apart = "alone" if len(frame) == 1 else "apart" if low["hi"] < high["lo"] else "overlap"
        values = {
            "most": high["group"], "high": high["redemption_rate"], "least": low["group"],
            "low": low["redemption_rate"], "refused": len(self.groups) - len(frame),
            "by": Message(f"{_S}.by_{self.spec.by}"), "apart": Message(f"{_S}.{apart}"),
        }  # fmt: skip
        return Readout.of(_S, values, "finding" if len(frame) > 1 else "finding_one", "certainty", "action")

    def facts(self) -> tuple[Fact, ...]:
        """The rate of each group.

        >>> [fact.id for fact in found.facts()]
        ['breakage.group.gold.rate', 'breakage.group.base.rate']
        """
        kind: Kind = "simulated" if self.spec.ultimate.simulated else "forecast"
        why = [part.refusal() for part in self.groups.values()]
        frame = self.to_frame().assign(refusal=pd.Series(why, dtype=object))
        return facts_of(
            frame, "breakage.group.{group}.rate", f"{_S}.fact_rate", "redemption_rate", "share", ends=("lo", "hi"),
            level=self.spec.ultimate.level, n="members", kind=kind, refusal="refusal",
            denominator="breakage.ultimate.of_issued",
        )  # fmt: skip


def balance_before(lots: pd.DataFrame, uses: pd.DataFrame) -> pd.Series:
    """Points that a member had just before each lot was issued, its own day not counted.

    >>> days = pd.to_datetime(["2024-01-05", "2024-06-05"])
    >>> lots = pd.DataFrame({"customer_id": ["a", "a"], "lot": [1, 2], "issued_on": days, "points": 100})
    >>> uses = pd.DataFrame({"customer_id": ["a"], "lot": [1], "points": [40], "date": pd.to_datetime(["2024-03-01"])})
    >>> balance_before(lots, uses).tolist()
    [0, 60]

    Args:
        lots: Lots of the ledger.
        uses: Their uses.

    Returns:
        Points, with the index of the lots.
    """
    moves = pd.concat([
        pd.DataFrame({"customer_id": lots["customer_id"], "day": lots["issued_on"], "points": lots["points"]}),
        pd.DataFrame({"customer_id": uses["customer_id"], "day": uses["date"], "points": -uses["points"]}),
    ])  # fmt: skip
    daily = moves.groupby(["customer_id", "day"], sort=True)["points"].sum()
    before = daily.groupby(level=0).cumsum() - daily
    keys = pd.MultiIndex.from_arrays([lots["customer_id"], lots["issued_on"]])
    return pd.Series(before.reindex(keys).to_numpy(), index=lots.index)


def _tier_of(lots: pd.DataFrame, tiers: pd.DataFrame) -> pd.Series:
    """Tier on the day of issue."""
    day = lots[["customer_id", "issued_on"]].assign(place=np.arange(len(lots)), issued_on=_days(lots["issued_on"]))
    known = tiers[["customer_id", "tier", "since"]].assign(since=_days(tiers["since"]))
    joined = pd.merge_asof(
        day.sort_values("issued_on"), known.sort_values("since"), left_on="issued_on", right_on="since",
        by="customer_id",
    ).sort_values("place")  # fmt: skip
    return pd.Series(joined["tier"].astype("str").fillna("–").to_numpy(), index=lots.index)


def _place(name: str) -> tuple[int, str]:
    """Order of groups: bands as they rise, others by name."""
    start = re.match(r"[\d,]+", name)
    return (int(start[0].replace(",", "")) if start else -1, name)


def _days(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values).astype("datetime64[s]")


def _banded(values: pd.Series, cuts: Sequence[int]) -> pd.Series:
    """Names of bands, the same in every language."""
    between = (f"{lo:,}–{hi - 1:,}" for lo, hi in pairwise(cuts))
    names = [f"0–{cuts[0] - 1:,}", *between, f"{cuts[-1]:,}+"]
    place = np.searchsorted(np.array(cuts), values.to_numpy(), side="right")
    return pd.Series(np.array(names, dtype=object)[place], index=values.index).astype("str")
