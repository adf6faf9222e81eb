"""What a pilot's lift would be in other cities: its own cities weighted until they are like those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, need_columns, not_inside
from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.experiments.pilots.pilot_words import Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.observational.balancing import entropy_weights


@dataclass(frozen=True, kw_only=True)
class CityMix:
    """How cities may differ in their answer.

    >>> from crm_lab.stats.panel.panel import Panel
    >>> values = np.random.default_rng(1).gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> panel = Panel(values, tuple("abcdefghij"), tuple(range(30)))
    >>> pilot = Pilot(panel, tuple("abcde"), 22)
    >>> cities = pd.DataFrame({"unit": panel.units, "members": [0.2, 0.3, 0.4, 0.5, 0.6, 0.3, 0.4, 0.4, 0.5, 0.5]})
    >>> round(CityMix(covariates=("members",)).analyze(pilot, cities).lift, 2)
    0.21

    Attributes:
        covariates: Columns that say how cities differ: share of members, sales of a customer, ...
        level: Confidence level.

    Source:
        Hartman, Grieve, Ramsahai & Sekhon (2015), JRSS A 178, 757-778; weights by Hainmueller (2012).
    """

    covariates: tuple[str, ...]
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level"), covariates=not self.covariates and "name one or more")

    def analyze(self, pilot: Pilot, cities: pd.DataFrame) -> CityMixResult:
        """The lift to expect in the untreated cities.

        >>> CityMix(covariates=("members",)).analyze(pilot, cities).refusal() is None
        True
        >>> print(CityMix(covariates=("members",)).analyze(pilot.without(list("abc")), cities).refusal())
        Treated cities: 2. To be weighted by 1 characteristics, twice as many and one more are the least.

        Args:
            pilot: The pilot.
            cities: One row a city: ``unit`` and the covariates.

        Returns:
            The lift with its interval, or why none can be said.

        Raises:
            BadInput: If a column is missing, or a city of the pilot has no row or a gap.
        """
        need_columns(cities.columns, ["unit", *self.covariates], "The cities")
        table = cities.set_index("unit").reindex(list(pilot.panel.units))[list(self.covariates)].astype(float)
        gaps = int(table.isna().any(axis=1).sum())
        if gaps:
            raise BadInput(f"{gaps} of {len(table)} units have no value of {', '.join(self.covariates)}; add them.")
        return _mixed(self, pilot, ((table - table.mean()) / table.std().replace(0, 1)).to_numpy())


def _mixed(spec: CityMix, pilot: Pilot, design: Floats) -> CityMixResult:
    """Each treated city's own lift against the untreated ones, weighted."""
    mask, k = pilot.mask, design.shape[1]
    change = np.log(pilot.index[:, pilot.first :].mean(axis=1))  # before the start the mean is 1
    lifts, spread = (
        change[mask] - change[~mask].mean(),
        float(change[~mask].std(ddof=1)) if (~mask).sum() > 1 else np.nan,
    )
    n, few = int(mask.sum()), int((~mask).sum())
    listed = ", ".join(spec.covariates)
    none = partial(CityMixResult, spec, pilot, lifts, np.full(n, 1 / n), spread)
    if n < 2 * k + 1 or few < 2:
        return none(Message("experiments.pilots.refused_mix_few", {"n": n, "k": k}))
    try:
        found = entropy_weights(design, ~mask)[mask]
    except BadInput:
        return none(Message("experiments.pilots.refused_mix", {"covariates": listed}))
    return CityMixResult(spec, pilot, lifts, found / found.sum(), spread, None)


