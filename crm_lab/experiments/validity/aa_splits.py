"""A/A on history: how often does an analysis find an effect where none is, and does its interval hold a planted one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import need_columns
from crm_lab.experiments.core.estimate import Adjust, difference, joint_means
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson
from crm_lab.stats.moments import Moments

_FEWEST = 20


@dataclass(frozen=True)
class SplitsResult(Result):
    """What many random splits of the same histories gave.

    Attributes:
        rejected: Splits whose interval left out the truth, per way of adjusting.
        splits: Number of splits.
        se: Mean standard error of the effect, per way.
        lift: Planted lift; 0 for an A/A.
        level: Confidence level.
        units: Units in each split.
        refused: Why there was nothing to split, if so.
    """

    rejected: dict[str, int]
    splits: int
    se: dict[str, float]
    lift: float
    level: float
    units: int
    refused: Message | None = None

    name: ClassVar[str] = "splits"
    formats: ClassVar[dict[str, str]] = {"rate": ".2%", "low": ".2%", "high": ".2%", "mean_se": ",.2f"}

    @property
    def rates(self) -> dict[str, float]:
        """Share of splits whose interval left out the truth, per way of adjusting."""
        return {way: n / self.splits for way, n in self.rejected.items()}

    def to_frame(self) -> pd.DataFrame:
        """One row per way of adjusting: splits, misses, their rate with Wilson's interval, mean SE."""
        rows = []
        for way, n in self._counted():
            lo, hi = wilson(n, self.splits)
            label = Message(f"experiments.adjust.{way}").text()
            rows.append((label, self.splits, n, n / self.splits, float(lo), float(hi), self.se[way]))
        return pd.DataFrame(rows, columns=["adjusted", "splits", "missed", "rate", "low", "high", "mean_se"])

    def _counted(self) -> list[tuple[str, int]]:
        return [] if self.refused else list(self.rejected.items())

    def refusal(self) -> Message | None:
        """Why there was nothing to split, if so."""
        return self.refused

    def readout(self) -> Readout:
        """Whether the analysis errs as often as it says."""
        if self.refused is not None:
            certainty = Message("experiments.effect.certainty_refused")
            return Readout(self.refused, certainty, "experiments.splits.action_refused")
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
        if self.refused is not None:
            return (Fact("splits", label, None, kind="simulated", refusal=self.refused),)
        facts = []
        for way, n in self.rejected.items():
            lo, hi = wilson(n, self.splits)
            ci = Interval(float(lo), float(hi))
            rate = n / self.splits
            facts.append(Fact(f"splits.{way}", label, rate, "share", ci=ci, kind="simulated", n=self.splits))
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
) -> SplitsResult:
    """Split the same units at random again and again and analyse each split as a test.

    With ``lift = 0`` nothing was done, so an interval that leaves out 0 is a false alarm; otherwise
    treated units' outcome is raised by the lift and the truth is lift x mean outcome of all units.

    Args:
        units: One row per unit; gaps in the outcome, an outcome that never varies, or fewer than 20 units
            refuse the question.
        outcome: Column with the outcome.
        covariates: Columns from before the start.
        splits: How many random halves.
        rng: Generator or seed.
        lift: Planted lift of treated units' outcome.
        level: Confidence level.
        ways: Ways of adjusting, each counted.
    """
    need_columns(units.columns, [outcome, *covariates], "The frame of units")
    known = int(units[outcome].notna().sum())
    if known < len(units) or known < _FEWEST or units[outcome].nunique() < 2:
        values = {"units": len(units), "known": known, "least": _FEWEST, "values": units[outcome].nunique()}
        return SplitsResult({}, 0, {}, lift, level, len(units), Message("experiments.splits.too_little", values))
    draw, n = np.random.default_rng(rng), len(units)
    names = [outcome, *covariates]
    base = units[names].to_numpy(dtype=float)
    raised = base * np.array([1 + lift] + [1.0] * len(covariates))
    truth = lift * base[:, 0].mean()
    missed, se = {str(w): 0 for w in ways}, {str(w): 0.0 for w in ways}
    for _ in range(splits):
        order = draw.permutation(n)
        arms = [Moments.from_array(names, base[order[: n // 2]]), Moments.from_array(names, raised[order[n // 2 :]])]
        for way in ways:
            found = difference(joint_means(arms, [(outcome, None)], covariates, way), 0, level)
            missed[way] += not found.lo <= truth <= found.hi
            se[way] += found.se / splits
    return SplitsResult(missed, splits, se, lift, level, n)
