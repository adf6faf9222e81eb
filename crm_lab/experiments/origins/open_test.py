"""Where a test comes from: the retailer's own file, the contract's tables, or real histories with a planted effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, ratio_of, share_of
from crm_lab.experiments.origins.contract_test import TablesLike
from crm_lab.experiments.origins.file_test import OwnTest
from crm_lab.experiments.origins.spend_windows import History, net_orders, spend_windows
from crm_lab.experiments.origins.unit_file import FileTables
from crm_lab.messages.no_answer import cannot_answer

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

    >>> from crm_lab.experiments import OwnTest
    >>> open_data("cdnow_sample", "1998-06-30", OwnTest(file="")).as_of.isoformat()
    '1998-06-30'

    Args:
        source: A source of `open_workspace`; not opened where a file is named.
        as_of: Last day that counts; for a file the day on which it was written.
        own: The retailer's own test, if there is one.

    Returns:
        Tables of the source, or the file's provenance.
    """
    if own.given:
        return own.tables(as_of)
    from crm_lab.data.workspace import open_workspace

    return open_workspace(source).at(as_of)


def open_history(tables: Tables | FileTables, own: OwnTest, *, start: str, pre_days: int, post_days: int) -> History:
    """History for planning a test: customers' spend around a day, or the control units of a test in a file.

    >>> from crm_lab.experiments import OwnTest
    >>> own = OwnTest(file="")
    >>> tables = open_data("cdnow_sample", "1998-06-30", own)
    >>> open_history(tables, own, start="1998-01-01", pre_days=90, post_days=90).columns
    ['spend_before', 'spend', 'orders', 'active']

    Args:
        tables: What `open_data` gave.
        own: The retailer's own test, if there is one.
        start: Day between pre-period and outcome window.
        pre_days: Days of the pre-period.
        post_days: Days of the outcome window.

    Returns:
        Units with their outcome and pre-period.
    """
    if own.given:
        return own.history(tables)
    units = spend_windows(net_orders(tables), start=start, pre_days=pre_days, post_days=post_days, as_of=tables.as_of)
    units["active"] = (units["orders"] > 0).astype(float)
    metrics = (mean_of("spend"), mean_of("orders"), ratio_of("spend", "orders"), share_of("active"))
    return History(units, metrics, ("spend_before", "orders_before"), len(units), tables["customer_360"])


def open_test(tables: TablesLike, *origins: Origin) -> Experiment:
    """Open the test from the first origin that is given.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> planted = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> open_test(open_workspace("cdnow_sample").at("1998-06-30"), planted).simulated
    True

    Args:
        tables: What `open_data` gave.
        origins: `OwnTest`, `TableTest` or `PlantedTest`, in order of preference.

    Returns:
        The test.

    Raises:
        CannotAnswer: If none is.
    """
    for origin in origins:
        if origin.given:
            return origin.open(tables)
    raise cannot_answer("no_test")
