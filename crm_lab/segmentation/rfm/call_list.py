"""Whom to call first: an explicit rule on segments and on each customer's purchase rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, check_settings, need_columns, not_positive, too_small
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.rfm.playbook import CALL_ORDER
from crm_lab.segmentation.rfm.rfm import RFMResult
from crm_lab.segmentation.rfm.segment_rules import joined, segment_name

_NEEDED = ("customer_id", "recency_days", "revenue_12m", "median_gap_days", "overdue")


@dataclass(frozen=True)
class CallRule:
    """Order customers by segment, then by 12-month revenue × how overdue they are; who spent nothing comes last.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> customers = tables["customer_360"]
    >>> rfm = RFM().fit(customers, as_of=tables.as_of)
    >>> calls = CallRule(n=10).analyze(rfm, customers)
    >>> len(calls.to_frame())
    10

    Attributes:
        n: How many customers to name.
        segments: Segments to call, first to last; empty: those of `CALL_ORDER` that the rules have.
        min_overdue: Name only customers silent for at least this many times their median gap.
        currency: ISO code of the money columns.

    Raises:
        BadInput: If the settings are wrong.
    """

    n: int = 20
    segments: tuple[str, ...] = ()
    min_overdue: float = 1.0
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, n=1), not_positive(self, "min_overdue"))

    def analyze(self, rfm: RFMResult, customers: IntoFrame, *, arms: pd.Series | None = None) -> CallListResult:
        """Pick the customers and put them in calling order.

        >>> CallRule(n=3, segments=("cannot_lose",)).analyze(rfm, customers).to_frame()["place"].tolist()
        [1, 2]

        Args:
            rfm: The scored customers.
            customers: The same customers with ``revenue_12m``, ``median_gap_days`` and ``overdue``
                (like `customer_360`).
            arms: ``control`` or ``treatment`` by customer id, of the round whose hold-out nobody may call; its name
                is the round's.

        Returns:
            The call list.

        Raises:
            BadInput: If columns are missing or no segment to call is among the rules.
        """
        customers = as_pandas(customers, "The customer table")
        need_columns(customers.columns, _NEEDED, "The customer table")
        order = self._order(rfm.scoring.rules.names)
        joined = rfm.customers[["customer_id", "segment"]].merge(
            customers[list(_NEEDED)], on="customer_id", how="left", validate="one_to_one"
        )
        called = joined[joined["segment"].isin(order)]
        late = called[called["overdue"] >= self.min_overdue]
        held = set() if arms is None else set(arms.index[arms == "control"])
        free = ~late["customer_id"].isin(held)
        late = late.assign(
            free=free,
            priority=late["revenue_12m"] * late["overdue"],
            nothing=late["revenue_12m"] <= 0,  # called last: nothing is at stake with them
            rank=late["segment"].map({s: i for i, s in enumerate(order)}),
        ).sort_values(["nothing", "rank", "priority", "customer_id"], ascending=[True, True, False, True])
        frame = late[late["free"]].head(self.n).drop(columns=["nothing", "rank", "free"]).reset_index(drop=True)
        frame.insert(0, "place", np.arange(1, len(frame) + 1))
        return CallListResult(
            frame=frame,
            asked=self.n,
            order=order,
            late=len(late),
            late_revenue=float(late["revenue_12m"].sum()),
            all_revenue=float(joined["revenue_12m"].sum()),
            no_rhythm=int(called["overdue"].isna().sum()),
            as_of=rfm.as_of,
            currency=self.currency,
            held_out=int((~free).sum()),
            of_round="" if arms is None else str(arms.name),
        )

    def _order(self, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [s for s in self.segments if s not in names]
        if unknown:
            raise BadInput(f"segments names {', '.join(unknown)}; the rules have {', '.join(names)}.")
        order = self.segments or tuple(s for s in CALL_ORDER if s in names)
        if not order:
            raise BadInput(f"No segment to call is known among {', '.join(names)}; name them in segments.")
        return order


@dataclass(frozen=True, eq=False)
class CallListResult(Result):
    """The customers to call first, each with a reason.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> customers = tables["customer_360"]
    >>> calls = CallRule(n=5).analyze(RFM().fit(customers, as_of=tables.as_of), customers)

    Attributes:
        frame: One row per customer, in calling order.
        asked: How many were wanted.
        order: The segments called, first to last.
        late: Customers of these segments who are overdue.
        late_revenue: Their revenue in 12 months.
        all_revenue: Everybody's revenue in 12 months.
        no_rhythm: Customers of these segments with one purchase day: they have no rhythm to be late on.
        as_of: Last day that counts.
        currency: ISO code.
        held_out: Late customers who are in the hold-out of a round and not named.
        of_round: Name of that round; empty if there is none.
    """

    frame: pd.DataFrame
    asked: int
    order: tuple[str, ...]
    late: int
    late_revenue: float
    all_revenue: float
    no_rhythm: int
    as_of: date
    currency: str
    held_out: int = 0
    of_round: str = ""

    name: ClassVar[str] = "call_list"
    formats: ClassVar[Mapping[str, str]] = {
        "revenue_12m": ",.2f",
        "overdue": ".1f",
        "median_gap_days": "g",
        "priority": ",.0f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per customer, in calling order: place, customer, segment and the numbers behind the order.

        >>> list(calls.to_frame())
        ['place', 'customer_id', 'segment', 'recency_days', 'revenue_12m', 'median_gap_days', 'overdue',
        'priority']

        Returns:
            ``recency_days`` and ``median_gap_days`` in days, ``revenue_12m`` in currency, ``overdue`` in median gaps,
            ``priority`` = revenue_12m × overdue.
        """
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """The list for those who call: segments by name, and the reason in words.

        >>> list(calls.shown())
        ['place', 'customer_id', 'segment', 'recency_days', 'revenue_12m', 'median_gap_days', 'overdue',
        'priority', 'reason']
        """
        names = {s: segment_name(s).text() for s in self.frame["segment"].unique()}
        reasons = [self._reason(row).text() for _, row in self.frame.iterrows()]
        return self.frame.assign(segment=self.frame["segment"].map(names), reason=reasons)

    def _reason(self, row: pd.Series) -> Message:
        values = {
            "gap": float(row["median_gap_days"]), "silent": int(row["recency_days"]), "overdue": float(row["overdue"]),
            "revenue": float(row["revenue_12m"]), "currency": self.currency,
        }  # fmt: skip
        return Message("segments.call.reason", values)

    @property
    def revenue(self) -> float:
        """Revenue of the listed customers in the last 12 months, in currency: the most that can be at stake.

        >>> round(calls.revenue, 2)
        0.0
        """
        return float(self.frame["revenue_12m"].sum())

    def refusal(self) -> Message | None:
        """A sentence if nobody is overdue, else ``None``.

        >>> calls.refusal() is None
        True
        """
        return None if len(self.frame) else Message("segments.call.nobody", {"as_of": str(self.as_of)})

    def readout(self) -> Readout:
        """Whom to call, how much revenue is at stake, and that the rule is untested.

        >>> print(calls.readout().finding)
        163 customers of the segments to call are late on their own rhythm, with USD 0 in the ...
        """
        nobody = self.refusal()
        if nobody:
            return Readout(
                nobody, "segments.call.nobody_certainty", Message("segments.call.nobody_action", nobody.values)
            )
        listed = set(self.frame["segment"])
        values = {
            "n": len(self.frame), "segments": joined([segment_name(s) for s in self.order if s in listed]),
            "revenue": self.revenue, "currency": self.currency,
            "share": self.revenue / self.all_revenue if self.all_revenue else 0.0,
            "overdue": float(self.frame["overdue"].median()), "late": self.late, "late_revenue": self.late_revenue,
            "once": Message("segments.call.once", {"n": self.no_rhythm}) if self.no_rhythm else "",
            "held": self.held_out, "round": self.of_round,
            "as_of": str(self.as_of),
        }  # fmt: skip
        if self.revenue <= 0:
            return Readout.of("segments.call", values, "finding_nothing", action="action_nothing")
        action = "action_round" if self.of_round else "action"
        return Readout.of("segments.call", values, action=action)

    def facts(self) -> tuple[Fact, ...]:
        """Customers named, their revenue, and all who are overdue.

        >>> {fact.id: fact.unit for fact in calls.facts()[:2]}
        {'call_list.customers': 'customers', 'call_list.revenue_12m': 'USD'}
        """
        n, rule = len(self.frame), "segments.about.call_rule"
        money = partial(
            Fact, unit=self.currency, window=Message("segments.about.days_to", {"days": 365, "as_of": self.as_of})
        )
        people = partial(Fact, unit="customers")
        late = partial(money, n=self.late, better="down")
        return (
            people("call_list.customers", "segments.call.fact_customers", n, definition=rule),
            money("call_list.revenue_12m", "segments.call.fact_revenue", self.revenue, n=n),
            people("call_list.held_out", "segments.call.fact_held", self.held_out),
            people("call_list.late_customers", "segments.call.fact_late", self.late, better="down"),
            late("call_list.late_revenue_12m", "segments.call.fact_late_revenue", self.late_revenue),
        )
