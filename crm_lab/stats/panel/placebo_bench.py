"""The placebo bench: an estimator re-run where nothing happened, its real noise beside the one it claims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import BadInput, Problems, check_settings, not_inside, too_small
from crm_lab.stats.panel.estimators.panel_fit import PanelEstimator, chosen_units
from crm_lab.stats.panel.panel import Panel, Period

_FEWEST = 2  # placebo effects with which a spread can be said


@dataclass(frozen=True, eq=False)
class PlaceboBenchResult:
    """Placebo effects of one estimator.

    Attributes:
        name: Of the estimator.
        runs: One row per placebo: ``units`` (their names), ``start`` (first period), ``effect``, ``rel_effect`` (share
            of the mean of the placebo units in the span), ``se`` and ``pvalue`` (claimed by the method's model; NaN
            where it has none), ``rejected``.
        alpha: Level of the tests.
        treated_units: Units of each placebo set.
        treated_periods: Periods of each placebo span.
        sets: Different sets of units.
        starts: Different starts.
    """

    name: str
    runs: pd.DataFrame
    alpha: float
    treated_units: int
    treated_periods: int
    sets: int
    starts: int

    @property
    def effects(self) -> Floats:
        """The placebo effects, shape (runs,).

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> PlaceboBench().run(panel, ["a"], 4, _did()).effects.round(2).tolist()
        [-0.5, -0.5, 1.0, -0.25, 1.25, -1.0]
        """
        return self.runs["effect"].to_numpy(dtype=float)

    @property
    def real_sd(self) -> float:
        """How far an effect that is none lies from 0: the root of the mean square of the placebo effects.

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> round(PlaceboBench().run(panel, ["a"], 4, _did()).real_sd, 3)
        0.829
        """
        return float(np.sqrt((self.effects**2).mean()))

    @property
    def claimed_se(self) -> float:
        """Root mean square of the standard errors that the method claims; NaN where it has none.

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> PlaceboBench(claims=False).run(panel, ["a"], 4, _did()).claimed_se
        nan
        """
        se = self.runs["se"].to_numpy(dtype=float)
        return float(np.sqrt((se**2).mean())) if np.isfinite(se).all() else math.nan

    @property
    def rejection_rate(self) -> float:
        """Share of placebos that the method's own test calls an effect; NaN where it has none.

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> PlaceboBench(claims=False).run(panel, ["a"], 4, _did()).rejection_rate
        nan
        """
        return float(self.runs["rejected"].mean()) if self.runs["pvalue"].notna().all() else math.nan

    def pvalue(self, effect: float) -> float:
        """Share of placebos at least as large in size, the effect itself counted.

        >>> bench = PlaceboBench().run(Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4)), ["a"], 4, _did())
        >>> bench.pvalue(100.0) == 1 / (1 + len(bench.runs))
        True

        Args:
            effect: An effect of as many units and periods.

        Returns:
            The p value.
        """
        size = np.abs(self.effects)
        return float((1 + (size >= abs(effect) * (1 - 1e-9)).sum()) / (1 + len(size)))

    def to_frame(self) -> pd.DataFrame:
        """The bench as one row.

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> PlaceboBench().run(panel, ["a"], 4, _did()).to_frame()["placebos"].item()
        6

        Returns:
            Columns ``method``, ``placebos``, ``sets``, ``starts``, ``real_sd``, ``claimed_se``, ``rejection_rate``,
            ``p05`` and ``p95`` of the placebo effects.
        """
        low, high = np.quantile(self.effects, [0.05, 0.95])
        row = {"method": self.name, "placebos": len(self.runs), "sets": self.sets, "starts": self.starts}
        noise = {"real_sd": self.real_sd, "claimed_se": self.claimed_se, "rejection_rate": self.rejection_rate}
        return pd.DataFrame([row | noise | {"p05": low, "p95": high}])


@dataclass(frozen=True)
class PlaceboBench:
    """Settings of the placebo bench: an estimator is re-run on sets of untouched units, in every span before the start.

    The units that were really treated are left out. Placebo sets have as many units as were treated: all such sets, or
    random ones; spans have as many periods as were treated and end before the start. Placebo effects of overlapping
    spans and sets are alike: their number says less than as many independent ones would.

    >>> rng = np.random.default_rng(1)
    >>> panel = Panel(rng.normal(100, 3, (12, 30)), tuple("abcdefghijkl"), tuple(range(30)))
    >>> found = PlaceboBench().run(panel, ["a", "b"], 26, _did())
    >>> found.treated_units, found.treated_periods, 0.5 < found.real_sd / found.claimed_se < 2
    (2, 4, True)

    Attributes:
        periods: Periods of a placebo span; as many as were treated by default.
        fewest_before: Periods before a placebo start; a third of those before the start by default, at least what the
            estimator needs.
        step: Periods from one placebo start to the next.
        sets: Placebo sets at most.
        claims: Whether the method's own standard errors are wanted, which some take long for.
        alpha: Level of its tests.
        seed: Of the draws of sets.
    """

    periods: int | None = None
    fewest_before: int | None = None
    step: int = 1
    sets: int = 200
    claims: bool = True
    alpha: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "alpha"), too_small(self, step=1, sets=2))

    def run(
        self, panel: Panel, treated: Sequence[str] | Booleans, first: Period, estimator: PanelEstimator
    ) -> PlaceboBenchResult:
        """Re-run an estimator where nothing happened.

        >>> panel = Panel(np.eye(4), tuple("abcd"), (1, 2, 3, 4))
        >>> PlaceboBench().run(panel, ["a"], 4, _did()).starts
        2

        Args:
            panel: The panel.
            treated: The units that were really treated, by name or mask.
            first: First period that was really treated.
            estimator: Any estimator of the room.

        Returns:
            The placebo effects.

        Raises:
            BadInput: If too few units or periods are left for two placebos.
        """
        mask, start = chosen_units(panel, treated), panel.index(first)
        values = np.asarray(panel.values)[~mask]
        length = len(panel.periods) - start if self.periods is None else self.periods
        least = max(estimator.fewest_before, start // 3 if self.fewest_before is None else self.fewest_before)
        starts = list(range(start - length, least - 1, -self.step))[::-1]
        k = int(mask.sum())
        _check(len(values), k, starts, least, length)
        chosen = _placebos(len(values), k, self.sets, self.seed)
        names = np.array(panel.units, dtype=object)[~mask]
        runs = [_span(values[:, : at + length], names, chosen, at, estimator, self.claims) for at in starts]
        frame = pd.concat(runs, ignore_index=True)
        frame["start"] = [panel.periods[at] for at in frame["start"]]
        frame["rejected"] = frame["pvalue"] <= self.alpha
        return PlaceboBenchResult(estimator.name, frame, self.alpha, k, length, len(chosen), len(starts))


def _check(untouched: int, k: int, starts: Sequence[int], least: int, length: int) -> None:
    problems = Problems("The placebo bench")
    problems.unless(k > 0, "no unit is treated; say which ones were.")
    problems.unless(length > 0, "the span has no periods.")
    enough = untouched > max(k, 1)
    problems.unless(enough, f"{untouched} untouched units are left; placebo sets of {k} need {k + 1} or more.")
    problems.unless(starts, f"no span of {length} periods fits before the start after {least} earlier ones.")
    problems.raise_any()
    if untouched * len(starts) < _FEWEST:
        raise BadInput(f"{untouched * len(starts)} placebos can be run; {_FEWEST} are the fewest.")


def _placebos(n: int, k: int, sets: int, seed: int) -> Booleans:
    """Sets of k of n untouched units, each once: all where there are no more than wanted."""
    if math.comb(n, k) <= sets:
        chosen = np.array(list(combinations(range(n), k)), dtype=np.int64)
    else:
        chosen = np.argsort(np.random.default_rng(seed).random((sets, n)), axis=1)[:, :k]
    masks = np.zeros((len(chosen), n), dtype=bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return np.unique(masks, axis=0)


def _span(
    values: Floats, names: NDArray[np.object_], chosen: Booleans, at: int, estimator: PanelEstimator, claims: bool
) -> pd.DataFrame:
    if claims:
        found = [estimator.claim(values, row, at) for row in chosen]
        effects = np.array([claim.effect for claim in found])
        errors, pvalues = [claim.se for claim in found], [claim.pvalue for claim in found]
    else:
        effects = estimator.effects(values, chosen, at)
        errors = pvalues = [math.nan] * len(chosen)
    levels = np.array([values[row, at:].mean() for row in chosen]) - effects
    shares = np.divide(effects, levels, out=np.full_like(effects, np.nan), where=levels > 0)
    return pd.DataFrame(
        {
            "units": [", ".join(names[row]) for row in chosen],
            "start": at,
            "effect": effects,
            "rel_effect": shares,
            "se": errors,
            "pvalue": pvalues,
        }
    )


def _did() -> PanelEstimator:
    """The plainest estimator, for the examples."""
    from crm_lab.stats.panel.estimators.difference_in_differences import DifferenceInDifferences

    return DifferenceInDifferences()
