"""Value tiers A, B, C, and the concentration of revenue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import Problems, as_date
from crm_lab.data.kernels.receipts import customer_values
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.revenue.concentration import concentration_facts, revenue_concentration
from crm_lab.stats.inequality import Inequality, lorenz

TierMethod = Literal["percentile", "cumulative", "fixed"]
TIER_NAMES = ("A", "B", "C")
_DEFAULT_CUTS = {"percentile": (0.8, 0.5), "cumulative": (0.8, 0.95)}


def percentile_tiers(values: Floats, cuts: tuple[float, ...]) -> Integers:
    """Cuts a percentile rank fails to exceed: 0 is the best tier; ties have average ranks.

    >>> percentile_tiers(np.arange(1.0, 11), (0.8, 0.5)).tolist()
    [2, 2, 2, 2, 2, 1, 1, 1, 0, 0]
    """
    ranks = pd.Series(values).rank(pct=True).to_numpy(dtype=np.float64)
    return np.asarray(np.sum([ranks <= cut for cut in cuts], axis=0), dtype=np.int64)


def cumulative_tiers(values: Floats, cuts: tuple[float, ...]) -> Integers:
    """Cuts that the share of the total held by the strictly richer has reached: 0 is the best tier.

    >>> cumulative_tiers(np.array([60.0, 30.0, 6.0, 4.0]), (0.8, 0.95)).tolist()
    [0, 0, 1, 2]
    """
    order = np.sort(values)[::-1]
    above = np.concatenate([[0.0], np.cumsum(order)])[np.searchsorted(-order, -values, side="left")]
    share = above / order.sum()
    return np.asarray(np.sum([share >= cut - 1e-12 for cut in cuts], axis=0), dtype=np.int64)


def fixed_tiers(values: Floats, cuts: tuple[float, ...]) -> Integers:
    """Amounts not reached: 0 is the best tier.

    >>> fixed_tiers(np.array([500.0, 499.0, 10.0]), (500, 100)).tolist()
    [0, 1, 2]
    """
    return np.asarray(np.sum([values < cut for cut in cuts], axis=0), dtype=np.int64)


@dataclass(frozen=True)
class Tiers:
    """Cut customers into tiers A, B and C.

    >>> tiers = Tiers("cumulative")
    >>> tiers.assign(np.array([60.0, 30.0, 6.0, 4.0])).tolist()
    ['A', 'A', 'B', 'C']

    Attributes:
        method: ``percentile`` (rank among customers), ``cumulative`` (share of the total that the
            richer hold) or ``fixed`` (amounts).
        cuts: Two cuts, A first: percentile ranks (.8, .5), cumulative shares (.8, .95), or amounts.

    Raises:
        BadInput: If the settings are wrong.
    """

    method: TierMethod = "percentile"
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        problems = Problems("Tiers")
        known = ("percentile", "cumulative", "fixed")
        problems.unless(self.method in known, f"method is {self.method!r}; it must be one of {known}.")
        if not self.cuts and self.method in _DEFAULT_CUTS:
            object.__setattr__(self, "cuts", _DEFAULT_CUTS[self.method])
        problems.unless(len(self.cuts) == 2, f"cuts has {len(self.cuts)} values; A, B, C need two.")
        order = sorted(self.cuts, reverse=self.method != "cumulative")
        problems.unless(list(self.cuts) == order, f"cuts is {self.cuts}; give the cut of A first.")
        problems.raise_any()

    def assign(self, values: Floats) -> NDArray[np.str_]:
        """The tier of each value.

        >>> Tiers("fixed", cuts=(500, 100)).assign(np.array([500.0, 499.0, 10.0])).tolist()
        ['A', 'B', 'C']

        Args:
            values: Amounts, shape (n,).

        Returns:
            ``"A"``, ``"B"`` or ``"C"``, shape (n,).
        """
        names: NDArray[np.str_] = np.array(TIER_NAMES)[self.ranks(values)]
        return names

    def ranks(self, values: Floats) -> Integers:
        """The tier of each value as its place in `TIER_NAMES`: 0 is the best.

        >>> tiers.ranks(np.array([60.0, 30.0, 6.0, 4.0])).tolist()
        [0, 0, 1, 2]

        Args:
            values: Amounts, shape (n,).

        Returns:
            Integers 0, 1, 2, shape (n,).
        """
        rule = {"percentile": percentile_tiers, "cumulative": cumulative_tiers, "fixed": fixed_tiers}
        if self.method == "cumulative" and not values.sum() > 0:
            raise cannot_answer("no_positive_total")
        return rule[self.method](values, self.cuts)

    def analyze(
        self,
        customers: IntoFrame,
        *,
        as_of: str | date | datetime,
        top: float = 0.2,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
    ) -> TierResult:
        """Tier every customer by revenue, and measure how concentrated revenue is.

        Customers whose returns exceed their purchases count as 0 in Lorenz curve and Gini.

        >>> shop = pd.DataFrame({"customer_id": list("abcde"), "revenue": [90.0, 40, 30, 20, 20]})
        >>> worth = tiers.analyze(shop, as_of="2024-06-30")
        >>> worth.customers["tier"].tolist()
        ['A', 'A', 'A', 'B', 'B']

        Args:
            customers: One row per purchase, or one row per customer with ``revenue`` (like `customer_360`); a DataFrame
                of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Last day that counts.
            top: Share of the customers that counts as top.
            customer: Column with the customer.
            date: Column with the date of the purchase.
            amount: Column with its amount.

        Returns:
            The tier of each customer; Gini coefficient and top share with bootstrap intervals.

        Raises:
            BadInput: If columns are missing or nobody spent anything.
        """
        table = customer_values(customers, ["revenue"], as_of=as_of, customer=customer, date=date, amount=amount).frame
        named = table[table["customer_id"].notna()]
        spend = named["revenue"].to_numpy(dtype=np.float64)
        if not (spend > 0).any():
            raise cannot_answer("no_revenue")
        frame = pd.DataFrame(
            {"customer_id": named["customer_id"].to_numpy(), "revenue": spend, "tier": self.assign(spend)}
        )
        spread = revenue_concentration(spend, top=top)
        return TierResult(frame, spread, self, as_date(as_of))


@dataclass(frozen=True, eq=False)
class TierResult(Result):
    """Tiers of all customers, and the concentration of revenue.

    >>> shop = pd.DataFrame({"customer_id": list("abcde"), "revenue": [90.0, 40, 30, 20, 20]})
    >>> worth = Tiers().analyze(shop, as_of="2024-06-30")
    >>> worth.spread.gini
    0.31999999999999995

    Attributes:
        customers: ``customer_id``, ``revenue``, ``tier``.
        spread: Gini coefficient and top share with intervals.
        spec: How tiers were cut.
        as_of: Last day that counts.
    """

    customers: pd.DataFrame = field(repr=False)
    spread: Inequality
    spec: Tiers
    as_of: date

    name: ClassVar[str] = "tiers"
    formats: ClassVar[Mapping[str, str]] = {
        "share_of_customers": ".1%",
        "share_of_revenue": ".1%",
        "revenue": ",.0f",
        "from_revenue": ",.2f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per tier: customers, revenue (currency), their shares (0-1), and the lowest revenue in the tier.

        >>> list(worth.to_frame())
        ['tier', 'customers', 'share_of_customers', 'revenue', 'share_of_revenue', 'from_revenue']
        """
        by = self.customers.groupby("tier")["revenue"]
        frame = pd.DataFrame({"customers": by.size(), "revenue": by.sum(), "from_revenue": by.min()})
        frame = frame.reindex(list(TIER_NAMES))
        frame[["customers", "revenue"]] = frame[["customers", "revenue"]].fillna(0)
        frame["customers"] = frame["customers"].astype("int64")
        frame.insert(1, "share_of_customers", frame["customers"] / frame["customers"].sum())
        frame.insert(3, "share_of_revenue", frame["revenue"] / frame["revenue"].sum())
        return frame.rename_axis("tier").reset_index()

    def lorenz_frame(self) -> pd.DataFrame:
        """The Lorenz curve at a hundred points: cumulative share of customers and of their revenue.

        >>> worth.lorenz_frame().iloc[-1].tolist()
        [1.0, 1.0]

        Source:
            Lorenz (1905), Methods of measuring the concentration of wealth.
        """
        p, q = lorenz(np.clip(self.customers["revenue"].to_numpy(), 0, None))
        grid = np.linspace(0, 1, 101)
        return pd.DataFrame({"customers": grid, "revenue": np.interp(grid, p, q)})

    def readout(self) -> Readout:
        """What the top holds, how sure, what to do.

        >>> print(worth.readout().finding)
        The top 20% of customers (1) hold 45.0% [23.1%, 50.0%] of the revenue; the Gini coefficient ...
        """
        s = self.spread
        values = {
            "top": s.top, "share": s.top_share, "lo": s.top_share_ci.lo, "hi": s.top_share_ci.hi, "gini": s.gini,
            "gini_lo": s.gini_ci.lo, "gini_hi": s.gini_ci.hi, "n": s.n, "best": s.top_n, **self._best_tier(),
        }  # fmt: skip
        return Readout(*(Message(f"segments.tiers.{key}", values) for key in ("finding", "certainty", "action")))

    def _best_tier(self) -> dict[str, float]:
        """Tier A beside the top share: its cut is a rank or an amount, so it may hold another number of customers."""
        tier = self.to_frame().iloc[0]
        return {"tier_a": int(tier["customers"]), "tier_a_share": float(tier["share_of_revenue"])}

    def facts(self) -> tuple[Fact, ...]:
        """Top share and Gini coefficient (estimates), revenue share per tier (counts).

        >>> {fact.id: fact.unit for fact in worth.facts()[:2]}
        {'revenue.top_20_share': 'share', 'revenue.gini': ''}
        """
        shares = facts_of(
            self.to_frame(), "tiers.{tier}.share_of_revenue", "segments.tiers.fact_share", "share_of_revenue", "share",
            n="customers", denominator="segments.about.revenue",
            definition=Message("segments.about.cuts", {"method": self.spec.method, "cuts": self.spec.cuts}),
        )  # fmt: skip
        return (*concentration_facts(self.spread), *shares)
