"""Two ledgers of the same points, such as those of the shop and of the app: where they do not say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, check_settings, need_columns, not_levels, not_positive, too_small
from crm_lab.loyalty.points.ledger_rows import read_ledger
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import ratio_by_customer, wilson_interval

_S = "points.two"
_UNNAMED = ("first", "second")
_OUTCOMES = ("agree", "points_differ", "only_first", "only_second")
_COMMON = 0.05  # below it two ledgers are parts of one


@dataclass(frozen=True)
class TwoLedgers:
    """Match the events of two ledgers by order, or by day and points where they have none.

    >>> day = pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01"])
    >>> shop = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "b"],
    ...         "event": [1, 1, 2],
    ...         "date": day,
    ...         "kind": ["earn", "earn", "redeem"],
    ...         "points": [100, 80, -30],
    ...         "order_id": ["o1", "o2", None],
    ...     }
    ... )
    >>> app = shop.assign(points=[100, 60, -30])
    >>> two = TwoLedgers(names=("shop", "app")).analyze(shop, app, as_of="2024-12-31")
    >>> two.to_frame()[["kind", "agree", "points_differ", "gap_points"]].to_dict("list")
    {'kind': ['earn', 'redeem'], 'agree': [1, 1], 'points_differ': [1, 0], 'gap_points': [20, 0]}

    Attributes:
        names: What the two are called.
        days: Days by which the date of an event without order may differ.
        value_per_point: Money a point is worth; without it the mismatch is stated in points.
        level: Confidence level.
    """

    names: tuple[str, str] = _UNNAMED
    days: int = 1
    value_per_point: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse settings without a meaning."""
        check_settings(
            self,
            too_small(self, days=0),
            not_levels(self, "level"),
            not_positive(self, "value_per_point") if self.value_per_point is not None else (),
        )

    def analyze(self, first: pd.DataFrame, second: pd.DataFrame, as_of: str | date) -> TwoLedgersResult:
        """Hold two ledgers against each other.

        >>> two.mismatch_rate[0].__round__(3)
        0.333

        Args:
            first: Rows as the contract's table ``rewards`` has them.
            second: The same events as the other system wrote them.
            as_of: Last day that counts.

        Returns:
            What agrees and what does not, by kind and member.

        Raises:
            BadInput: If rows are no events, or the two have hardly an event in common.
        """
        end = day_number(as_of)
        one, other = (read_ledger(frame, end).frame for frame in (first, second))
        pairs = _pairs(_prepared(one), _prepared(other), self.days)
        common = int(pairs["outcome"].isin(("agree", "points_differ")).sum())
        if common < _COMMON * len(pairs):
            raise BadInput(
                f"The ledgers {self.names[0]} and {self.names[1]} have {common:,} of {len(pairs):,} events in common: "
                "they are parts of one ledger rather than two records of it. Put their rows together."
            )
        return TwoLedgersResult(pairs, (_balances(one), _balances(other)), self)

    def analyze_channels(self, rewards: pd.DataFrame, as_of: str | date) -> TwoLedgersResult:
        """Hold the rows of two channels of one table against each other; `names` are the channels.

        >>> both = pd.concat([shop.assign(channel="shop"), app.assign(channel="app")])
        >>> TwoLedgers(names=("shop", "app")).analyze_channels(both, "2024-12-31").mismatch_rate[0].__round__(3)
        0.333

        Args:
            rewards: Rows of both, with their ``channel``.
            as_of: Last day that counts.

        Returns:
            As `analyze`.

        Raises:
            BadInput: If a channel has no rows.
        """
        need_columns(rewards.columns, ("channel",), "The ledger of points")
        sides = [rewards[rewards["channel"] == name] for name in self.names]
        if empty := [name for name, side in zip(self.names, sides, strict=True) if not len(side)]:
            known = ", ".join(sorted(map(str, rewards["channel"].dropna().unique())))
            raise BadInput(f"The ledger has no rows of the channel {', '.join(empty)}; its channels are {known}.")
        return self.analyze(sides[0], sides[1], as_of)


