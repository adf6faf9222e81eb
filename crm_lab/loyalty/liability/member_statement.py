"""One member's points, from earning to revenue: each lot with its price, its uses, and the revenue of each month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers, Positions
from crm_lab.checks import BadInput
from crm_lab.loyalty.liability.liability_rollforward import LiabilityRollForwardResult
from crm_lab.loyalty.liability.minor_units import shared_out
from crm_lab.messages import Message
from crm_lab.number_format import currency_sign
from crm_lab.results import Fact, Readout, Result

_S = "liability.member"
_LOT = ("customer_id", "lot")
_MONTHS = 6  # shown one by one
_TAKEN = {"redeemed": "redeemed", "expired": "expired", "taken_or_handed_on": "reversed"}
_MOVES = ("issued", "redeemed", "expired", "reversed", "handed_on")


def revenue_by_lot(rollforward: LiabilityRollForwardResult) -> pd.DataFrame:
    """Contract liability and revenue of every lot sold, month by month; they add up to the roll-forward exactly.

    A lot handed on by another member has its price as a negative `handed_on`. What a month of issue still owes belongs
    to the points that are left of it, by their price; a lot that is redeemed or has expired owes nothing, and all of
    its price is revenue.

    >>> from crm_lab.loyalty.liability import LiabilityRollForward
    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": "earn",
    ...         "order_id": ["o1", "o2"],
    ...         "points": [1_000, 1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-01-09"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [400],
    ...         "date": pd.to_datetime(["2024-02-03"]),
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.006]})
    >>> rolled = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-02-29")
    >>> by_lot = revenue_by_lot(rolled)
    >>> by_lot.query("month == '2024-02'")[["customer_id", "revenue", "liability"]].values.tolist()
    [['a', 3.24, 4.17], ['b', 0.46, 6.95]]

    Args:
        rollforward: The roll-forward.

    Returns:
        One row per lot sold and month from its issue on: `customer_id`, `lot`, `month`; `price` of points `issued`,
        `redeemed`, `expired`, `reversed` and handed on (`handed_on`) in it; `revenue` in it and `liability` at its end.
    """
    return _in_money(rollforward, _by_lot(rollforward, rollforward.sold))


def _by_lot(rollforward: LiabilityRollForwardResult, wanted: Booleans) -> pd.DataFrame:
    """The same of some lots, in cents."""
    lots, uses, sold = rollforward.lots, rollforward.uses, rollforward.sold
    issue, price = lots["month"].to_numpy(), lots["price"].to_numpy(dtype=np.int64)
    owed = rollforward.measured["contract_liability"].by_cohort
    place, kind = uses["place"].to_numpy(), uses["went"].to_numpy()
    month, value = uses["month"].to_numpy(), uses["value"].to_numpy(dtype=np.int64)
    left, before = np.zeros(len(lots), dtype=np.int64), np.zeros(len(lots), dtype=np.int64)
    frames, order = [], np.argsort(issue, kind="stable")
    cohorts = np.split(order, np.cumsum(np.bincount(issue, minlength=rollforward.n))[:-1])
    for at in range(rollforward.n):
        moves = {name: np.zeros(len(lots), dtype=np.int64) for name in _MOVES}
        new, came = sold & (issue == at), (lots["kind"] == "transfer").to_numpy()
        moves["issued"][new & ~came] = price[new & ~came]
        moves["handed_on"][new & came] = -price[new & came]
        for name in _MOVES[1:]:
            here = (month == at) & (kind == name)
            np.add.at(moves[name], place[here], value[here])
        left += moves["issued"] - moves["redeemed"] - moves["expired"] - moves["reversed"] - moves["handed_on"]
        after = _owed(left, cohorts, owed[:, at])
        there = np.flatnonzero(wanted & sold & (issue <= at))
        earned = before + moves["issued"] - moves["reversed"] - moves["handed_on"] - after
        columns = {name: moves[name][there] for name in _MOVES}
        frames.append(pd.DataFrame({"place": there, "at": at, **columns, "revenue": earned[there],
                                    "liability": after[there]}))  # fmt: skip
        before = after
    return pd.concat(frames, ignore_index=True)


def _owed(left: Integers, cohorts: Sequence[Positions], owed: Integers) -> Integers:
    """What each lot owes of its month of issue."""
    found = np.zeros(len(left), dtype=np.int64)
    for cohort in np.flatnonzero(owed):
        here = cohorts[int(cohort)]
        found[here] = shared_out(int(owed[cohort]), left[here])
    return found


def _in_money(rollforward: LiabilityRollForwardResult, cents: pd.DataFrame) -> pd.DataFrame:
    """Rows with names and amounts in the currency."""
    lots, unit = rollforward.lots, 10**rollforward.spec.decimals
    names = lots.loc[cents["place"], list(_LOT)].reset_index(drop=True)
    month = np.array(rollforward.months, dtype=object)[cents["at"].to_numpy(dtype=np.int64)]
    money = {name: cents[name].to_numpy() / unit for name in (*_MOVES, "revenue", "liability")}
    return names.assign(month=month, **money)


@dataclass(frozen=True)
class MemberStatement:
    """A statement of one member.

    >>> from crm_lab.loyalty.liability import LiabilityRollForward
    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": "earn",
    ...         "order_id": ["o1", "o2"],
    ...         "points": [1_000, 1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-01-09"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [400],
    ...         "date": pd.to_datetime(["2024-02-03"]),
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.006]})
    >>> rolled = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-02-29")
    >>> MemberStatement("a").analyze(rolled).to_frame()[["date", "event", "points"]].values.tolist()
    [['2024-01-05', 'issued', 1000], ['2024-01-31', 'month_end', 0], ['2024-02-03', 'redeemed', -400],
     ['2024-02-29', 'month_end', 0]]

    Attributes:
        customer_id: Whose.
    """

    customer_id: str

    def analyze(self, rollforward: LiabilityRollForwardResult) -> MemberStatementResult:
        """Read the statement off the roll-forward of all members.

        >>> MemberStatement("nobody").analyze(rolled)
        Traceback (most recent call last):
        crm_lab.checks.BadInput: 'nobody' has no points in the roll-forward; it has 2 members.

        Args:
            rollforward: The roll-forward.

        Returns:
            The statement.

        Raises:
            BadInput: If the member has no points.
        """
        owners = rollforward.lots["customer_id"]
        if not (owners == self.customer_id).any():
            raise BadInput(
                f"{self.customer_id!r} has no points in the roll-forward; it has {owners.nunique():,} members."
            )
        return MemberStatementResult(self.customer_id, rollforward)


@dataclass(frozen=True, eq=False)
class MemberStatementResult(Result):
    """A statement of one member's points.

    >>> from crm_lab.loyalty.liability import LiabilityRollForward
    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": "earn",
    ...         "order_id": ["o1", "o2"],
    ...         "points": [1_000, 1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-01-09"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [400],
    ...         "date": pd.to_datetime(["2024-02-03"]),
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.006]})
    >>> rolled = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-02-29")
    >>> found = MemberStatement("a").analyze(rolled)

    Attributes:
        customer_id: Whose.
        rollforward: Of all members.
    """

    customer_id: str
    rollforward: LiabilityRollForwardResult

    name: ClassVar[str] = "member_statement"
    words: ClassVar[Mapping[str, str]] = {"event": f"{_S}.event_"}
    formats: ClassVar[Mapping[str, str]] = {
        "points": "+,.0f", **dict.fromkeys(("issued", *_TAKEN), ",.0f"),
        **dict.fromkeys(("price", "returned_amount", "revenue", "liability"), ",.2f"),
    }  # fmt: skip

    @cached_property
    def by_month(self) -> pd.DataFrame:
        """Price, revenue and liability of the member's lots by month, as `revenue_by_lot` gives them.

        >>> found.by_month["liability"].tolist()
        [7.41, 4.17]
        """
        mine = (self.rollforward.lots["customer_id"] == self.customer_id).to_numpy()
        return _in_money(self.rollforward, _by_lot(self.rollforward, mine))

    def to_frame(self) -> pd.DataFrame:
        """Every event of every lot, and at the end of each month its revenue and what it owes.

        >>> found.to_frame()[["event", "price", "revenue", "liability"]].tail(2).values.tolist()
        [['redeemed', -2.96, nan, nan], ['month_end', nan, 3.24, 4.17]]

        Returns:
            Rows in order of time: `lot`, `date`, `event` (``issued``, ``redeemed``, ``expired``, ``reversed``,
            ``handed_on``, ``month_end``), `points`, `price` of those points; at the end of a month `revenue` in it and
            `liability`. Months in which nothing moved are left out. A lot without a sale has no price and no revenue.
        """
        lots, uses, unit = self.rollforward.lots, self.rollforward.uses, 10**self.rollforward.spec.decimals
        mine = lots[lots["customer_id"] == self.customer_id]
        taken = uses[uses["place"].isin(mine.index)]
        month, ends = self.by_month, dict(zip(self.rollforward.months, self._month_ends(), strict=True))
        month = month[(month[[*_MOVES, "revenue"]] != 0).any(axis=1) | (month["month"] == self.rollforward.months[-1])]
        rows = pd.concat([
            pd.DataFrame({"lot": mine["lot"], "date": _days(mine["issued_on"]), "event": "issued", "rank": 0,
                          "points": mine["points"], "price": mine["price"] / unit}),
            pd.DataFrame({"lot": taken["lot"], "date": _days(taken["date"]), "event": taken["went"].astype("str"),
                          "rank": 1, "points": -taken["points"], "price": -taken["value"] / unit}),
            pd.DataFrame({"lot": month["lot"], "date": month["month"].map(ends), "event": "month_end", "rank": 2,
                          "points": 0, "revenue": month["revenue"], "liability": month["liability"]}),
        ])  # fmt: skip
        columns = ["lot", "date", "event", "points", "price", "revenue", "liability"]
        return rows.sort_values(["date", "lot", "rank"], kind="stable")[columns].reset_index(drop=True)

    def shown(self) -> pd.DataFrame:
        """All lots together by month: points and their price, revenue in the month, what is owed at its end.

        In each row what was owed before, and the price, less what was handed back, less the revenue, is what is owed.
        Months older than half a year stand in one row; the last row is their sum.

        >>> found.shown()[["month", "price", "revenue", "liability"]].values.tolist()
        [['2024-01', 7.41, 0.0, 7.41], ['2024-02', 0.0, 3.24, 4.17], ['in all', 7.41, 3.24, 4.17]]
        """
        rows = self.to_frame()
        rows = rows.assign(month=rows["date"].str[:7], event=rows["event"].replace("handed_on", "reversed"))
        months = self.rollforward.months
        months = months[months.index(min(rows["month"])) :]

        def of(column: str, event: str) -> pd.Series:
            own = rows[rows["event"] == event].groupby("month")[column].sum()
            return pd.Series(own.reindex(months, fill_value=0))

        owed = self.by_month.groupby("month")[["revenue", "liability"]].sum().reindex(months, fill_value=0.0)
        points = {"issued": of("points", "issued")}
        points |= {to: -of("points", event) for to, event in _TAKEN.items()}
        money = {"price": of("price", "issued"), "returned_amount": -of("price", "reversed")}
        table = pd.DataFrame({**points, **money, "revenue": owed["revenue"], "liability": owed["liability"]})
        old = max(len(table) - _MONTHS, 0) if len(table) > _MONTHS + 1 else 0
        parts = [table.iloc[:old], *(table.iloc[[k]] for k in range(old, len(table))), table][0 if old else 1 :]
        names = [Message(f"{_S}.up_to", {"month": months[old - 1]}).text()] if old else []
        names += [*months[old:], Message(f"{_S}.in_all").text()]
        found = pd.DataFrame([part.sum().to_dict() | {"liability": part["liability"].iloc[-1]} for part in parts])
        found.insert(0, "month", names)
        return found.reset_index(drop=True).round(6)

    def _month_ends(self) -> list[str]:
        months = pd.PeriodIndex(self.rollforward.months, freq="M")
        return [str(day.date()) for day in months.to_timestamp(how="end")]

    def readout(self) -> Readout:
        """What the member's points were sold for, what is revenue, and what is owed.

        >>> print(found.readout().finding)
        The points of a were sold for $7.41; $3.24 of it is revenue so far, and $4.17 is owed on 2024-02-29.
        """
        month, last = self.by_month, self.rollforward.months[-1]
        values = {
            "who": self.customer_id, "currency": currency_sign(self.rollforward.spec.currency),
            "price": month["issued"].sum(), "revenue": month["revenue"].sum(),
            "back": month["reversed"].sum() + month["handed_on"].sum(),
            "liability": month.loc[month["month"] == last, "liability"].sum(),
            "day": self.rollforward.as_of.isoformat(),
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Price, revenue and liability of the member's points.

        >>> [fact.id for fact in found.facts()]
        ['member.price', 'member.revenue', 'member.liability']
        """
        month, unit = self.by_month, self.rollforward.spec.currency
        last = month["month"] == self.rollforward.months[-1]
        window = Message("liability.rollforward.until", {"day": self.rollforward.as_of.isoformat()})
        values = {
            "price": month["issued"].sum(),
            "revenue": month["revenue"].sum(),
            "liability": month["liability"][last].sum(),
        }
        return tuple(
            Fact(f"member.{name}", f"{_S}.fact_{name}", round(float(value), 6), unit, window=window)
            for name, value in values.items()
        )


def _days(values: pd.Series) -> pd.Series:
    return pd.Series(values.dt.strftime("%Y-%m-%d"))
