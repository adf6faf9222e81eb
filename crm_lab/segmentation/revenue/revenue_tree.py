"""Revenue as customers × orders per customer × basket: what each brought to the change between two windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import as_date, check_settings, need_columns, not_among
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.segmentation.revenue.amounts_by_kind import AMOUNT_COLUMNS

FACTORS = ("customers", "orders_per_customer", "basket")
LEAVES = (*FACTORS, "returns", "unknown_customers", "fees")
_A_YEAR = {"Q": 4, "M": 12}
Window = tuple[date, date]


def split_change(before: Floats, after: Floats) -> Floats:
    """How much of a product's change each factor brings: the logarithmic mean Divisia split, which adds up.

    ``part_k = L(R1, R0) · ln(x1_k / x0_k)`` with ``R = Π x_k`` and ``L`` the logarithmic mean
    (Ang 2005, Energy Policy 33, eq. 4).

    Args:
        before: Factors before, positive, shape (k,).
        after: Factors after, positive, shape (k,).

    Returns:
        Parts, shape (k,); their sum is ``after.prod() - before.prod()``.

    >>> parts = split_change(np.array([100.0, 2.0]), np.array([110.0, 2.0]))
    >>> parts.round(6).tolist()
    [20.0, 0.0]
    """
    logs = np.log(after / before)
    d = logs.sum()
    mean = before.prod() * (np.expm1(d) / d if d else 1.0)
    parts: Floats = mean * logs
    return parts


@dataclass(frozen=True)
class RevenueTree:
    """Revenue of two windows as a tree, and the contribution of every leaf to the change.

    Sales of named customers are a product, customers × orders per customer × sale per order; its change is split by
    the logarithmic mean Divisia index. Returns, customers whom nobody knows, and fees are leaves of their own, so that
    the root is page 01's revenue of the window. Contributions add up to the change exactly.

    Attributes:
        period: Calendar unit where no windows are named: ``Q`` quarter or ``M`` month.

    >>> amounts = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"], "customer_id": ["a", "b", "a", None], "kind": ["sale"] * 4,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-02-05", "2024-04-05", "2024-05-05"]),
    ...     "net_amount": [100.0, 100.0, 150.0, 20.0]})
    >>> tree = RevenueTree().analyze(amounts, as_of="2024-06-30")
    >>> tree.to_frame().set_index("node")["contribution"].round(2).to_dict()["unknown_customers"]
    20.0
    """  # fmt: skip

    period: Literal["Q", "M"] = "Q"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, period=("Q", "M")))

    def analyze(
        self,
        amounts: pd.DataFrame,
        *,
        as_of: str | date,
        currency: str = "",
        before: Window | None = None,
        after: Window | None = None,
    ) -> RevenueTreeResult:
        """Compare two windows; without them the last whole period and the same one a year before.

        Where the data do not reach back a year, the period right before is taken, and the result says that the
        season is in the change.

        Args:
            amounts: ``order_id``, ``customer_id``, ``date``, ``kind``, ``net_amount``, as `amounts_by_kind` gives
                them, or the lines themselves.
            as_of: Last day that counts; later rows are not read.
            currency: ISO code, for reports.
            before: First and last day of the earlier window.
            after: The same of the later one.

        Raises:
            CannotAnswer: If there are no two whole periods, or no named customer bought in one of the windows.
        """
        need_columns(map(str, amounts.columns), AMOUNT_COLUMNS, "amounts")
        end = as_date(as_of)
        known = amounts[amounts["date"] <= pd.Timestamp(end)]
        if before is None or after is None:
            before, after = self._windows(known["date"].min(), end)
        then, now = (_leaves(_inside(known, window)) for window in (before, after))
        for leaf, window in ((then, before), (now, after)):
            if not leaf[list(FACTORS)].gt(0).all():
                raise cannot_answer("nobody_in_window", start=window[0], end=window[1])
        return RevenueTreeResult(_frame(then, now), before, after, _same_season(before, after), currency)

    def _windows(self, first: pd.Timestamp, end: date) -> tuple[Window, Window]:
        last = pd.Period(end, self.period)
        last = last if last.end_time.date() <= end else last - 1
        whole = pd.period_range(first, last.end_time, freq=self.period)
        whole = whole[whole.start_time >= first.normalize()]
        if len(whole) < 2:
            raise cannot_answer("one_period")
        other = whole[-1] - _A_YEAR[self.period] if len(whole) > _A_YEAR[self.period] else whole[-2]
        earlier, later = ((p.start_time.date(), p.end_time.date()) for p in (other, whole[-1]))
        return earlier, later


def _inside(amounts: pd.DataFrame, window: Window) -> pd.DataFrame:
    first, last = map(pd.Timestamp, window)
    return amounts[(amounts["date"] >= first) & (amounts["date"] <= last)]


def _leaves(amounts: pd.DataFrame) -> pd.Series:
    """Factors and leaves of one window; money to the ten-thousandth that is stored."""
    fee, named, sale = (amounts["kind"] == "fee", amounts["customer_id"].notna(), amounts["kind"] == "sale")
    bought = amounts[named & sale]
    customers, orders = bought["customer_id"].nunique(), bought["order_id"].nunique()
    money = {
        "sales": bought, "returns": amounts[named & ~sale & ~fee], "unknown_customers": amounts[~named & ~fee],
        "fees": amounts[fee],
    }  # fmt: skip
    sums = {name: round(float(rows["net_amount"].sum()), 4) for name, rows in money.items()}
    factors = (customers, orders / max(customers, 1), sums["sales"] / max(orders, 1))
    return pd.Series({**dict(zip(FACTORS, factors, strict=True)), **sums}, dtype=float)


def _frame(then: pd.Series, now: pd.Series) -> pd.DataFrame:
    names = list(FACTORS)
    parts = dict(zip(names, split_change(then[names].to_numpy(), now[names].to_numpy()), strict=True))
    money = ["sales", "returns", "unknown_customers", "fees"]
    parts |= {name: now[name] - then[name] for name in money}
    rows = {"revenue": (then[money].sum(), now[money].sum())} | {n: (then[n], now[n]) for n in ["sales", *LEAVES]}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"]).rename_axis("node").reset_index()
    parents = {"revenue": "", **dict.fromkeys(FACTORS, "sales")}
    frame.insert(1, "parent", [parents.get(node, "revenue") for node in frame["node"]])
    parts["revenue"] = frame["after"].iloc[0] - frame["before"].iloc[0]
    frame["contribution"] = frame["node"].map(parts)
    frame["share"] = frame["contribution"] / frame["before"].iloc[0]
    empty = frame["node"].isin(LEAVES[3:]) & (frame["before"] == 0) & (frame["after"] == 0)
    return frame[~empty].reset_index(drop=True)


def _same_season(before: Window, after: Window) -> bool:
    """Whether both windows are the same days of the calendar, or whole years apart in weeks."""
    days = {(a - b).days for b, a in zip(before, after, strict=True)}
    alike = [(d.month, d.day) for d in before] == [(d.month, d.day) for d in after]
    return alike or (len(days) == 1 and min(days) % 364 == 0)


@dataclass(frozen=True, eq=False)
class RevenueTreeResult(TableResult):
    """The tree of two windows.

    Attributes:
        frame: One row a node, root first: ``node``, ``parent``, ``before``, ``after`` (customers, orders per customer,
            or currency), ``contribution`` (currency) and ``share`` (of the earlier revenue). Leaves without money in
            either window are left out; the contributions of the leaves sum to that of ``revenue``.
        before: First and last day of the earlier window.
        after: The same of the later one.
        same_season: Whether the windows cover the same time of the year.
        currency: ISO code.
    """

    frame: pd.DataFrame
    before: Window
    after: Window
    same_season: bool
    currency: str

    name: ClassVar[str] = "revenue_tree"
    words: ClassVar[Mapping[str, str]] = {"node": "revenue.node."}
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("before", "after"), ",.2f"), "contribution": "+,.2f", "share": "+.1%",
    }  # fmt: skip

    @property
    def leaves(self) -> pd.DataFrame:
        """The rows that add up to the change."""
        return self.frame[self.frame["node"].isin(LEAVES)]

    @property
    def change(self) -> float:
        """Change of revenue, currency."""
        return float(self.frame["contribution"].iloc[0])

    def shown(self) -> pd.DataFrame:
        """The nodes in words, without the column of parents, which the order shows."""
        return super().shown().drop(columns="parent")

    def readout(self) -> Readout:
        """How revenue changed, by which leaf most, and whether that is growth."""
        root = self.frame.iloc[0]
        leaf = self.leaves.iloc[int(self.leaves["contribution"].abs().to_numpy().argmax())]
        values = {
            "then": root["before"], "now": root["after"], "change": root["share"], "currency": self.currency,
            "before": f"{self.before[0]}/{self.before[1]}", "after": f"{self.after[0]}/{self.after[1]}",
            "leaf": Message(f"revenue.node.{leaf['node']}"), "part": leaf["contribution"],
        }  # fmt: skip
        advice = Message(f"revenue.advice.{leaf['node']}")
        season = "season" if not self.same_season else "like"
        return Readout.of("revenue.tree", values | {"advice": advice}, "finding", season, f"{season}_action")

    def facts(self) -> tuple[Fact, ...]:
        """Revenue of both windows, its change, and what each leaf contributed."""
        root = self.frame.iloc[0]
        window = f"{self.before[0]}/{self.before[1]} → {self.after[0]}/{self.after[1]}"
        fact = partial(Fact, unit=self.currency, window=window)
        ends = (
            fact("revenue_tree.before", "revenue.fact.before", float(root["before"])),
            fact("revenue_tree.after", "revenue.fact.after", float(root["after"])),
            fact("revenue_tree.change", "revenue.fact.change", self.change),
        )
        return ends + tuple(
            fact(
                f"revenue_tree.{row['node']}",
                Message("revenue.fact.contribution", {"leaf": Message(f"revenue.node.{row['node']}")}),
                float(row["contribution"]), definition="revenue.fact.split",
            )
            for row in self.leaves.to_dict("records")
        )  # fmt: skip
