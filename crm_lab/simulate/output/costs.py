"""What the programme and the messages cost, month by month; rewards are in their own ledger."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from crm_lab.simulate.output.block import Block
from crm_lab.simulate.output.columns import money
from crm_lab.simulate.programme.programme_effects import test_end
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.scenario import Scenario

ITEMS = ("setup", "running", "messages", "save_offer")


class Costs:
    """Adds up the costs of blocks, in exact cents."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._starts = month_starts(scenario)
        self._cents = np.zeros((len(ITEMS), self._starts.size), dtype=np.int64)

    def add(self, block: Block) -> None:
        """Count a block's enrolments and messages."""
        given = self._scenario.programme
        offered = block.tables["assignments"]
        loyal = (offered["experiment"] == 0) & offered["treated"]
        self._count(0, offered["day"][loyal], given.setup_cost)
        enrolled = block.tables["enrolments"]["day"]
        ends = np.append(self._starts[1:], self._scenario.days)
        members = np.searchsorted(np.sort(enrolled), ends)
        self._cents[1] += np.where(self._starts < test_end(given), round(100 * given.running_cost) * members, 0)
        sent = block.tables["exposures"]
        channels = list(self._scenario.contacts.channels.values())
        for channel, cost in enumerate(channels):
            self._count(2, sent["day"][(sent["channel"] == channel) & ~sent["offer"]], cost)
        self._count(3, sent["day"][sent["offer"]], self._scenario.save_offer.cost)

    def _count(self, item: int, day: np.ndarray, each: float) -> None:
        month = np.searchsorted(self._starts, day, side="right") - 1
        self._cents[item] += round(100 * each) * np.bincount(month, minlength=self._starts.size)

    def table(self) -> pa.Table:
        """Month, item and amount, for months with any cost."""
        item, month = np.nonzero(self._cents)
        days = (self._starts[month] + self._scenario.first_day).astype(np.int32)
        return pa.table(
            {
                "month": pa.array(days).cast(pa.date32()),
                "item": pa.array([ITEMS[i] for i in item], pa.string()),
                "amount": money(self._cents[item, month]),
            }
        )
