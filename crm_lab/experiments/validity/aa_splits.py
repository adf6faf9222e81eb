"""A/A tests on history: false-alarm rate of an analysis, and coverage of a planted effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import need_columns
from crm_lab.experiments.core.estimate import Adjust, difference, joint_means
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import wilson_interval
from crm_lab.stats.moments import Moments

_FEWEST = 20


@dataclass(frozen=True)
class SplitsResult(Result):
    """A/A tests: results of many random splits of the same units.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> record = many_splits(history, "spend", ["before"], splits=40, rng=0)

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
    words: ClassVar[dict[str, str]] = {"adjusted": "experiments.adjust."}
    formats: ClassVar[dict[str, str]] = {"rate": ".1%", "low": ".1%", "high": ".1%", "mean_se": ",.2f"}

    @property
    def rates(self) -> dict[str, float]:
        """Share of splits whose interval missed the truth, per way of adjusting.

        >>> record.rates
        {'none': 0.05, 'lin': 0.1}
        """
        return {way: n / self.splits for way, n in self.rejected.items()}

    def to_frame(self) -> pd.DataFrame:
        """One row per way of adjusting: splits, misses, their rate with Wilson's interval, mean SE.

        >>> list(record.to_frame())
        ['adjusted', 'splits', 'missed', 'rate', 'low', 'high', 'mean_se']
        """
        rows = []
        for way, missed in self.rejected.items():
            ci = wilson_interval(missed, self.splits)
            rows.append((way, self.splits, missed, missed / self.splits, ci.lo, ci.hi, self.se[way]))
        return pd.DataFrame(rows, columns=["adjusted", "splits", "missed", "rate", "low", "high", "mean_se"])

    def refusal(self) -> Message | None:
        """A sentence if there was nothing to split, else ``None``.

        >>> record.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Whether the analysis is wrong as often as its level says.

        >>> print(record.readout().finding)
        In 40 random splits where nothing was done, 10.0% of the intervals claim an effect (4.0% ...
        """
        if self.refused is not None:
            return Readout(self.refused, "experiments.effect.certainty_refused", "experiments.splits.action_refused")
        way, planned = list(self.rejected)[-1], 1 - self.level
        ci = wilson_interval(self.rejected[way], self.splits)
        values = {
            "rate": self.rates[way], "lo": ci.lo, "hi": ci.hi, "splits": self.splits, "planned": planned,
            "units": self.units,
        }  # fmt: skip
        verdict = "as_planned" if ci.lo - 0.01 <= planned <= ci.hi + 0.01 else "off"
        said = ("aa" if self.lift == 0 else "planted", "certainty", verdict)
        return Readout(*(Message(f"experiments.splits.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """The rate per way of adjusting.

        >>> {fact.id: fact.unit for fact in record.facts()[:2]}
        {'splits.none': 'share', 'splits.lin': 'share'}
        """
        if self.refused is not None:
            return (Fact("splits", "experiments.fact.missed", None, kind="estimate", refusal=self.refused),)
        return facts_of(
            self.to_frame(), "splits.{adjusted}", _label, "rate", "share",
            ends=("low", "high"), n=self.splits, kind="estimate",
        )  # fmt: skip


def _label(row: Mapping[str, Any]) -> Message:
    way = Message(f"experiments.adjust.{row['adjusted']}")
    return Message("experiments.fact.missed_by", {"adjusted": way})


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
    """Repeated random splits of the same units, each analysed as a test (A/A test).

    With ``lift = 0`` nothing was done, so an interval that leaves out 0 is a false alarm. Otherwise treated units'
    outcome is raised by the lift, and the truth is lift x mean outcome of all units.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> many_splits(history, "spend", ["before"], splits=40, rng=0).splits
    40

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

    Returns:
        How often the interval missed the truth, per way of adjusting.
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
