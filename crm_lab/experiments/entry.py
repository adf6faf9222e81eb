"""Where a test comes from: the retailer's own file, the contract's tables, or real histories with a planted effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, as_date
from crm_lab.experiments.assignment import assign
from crm_lab.experiments.experiment import Experiment
from crm_lab.experiments.histories import plant, spend_windows
from crm_lab.experiments.timeline import weekly_spend
from crm_lab.exports import project_root

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".xlsx": pd.read_excel,
}


class TablesLike(Protocol):
    """What is read of the contract's tables."""

    @property
    def as_of(self) -> date:
        """Last day that counts."""
        ...

    def __contains__(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> pd.DataFrame: ...


class Origin(Protocol):
    """A place that a test can come from."""

    @property
    def given(self) -> bool:
        """Whether the user asked for it."""
        ...

    def open(self, tables: TablesLike) -> Experiment:
        """The test, checked."""
        ...


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
class OwnTest:
    """A test in a file with one row per unit.

    Attributes:
        file: CSV, Parquet or Excel; empty for none. Relative paths start at the project.
        arm: Column with the arm.
        outcome: Column with the outcome, 0 where nothing happened.
        covariates: Columns from before the start, separated by commas.
        unit: Column with the unit's id; empty keeps every row.
        control: Name of the control arm.
    """

    file: str
    arm: str = "arm"
    outcome: str = "spend"
    covariates: str = ""
    unit: str = ""
    control: str = "control"

    @property
    def given(self) -> bool:
        """Whether a file is named."""
        return bool(self.file)

    def open(self, tables: TablesLike | None = None) -> Experiment:  # noqa: ARG002 - one signature for all origins
        """Read the file and check it."""
        path = Path(self.file)
        path = path if path.is_absolute() or path.exists() else project_root() / path
        if path.suffix.lower() not in _READERS:
            raise BadInput(f"{self.file} cannot be read; a test comes as {', '.join(_READERS)}.")
        if not path.exists():
            raise BadInput(f"There is no file {self.file}; give its path from the project's folder.")
        text = {self.arm: "string"} | ({self.unit: "string"} if self.unit else {})
        frame = _READERS[path.suffix.lower()](path)
        frame = frame.astype({c: t for c, t in text.items() if c in frame.columns})
        covariates = [c.strip() for c in self.covariates.split(",") if c.strip()]
        unit = self.unit or None
        return Experiment.from_frame(
            frame, arm=self.arm, outcomes=[self.outcome], covariates=covariates, unit=unit, control=self.control
        )


@dataclass(frozen=True, kw_only=True)
class TableTest:
    """A test in the contract's tables: `assignments`, `transactions` and, where there are any, `enrolments`, `rewards`.

    The outcome is net spend, returns taken off on their own day, from a unit's assignment to the last day of
    the test, and orders (those with a sale line); the pre-period ends the day before the assignment. Who had
    never bought before (late joiners) has no past: a gap, not a 0.

    Attributes:
        experiment: Its name in `assignments`; empty for none.
        pre_days: Days of the pre-period.
        until: Last day of the outcome window.
        later_days: Days after it in which pulled-forward sales would be missing; 0 for none.
    """

    experiment: str
    pre_days: int = 180
    until: str = "2017-12-31"
    later_days: int = 0

    @property
    def given(self) -> bool:
        """Whether an experiment is named."""
        return bool(self.experiment)

    def open(self, tables: TablesLike) -> Experiment:
        """One row per assigned unit: past and outcome spend and orders, the funnel, reward cost, tier."""
        units = self._units(tables)
        lines = tables["transactions"][["customer_id", "date", "order_id", "kind", "net_amount"]]
        lines["sale"] = lines["order_id"].where(lines["kind"] == "sale")  # taking back an order is no order
        lines = lines.merge(units[["customer_id", "assigned_on"]], on="customer_id")
        end = pd.Timestamp(as_date(self.until, "until"))
        day, start = lines["date"], lines["assigned_on"]
        windows = {
            "before": (day < start) & (day >= start - timedelta(days=self.pre_days)),
            "": (day >= start) & (day <= end),
            "later": (day > end) & (day <= end + timedelta(days=self.later_days)),
        }
        for name, rows in windows.items():
            sums = lines[rows].groupby("customer_id").agg(spend=("net_amount", "sum"), orders=("sale", "nunique"))
            columns = [f"{c}_{name}" if name else c for c in ("spend", "orders")]
            units = units.join(sums.set_axis(columns, axis=1).astype(float), on="customer_id")
            units[columns] = units[columns].fillna(0.0)
        new = ~units["customer_id"].isin(lines.loc[day < start, "customer_id"])
        units.loc[new, ["spend_before", "orders_before"]] = np.nan
        outcomes = ["spend", "orders", *self._funnel(units, tables, end)]
        return Experiment.from_frame(
            units,
            arm="arm",
            outcomes=[*outcomes, *(["spend_later"] if self.later_days else [])],
            covariates=["spend_before", "orders_before"],
            unit="customer_id",
        )

    def _units(self, tables: TablesLike) -> pd.DataFrame:
        drawn = tables["assignments"]
        names = sorted(drawn["experiment"].unique())
        if self.experiment not in names:
            raise BadInput(f"There is no experiment {self.experiment!r}; assignments has {', '.join(names)}.")
        last = as_date(self.until, "until") + timedelta(days=self.later_days)
        if last > tables.as_of:
            raise BadInput(
                f"the windows end on {last}, the data on {tables.as_of}; an unfinished window reads as lost spend: "
                "wait, or choose an earlier end."
            )
        units = drawn.loc[drawn["experiment"] == self.experiment].drop(columns="experiment")
        late = int((units["assigned_on"] > pd.Timestamp(as_date(self.until))).sum())
        if late:
            raise BadInput(f"{late:,} units were assigned after {self.until}, when their outcome had ended.")
        return units.reset_index(drop=True)

    def _funnel(self, units: pd.DataFrame, tables: TablesLike, end: pd.Timestamp) -> list[str]:
        """Enrolled, active (enrolled and bought) and redeemed, 0 or 1 per unit; names of what is known."""
        known = []
        if "enrolments" in tables:
            inside = tables["enrolments"]
            ids = inside.loc[(inside["programme"] == self.experiment) & (inside["enrolled_on"] <= end), "customer_id"]
            units["enrolled"] = units["customer_id"].isin(ids).astype(float)
            units["active"] = ((units["enrolled"] > 0) & (units["orders"] > 0)).astype(float)
            known += ["enrolled", "active"]
        if "rewards" in tables:
            ledger = tables["rewards"]
            ledger = ledger[ledger["date"] <= end]
            spent = ledger[ledger["kind"] == "redeem"]
            units["redeemed"] = units["customer_id"].isin(spent["customer_id"]).astype(float)
            units["reward_cost"] = units["customer_id"].map(ledger.groupby("customer_id")["cost_amount"].sum())
            units["reward_cost"] = units["reward_cost"].fillna(0.0).astype(float)
            known += ["redeemed", "reward_cost"]
        return known


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
