"""What the programme and the messages cost, month by month; rewards are in their own ledger."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from crm_lab.arrays import Columns
from crm_lab.simulate.output.block import Block
from crm_lab.simulate.output.spelling import money
from crm_lab.simulate.programme.programme_effects import test_end
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.scenario import Scenario

ITEMS = ("setup", "running", "messages", "save_offer", "pilot")


class Costs:
    """Adds up the costs of blocks, in exact cents."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._starts = month_starts(scenario)
        tiers = scenario.tiers.names if scenario.points.on else ()
        self._items = (*ITEMS, *(f"perks {tier}" for tier in tiers), *(f"service {tier}" for tier in tiers))
        self._cents = np.zeros((len(self._items), self._starts.size), dtype=np.int64)
        pilot = scenario.pilot  # a week is paid for on its Monday
        self._count(4, np.repeat(np.arange(pilot.start, pilot.end, 7), pilot.n_treated), pilot.cost)

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
        if self._scenario.points.on:
            self._count_tiers(block.tables["tier_history"])

    def _count_tiers(self, rows: Columns) -> None:
        """Perks and service of members in each tier on the first of each month."""
        names, given = self._scenario.tiers.names, self._scenario.points
        first = np.searchsorted(self._starts, rows["since"], side="left")
        same = np.append(rows["customer"][1:] == rows["customer"][:-1], False)
        after = np.where(same, np.append(first[1:], 0), self._starts.size)
        for tier, name in enumerate(names):
            held = rows["tier"] == tier
            members = np.bincount(first[held], minlength=self._starts.size + 1)
            members -= np.bincount(after[held], minlength=self._starts.size + 1)
            months = np.cumsum(members)[:-1]
            self._cents[len(ITEMS) + tier] += round(100 * given.perks.get(name, 0.0)) * months
            self._cents[len(ITEMS) + len(names) + tier] += round(100 * given.service.get(name, 0.0)) * months

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
                "item": pa.array([self._items[i] for i in item], pa.string()),
                "amount": money(self._cents[item, month]),
            }
        )
