"""Revenue from points sold with goods (IFRS 15, ASC 606): the price is shared out, the points' part waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import pandas as pd

from crm_lab.checks import Problems, check_settings, need_columns, not_portions, not_positive, too_small
from crm_lab.loyalty.liability.minor_units import Money, exact, half_up
from crm_lab.messages import Message
from crm_lab.number_format import currency_sign
from crm_lab.results import Fact, Readout, Result

_S = "liability.revenue"


@dataclass(frozen=True, kw_only=True)
class ContractRevenue:
    """Goods sold with points for one price.

    The price is shared out by relative stand-alone prices, the points' being that of a point times the points expected
    to be redeemed. Of the points' part as much is revenue, in all, as points are redeemed of those expected to be;
    when the estimate changes, that catches up at once. Amounts are rounded to the cent in all, halves away from zero;
    a period has the difference of two such sums, so that nothing is lost.

    >>> sale = ContractRevenue(goods=100_000, points=10_000, point_price=1, redeemed_share=0.95)
    >>> sale.allocated
    (91324.2, 8675.8)
    >>> years = pd.DataFrame({"period": ["1", "2"], "redeemed": [4_500, 4_000], "expected_total": [9_500, 9_700]})
    >>> sale.analyze(years).to_frame()["revenue"].tolist()
    [4109.59, 3492.92]

    Attributes:
        goods: Stand-alone price of the goods.
        points: Points issued with them.
        point_price: Stand-alone price of a point that is redeemed.
        redeemed_share: Share of the points expected to be redeemed, at the sale.
        price: What was paid for both; the goods' stand-alone price unless given.
        points_ratio: The points' share of the price where it is stated, e.g. rounded; by the prices unless given.
        decimals: Of the currency.
        currency: ISO code.

    Source:
        IFRS 15.74-80, B39-B47 and example 52; ASC 606-10-55-41 to 55-49.
    """

    goods: Money
    points: int
    point_price: Money
    redeemed_share: float
    price: Money | None = None
    points_ratio: float | None = None
    decimals: int = 2
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, goods=0, decimals=0),
            not_positive(self, "points", "point_price"),
            not_portions(self, "redeemed_share"),
            price=self.price is not None and not self.price >= 0 and "it must be 0 or more",
            points_ratio=self.points_ratio is not None and not 0 < self.points_ratio < 1 and "it lies between 0 and 1",
        )

    @cached_property
    def cents(self) -> tuple[int, int]:
        """Price of both, and the points' part, in cents.

        >>> sale.cents
        (10000000, 867580)
        """
        paid = exact(self.goods if self.price is None else self.price)
        worth = exact(self.point_price) * self.points * exact(self.redeemed_share)
        share = worth / (exact(self.goods) + worth) if self.points_ratio is None else exact(self.points_ratio)
        unit = 10**self.decimals
        return half_up(paid * unit), half_up(paid * share * unit)

    @property
    def allocated(self) -> tuple[float, float]:
        """Price of the goods and of the points.

        >>> ContractRevenue(
        ...     goods=100_000, points=10_000, point_price=1, redeemed_share=0.97, points_ratio=0.09
        ... ).allocated
        (91000.0, 9000.0)
        """
        paid, points = self.cents
        return (paid - points) / 10**self.decimals, points / 10**self.decimals

    def analyze(self, periods: pd.DataFrame) -> ContractRevenueResult:
        """Revenue by period.

        >>> lapsed = pd.DataFrame({"period": ["1"], "redeemed": [4_500], "expired": [5_500], "expected_total": [9_500]})
        >>> sale.analyze(lapsed).to_frame()["revenue"].item()
        8675.8

        Args:
            periods: One row per period, in order: `period`, points `redeemed` in it, `expected_total` points that are
                redeemed in the end as estimated at its end; and, where there are any, points `expired` in it and
                points `returned`, taken back with the goods.

        Returns:
            Revenue, and the contract liability that is left.

        Raises:
            BadInput: With everything that cannot be: more points redeemed than there are, or than are expected.
        """
        need_columns(periods.columns, ("period", "redeemed", "expected_total"), "The periods")
        rows = periods.reset_index(drop=True).assign(
            expired=periods["expired"].to_numpy() if "expired" in periods else 0,
            returned=periods["returned"].to_numpy() if "returned" in periods else 0,
        )
        self._check(rows)
        return ContractRevenueResult(self, rows)

    def _check(self, rows: pd.DataFrame) -> None:
        problems = Problems("The periods of the contract")
        numbers = rows[["redeemed", "expired", "returned", "expected_total"]]
        wrong = int(((numbers < 0) | numbers.isna()).any(axis=1).sum())
        problems.unless(len(rows), "there are none.")
        problems.unless(not wrong, f"{wrong} of {len(rows)} have a number of points that is missing or below 0.")
        problems.raise_any()
        total = rows[["redeemed", "expired", "returned"]].cumsum()
        left = self.points - total["returned"] - total["expired"]
        for i, period in enumerate(rows["period"]):
            redeemed, expected, most = total["redeemed"][i], rows["expected_total"][i], left[i]
            problems.unless(
                redeemed <= most, f"in {period}, {redeemed:,} points are redeemed in all and there were {most:,}."
            )
            problems.unless(
                redeemed <= expected or redeemed >= most,
                f"in {period}, {redeemed:,} points are redeemed already and {expected:,} are expected in the end: "
                "raise the estimate.",
            )
        problems.raise_any()


@dataclass(frozen=True, eq=False)
class ContractRevenueResult(Result):
    """Revenue by period from the points of a sale.

    >>> sale = ContractRevenue(goods=100_000, points=10_000, point_price=1, redeemed_share=0.95)
    >>> years = pd.DataFrame({"period": ["1", "2"], "redeemed": [4_500, 4_000], "expected_total": [9_500, 9_700]})
    >>> found = sale.analyze(years)

    Attributes:
        sale: The sale.
        periods: Points redeemed, expired, returned and expected by period.
    """

    sale: ContractRevenue
    periods: pd.DataFrame

    name: ClassVar[str] = "contract_revenue"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("redeemed_total", "expected_total"), ",.0f"),
        **dict.fromkeys(("revenue", "returned_amount", "liability"), ",.2f"),
    }

    @cached_property
    def _rows(self) -> list[tuple[str, int, int, int, int, int]]:
        """By period: points redeemed and expected in all; revenue, price handed back and liability in cents."""
        sale, rows, before, back = self.sale, [], 0, 0
        total = self.periods[["redeemed", "expired", "returned"]].cumsum()
        for i, period in enumerate(self.periods["period"]):
            redeemed, expired, returned = (int(total[name][i]) for name in ("redeemed", "expired", "returned"))
            points = sale.points - returned
            whole = half_up(Fraction(sale.cents[1] * points, sale.points))
            expected = min(int(self.periods["expected_total"][i]), points - expired)
            done = redeemed >= points - expired  # nothing is left that could be redeemed
            earned = whole if done else half_up(Fraction(whole * redeemed, expected)) if expected else 0
            handed = sale.cents[1] - whole
            rows.append((str(period), redeemed, expected, earned - before, handed - back, whole - earned))
            before, back = earned, handed
        return rows

    def refusal(self) -> Message | None:
        """Why there is no revenue: nothing was paid.

        >>> found.refusal() is None
        True
        """
        return Message(f"{_S}.refused") if not self.sale.cents[1] else None

    def to_frame(self) -> pd.DataFrame:
        """Revenue and liability by period.

        >>> found.to_frame()[["revenue", "liability"]].values.tolist()
        [[4109.59, 4566.21], [3492.92, 1073.29]]

        Returns:
            One row per period: `redeemed_total` and `expected_total` points, `revenue`, `returned_amount` (price of
            points taken back with goods), `liability` at its end.
        """
        columns = ["period", "redeemed_total", "expected_total", "revenue", "returned_amount", "liability"]
        frame = pd.DataFrame(self._rows, columns=columns)
        money = ["revenue", "returned_amount", "liability"]
        return frame.assign(**{name: frame[name] / 10**self.sale.decimals for name in money})

    def readout(self) -> Readout:
        """What was recognised and what is left.

        >>> print(found.readout().finding)
        Of $100,000.00, $8,675.80 is the price of points; $7,602.51 of it is revenue so far, and $1,073.29 is owed.
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action_refused")
        frame, sale = self.to_frame(), self.sale
        values = {
            "price": sum(sale.allocated), "points": sale.allocated[1], "revenue": frame["revenue"].sum(),
            "liability": frame["liability"].iloc[-1], "currency": currency_sign(sale.currency),
            "how": Message(f"{_S}.{'by_prices' if sale.points_ratio is None else 'by_ratio'}",
                           {"ratio": sale.allocated[1] / max(sum(sale.allocated), 1e-300)}),
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Price of the points, revenue of each period, and the liability.

        >>> [fact.value for fact in found.facts()]
        [8675.8, 4109.59, 3492.92, 1073.29]
        """
        refused, unit = self.refusal(), self.sale.currency
        if refused is not None:
            return (Fact("contract.allocated", f"{_S}.fact_allocated", None, unit, refusal=refused),)
        frame = self.to_frame()
        return (
            Fact("contract.allocated", f"{_S}.fact_allocated", self.sale.allocated[1], unit),
            *(
                Fact(f"contract.{row['period']}.revenue", Message(f"{_S}.fact_revenue", {"period": row["period"]}),
                     float(row["revenue"]), unit)
                for row in frame.to_dict("records")
            ),
            Fact("contract.liability", f"{_S}.fact_liability", float(frame["liability"].iloc[-1]), unit, better="down"),
        )  # fmt: skip