@dataclass(frozen=True, eq=False)
class TwoLedgersResult(Result):
    """Two ledgers held against each other.

    >>> day = pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01"])
    >>> shop = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "b"],
    ...         "event": [1, 1, 2],
    ...         "date": day,
    ...         "kind": ["earn", "earn", "redeem"],
    ...         "points": [100, 80, -30],
    ...         "order_id": ["o1", "o2", None],
    ...     }
    ... )
    >>> two = TwoLedgers(names=("shop", "app")).analyze(shop, shop.assign(points=[100, 60, -30]), as_of="2024-12-31")

    Attributes:
        pairs: One row per event: `customer_id`, `kind`, `date`, `order_id`, `points_first`, `points_second`, `outcome`
            (``agree``, ``points_differ``, ``only_first``, ``only_second``).
        balances: Of each member in the two ledgers.
        spec: How they were matched.
    """

    name: ClassVar[str] = "two_ledgers"
    formats: ClassVar[Mapping[str, str]] = {"mismatch_rate": ".1%", "lo": ".1%", "hi": ".1%", "gap_points": ",.0f"}
    words: ClassVar[Mapping[str, str]] = {"kind": "points.kind_"}
    pairs: pd.DataFrame
    balances: tuple[pd.Series, pd.Series]
    spec: TwoLedgers

    @property
    def mismatch_rate(self) -> tuple[float, Interval]:
        """Share of events on which the two do not agree, with members as the sampling unit.

        >>> two.mismatch_rate[1].level
        0.95
        """
        return _rate(self.pairs, self.spec.level)

    def members(self) -> pd.DataFrame:
        """Members on whom the two do not agree, the largest gap first.

        >>> two.members()[["customer_id", "mismatches", "balance_first", "balance_second"]].to_dict("list")
        {'customer_id': ['b'], 'mismatches': [1], 'balance_first': [50], 'balance_second': [30]}

        Returns:
            One row per member: `customer_id`, `events`, `mismatches`, `gap_points` (absolute, over events),
            `balance_first`, `balance_second`, `balance_gap`.
        """
        by = self.pairs.assign(wrong=self.pairs["outcome"] != "agree", gap=_gap(self.pairs)).groupby("customer_id")
        found = by.agg(events=("wrong", "size"), mismatches=("wrong", "sum"), gap_points=("gap", "sum"))
        for name, balance in zip(("balance_first", "balance_second"), self.balances, strict=True):
            found[name] = balance.reindex(found.index, fill_value=0).astype(np.int64)
        found["balance_gap"] = found["balance_first"] - found["balance_second"]
        wrong = found[(found["mismatches"] > 0) | (found["balance_gap"] != 0)].reset_index()
        return wrong.sort_values(["gap_points", "customer_id"], ascending=[False, True]).reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """By kind of event.

        >>> two.to_frame()["events"].tolist()
        [2, 1]

        Returns:
            One row per kind: `kind`, `events`, `agree`, `points_differ`, `only_first`, `only_second`, `mismatch_rate`
            with `lo` and `hi`, and `gap_points` (absolute).
        """
        rows = []
        for kind, pairs in self.pairs.groupby("kind", sort=True):
            rate, ci = _rate(pairs, self.spec.level)
            counts = pairs["outcome"].value_counts()
            rows.append({
                "kind": kind, "events": len(pairs), **{o: int(counts.get(o, 0)) for o in _OUTCOMES},
                "mismatch_rate": rate, "lo": ci.lo, "hi": ci.hi, "gap_points": int(_gap(pairs).sum()),
            })  # fmt: skip
        return pd.DataFrame(rows).astype({"kind": "str"})

    @property
    def _differing(self) -> tuple[int, int]:
        """Members whose balances differ, and members in all."""
        one, other = self.balances
        everybody = one.index.union(other.index)
        gap = one.reindex(everybody, fill_value=0) - other.reindex(everybody, fill_value=0)
        return int((gap != 0).sum()), len(everybody)

    def facts(self) -> tuple[Fact, ...]:
        """Mismatch rate, its value, and members whose balances differ.

        >>> [fact.id for fact in two.facts()]
        ['points.two.mismatch_rate', 'points.two.gap', 'points.two.members']
        """
        rate, ci = self.mismatch_rate
        differ, members = self._differing
        worth, unit = self._worth()
        return (
            Fact("points.two.mismatch_rate", f"{_S}.fact_rate", rate, "share", ci=ci, kind="estimate",
                 n=self.pairs["customer_id"].nunique(), better="down", definition=f"{_S}.definition_rate"),
            Fact("points.two.gap", f"{_S}.fact_gap", worth, unit, better="down", definition=f"{_S}.definition_gap"),
            Fact("points.two.members", f"{_S}.fact_members", differ / members, "share", n=members, better="down",
                 ci=wilson_interval(differ, members, self.spec.level), kind="estimate"),
        )  # fmt: skip

    def _names(self) -> tuple[str | Message, str | Message]:
        """What the two are called; where nobody named them, the first and the second ledger in words."""
        if self.spec.names == _UNNAMED:
            return Message(f"{_S}.name_first"), Message(f"{_S}.name_second")
        return self.spec.names

    def _worth(self) -> tuple[float, str]:
        points = int(_gap(self.pairs).sum())
        value = self.spec.value_per_point
        return (points, "points") if value is None else (points * value, "currency")

    def readout(self) -> Readout:
        """How often the two differ, how sure, and where to begin.

        >>> print(two.readout().finding)
        Of 3 events 33.3% do not agree between shop and app (95% interval 0.0% to 76.9%): they differ by 20 points, and
        1 of 2 members' balances differ.
        """
        rate, ci = self.mismatch_rate
        differ, members = self._differing
        table = self.to_frame().sort_values(["gap_points", "events"], ascending=False)
        worst = table.iloc[0]
        values = {
            "events": len(self.pairs), "rate": rate, "lo": ci.lo, "hi": ci.hi, "level": self.spec.level,
            **dict(zip(("first", "second"), self._names(), strict=True)),
            "gap": int(_gap(self.pairs).sum()), "differ": differ, "members": members,
            "kind": Message(f"points.kind_{worst['kind']}"), "worst": int(worst["gap_points"]), "days": self.spec.days,
            "only_first": int(table["only_first"].sum()), "only_second": int(table["only_second"].sum()),
        }  # fmt: skip
        return Readout.of(_S, values, action="action" if values["gap"] else "action_none")


