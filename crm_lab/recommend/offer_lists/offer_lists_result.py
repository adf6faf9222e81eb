"""Two lists of each customer, with chances, reasons, and what was kept off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pandas as pd

from crm_lab.messages import Message
from crm_lab.recommend.offer_lists.candidates.purchase_chance import ChanceModel
from crm_lab.recommend.offer_lists.item_reasons import reason
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import normal_interval

LISTS = ("remind", "try")


@dataclass(frozen=True, eq=False)
class OfferListsResult(Result):
    """Products to remind of and products to try, customer by customer.

    >>> from crm_lab.recommend.interactions.interactions import Interactions
    >>> from crm_lab.recommend.offer_lists.offer_lists import OfferLists
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:03}" for k in range(150)], 36),
    ...     "product_id": [f"p{k:02}" for k in np.minimum(rng.geometric(0.08, 5_400), 40)],
    ...     "date": np.tile(pd.date_range("2024-01-01", periods=12, freq="9D").repeat(3), 150)})
    >>> result = OfferLists(n=3).analyze(Interactions.of(lines, "2024-04-10"))

    Attributes:
        by: What came first.
        n: Products on each list.
        horizon_days: Days that a chance is for.
        frame: The table of `to_frame`.
        off: The table of `left_out`.
        chances: What was learnt of chances, by list.
        as_of: Last day that counts.
        customers: Customers who were looked at.
        names: Names of products by id, where they were told.
        simulated: Whether the purchases are made up.
    """  # fmt: skip

    by: str
    n: int
    horizon_days: int
    frame: pd.DataFrame
    off: pd.DataFrame
    chances: Mapping[Any, ChanceModel | None]
    as_of: date
    customers: int
    names: Mapping[str, str]
    simulated: bool

    name: ClassVar[str] = "offer_lists"
    formats: ClassVar[dict[str, str]] = {
        "score": ".3g", "chance": ".1%", "margin": ".2f", "expected": ".2f", "usual_gap": ".0f", "lift": ".1f",
        "share_of_customers": ".1%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"list": "recommend.lists.list_", "reason": "recommend.lists.off_"}

    def to_frame(self) -> pd.DataFrame:
        """One row per customer, list and product, both lists from rank 1 on.

        ``chance`` is that of a purchase within the horizon, ``expected`` it times the margin; ``due`` the day by the
        customer's own gaps; ``reason`` a code that `reasons` says in words; ``other`` and ``lift`` belong to it.

        >>> list(result.to_frame())[:6]
        ['customer_id', 'list', 'rank', 'product_id', 'score', 'chance']
        """
        return self.frame.copy()

    def reasons(self, rows: pd.DataFrame | None = None) -> list[Message]:
        """Why each row is listed, in words.

        >>> result.reasons(result.to_frame().head(1))[0].key.startswith("recommend.")
        True

        Args:
            rows: Of `to_frame`; the first 1,000 unless given.

        Returns:
            A message for each row.
        """
        some: Any = self.frame.head(1_000) if rows is None else rows
        return [reason(row, self.names) for row in some.itertuples()]

    def of(self, customer_id: str) -> pd.DataFrame:
        """The lists of one customer with the reasons in words.

        >>> result.of("c000")["list"].unique().tolist()
        ['remind', 'try']

        Args:
            customer_id: Whose.

        Returns:
            Rows of `to_frame` and ``why``.
        """
        rows = self.frame[self.frame["customer_id"] == customer_id].reset_index(drop=True)
        return rows.assign(why=[str(message) for message in self.reasons(rows)])

    def shown(self) -> pd.DataFrame:
        """The first 1,000 rows with names of products and reasons in words; codes and what they rest on are left out.

        >>> list(result.shown())[:4]
        ['customer_id', 'list', 'rank', 'product_id']
        """
        rows = self.frame.head(1_000)
        told = ["margin", "expected"] if self.frame["margin"].notna().any() else []
        made = rows[["customer_id", "list", "rank", "product_id", "chance", *told]].copy()
        if self.names:
            made["product_id"] = [self.names.get(name, name) for name in made["product_id"]]
        made["because"] = [str(message) for message in self.reasons(rows)]
        return self.in_words(made)

    def to_publish(self) -> pd.DataFrame:
        """How often each product stands on each list; a report holds nobody's list.

        >>> list(result.to_publish())
        ['list', 'product_id', 'customers', 'chance']
        """
        grouped = self.frame.groupby(["list", "product_id"], sort=True)
        made = grouped.agg(customers=("rank", "size"), chance=("chance", "mean")).reset_index()
        return made.sort_values(["list", "customers", "product_id"], ascending=[True, False, True], ignore_index=True)

    def left_out(self) -> pd.DataFrame:
        """Candidates that were kept off: ``list, reason, pairs, products, customers, share_of_customers``.

        A candidate counts that would be listed but for it; the first reason that holds.

        >>> result.left_out()["reason"].unique().tolist()
        ['excluded', 'out_of_stock', 'returned', 'not_due', 'no_margin', 'near_duplicate']
        """
        return self.off.copy()

    def calibration(self) -> pd.DataFrame:
        """How chances fared on customers they were not learnt from: one row per list.

        >>> result.calibration()["list"].tolist()
        ['remind', 'try']
        """
        rows = []
        for name in LISTS:
            model = self.chances[name]
            if model is not None:
                ci = normal_interval(model.line.slope, model.line.slope_se)
                rows.append((name, model.n, model.events, model.line.in_the_large, model.line.slope, ci.lo, ci.hi))
        columns = ["list", "n", "events", "in_the_large", "slope", "slope_lo", "slope_hi"]
        return pd.DataFrame(rows, columns=columns)

    def readout(self) -> Readout:
        """How many are offered what, how chances were learnt, and what to do.

        >>> result.readout().finding.key
        'recommend.lists.finding'
        """
        values = self._values()
        certainty = "certainty" if all(self.chances.values()) else "certainty_none"
        money = "_money" if self.frame["expected"].notna().any() else "" if all(self.chances.values()) else "_plain"
        return Readout.of("recommend.lists", values, f"finding{money}", certainty)

    def _values(self) -> dict[str, object]:
        frame = self.frame
        count = {name: frame[frame["list"] == name] for name in LISTS}
        who = max(frame["customer_id"].nunique(), 1)
        told: dict[str, object] = {
            "customers": frame["customer_id"].nunique(), "all": self.customers, "n": self.n,
            "days": self.horizon_days, "as_of": self.as_of,
            "kept_off": self._kept_off(), "remind": len(count["remind"]), "new": len(count["try"]),
            "expected": float(frame["expected"].sum()) / who, "due": int((frame["reason"] == "due").sum()),
            **{f"bought_{name}": float(rows["chance"].sum()) / who for name, rows in count.items()},
        }  # fmt: skip
        for row in self.calibration().itertuples(index=False):
            told |= {f"slope_{row.list}": row.slope, f"lo_{row.list}": row.slope_lo, f"hi_{row.list}": row.slope_hi}
        return told

    def _kept_off(self) -> Message | str:
        off = int(self.off["pairs"].sum())
        return Message("recommend.lists.kept_off", {"off": off}) if off else ""

    def facts(self) -> tuple[Fact, ...]:
        """Customers with a list, listed products, and how many of them are expected to be bought.

        >>> [fact.id for fact in result.facts()][:2]
        ['recommend.lists.customers', 'recommend.lists.remind.products']
        """
        kind: Kind = "simulated" if self.simulated else "fact"
        values, window = self._values(), Message("recommend.lists.window", self._values())

        def fact(part: str, key: str, value: Any, ci: Interval | None = None, kind: Kind = kind) -> Fact:
            label = Message(f"recommend.lists.fact_{key}", values)
            return Fact(f"recommend.lists.{part}", label, value, ci=ci, kind=kind, n=self.customers, window=window)

        found = [fact("customers", "customers", values["customers"])]
        for name, key in (("remind", "remind"), ("try", "new")):
            found.append(fact(f"{name}.products", f"products_{key}", values[key]))
            if self.chances[name] is not None:
                ahead: Kind = "simulated" if self.simulated else "forecast"
                found.append(fact(f"{name}.bought", f"bought_{key}", values[f"bought_{name}"], kind=ahead))
                slope = Interval(float(values[f"lo_{name}"]), float(values[f"hi_{name}"]), 0.95)  # type: ignore[arg-type]
                estimate: Kind = "simulated" if self.simulated else "estimate"
                found.append(fact(f"{name}.slope", f"slope_{key}", values[f"slope_{name}"], slope, estimate))
        return tuple(found)
