"""How many messages a customer had got lately when each message came: the dose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.checks import BadInput
from crm_lab.messages.no_answer import cannot_answer


@dataclass(frozen=True, eq=False)
class ContactDoses:
    """Messages with the number of messages of the days before.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> doses = ContactDoses.of(log, without=["save_offer"])
    >>> sorted(doses.rows["dose"].unique().tolist())
    [0, 1, 2]

    Attributes:
        log: Where they come from.
        rows: ``customer``, ``day``, ``dose`` (messages of the `memory_days` before), ``number`` (messages since the
            log began) and what is known of each: delivered, opened, cost.
        memory_days: How long a message counts.
    """

    log: CampaignLog
    rows: pd.DataFrame
    memory_days: int

    @classmethod
    def of(cls, log: CampaignLog, memory_days: int = 28, without: Collection[str] = ()) -> ContactDoses:
        """Count the messages before each.

        Messages of the first `memory_days` of the log are counted, but left out as rows: what came before is not known.

        >>> len(ContactDoses.of(log, memory_days=14).rows) > 0
        True

        Args:
            log: Messages.
            memory_days: How long a message counts.
            without: Campaigns that are no ordinary message, such as an offer that everybody opens.

        Returns:
            The doses, by customer and day.

        Raises:
            BadInput: If `memory_days` is below 1.
            CannotAnswer: If the log is shorter than that.
        """
        if memory_days < 1:
            raise BadInput(f"memory_days is {memory_days}; it must be 1 or more.")
        sent = log.messages[~log.messages["campaign"].isin(list(without))]
        rows = sent.sort_values(["customer", "day"], kind="stable", ignore_index=True)
        who, day = rows["customer"].to_numpy(), rows["day"].to_numpy()
        rows["dose"] = messages_before(who, day, memory_days)
        rows["number"] = rows.groupby("customer").cumcount()
        rows = rows[rows["day"] >= rows["day"].min() + memory_days].reset_index(drop=True)
        if not len(rows):
            raise cannot_answer("log_shorter_than_memory", messages=len(sent), days=memory_days)
        return cls(log, rows, memory_days)


def messages_before(customer: Integers, day: Integers, days: int) -> Integers:
    """Messages to the same customer in the days before each, the day itself not counted.

    >>> messages_before(np.array([0, 0, 0, 1]), np.array([1, 5, 30, 30]), 28).tolist()
    [0, 1, 1, 0]

    Args:
        customer: Places, ascending, shape (n,).
        day: Day numbers, ascending within customers, shape (n,).
        days: How far back, the last of them counted.

    Returns:
        Shape (n,).
    """
    span = int(day.max(initial=0)) - int(day.min(initial=0)) + days + 2
    key = customer.astype(np.int64) * span + (day - day.min(initial=0)) + days
    first = np.searchsorted(key, key - days, side="left")
    return np.asarray(np.searchsorted(key, key, side="left") - first, dtype=np.int64)