def _prepared(frame: pd.DataFrame) -> pd.DataFrame:
    order = frame["order_id"] if "order_id" in frame else pd.Series([None] * len(frame), dtype="str")
    kept = frame[["customer_id", "kind", "date", "points"]].assign(order_id=order.astype("str").where(order.notna()))
    kept = kept[kept["points"] != 0]
    return kept.sort_values(["customer_id", "kind", "date", "points", "order_id"]).reset_index(drop=True)


def _pairs(first: pd.DataFrame, second: pd.DataFrame, days: int) -> pd.DataFrame:
    """Events side by side: by order, by day and points, by points within some days, at last by day alone."""
    found, rest = [], [first, second]
    steps: list[tuple[list[str], int]] = [(["order_id"], 0), (["date", "points"], 0)]
    steps += [(["date", "points"], sign * shift) for shift in range(1, days + 1) for sign in (1, -1)]
    steps += [(["date"], 0)]
    for by, shift in steps:
        keys = ["customer_id", "kind", *by]
        sides = [side.dropna(subset=["order_id"]) if by == ["order_id"] else side for side in rest]
        sides = [side.assign(place=np.arange(len(side)), row=side.index) for side in sides]
        if shift:
            sides[1] = sides[1].assign(date=sides[1]["date"] + pd.Timedelta(days=shift))
        sides = [side.assign(place=side.groupby(keys).cumcount()) for side in sides]
        both = sides[0].merge(sides[1], on=[*keys, "place"], suffixes=("_first", "_second"))
        found.append(_side_by_side(first, both["row_first"], second, both["row_second"]))
        rest = [
            side.loc[~side.index.isin(both[row])] for side, row in zip(rest, ("row_first", "row_second"), strict=True)
        ]
    nothing = pd.Series([], dtype=np.int64)
    found += [
        _side_by_side(first, rest[0].index.to_series(), second, nothing),
        _side_by_side(first, nothing, second, rest[1].index.to_series()),
    ]
    pairs = pd.concat([part for part in found if len(part)], ignore_index=True)
    return pairs.sort_values(["customer_id", "date", "kind", "order_id"]).reset_index(drop=True)


def _side_by_side(first: pd.DataFrame, ones: pd.Series, second: pd.DataFrame, others: pd.Series) -> pd.DataFrame:
    base = first.loc[ones] if len(ones) else second.loc[others]
    frame = base[["customer_id", "kind", "date", "order_id"]].reset_index(drop=True)
    n = len(frame)
    a = first.loc[ones, "points"].to_numpy() if len(ones) else np.zeros(n, dtype=np.int64)
    b = second.loc[others, "points"].to_numpy() if len(others) else np.zeros(n, dtype=np.int64)
    same = np.where(a == b, "agree", "points_differ")
    outcome = same if len(ones) and len(others) else np.full(n, "only_first" if len(ones) else "only_second")
    return frame.assign(points_first=a, points_second=b, outcome=pd.array(outcome, dtype="str"))


def _gap(pairs: pd.DataFrame) -> pd.Series:
    return (pairs["points_first"] - pairs["points_second"]).abs()


def _rate(pairs: pd.DataFrame, level: float) -> tuple[float, Interval]:
    by = (pairs["outcome"] != "agree").groupby(pairs["customer_id"]).agg(["sum", "size"])
    if len(by) < 2:
        share = float(by["sum"].sum() / by["size"].sum())
        return share, Interval(0.0, 1.0, level)
    return ratio_by_customer(by["sum"], by["size"], level)


def _balances(frame: pd.DataFrame) -> pd.Series:
    held = frame[frame["kind"] != "activate"]
    return held.groupby("customer_id")["points"].sum()
