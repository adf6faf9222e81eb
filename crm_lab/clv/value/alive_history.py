"""P(alive) of one customer, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import BadInput
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, purchase_days
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult


@dataclass(frozen=True, eq=False)
class AliveHistory(TableResult):
    """P(alive) of one customer on every day since the first purchase.

    Attributes:
        frame: date, p_alive, purchase (whether the customer bought that day).
        customer_id: Who.
        model: Title of the model.
        problem: Why the model's chances cannot be stated, or ``None``.
    """

    frame: pd.DataFrame
    customer_id: str
    model: str
    problem: Message | None = None

    name = "alive_history"

    def to_frame(self) -> pd.DataFrame:
        """One row per day; none where the data do not identify drop-out."""
        return self.frame.copy() if self.problem is None else self.frame.iloc[:0]

    def refusal(self) -> Message | None:
        """Why the model's chances cannot be stated, or ``None``."""
        return self.problem

    def readout(self) -> Readout:
        """How sure it is that the customer is still there, on the last day."""
        if self.problem is not None:
            return Readout(Message("clv.map.refused"), self.problem, Message("clv.value.refused_action"))
        bought = self.frame[self.frame["purchase"]]
        values = {
            "customer": self.customer_id,
            "p": float(self.frame["p_alive"].iloc[-1]),
            "purchases": len(bought),
            "silence": (self.frame["date"].iloc[-1] - bought["date"].iloc[-1]).days,
        }
        certainty = Message("clv.history.certainty", {"model": self.model})
        return Readout.of("clv.history", values, certainty=certainty, action=Message("clv.history.action"))

    def facts(self) -> tuple[Fact, ...]:
        """None: one customer is no report."""
        return ()


def alive_history(
    fit: PurchaseFit, purchases: IntoFrame, customer_id: object, as_of: str | date, **names: str
) -> AliveHistory:
    """P(alive) of one customer on every day.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import BGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> fit = BGNBD().fit(purchase_summary(orders, "1998-06-30"))
    >>> alive_history(fit, orders, orders["customer_id"].iloc[0], "1998-06-30").model
    'BG/NBD'

    Args:
        fit: A fitted model.
        purchases: As in `purchase_summary`.
        customer_id: The customer.
        as_of: Last day.
        names: Names of columns as in `purchase_summary`: customer, date, amount.

    Returns:
        One row per day since the first purchase.

    Raises:
        BadInput: If the customer has no purchase.
    """
    days = purchase_days(purchase_table(purchases, also=["kind"], **names), as_of)
    day = days.loc[days["customer_id"] == customer_id, "day"].to_numpy()
    if not len(day):
        raise BadInput(f"Customer {customer_id!r} has no purchase up to {as_of}; choose another.")
    length = UNIT_DAYS[fit.model.unit]
    calendar = np.arange(day[0], day_number(as_of) + 1)
    frequency = np.searchsorted(day, calendar, side="right") - 1
    p_alive = fit.p_alive(frequency, (day[frequency] - day[0]) / length, (calendar - day[0]) / length)
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(calendar.astype("datetime64[D]")),
            "p_alive": p_alive,
            "purchase": np.isin(calendar, day),
        }
    )
    return AliveHistory(frame, str(customer_id), fit.model.title, fit.refusal())
