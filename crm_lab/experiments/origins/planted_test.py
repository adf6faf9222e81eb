"""A test on real purchase histories with a planted effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from crm_lab.checks import as_date
from crm_lab.experiments.core.assignment import assign
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.weeks import weekly_spend
from crm_lab.experiments.origins.contract_test import TablesLike
from crm_lab.experiments.origins.spend_windows import net_orders, plant, spend_windows


@dataclass(frozen=True, kw_only=True)
class PlantedTest:
    """A test on real purchase histories with a planted effect: a salted hash splits, the treated half gets the lift.

    It shows on the lab's own data how a test is analysed. On a retailer's own data it is not used: a planted effect
    supports no decision.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> test.counts()
    {'control': 1144, 'treatment': 1213}

    Attributes:
        source: The source of the tables; that of a suite (.toml) is a retailer's own.
        start: First day of the test.
        pre_days: Days of the pre-period.
        post_days: Days of the outcome window.
        seed: Goes into the salt of the split.
        lift: Planted relative lift of treated units' spend; 0 for an A/A test.
    """

    source: str = ""
    start: str = "2017-07-01"
    pre_days: int = 181
    post_days: int = 184
    seed: int = 16
    lift: float = 0.05

    @property
    def given(self) -> bool:
        """Whether the tables come with the lab.

        >>> trial.given
        True
        """
        return not self.source.endswith(".toml")

    def open(self, tables: TablesLike) -> Experiment:
        """The test: one row per customer known at the start, spend also by week (week_01, ...).

        `untouched_spend` is the outcome without the planted lift.

        >>> trial.open(open_workspace("cdnow_sample").at("1998-06-30")).covariates
        ('spend_before', 'orders_before')

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The test; its `truth` is the planted effect.
        """
        orders = net_orders(tables)
        units = spend_windows(
            orders, start=self.start, pre_days=self.pre_days, post_days=self.post_days, as_of=tables.as_of
        )
        units["arm"] = assign(units["customer_id"], salt=f"programme-{self.seed}")
        units["untouched_spend"] = units["spend"]
        units["spend"] = plant(units["untouched_spend"], units["arm"], self.lift)
        if self.post_days >= 7:
            weeks = weekly_spend(orders, units["customer_id"], start=self.start, weeks=self.post_days // 7)
            units = units.join(weeks.apply(lambda week: plant(week, units["arm"], self.lift)))
        test = Experiment.from_frame(
            units,
            arm="arm",
            outcomes=["spend", "orders"],
            covariates=["spend_before", "orders_before"],
            unit="customer_id",
            truth={"spend": self.lift * float(units["untouched_spend"].mean())},
        )
        first = as_date(self.start, "start")
        last = first + timedelta(days=self.post_days - 1)
        return replace(test, window=(first.isoformat(), last.isoformat()))

    def open_all(self, tables: TablesLike) -> Experiment:
        """As `open`: one treatment is planted.

        >>> trial.open_all(open_workspace("cdnow_sample").at("1998-06-30")).treatments
        ('treatment',)

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The test.
        """
        return self.open(tables)
