"""Messages that came before each order, and series of messages that led to none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers, Positions
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.messages.no_answer import cannot_answer

Touch = Literal["sent", "opened", "clicked"]
By = Literal["channel", "campaign"]


@dataclass(frozen=True, eq=False)
class ContactJourneys:
    """Series of touches, each ended by an order or not.

    >>> paths = [(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)]
    >>> journeys = ContactJourneys.of_paths(paths)
    >>> journeys.names, journeys.orders
    (['c1', 'c2', 'c3'], 1)

    Attributes:
        names: What is credited: channels or campaigns, sorted.
        touch: Place among the names of each touch, journeys one after the other, shape (touches,).
        journey: Number of the journey of each touch, ascending, shape (touches,).
        ordered: 1 where a journey ended with an order, shape (journeys,).
        untouched: Orders without a touch in the days before.
        simulated: Whether the data are made up.
    """

    names: list[str]
    touch: Positions
    journey: Positions
    ordered: Integers
    untouched: int = 0
    simulated: bool = False

    @property
    def orders(self) -> int:
        """Journeys that ended with an order.

        >>> journeys.orders
        1
        """
        return int(self.ordered.sum())

    @classmethod
    def of_paths(cls, paths: list[tuple[list[str], int]], untouched: int = 0) -> ContactJourneys:
        """Journeys given one by one.

        >>> ContactJourneys.of_paths([(["a", "b"], 1)]).touch.tolist()
        [0, 1]

        Args:
            paths: Touches in order, and 1 where an order ended them.
            untouched: Orders without a touch.
        """
        flat = [name for path, _ in paths for name in path]
        names = sorted(set(flat))
        touch = pd.Index(names).get_indexer(pd.Index(flat))
        journey = np.repeat(np.arange(len(paths)), [len(path) for path, _ in paths])
        return cls(names, touch, journey, np.array([ordered for _, ordered in paths], dtype=np.int64), untouched)

    @classmethod
    def of(
        cls, log: CampaignLog, by: By = "channel", touch: Touch = "opened", lookback_days: int = 30
    ) -> ContactJourneys:
        """Journeys of a log.

        An order takes all touches of the days before it that no earlier order has taken; of the same day, those too.
        Touches that no order takes within the days are a journey without an order, split where a gap is longer than
        that. Touches whose days are not over are left out, unless an order has taken them.

        >>> from crm_lab.simulate import make_retailer
        >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
        >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
        >>> ContactJourneys.of(log).names
        ['email', 'sms']

        Args:
            log: Messages and orders.
            by: What is credited.
            touch: Which messages are touches.
            lookback_days: Days before an order in which a touch counts.

        Raises:
            CannotAnswer: If touches or channels are not known, or there is no touch.
        """
        sent = log.messages
        for column, need in ((touch, touch != "sent"), ("channel", by == "channel")):
            if need and column not in sent:
                raise cannot_answer("touches_not_known", column=column)
        kept = sent[by].notna() & (True if touch == "sent" else sent[touch] == 1)
        rows = sent[kept].sort_values(["customer", "day"], kind="stable", ignore_index=True)
        who, day = rows["customer"].to_numpy(), rows["day"].to_numpy()
        order_day = log.orders.next_day(who, day)
        taken = (order_day >= 0) & (order_day - day <= lookback_days)
        over = taken | (day + lookback_days <= log.last_day)
        rows, who, day = rows[over], who[over], day[over]
        if not len(rows):
            raise cannot_answer("no_touch", touch=touch)
        end = np.where(taken, order_day, -1)[over]
        same = (who[1:] == who[:-1]) & (end[1:] == end[:-1]) & ((end[1:] >= 0) | (np.diff(day) <= lookback_days))
        journey = np.concatenate([[0], np.cumsum(~same)])
        names = sorted(rows[by].astype(str).unique())
        first = np.concatenate([[True], ~same])
        ordered = (end[first] >= 0).astype(np.int64)
        start = max(log.orders.first_day, int(day.min()))
        return cls(
            names, pd.Index(names).get_indexer(pd.Index(rows[by].astype(str))), journey, ordered,
            max(log.orders.days_with_orders(start) - int(ordered.sum()), 0), log.simulated,
        )  # fmt: skip
