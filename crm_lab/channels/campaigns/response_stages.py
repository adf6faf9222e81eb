"""What became of each message, stage by stage: 1, 0, or not known."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.messages import Message

STAGES: Final = ("sent", "delivered", "opened", "clicked", "redeemed", "bought", "again")
"""Stages of the funnel in their order."""


def response_stages(log: CampaignLog, bought_days: int, again_days: int) -> pd.DataFrame:
    """One row per message with the stages that are known of any of them.

    `redeemed` is any response to that campaign; `bought` an order from the day of the message on within `bought_days`;
    `again` an order on a later day than that first one, within `again_days` of the message; `revenue` net sales of
    those `again_days`, returns not taken off. What depends on days that are not all in the data is missing, not 0.

    >>> from datetime import date
    >>> from crm_lab.channels.campaigns.campaign_log import TablesOf
    >>> sent = pd.DataFrame({"customer_id": ["a", "b"], "campaign": "May", "date": pd.to_datetime("2024-05-01")})
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "date": pd.to_datetime(["2024-05-01", "2024-05-20"]),
    ...     "net_amount": [20.0, 30.0]})
    >>> log = CampaignLog.of(TablesOf({"exposures": sent, "orders": orders}, date(2024, 6, 30)))
    >>> response_stages(log, 14, 28)[["bought", "again", "revenue"]].to_numpy().tolist()
    [[1.0, 1.0, 50.0], [0.0, 0.0, 0.0]]

    Args:
        log: Messages and orders.
        bought_days: Days from the message on, that day included.
        again_days: The same for `again` and `revenue`; at least `bought_days`.

    Returns:
        The messages with columns of `STAGES`, ``revenue`` and ``cost`` where they are known.
    """  # fmt: skip
    sent = log.messages.assign(sent=1.0)
    if not len(log.orders.key):
        return sent
    who, day = sent["customer"].to_numpy(), sent["day"].to_numpy()
    first = log.orders.next_day(who, day)
    bought = (first >= 0) & (first < day + bought_days)
    later = log.orders.next_day(who, np.where(first >= 0, first, 0) + 1)
    again = bought & (later >= 0) & (later < day + again_days)
    _, revenue = log.orders.sums(who, day, day + again_days - 1)
    for name, value, days in (
        ("bought", bought * 1.0, bought_days), ("again", again * 1.0, again_days), ("revenue", revenue, again_days),
    ):  # fmt: skip
        inside = (day >= log.orders.first_day) & (day + days - 1 <= log.last_day)
        sent[name] = np.where(inside, value, np.nan)
    return sent


def stage_said(stage: str, bought_days: int, again_days: int) -> Message:
    """How a stage is defined, in words.

    Args:
        stage: One of `STAGES`.
        bought_days: As in `response_stages`.
        again_days: As in `response_stages`.

    Returns:
        A message.
    """
    return Message(f"channels.stage.{stage}", {"bought": bought_days, "again": again_days})
