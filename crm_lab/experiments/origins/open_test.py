"""Where a test comes from: the retailer's own file, the contract's tables, or real histories with a planted effect."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from crm_lab.checks import BadInput
from crm_lab.data.settings_text import settings_in
from crm_lab.data.sources.refusal import refused
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, ratio_of, share_of
from crm_lab.experiments.origins.contract_test import TablesLike, TableTest
from crm_lab.experiments.origins.file_test import OwnTest
from crm_lab.experiments.origins.planted_test import PlantedTest
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

    def open_all(self, tables: TablesLike) -> Experiment:
        """The test with every treatment."""
        ...


_TYPES = {"str": str, "int": int, "float": float}
EXAMPLE = "experiment = loyalty; until = 2024-08-04; pre_days = 365"
"""The test that page 17 reads by default; it gives way to a file, other settings of an experiment do not."""


def stated_test(file: str, settings: str, source: str) -> Origin:
    """The test that a page's parameters name: in a file, in the contract's tables, or a planted effect.

    >>> stated_test("units.csv", "arm = group; control = hold-out", "").arm
    'group'
    >>> stated_test("", "experiment = loyalty; until = 2024-08-04; later_days = 28", "shop.toml").later_days
    28
    >>> stated_test("", "start = 1997-12-01; lift = 0", "cdnow").lift
    0.0

    Args:
        file: A file, or the suite of one; empty for none.
        settings: ``NAME = VALUE; ...``: of a file the keys of ``[source]``, else those of `TableTest` where an
            experiment is named, and of `PlantedTest` where none is. A page's own `EXAMPLE` gives way to a file.
        source: Where a planted test's histories come from.

    Returns:
        The test, not yet opened.

    Raises:
        BadInput: With every setting that cannot be used; if a file is named and an experiment, too.
    """
    given = settings_in(settings)
    if file and settings == EXAMPLE:
        return OwnTest.stated(file)
    if file and given.get("experiment"):
        raise refused("test_two_origins", file=file, name=given["experiment"], settings=settings)
    if file:
        return OwnTest.stated(file, settings)
    own = {field.name: str(field.type) for kind in (PlantedTest, TableTest) for field in fields(kind)}
    kind = TableTest if given.get("experiment") else PlantedTest
    known = {field.name for field in fields(kind)} - {"source"}
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name not in own or name == "source":
            listed = ", ".join(sorted(set(own) - {"source"}))
            problems.append(refused("test_unknown_setting", name=name, known=listed))
            continue
        try:
            values[name] = _TYPES[own[name]](value)
        except ValueError:
            problems.append(refused("test_no_number", name=name, value=value))
    if problems:
        raise BadInput(" ".join(map(str, problems)))
    values = {name: value for name, value in values.items() if name in known}
    return TableTest(**values) if kind is TableTest else PlantedTest(source=source, **values)


def open_data(source: str, as_of: str, own: Origin) -> Tables | FileTables:
    """The tables of a source; or, for a test in a file, the file's provenance alone.

    >>> from crm_lab.experiments import OwnTest
    >>> open_data("cdnow_sample", "1998-06-30", OwnTest(file="")).as_of.isoformat()
    '1998-06-30'

    Args:
        source: A source of `open_workspace`; not opened where a file is named.
        as_of: Last day that counts; for a file the day on which it was written.
        own: The retailer's own test, or another one.

    Returns:
        Tables of the source, or the file's provenance.
    """
    if isinstance(own, OwnTest) and own.given:
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


def open_test(tables: TablesLike, *origins: Origin, every: bool = False) -> Experiment:
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
        every: Whether every treatment is wanted, and not the one that is named.

    Returns:
        The test.

    Raises:
        CannotAnswer: If none is.
    """
    for origin in origins:
        if isinstance(origin, TableTest) and origin.given and "assignments" not in tables:
            raise cannot_answer("no_test")
        if origin.given:
            return origin.open_all(tables) if every else origin.open(tables)
    raise cannot_answer("no_test")
