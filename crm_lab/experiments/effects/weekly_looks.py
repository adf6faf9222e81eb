"""A test that is looked at while it runs: what each planned look may conclude."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_among, not_inside
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, metric_problem
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.experiments.core.weeks import week_columns
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.permutation import statistics
from crm_lab.stats.sequential.alpha_spending import Spending, limits, permuted_limits, spent


@dataclass(frozen=True, kw_only=True)
class WeeklyLooks:
    """Group-sequential reading of a test: limits at the planned looks that keep the type I error in all.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> looks = WeeklyLooks(planned=(8, 16, 26)).analyze(test)
    >>> looks.to_frame()["week"].tolist()
    [8, 16, 26]

    Attributes:
        planned: Weeks after which the test is looked at, the last one being its end; fixed before the start.
        spending: How the type I error is spent: ``obrien_fleming`` or ``pocock``.
        alpha: Type I error in all looks together, both sides.

    Source:
        Lan & DeMets (1983), Discrete sequential boundaries for clinical trials.
    """

    planned: tuple[int, ...]
    spending: Spending = "obrien_fleming"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        rising = list(self.planned) == sorted(set(self.planned)) and min(self.planned, default=1) > 0
        check_settings(
            self,
            not_inside(self, "alpha"),
            not_among(self, spending=("obrien_fleming", "pocock")),
            planned=not rising and "they are weeks, rising from 1",
        )

    def analyze(self, experiment: Experiment) -> WeeklyLooksResult:
        """What each look that has come may conclude, from the effect on the outcome up to it.

        The effect is adjusted for the pre-period as elsewhere (`Effects`, its last way). The last planned look is the
        end of the test: it reads the outcome itself, with days after the last whole week. Where normal theory does not
        hold (small, unequal, skewed arms, whole stores), the limits come from permuting the whole sequence of looks.

        >>> WeeklyLooks(planned=(8, 16, 26, 40)).analyze(test).came
        3

        Args:
            experiment: A test with two arms and the outcome by week.

        Returns:
            One row a look.

        Raises:
            BadInput: If there are more than two arms.
        """
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; looks are read for two. Keep two.")
        refused = self._refused(experiment)
        if refused is not None:
            return WeeklyLooksResult(self, pd.DataFrame(), "normal", experiment.simulated, refused)
        weeks = week_columns(experiment)
        came = [week for week in self.planned if week <= len(weeks)]
        pair = Pair.of(experiment.as_assigned(), experiment.treatments[0])
        sums = np.cumsum([pair.values(name) for name in weeks], axis=0)[[week - 1 for week in came]].T
        whole = pair.values(experiment.outcomes[0])
        if came[-1] == self.planned[-1] == len(weeks) and abs(whole.sum() - sums[:, -1].sum()) < whole.sum() / came[-1]:
            sums[:, -1] = whole
        share = np.array(came) / self.planned[-1]
        normal = all(pair.normal_holds(column) for column in sums.T)
        z, limit = self._normal(pair, sums, share) if normal else self._permuted(pair, sums, share)
        rows = {"look": range(1, len(came) + 1), "week": came, "information": share, "z": z, "limit": limit}
        table = pd.DataFrame(rows).assign(crossed=np.abs(z) > limit)
        return WeeklyLooksResult(self, table, "normal" if normal else "permutation", experiment.simulated)

    def _refused(self, experiment: Experiment) -> Message | None:
        weeks = len(week_columns(experiment))
        if not self.planned:
            return Message("experiments.looks.no_plan")
        if weeks < self.planned[0]:
            return Message("experiments.looks.none_came", {"weeks": weeks, "first": self.planned[0]})
        return metric_problem(mean_of(experiment.outcomes[0]), experiment)

    def _normal(self, pair: Pair, sums: Floats, share: Floats) -> tuple[Floats, Floats]:
        test, past = pair.experiment, _past(pair)
        names = [f"look {look}" for look in range(sums.shape[1])]
        frame = test.frame.assign(**dict(zip(names, sums.T, strict=True)))
        means = adjusted_means(replace(test, frame=frame), [(name, None) for name in names], past, "lin")
        found = [difference(means, look) for look in range(len(names))]
        z = np.array([d.effect / d.se if d.se else 0.0 for d in found])
        return z, limits(list(share), self.alpha, self.spending)

    def _permuted(self, pair: Pair, sums: Floats, share: Floats) -> tuple[Floats, Floats]:
        size, past = pair.experiment.size, _past(pair)
        values = np.column_stack([pair.adjusted(column, past) for column in sums.T])
        own, others = statistics(values, pair.splits, pair.values(size) if size else None)
        return own, permuted_limits(others, spent(share, self.alpha, self.spending))


def _past(pair: Pair) -> tuple[str, ...]:
    """Covariates that adjust the outcome at every look."""
    return pair.experiment.past_of([pair.experiment.outcomes[0]])


@dataclass(frozen=True)
class WeeklyLooksResult(Result):
    """What each look may conclude.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> looks = WeeklyLooks(planned=(8, 16, 26, 40)).analyze(test)

    Attributes:
        spec: What was asked.
        table: One row for each look that has come.
        method: ``normal`` or ``permutation``: where the limits come from.
        simulated: Whether the effect was planted.
        refused: Why there is no look, or ``None``.
    """

    spec: WeeklyLooks
    table: pd.DataFrame
    method: str
    simulated: bool
    refused: Message | None = None

    name: ClassVar[str] = "looks"
    formats: ClassVar[dict[str, str]] = {"information": ".0%", "z": "+.2f", "limit": ".2f"}

    @property
    def came(self) -> int:
        """How many of the planned looks have come.

        >>> looks.came
        3
        """
        return len(self.table)

    @property
    def verdict(self) -> str:
        """One of gain, loss (a limit was crossed), go_on, ended (the last look crossed none).

        >>> looks.verdict
        'go_on'
        """
        crossed = self.table[self.table["crossed"]]
        if len(crossed):
            return "gain" if crossed["z"].iloc[0] > 0 else "loss"
        return "ended" if self.came == len(self.spec.planned) else "go_on"

    def to_frame(self) -> pd.DataFrame:
        """One row a look: week, share of the information, z, its limit, whether it was crossed.

        >>> list(looks.to_frame())
        ['look', 'week', 'information', 'z', 'limit', 'crossed']
        """
        return self.table.copy()

    def refusal(self) -> Message | None:
        """A sentence if there is no look to report, else ``None``.

        >>> looks.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Which look this is, whether a limit was crossed, and whether to go on.

        >>> print(looks.readout().finding)
        Look 3 of 4 (week 26): z = +1.90 against a limit of 2.45.
        """
        if self.refused is not None:
            return Readout(self.refused, "experiments.looks.certainty_refused", "experiments.looks.action_refused")
        said = self._said()
        spending = Message(f"experiments.looks.{self.spec.spending}")
        certainty = {"alpha": self.spec.alpha, "spending": spending, "looks": len(self.spec.planned)}
        return Readout(
            Message(f"experiments.looks.finding{'' if math.isfinite(said['limit']) else '_no_limit'}", said),
            Message(f"experiments.looks.certainty_{self.method}", certainty),
            Message(f"experiments.looks.{self.verdict}", said),
        )

    def _said(self) -> Mapping[str, float]:
        """The look that crossed a limit first, else the last that has come."""
        crossed = self.table[self.table["crossed"]]
        row = (crossed if len(crossed) else self.table.tail(1)).iloc[0]
        known = {"look": int(row["look"]), "week": int(row["week"]), "z": float(row["z"]), "limit": float(row["limit"])}
        later = [week for week in self.spec.planned if week > self.table["week"].iloc[-1]]
        return {**known, "looks": len(self.spec.planned), "next": later[0] if later else 0}

    def facts(self) -> tuple[Fact, ...]:
        """Looks that have come, and z of the last one.

        >>> {fact.id: fact.unit for fact in looks.facts()}
        {'looks.came': 'looks', 'looks.z': ''}
        """
        found = partial(Fact, kind="simulated" if self.simulated else "estimate")
        if self.refused is not None:
            return (found("looks.came", "experiments.fact.looks", None, "looks", refusal=self.refused),)
        return (
            found("looks.came", "experiments.fact.looks", self.came, "looks"),
            found("looks.z", "experiments.fact.look_z", float(self.table["z"].iloc[-1])),
        )
