"""A/A on history: how often does an analysis find an effect where none is, and does its interval hold a planted one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, need_columns
from crm_lab.experiments.estimate import Adjust, difference, joint_means
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson
from crm_lab.stats.moments import Moments


@dataclass(frozen=True)
class SplitRecord(Result):
    """What many random splits of the same histories gave.

    Attributes:
        rejected: Splits whose interval left out the truth, per way of adjusting.
        splits: Number of splits.
        se: Mean standard error of the effect, per way.
        lift: Planted lift; 0 for an A/A.
        level: Confidence level.
        units: Units in each split.
    """

    rejected: dict[str, int]
    splits: int
    se: dict[str, float]
    lift: float
    level: float
    units: int

    name: ClassVar[str] = "splits"
    formats: ClassVar[dict[str, str]] = {"rate": ".2%", "low": ".2%", "high": ".2%", "mean_se": ",.2f"}

    @property
    def rates(self) -> dict[str, float]:
        """Share of splits whose interval left out the truth, per way of adjusting."""
        return {way: n / self.splits for way, n in self.rejected.items()}

    def to_frame(self) -> pd.DataFrame:
        """One row per way of adjusting: splits, misses, their rate with Wilson's interval, mean SE."""
        rows = []
        for way, n in self.rejected.items():
            lo, hi = wilson(n, self.splits)
            label = Message(f"experiments.adjust.{way}").text()
            rows.append((label, self.splits, n, n / self.splits, float(lo), float(hi), self.se[way]))
        return pd.DataFrame(rows, columns=["adjusted", "splits", "missed", "rate", "low", "high", "mean_se"])

    def readout(self) -> Readout:
        """Whether the analysis errs as often as it says."""
        way = list(self.rejected)[-1]
        lo, hi = wilson(self.rejected[way], self.splits)
        planned = 1 - self.level
        values = {"rate": self.rates[way], "lo": float(lo), "hi": float(hi), "splits": self.splits, "planned": planned}
        ok = "as_planned" if lo - 0.01 <= planned <= hi + 0.01 else "off"
        return Readout(
            Message(f"experiments.splits.{'aa' if self.lift == 0 else 'planted'}", values),
            Message("experiments.splits.certainty", {"units": self.units}),
            Message(f"experiments.splits.{ok}", values),
        )

    def facts(self) -> tuple[Fact, ...]:
        """The rate per way of adjusting."""
        label = Message("experiments.fact.missed")
        facts = []
        for way, n in self.rejected.items():
            lo, hi = wilson(n, self.splits)
            ci = Interval(float(lo), float(hi))
            rate = n / self.splits
            facts.append(
                Fact(id=f"splits.{way}", label=label, value=rate, unit="share", ci=ci, kind="simulated", n=self.splits)
            )
        return tuple(facts)


def many_splits(
    units: pd.DataFrame,
    outcome: str,
    covariates: Sequence[str] = (),
    *,
    splits: int,
    rng: np.random.Generator | int,
    lift: float = 0.0,
    level: float = 0.95,
    ways: Sequence[Adjust] = ("none", "lin"),
) -> SplitRecord:
    """Split the same units at random again and again and analyse each split as a test.

    With ``lift = 0`` nothing was done, so an interval that leaves out 0 is a false alarm; otherwise
    treated units' outcome is raised by the lift and the truth is lift x mean outcome of all units.

    Args:
        units: One row per unit; no gaps.
        outcome: Column with the outcome.
        covariates: Columns from before the start.
        splits: How many random halves.
        rng: Generator or seed.
        lift: Planted lift of treated units' outcome.
        level: Confidence level.
        ways: Ways of adjusting, each counted.

    Raises:
        BadInput: If there are fewer than 20 units.
    """
    need_columns(units.columns, [outcome, *covariates], "The frame of units")
    if len(units) < 20:
        raise BadInput(f"{len(units)} units are too few to split again and again; take 20 or more.")
    draw, n = np.random.default_rng(rng), len(units)
    names = [outcome, *covariates]
    base = units[names].to_numpy(dtype=float)
    raised = base * np.array([1 + lift] + [1.0] * len(covariates))
    truth = lift * base[:, 0].mean()
    missed, se = {str(w): 0 for w in ways}, {str(w): 0.0 for w in ways}
    for _ in range(splits):
        order = draw.permutation(n)
        arms = [
            Moments.from_array(names, base[order[: n // 2]]),
            Moments.from_array(names, raised[order[n // 2 :]]),
        ]
        for way in ways:
            found = difference(joint_means(arms, [(outcome, None)], covariates, way), 0, level)
            missed[way] += not found.lo <= truth <= found.hi
            se[way] += found.se / splits
    return SplitRecord(missed, splits, se, lift, level, n)
