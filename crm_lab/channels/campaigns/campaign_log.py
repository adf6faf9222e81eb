"""Messages of campaigns with what is known of each, and the orders, responses and lots beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.channels.campaigns.order_windows import OrderWindows
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Kind
from crm_lab.simulate import Retailer

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAGS: Final = ("delivered", "opened", "clicked")
"""Stages that a message's row may know; each is 1, 0 or not known."""


class KnownTables(Protocol):
    """Tables as of a day: `Tables` of a workspace, or any mapping with its ``as_of``."""

    @property
    def as_of(self) -> date:
        """Last day that is known."""
        ...

    def __contains__(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> pd.DataFrame: ...


@dataclass(frozen=True)
class TablesOf:
    """Tables in memory with the day up to which they are known, as `CampaignLog.of` reads them.

    >>> TablesOf({"orders": pd.DataFrame()}, date(2024, 1, 31)).as_of.isoformat()
    '2024-01-31'

    Attributes:
        tables: By name.
        as_of: Last day that is known.
        currency: ISO code of amounts.
        simulated: Whether they are made up.
    """

    tables: Mapping[str, pd.DataFrame]
    as_of: date
    currency: str = ""
    simulated: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.tables

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


@dataclass(frozen=True, eq=False)
class CampaignLog:
    """Messages to customers, one row per customer and campaign, and what the customers did.

    >>> sent = pd.DataFrame({"customer_id": ["a", "b"], "campaign": "May", "date": pd.to_datetime("2024-05-01"),
    ...     "opened": [1, 0]})
    >>> orders = pd.DataFrame({"customer_id": ["a", "c"], "date": pd.to_datetime(["2024-05-03", "2024-05-04"]),
    ...     "net_amount": [20.0, 30.0]})
    >>> log = CampaignLog.of(TablesOf({"exposures": sent, "orders": orders}, date(2024, 6, 30)))

    Attributes:
        customer_ids: Everybody with a message, an order or an assignment, sorted.
        messages: ``customer`` (place among the ids), ``campaign``, ``campaign_type`` where known, ``channel``, ``day``
            (days since 1970-01-01), and as numbers those of delivered, opened, clicked, redeemed and cost that are
            known of any message.
        orders: Orders of the customers, for sums over days.
        assignments: ``campaign``, ``customer``, ``arm``, ``day`` of draws by lot; empty where there are none.
        opted_out: Day on which each customer opted out, the largest integer for none; empty where not known.
        as_of: Last day that is known.
        currency: ISO code of amounts.
        simulated: Whether the data are made up.
    """  # fmt: skip

    customer_ids: pd.Index
    messages: pd.DataFrame
    orders: OrderWindows
    assignments: pd.DataFrame
    as_of: date
    currency: str = ""
    simulated: bool = False
    opted_out: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, tables: KnownTables) -> CampaignLog:
        """The log of the contract's tables.

        >>> len(log.customer_ids), log.messages["opened"].tolist()
        (3, [1.0, 0.0])

        Args:
            tables: With `exposures`; where they are there, `orders`, `responses`, `assignments` and `customers`.

        Returns:
            The log.

        Raises:
            CannotAnswer: If no message is known.
        """
        if "exposures" not in tables or not len(tables["exposures"]):
            raise cannot_answer("no_messages")
        sent = tables["exposures"].reset_index(drop=True)
        orders = _named(tables["orders"]) if "orders" in tables else _NO_ORDERS
        drawn = _named(tables["assignments"]) if "assignments" in tables else _NO_LOTS
        ids = pd.Index(pd.concat([t["customer_id"].astype(str) for t in (sent, orders, drawn)]).unique()).sort_values()
        lots = pd.DataFrame({
            "campaign": drawn["experiment"].astype(str), "customer": _places(ids, drawn["customer_id"]),
            "arm": drawn["arm"].astype(str).to_numpy(), "day": day_numbers(drawn["assigned_on"]),
        })  # fmt: skip
        day = orders["day"].to_numpy(dtype=np.int64) if "day" in orders else day_numbers(orders["date"])
        return cls(
            ids, _messages(sent, tables, ids),
            OrderWindows.of(_places(ids, orders["customer_id"]), day, orders["net_amount"].to_numpy(dtype=float)),
            lots, tables.as_of, str(getattr(tables, "currency", "")), _simulated(tables), _opted_out(tables, ids),
        )  # fmt: skip

    @property
    def kind(self) -> Kind:
        """Kind of facts that are estimates: ``simulated`` on made-up data.

        >>> log.kind
        'estimate'
        """
        return "simulated" if self.simulated else "estimate"

    @property
    def counted(self) -> Kind:
        """Kind of facts that are counts.

        >>> log.counted
        'fact'
        """
        return "simulated" if self.simulated else "fact"

    @cached_property
    def last_day(self) -> int:
        """Last day that is known, as a day number.

        >>> log.last_day
        19904
        """
        return day_number(self.as_of)

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """One row per campaign in order of its first day: ``campaign``, ``campaign_type``, ``first_day``, ``sent``.

        >>> log.campaigns["sent"].tolist()
        [2]
        """
        grouped = self.messages.groupby("campaign", sort=False)
        table = grouped.agg(day=("day", "min"), sent=("day", "size")).reset_index()
        if "campaign_type" in self.messages:
            table.insert(1, "campaign_type", table["campaign"].map(grouped["campaign_type"].first()))
        table = table.sort_values(["day", "campaign"], ignore_index=True)
        first = pd.to_datetime(table.pop("day"), unit="D").dt.as_unit("s")
        table.insert(len(table.columns) - 1, "first_day", first)
        return table

    def of_campaign(self, campaign: str) -> pd.DataFrame:
        """Messages of one campaign.

        >>> len(log.of_campaign("May"))
        2

        Args:
            campaign: Its name.

        Raises:
            CannotAnswer: If nothing was sent in it.
        """
        found = self.messages[self.messages["campaign"] == campaign]
        if not len(found):
            raise cannot_answer("no_such_campaign", campaign=campaign, campaigns=len(self.campaigns))
        return found


