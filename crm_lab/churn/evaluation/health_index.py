"""A customer health index by month, and alert rules built on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, need_columns
from crm_lab.data.kernels.dataframes import purchase_table

PROXIES = ("frequency", "sales", "breadth", "redemptions")


@dataclass(frozen=True)
class HealthIndex:
    """A customer health index: weighted percentile ranks of four proxies per calendar month, 0-100, unsmoothed.

    Frequency = distinct orders, sales = net amount, breadth = distinct products, redemptions = coupons redeemed. Months
    without purchase count as zero, ties get their average rank, and ranks are among all customers of the data.

    >>> days = pd.to_datetime(["2024-01-05", "2024-02-03", "2024-02-20", "2024-03-08", "2024-01-09"])
    >>> lines = pd.DataFrame({"customer_id": list("aaabb"), "date": days, "order_id": list("12345")})
    >>> lines = lines.assign(product_id="p", net_amount=[10.0, 20.0, 5.0, 8.0, 30.0])
    >>> health = HealthIndex().analyze(lines)
    >>> health.index.round(0).tolist()
    [[68.0, 100.0, 50.0], [82.0, 50.0, 100.0]]

    Args:
        weights: Weight of frequency, sales, breadth, redemptions; must add to 1.
    """

    weights: tuple[float, float, float, float] = (0.40, 0.25, 0.20, 0.15)

    def __post_init__(self) -> None:
        total = sum(self.weights)
        problems = Problems("HealthIndex settings")
        problems.unless(abs(total - 1) < 1e-9, f"weights add up to {total:g}; they must add up to 1.")
        problems.unless(min(self.weights) >= 0, f"weights is {self.weights!r}; none may be negative.")
        problems.raise_any()

    def analyze(self, transactions: IntoFrame, redemptions: IntoFrame | None = None) -> HealthPanel:
        """The index of every customer in every month of the data.

        >>> HealthIndex(weights=(1.0, 0.0, 0.0, 0.0)).analyze(lines).index.shape
        (2, 3)

        Args:
            transactions: customer_id, date, order_id, product_id, net_amount.
            redemptions: customer_id and date of each coupon redeemed; without it the other weights are scaled up.

        Returns:
            The index of each customer (row) in each month (column).
        """
        sold = purchase_table(transactions, "transactions", also=["order_id", "product_id"])
        need_columns(sold.columns, ("customer_id", "date", "order_id", "product_id", "net_amount"), "transactions")
        lines = sold[sold["customer_id"].notna()]
        month = lines["date"].dt.to_period("M")
        months = pd.period_range(month.min(), month.max(), freq="M")
        ids = pd.Index(np.sort(lines["customer_id"].unique()))

        def table(grouped: pd.Series) -> Floats:
            out = np.zeros((len(ids), len(months)))
            who, when = grouped.index.get_level_values(0), grouped.index.get_level_values(1)
            out[ids.get_indexer(who), months.get_indexer(when)] = grouped.to_numpy(dtype=float)
            return out

        by = lines.groupby(["customer_id", month])
        proxies = {
            "frequency": table(by["order_id"].nunique()),
            "sales": table(by["net_amount"].sum()),
            "breadth": table(by["product_id"].nunique()),
        }
        if redemptions is not None:
            redeemed = purchase_table(redemptions, "redemptions", amount=None)
            known = redeemed[redeemed["customer_id"].isin(ids)]
            proxies["redemptions"] = table(known.groupby(["customer_id", known["date"].dt.to_period("M")]).size())
        weights = {name: w for name, w in zip(PROXIES, self.weights, strict=True) if name in proxies}
        scale = 100 / sum(weights.values())
        index = sum(scale * w * _percentiles(proxies[name]) for name, w in weights.items())
        last = table(by["date"].max().dt.as_unit("s").astype("int64") // 86400)
        return HealthPanel(ids, months, proxies, np.asarray(index, dtype=float), np.maximum.accumulate(last, axis=1))


def _percentiles(values: Floats) -> Floats:
    return pd.DataFrame(values).rank(pct=True).to_numpy()


@dataclass(frozen=True)
class HealthPanel:
    """Health indices of customers by month; every array has shape (customers, months).

    >>> days = pd.to_datetime(["2024-01-05", "2024-02-03", "2024-02-20", "2024-03-08", "2024-01-09"])
    >>> lines = pd.DataFrame({"customer_id": list("aaabb"), "date": days, "order_id": list("12345")})
    >>> health = HealthIndex().analyze(lines.assign(product_id="p", net_amount=[10.0, 20.0, 5.0, 8.0, 30.0]))

    Attributes:
        ids: Customer ids.
        months: Calendar months.
        proxies: What the index is made of.
        index: The health index, 0-100.
        last_day: Day of the last order so far, days since 1970-01-01; 0 before the first.
    """

    ids: pd.Index
    months: pd.PeriodIndex
    proxies: Mapping[str, Floats]
    index: Floats
    last_day: Floats

    @property
    def active(self) -> NDArray[np.bool_]:
        """Whether there was an order in the month.

        >>> health.active.tolist()
        [[True, True, False], [True, False, True]]
        """
        return self.proxies["frequency"] > 0

    def falls_below(self, falls: int, line: float) -> NDArray[np.bool_]:
        """Alert: the index fell `falls` months in a row and is below the line.

        >>> health.falls_below(1, 40.0).shape
        (2, 3)

        Args:
            falls: Number of months.
            line: On the scale of the index, 0-100.

        Returns:
            Booleans, shape (customers, months).
        """
        down = np.zeros_like(self.active)
        down[:, 1:] = self.index[:, 1:] < self.index[:, :-1]
        run = down.copy()
        for back in range(1, falls):
            run[:, back:] &= down[:, :-back]
            run[:, :back] = False
        return run & (self.index < line)

    def below(self, line: float) -> NDArray[np.bool_]:
        """Alert: the index is below the line.

        >>> health.below(25.0).shape
        (2, 3)

        Args:
            line: On the scale of the index, 0-100.

        Returns:
            Booleans, shape (customers, months).
        """
        return self.index < line

    def silent(self) -> NDArray[np.bool_]:
        """Alert: no order in the month.

        >>> health.silent().tolist()
        [[False, False, True], [False, True, False]]
        """
        return ~self.active

    def observations(
        self, first: str, last: str, rules: Mapping[str, NDArray[np.bool_]], *, around: int = 3
    ) -> pd.DataFrame:
        """One row per eligible customer and month t, with whether each rule alerts and whether the customer left.

        Eligible: first active month at most t - `around`, and an order in at least one of the last `around` months.
        Left: no order in the `around` months after t.

        >>> rows = health.observations("2024-02", "2024-02", {"silent": health.silent()}, around=1)
        >>> rows[["customer_id", "left", "silent"]].to_numpy().tolist()
        [['a', 1, False]]

        Args:
            first: First month t, e.g. ``"2017-05"``.
            last: Last month t.
            rules: Name to (customers, months) alerts.
            around: Months looked back and ahead.

        Returns:
            customer_id, origin (last day of t), left, recency_days, value (sales of the last `around` months), a column
            per rule, and tier_share (rank of value from the top, 0-1, among the eligible of the month).
        """
        problems = Problems("The months of the back-test")
        low, high = self.months[around], self.months[-around - 1]
        for name, given in (("first", first), ("last", last)):
            problems.unless(
                low <= pd.Period(given, "M") <= high,
                f"{name} is {given}; with {around} months before and after it must lie from {low} to {high}.",
            )
        problems.raise_any()
        start = self.active.argmax(axis=1)
        parts = []
        for month in pd.period_range(first, last, freq="M"):
            t = int(self.months.get_indexer(pd.Index([month]))[0])
            recent = self.active[:, t - around + 1 : t + 1]
            eligible = (start <= t - around) & self.active.any(axis=1) & recent.any(axis=1)
            value = self.proxies["sales"][:, t - around + 1 : t + 1].sum(axis=1)
            end = month.to_timestamp(how="end").normalize()
            rows = pd.DataFrame(
                {
                    "customer_id": self.ids,
                    "origin": end,
                    "left": (~self.active[:, t + 1 : t + around + 1].any(axis=1)).astype(int),
                    "recency_days": (end - pd.Timestamp(0)).days - self.last_day[:, t],
                    "value": value,
                    **{name: alert[:, t] for name, alert in rules.items()},
                }
            )
            rows = rows[eligible]
            parts.append(rows.assign(tier_share=rows["value"].rank(ascending=False, pct=True)))
        out: pd.DataFrame = pd.concat(parts, ignore_index=True)
        return out
