"""Where a test comes from: the retailer's own file, the contract's tables, or real histories with a planted effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from crm_lab.checks import BadInput
from crm_lab.experiments.assignment import assign
from crm_lab.experiments.experiment import Experiment
from crm_lab.experiments.histories import History, plant, spend_windows
from crm_lab.experiments.metrics import mean_of, ratio_of, share_of
from crm_lab.experiments.own import OwnTest
from crm_lab.experiments.own_file import FileTables
from crm_lab.experiments.table_test import TablesLike
from crm_lab.experiments.timeline import weekly_spend

if TYPE_CHECKING:
    from crm_lab.data.workspace import Tables


class Origin(Protocol):
    """A place that a test can come from."""

    @property
    def given(self) -> bool:
        """Whether the user asked for it."""
        ...

    def open(self, tables: TablesLike) -> Experiment:
        """The test, checked."""
        ...


def open_data(source: str, as_of: str, own: OwnTest) -> Tables | FileTables:
    """The tables of a source; or, for a test in a file, the file's provenance alone.

    Args:
        source: A source of `open_workspace`; not opened where a file is named.
        as_of: Last day that counts; for a file the day on which it was written.
        own: The retailer's own test, if there is one.
    """
    if own.given:
        return own.tables(as_of)
    from crm_lab.data.workspace import open_workspace

    return open_workspace(source).at(as_of)


def open_history(tables: Tables | FileTables, own: OwnTest, *, start: str, pre_days: int, post_days: int) -> History:
    """What a test is planned from: customers' spend around a day, or the control units of a test in a file.

    Args:
        tables: What `open_data` gave.
        own: The retailer's own test, if there is one.
        start: Day between pre-period and outcome window.
        pre_days: Days of the pre-period.
        post_days: Days of the outcome window.
    """
    if own.given:
        return own.history(tables)
    units = spend_windows(tables["orders"], start=start, pre_days=pre_days, post_days=post_days, as_of=tables.as_of)
    units["active"] = (units["orders"] > 0).astype(float)
    metrics = (mean_of("spend"), mean_of("orders"), ratio_of("spend", "orders"), share_of("active"))
    return History(units, metrics, ("spend_before", "orders_before"), len(units), tables["customer_360"])


def open_test(tables: TablesLike, *origins: Origin) -> Experiment:
    """The test from the first origin that is asked for.

    Raises:
        BadInput: If none is.
    """
    for origin in origins:
        if origin.given:
            return origin.open(tables)
    raise BadInput("No test is named: give a file, the name of an experiment in the tables, or a planted effect.")


@dataclass(frozen=True, kw_only=True)
class PlantedTest:
    """Real histories, split by a salted hash, with a made-up lift added to the treated half.

    Attributes:
        start: First day of the test.
        pre_days: Days of the pre-period.
        post_days: Days of the outcome window.
        seed: Goes into the salt of the split.
        lift: Planted relative lift of treated units' spend; 0 for an A/A test.
    """

    start: str
    pre_days: int
    post_days: int
    seed: int
    lift: float

    @property
    def given(self) -> bool:
        """Always: it needs purchase histories only."""
        return True

    def open(self, tables: TablesLike) -> Experiment:
        """One row per customer known at the start, spend also by week (week_01, ...).

        `untouched_spend` is the outcome without the planted lift.
        """
        units = spend_windows(
            tables["orders"], start=self.start, pre_days=self.pre_days, post_days=self.post_days, as_of=tables.as_of
        )
        units["arm"] = assign(units["customer_id"], salt=f"programme-{self.seed}")
        units["untouched_spend"] = units["spend"]
        units["spend"] = plant(units["untouched_spend"], units["arm"], self.lift)
        if self.post_days >= 7:
            weeks = weekly_spend(tables["orders"], units["customer_id"], start=self.start, weeks=self.post_days // 7)
            units = units.join(weeks.apply(lambda week: plant(week, units["arm"], self.lift)))
        return Experiment.from_frame(
            units,
            arm="arm",
            outcomes=["spend", "orders"],
            covariates=["spend_before", "orders_before"],
            unit="customer_id",
            truth={"spend": self.lift * float(units["untouched_spend"].mean())},
        )