@dataclass(frozen=True, eq=False)
class CityMixResult(Result):
    """The lift to expect in other cities.

    >>> from crm_lab.stats.panel.panel import Panel
    >>> values = np.random.default_rng(1).gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> panel = Panel(values, tuple("abcdefghij"), tuple(range(30)))
    >>> pilot = Pilot(panel, tuple("abcde"), 22)
    >>> cities = pd.DataFrame({"unit": panel.units, "members": [0.2, 0.3, 0.4, 0.5, 0.6, 0.3, 0.4, 0.4, 0.5, 0.5]})
    >>> mixed = CityMix(covariates=("members",)).analyze(pilot, cities)
    >>> round(mixed.lift, 2)
    0.21

    Attributes:
        spec: What was asked.
        pilot: The pilot.
        lifts: Each treated city's own lift, in logarithms.
        weights: Its weight, adding up to 1.
        spread: Standard deviation of an untreated city's change.
        refused: Why nothing can be said, or ``None``.
    """

    spec: CityMix
    pilot: Pilot
    lifts: Floats
    weights: Floats
    spread: float
    refused: Message | None

    name: ClassVar[str] = "city_mix"
    formats: ClassVar[dict[str, str]] = {"rel_effect": "+.1%", "weight": ".1%"}

    @property
    def effective(self) -> float:
        """Cities of equal weight that would be as sure.

        >>> round(mixed.effective, 1)
        4.9
        """
        return float(1 / (self.weights**2).sum())

    @property
    def interval(self) -> Interval:
        """The lift to expect, by the t distribution of cities' changes.

        >>> mixed.interval.lo < mixed.lift < mixed.interval.hi
        True
        """
        few = int((~self.pilot.mask).sum())
        se = self.spread * np.sqrt((self.weights**2).sum() + 1 / few)
        half = float(stats.t.ppf(0.5 + self.spec.level / 2, few - 1)) * se
        middle = float(self.weights @ self.lifts)
        return Interval(float(np.expm1(middle - half)), float(np.expm1(middle + half)), self.spec.level)

    @property
    def lift(self) -> float:
        """The lift to expect.

        >>> round(mixed.lift, 2)
        0.21
        """
        return float(np.expm1(self.weights @ self.lifts))

    def to_frame(self) -> pd.DataFrame:
        """One row a treated city: its own lift and its weight.

        >>> frame = mixed.to_frame()
        >>> frame["unit"].tolist(), round(float(frame["weight"].sum()), 6)
        (['a', 'b', 'c', 'd', 'e'], 1.0)
        """
        treated = np.array(self.pilot.panel.units)[self.pilot.mask]
        return pd.DataFrame({"unit": treated, "rel_effect": np.expm1(self.lifts), "weight": self.weights})

    def refusal(self) -> Message | None:
        """Why nothing can be said of other cities, or ``None``.

        >>> mixed.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """The lift to expect, on what that rests, and what to do.

        >>> print(mixed.readout().finding)
        In the other 5 cities the lift to expect is +21.5% (95.0% interval +18.1% to +25.0%), where the pilot's
        cities showed +21.4%.
        """
        if self.refused is not None:
            return Readout(
                self.refused, "experiments.pilots.return_certainty_refused", "experiments.pilots.return_action_refused"
            )
        unit: Unit = self.pilot.unit
        values = {
            "unit": counted(unit, int((~self.pilot.mask).sum())), "lift": self.lift, "lo": self.interval.lo,
            "hi": self.interval.hi, "level": self.spec.level, "own": float(np.expm1(self.lifts.mean())),
            "covariates": _words(self.spec.covariates), "effective": self.effective,
        }  # fmt: skip
        return Readout.of("experiments.pilots", values, "mix_finding", "mix_certainty", "mix_action")

    def facts(self) -> tuple[Fact, ...]:
        """The lift to expect.

        >>> [fact.id for fact in mixed.facts()]
        ['pilot.mix.lift']
        """
        kind: Kind = "simulated" if self.pilot.simulated else "estimate"
        fact = partial(
            Fact, "pilot.mix.lift", Message("experiments.pilots.fact_mix"), kind=kind, n=len(self.pilot.panel.units)
        )
        if self.refused is not None:
            return (fact(None, refusal=self.refused),)
        return (fact(self.lift, "share", ci=self.interval, better="up"),)


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)
