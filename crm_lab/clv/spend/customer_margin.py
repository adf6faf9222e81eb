"""What stays of a customer's spend after the cost of goods, line by line; it may be less than nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import need_columns
from crm_lab.clv.spend.credibility import variance_parts
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult

_LEAST_COSTED = 0.9  # share of sales whose cost must be known


@dataclass(frozen=True, eq=False)
class CustomerMargins(TableResult):
    """Margin of each customer: the own one, drawn towards the base's by how little it tells.

    >>> lines = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "b"],
    ...         "order_id": ["1", "2", "3"],
    ...         "day": [1, 2, 3],
    ...         "kind": "sale",
    ...         "product_id": ["p", "p", "q"],
    ...         "quantity": 1.0,
    ...         "net_amount": [10.0, 10.0, 4.0],
    ...     }
    ... )
    >>> products = pd.DataFrame({"product_id": ["p", "q"], "unit_cost": [6.0, 5.0]})
    >>> customer_margins(lines, products, "1970-02-01").to_frame()["own_margin"].tolist()
    [0.4, -0.25]

    Attributes:
        frame: customer_id, orders, sales and contribution (currency), own_margin, margin (the one to expect).
        base: Contribution over sales of all.
        costed: Share of sales whose cost is known; what is not is left out.
    """

    frame: pd.DataFrame
    base: float
    costed: float

    name = "customer_margins"
    formats: ClassVar = {
        **dict.fromkeys(("sales", "contribution"), ",.2f"),
        **dict.fromkeys(("own_margin", "margin"), ".1%"),
    }

    def refusal(self) -> Message | None:
        """Why no margin can be stated, or ``None``.

        >>> customer_margins(lines, products, "1970-02-01").refusal() is None
        True
        """
        return Message("clv.margins.no_costs", {"costed": self.costed}) if self.costed < _LEAST_COSTED else None

    def to_frame(self) -> pd.DataFrame:
        """One row a customer; none where costs are not known.

        >>> customer_margins(lines, None, "1970-02-01").to_frame().empty
        True
        """
        return self.frame.copy() if self.refusal() is None else self.frame.iloc[:0]

    def of(self, customers: pd.Series, otherwise: float) -> pd.Series:
        """Margin to expect of customers, by id: the assumed one where costs are not known, the base's where one is new.

        >>> customer_margins(lines, None, "1970-02-01").of(pd.Series(["a"]), 0.3).tolist()
        [0.3]

        Args:
            customers: Ids.
            otherwise: Margin that is assumed where costs are not known.

        Returns:
            Shares of spend, indexed by customer.
        """
        if self.refusal() is not None:
            return pd.Series(otherwise, index=pd.Index(customers))
        return self.frame.set_index("customer_id")["margin"].reindex(pd.Index(customers)).fillna(self.base)

    def overall(self, otherwise: float) -> float:
        """The base's margin, or the assumed one where costs are not known.

        >>> customer_margins(lines, None, "1970-02-01").overall(0.3)
        0.3
        """
        return self.base if self.refusal() is None else otherwise

    def readout(self) -> Readout:
        """The base's margin and how many customers cost more than they bring.

        >>> print(customer_margins(lines, products, "1970-02-01").readout().finding)
        After the cost of goods 29.2% of sales stays; 1 of 2 customers brought less than their goods cost.
        """
        why = self.refusal()
        values = {
            "base": self.base, "costed": self.costed, "n": len(self.frame),
            "losing": int((self.frame["own_margin"] < 0).sum()), "expected": int((self.frame["margin"] < 0).sum()),
        }  # fmt: skip
        if why is not None:
            return Readout("clv.margins.refused", why, "clv.margins.refused_action")
        return Readout.of("clv.margins", values)

    def facts(self) -> tuple[Fact, ...]:
        """Margin of the base.

        >>> customer_margins(lines, products, "1970-02-01").facts()[0].unit
        'share'
        """
        why, of = self.refusal(), "clv.margins.base"
        return (Fact(of, of, None if why else self.base, "share", n=len(self.frame), refusal=why),)


def customer_margins(lines: pd.DataFrame, products: pd.DataFrame | None, as_of: str | date) -> CustomerMargins:
    """Margins of customers from what each line sold for and cost.

    Returns are not in it: what comes back is taken off by `return_development`.

    Args:
        lines: Lines with customer_id, order_id, day, kind, net_amount; product_id and quantity where costs are known.
        products: Products with unit_cost, or ``None``.
        as_of: Last day that counts.

    Returns:
        Margins, or their refusal where less than 90 % of sales have a known cost.

    Raises:
        BadInput: If columns are missing.
    """
    need_columns(lines.columns, ("customer_id", "order_id", "net_amount", "day", "kind"), "The lines")
    sold = lines[(lines["kind"] == "sale") & lines["customer_id"].notna() & (lines["day"] <= day_number(as_of))]
    cost = pd.Series(np.nan, index=sold.index)
    if products is not None and "unit_cost" in products and {"product_id", "quantity"} <= {*sold}:
        unit = products.drop_duplicates("product_id").set_index("product_id")["unit_cost"].astype(float)
        cost = sold["product_id"].map(unit) * sold["quantity"].astype(float)
    amount = sold["net_amount"].astype(float)
    known, total = cost.notna(), float(amount.sum())
    costed = float(amount[known].sum()) / total if total > 0 else 0.0
    part = pd.DataFrame({
        "customer_id": sold["customer_id"], "order_id": sold["order_id"], "sales": amount,
        "contribution": amount - cost,
    })[known]  # fmt: skip
    frame = part.groupby("customer_id", as_index=False).agg(
        orders=("order_id", "nunique"), sales=("sales", "sum"), contribution=("contribution", "sum")
    )
    frame = frame[frame["sales"] > 0].reset_index(drop=True)
    if frame.empty:
        return CustomerMargins(frame.assign(own_margin=0.0, margin=0.0), 0.0, costed)
    base = float(frame["contribution"].sum() / frame["sales"].sum())
    own, orders = frame["contribution"] / frame["sales"], frame["orders"].to_numpy(dtype=float)
    within, between = variance_parts(orders, ((own - base) ** 2).to_numpy())
    weight = orders * between / np.maximum(orders * between + within, 1e-300)
    margin = base + weight * (own - base)
    margin += base - float(margin @ frame["sales"] / frame["sales"].sum())  # what all bring is what they bring
    return CustomerMargins(frame.assign(own_margin=own, margin=margin), base, costed)