def of_retailer(shop: Retailer) -> CampaignLog:
    """The log of a simulated retailer in memory, as known on its last day.

    >>> from crm_lab.simulate import make_retailer
    >>> of_retailer(make_retailer("fashion", n_customers=100, seed=7)).simulated
    True

    Args:
        shop: What `make_retailer` made.

    Returns:
        The log.
    """
    lines = shop.tables["transactions"]
    sales = lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]
    orders = sales.groupby(["customer_id", "order_id", "date"], as_index=False)["net_amount"].sum()
    day, currency = shop.scenario.last_date, shop.scenario.currency
    tables: dict[str, pd.DataFrame] = {**shop.tables, "orders": pd.DataFrame(orders)}
    return CampaignLog.of(TablesOf(tables, day, currency, simulated=True))


_NO_ORDERS = pd.DataFrame({
    "customer_id": pd.Series(dtype=str), "date": pd.Series(dtype="datetime64[s]"), "net_amount": pd.Series(dtype=float),
})  # fmt: skip
_NO_LOTS = pd.DataFrame({
    "experiment": pd.Series(dtype=str), "customer_id": pd.Series(dtype=str), "arm": pd.Series(dtype=str),
    "assigned_on": pd.Series(dtype="datetime64[s]"),
})  # fmt: skip


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["customer_id"].notna()].reset_index(drop=True)


def _simulated(tables: Any) -> bool:
    about = getattr(getattr(tables, "workspace", None), "about", {"simulated": getattr(tables, "simulated", False)})
    return bool(about["simulated"])


def _places(ids: pd.Index, values: pd.Series) -> Integers:
    return np.asarray(ids.get_indexer(pd.Index(values.astype(str))), dtype=np.int64)


def _messages(sent: pd.DataFrame, tables: KnownTables, ids: pd.Index) -> pd.DataFrame:
    table = pd.DataFrame({"customer": _places(ids, sent["customer_id"]), "campaign": sent["campaign"].astype(str)})
    for name in ("campaign_type", "channel"):
        if name in sent and sent[name].notna().any():
            table[name] = sent[name]
    table["day"] = day_numbers(sent["date"])
    for name in FLAGS:
        if name in sent and sent[name].notna().any():
            table[name] = sent[name].astype("Float64").astype(float)
    if "responses" in tables:
        answered = pd.MultiIndex.from_frame(tables["responses"][["customer_id", "campaign"]].astype(str))
        table["redeemed"] = pd.MultiIndex.from_frame(sent[["customer_id", "campaign"]].astype(str)).isin(answered) * 1.0
    if "cost_amount" in sent and sent["cost_amount"].notna().any():
        table["cost"] = sent["cost_amount"].astype(float)
    return table


def _opted_out(tables: KnownTables, ids: pd.Index) -> Integers:
    """Day of opting out of each customer; empty where the source does not know."""
    if "customers" not in tables or "opted_out_on" not in tables["customers"]:
        return np.zeros(0, dtype=np.int64)
    known = tables["customers"].dropna(subset=["opted_out_on"])
    found = np.full(len(ids), np.iinfo(np.int64).max)
    place = _places(ids, known["customer_id"])
    found[place[place >= 0]] = day_numbers(known["opted_out_on"])[place >= 0]
    return found
