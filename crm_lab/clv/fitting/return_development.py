"""How much of what is sold comes back, how soon, and how much of recent sales is still to come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import as_date, need_columns
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import ratio_by_customer

SHOWN = (7, 14, 30, 60, 91, 182, 365)
_ENOUGH = 0.1  # of all sales must be old enough to have come back at an age; later ages tell nothing
_COLUMNS = ("customer_id", "date", "kind", "net_amount")


def returns_by_sale(lines: pd.DataFrame) -> pd.DataFrame:
    """Each return of a named customer with the day of the sale that it takes back.

    Where the line says what it returns (``return_of``), the day of that line; otherwise the customer's last purchase
    up to the day of the return. A return without a purchase before it is left out.

    Args:
        lines: ``customer_id``, ``date``, ``kind``, ``net_amount`` and, where known, ``line_id`` and ``return_of``.

    Returns:
        ``customer_id``, ``sold_on``, ``date`` (of the return), ``amount`` (positive).

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "a"], "kind": ["sale", "sale", "return"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-20", "2024-01-15"]), "net_amount": [50.0, 30.0, -20.0]})
    >>> returns_by_sale(lines)[["sold_on", "amount"]].astype(str).values.tolist()
    [['2024-01-01', '20.0']]
    """  # fmt: skip
    need_columns(map(str, lines.columns), _COLUMNS, "lines")
    known = lines[lines["customer_id"].notna()]
    back = known[known["kind"].isin(["return", "cancellation"])]
    sales = known.loc[known["kind"] == "sale", ["customer_id", "date"]]
    days = sales.drop_duplicates().assign(sold_on=lambda f: f["date"]).sort_values("date", kind="stable")
    found = pd.merge_asof(back.sort_values("date", kind="stable"), days, on="date", by="customer_id")
    if "return_of" in found and not found.empty:
        said = known.loc[known["kind"] == "sale"].set_index("line_id")["date"]
        found["sold_on"] = found["return_of"].map(said).fillna(found["sold_on"])
    found = found.assign(amount=-found["net_amount"]).dropna(subset=["sold_on"])
    return found[["customer_id", "sold_on", "date", "amount"]].reset_index(drop=True)


def return_development(lines: pd.DataFrame, as_of: str | date, *, currency: str = "") -> ReturnDevelopment:
    """Estimate which share of sales comes back by which age, from sales old enough to tell.

    At each age, what came back over the sales that are at least that old (Kaplan-Meier in money, which is the chain
    ladder of insurance, Mack 1993): recent sales, whose returns are still out, do not make the share look small.

    >>> lines = pd.DataFrame({"customer_id": list("abcda"), "kind": ["sale"] * 4 + ["return"]})
    >>> lines["date"] = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-11"])
    >>> lines["net_amount"] = [50.0, 50.0, 50.0, 50.0, -20.0]
    >>> round(return_development(lines, "2024-02-29").kept, 2)
    0.9

    Args:
        lines: `returns_by_sale`; later rows than `as_of` are not read.
        as_of: Last day that counts.
        currency: ISO code, for reports.

    Returns:
        How returns come in by age of the sale.
    """
    end = as_date(as_of)
    lines = lines[(lines["date"] <= pd.Timestamp(end)) & lines["customer_id"].notna()]
    today = day_number(end)
    sales = lines[lines["kind"] == "sale"]
    sold = np.bincount(today - day_numbers(sales["date"]), weights=sales["net_amount"].to_numpy(dtype=float)).astype(
        float
    )
    back = returns_by_sale(lines)
    lag = (back["date"] - back["sold_on"]).dt.days.to_numpy(dtype=np.int64)
    came = np.bincount(lag, weights=back["amount"].to_numpy(dtype=float), minlength=len(sold))[: len(sold)].astype(
        float
    )
    old_enough = sold[::-1].cumsum()[::-1]
    told = old_enough >= _ENOUGH * old_enough[0]
    share = np.where(told, np.divide(came, old_enough, out=np.zeros_like(came), where=old_enough > 0), 0.0).cumsum()
    spent, returned = (f.groupby("customer_id")[c].sum() for f, c in ((sales, "net_amount"), (back, "amount")))
    plain, ci = ratio_by_customer(returned.reindex(spent.index, fill_value=0.0), spent)
    return ReturnDevelopment(sold, share, plain, ci, end, currency)


def share_kept(lines: pd.DataFrame, as_of: str | date) -> float | None:
    """Share of sales that stays sold in the end; ``None`` where the table does not tell sales from returns.

    A table of orders, or of purchases alone, says nothing about what came back.

    >>> share_kept(pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"], "net_amount": [5.0]}), "2024-02-01")

    Args:
        lines: As in `return_development`, or purchases.
        as_of: Last day that counts.

    Returns:
        A share, or ``None``.
    """
    if not {*_COLUMNS} <= {*map(str, lines.columns)}:
        return None
    return return_development(lines, as_of).kept


@dataclass(frozen=True, eq=False)
class ReturnDevelopment(Result):
    """Shares of sales that come back, by age of the sale.

    >>> lines = pd.DataFrame({"customer_id": list("abcda"), "kind": ["sale"] * 4 + ["return"]})
    >>> lines["date"] = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-02-25", "2024-01-11"])
    >>> lines["net_amount"] = [50.0, 50.0, 50.0, 50.0, -15.0]
    >>> back = return_development(lines, "2024-02-29", currency="EUR")
    >>> round(back.returned, 3), round(back.kept, 3)
    (0.075, 0.9)

    Attributes:
        sold: Sales by age on the as-of day, currency; age 0 first, shape (days,).
        share: Share of sales that is back by an age, shape (days,).
        returned: Returns so far over sales so far, which is too small for recent sales.
        ci: Interval of `returned`, customers as the sampling unit.
        as_of: Last day that counts.
        currency: ISO code.
    """

    sold: Floats
    share: Floats
    returned: float
    ci: Interval
    as_of: date
    currency: str

    name: ClassVar[str] = "return_development"
    formats: ClassVar[Mapping[str, str]] = {"share_back": ".1%", "age_days": ",d"}

    def back_by(self, days: Floats | float) -> Floats:
        """Share of sales that is back so many days later; at the last age known from there on.

        >>> back.back_by(np.array([9.0, 10.0])).round(2).tolist()
        [0.0, 0.1]

        Args:
            days: Days since the sale.

        Returns:
            Shares, of the shape of the days.
        """
        at = np.minimum(np.asarray(days, dtype=np.int64), len(self.share) - 1)
        back: Floats = self.share[at]
        return back

    @property
    def kept(self) -> float:
        """Share of sales that stays sold for good.

        >>> round(back.kept, 2)
        0.9
        """
        return float(1 - self.share[-1])

    def kept_within(self, days: int) -> float:
        """Share of the sales of the next `days` days that stays sold up to their end, if they come evenly.

        >>> round(back.kept_within(10), 2), round(back.kept_within(20), 2)
        (1.0, 0.95)

        Args:
            days: How many.

        Returns:
            A share, 0 to 1.
        """
        return float(1 - self.back_by(np.arange(days, dtype=float)).mean())

    def outstanding(self, days: int | None = None) -> float:
        """What is still to come back of sales already made: within so many days, or ever. Currency.

        >>> round(back.outstanding(5), 2), round(back.outstanding(), 2)
        (0.0, 5.0)

        Args:
            days: Days from the as-of day; ``None`` for ever.

        Returns:
            In the currency of the sales.
        """
        age = np.arange(len(self.sold), dtype=float)
        later = self.share[-1] if days is None else self.back_by(age + days)
        return float((self.sold * (later - self.back_by(age))).sum())

    def to_frame(self) -> pd.DataFrame:
        """Share of sales that is back by some ages; the last row is the end. No row where nothing comes back.

        >>> back.to_frame().round(2).values.tolist()
        [[7.0, 0.0], [14.0, 0.1], [30.0, 0.1]]
        """
        ages = [] if not self.share[-1] > 0 else [age for age in SHOWN if age < len(self.share)]
        return pd.DataFrame({"age_days": ages, "share_back": self.back_by(np.array(ages, dtype=float))})

    def _interval(self) -> Interval:
        up = self.share[-1] / self.returned if self.returned else 1.0
        return Interval(min(self.ci.lo * up, 1.0), min(self.ci.hi * up, 1.0), self.ci.level)

    def readout(self) -> Readout:
        """How much comes back, how soon, and what is still out.

        >>> print(back.readout().finding)
        10.0% [0.0%, 29.6%] of what is sold comes back in the end, half of it within 10 days of the sale.
        """
        back = float(self.share[-1])
        if not back > 0:
            return Readout.of("clv.returns", {}, "none", "none_certainty", "none_action")
        ci = self._interval()
        values = {
            "share": back, "lo": ci.lo, "hi": ci.hi, "level": ci.level, "out": self.outstanding(),
            "half": int(np.searchsorted(self.share, back / 2)), "so_far": self.returned, "currency": self.currency,
            "as_of": str(self.as_of),
        }  # fmt: skip
        return Readout.of("clv.returns", values)

    def facts(self) -> tuple[Fact, ...]:
        """Share that comes back in the end, and what recent sales will still bring back.

        >>> [fact.id for fact in back.facts()]
        ['returns.share', 'returns.outstanding']
        """
        fact = partial(Fact, window=Message("revenue.fact.window", {"as_of": str(self.as_of)}), kind="estimate")
        share = fact("returns.share", "clv.returns.share", float(self.share[-1]), "share", better="down")
        with_ci = share if not self.share[-1] else fact(
            "returns.share", "clv.returns.share", float(self.share[-1]), "share", self._interval(), better="down"
        )  # fmt: skip
        return (with_ci, fact("returns.outstanding", "clv.returns.outstanding", self.outstanding(), self.currency))
