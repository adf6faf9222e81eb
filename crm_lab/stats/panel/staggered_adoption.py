"""Staggered adoption: effects by cohort and period against units that have not started, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, Problems, check_settings, not_among, not_levels
from crm_lab.results import Interval
from crm_lab.stats.intervals import normal_interval
from crm_lab.stats.panel.doubly_robust_cells import doubly_robust_cells
from crm_lab.stats.panel.panel import Panel, Period, plain_period
from crm_lab.stats.panel.staggered_cells import Cells, plain_cells

Controls = Literal["never", "not_yet"]
Aggregation = Literal["simple", "dynamic", "group", "calendar"]
AGGREGATIONS: tuple[Aggregation, ...] = ("simple", "dynamic", "group", "calendar")


@dataclass(frozen=True)
class StaggeredEffect:
    """One number that effects by cohort and period add up to.

    Attributes:
        kind: ``simple`` (all treated cells by size of cohort), ``dynamic`` (mean over periods since the start),
            ``group`` (mean over cohorts by size), ``calendar`` (mean over periods).
        effect: The effect.
        se: Its standard error, by influence functions clustered by unit.
        parts: What it is the mean of, one row each: ``at`` (periods since the start, cohort or period), ``effect``,
            ``se``, ``lo``, ``hi``; for ``dynamic`` with the periods before the start; empty for ``simple``.
    """

    kind: Aggregation
    effect: float
    se: float
    parts: pd.DataFrame

    def interval(self, level: float = 0.95) -> Interval:
        """Its interval.

        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> StaggeredAdoption().fit(panel, {"a": 2, "b": 3}).totals["simple"].interval(0.9).level
        0.9

        Args:
            level: Confidence level.

        Returns:
            Normal interval.
        """
        return normal_interval(self.effect, self.se, level)


@dataclass(frozen=True, eq=False)
class StaggeredResult:
    """Effects of a staggered roll-out.

    Attributes:
        cells: One row per cohort and period: ``cohort`` (its first period), ``period``, ``lead`` (0 is the first
            treated period), ``effect``, ``se``, ``lo``, ``hi``, ``treated`` and ``controls`` (units compared).
        totals: The four aggregations by name.
        controls: Whom cohorts are compared with.
        left_out: Units that were treated from the first period on: nothing is known of them before.
    """

    cells: pd.DataFrame
    totals: Mapping[Aggregation, StaggeredEffect]
    controls: Controls
    left_out: int

    def to_frame(self) -> pd.DataFrame:
        """The four aggregations.

        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> StaggeredAdoption().fit(panel, {"a": 2, "b": 3}).to_frame()["kind"].tolist()
        ['simple', 'dynamic', 'group', 'calendar']

        Returns:
            Columns ``kind``, ``effect``, ``se``, ``lo``, ``hi``.
        """
        rows = [(t.kind, t.effect, t.se, t.interval().lo, t.interval().hi) for t in self.totals.values()]
        return pd.DataFrame(rows, columns=["kind", "effect", "se", "lo", "hi"])


@dataclass(frozen=True)
class StaggeredAdoption:
    """Average effects on cohorts that start at different times.

    Each cohort is compared with units that have not started, from the last period before its start on, so that no unit
    that is treated already serves as a control. Intervals are normal and rest on many units in each cohort; with a
    handful of cities they are too narrow.

    >>> rng = np.random.default_rng(1)
    >>> starts = np.repeat([4, 6, 99], 40)
    >>> values = rng.normal(0, 1, (120, 8)) + 2.0 * (np.arange(8) >= starts[:, None])
    >>> panel = Panel(values, tuple(f"u{i:03d}" for i in range(120)), tuple(range(8)))
    >>> found = StaggeredAdoption().fit(panel, {unit: int(s) for unit, s in zip(panel.units, starts) if s < 99})
    >>> [round(found.totals[kind].effect) for kind in ("simple", "dynamic", "group", "calendar")]
    [2, 2, 2, 2]

    Attributes:
        controls: ``never`` (units that never start) or ``not_yet`` (also those that start later).
        level: Of the intervals.

    Source:
        Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods; with covariates the doubly
        robust estimator of Sant'Anna & Zhao (2020). Base periods before the start vary, as in their package ``did``.
    """

    controls: Controls = "never"
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, controls=get_args(Controls)), not_levels(self, "level"))

    def fit(
        self, panel: Panel, starts: Mapping[str, Period], covariates: pd.DataFrame | None = None
    ) -> StaggeredResult:
        """Effects by cohort and period and their aggregations.

        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> StaggeredAdoption().fit(panel, {"a": 2, "b": 3}).cells["effect"].round(6).tolist()
        [0.5, 7.0, 0.5, -0.5]

        Args:
            panel: The panel.
            starts: First treated period of each unit that starts, one of the panel's or later; others never start.
            covariates: One row per unit (index: names), numeric columns known before any start.

        Returns:
            The result.

        Raises:
            BadInput: If units are unknown, none starts within the panel, or there is nobody to compare them with.
        """
        first = _first_columns(panel, starts)
        values = np.asarray(panel.values)
        kept = first > 0
        x = None if covariates is None else _design(panel, covariates)[kept]
        values, first, left_out = values[kept], first[kept], int((~kept).sum())
        pairs = _pairs(first, values.shape[1], self.controls)
        if x is None:
            cells = plain_cells(values, first, pairs, self.controls == "not_yet")
        else:
            cells = doubly_robust_cells(values, first, pairs, self.controls == "not_yet", x)
        return self._result(panel, cells, left_out)

    def _result(self, panel: Panel, cells: Cells, left_out: int) -> StaggeredResult:
        table = pd.DataFrame(
            {
                "cohort": [panel.periods[g] for g in cells.cohort],
                "period": [panel.periods[t] for t in cells.period],
                "lead": cells.period - cells.cohort,
                "effect": cells.effect,
                "se": cells.errors(None),
                "treated": cells.treated,
                "controls": cells.controls,
            }
        )
        half = normal_interval(0.0, 1.0, self.level).hi * table["se"]
        table.insert(5, "lo", table["effect"] - half)
        table.insert(6, "hi", table["effect"] + half)
        totals = {kind: self._total(panel, cells, kind) for kind in AGGREGATIONS}
        return StaggeredResult(table, totals, self.controls, left_out)

    def _total(self, panel: Panel, cells: Cells, kind: Aggregation) -> StaggeredEffect:
        at, parts, by_size, over = _aggregation(cells, kind)
        share = cells.cohort_share
        weights = parts * np.where(by_size, share, 1.0)
        weights /= weights.sum(axis=1, keepdims=True)
        effects = weights @ cells.effect
        drift = _drift(cells, parts) if by_size else np.zeros((len(parts), len(cells.cohorts)))
        if kind == "group":
            sizes = cells.shares[np.searchsorted(cells.cohorts, at)]
            mix, moved = sizes / sizes.sum(), _mix_drift(cells, at, effects)
        else:
            mix, moved = over / over.sum(), np.zeros(len(cells.cohorts))
        stacked = np.vstack([weights, mix @ weights])
        errors = cells.errors(stacked, np.vstack([drift, mix @ drift + moved]))
        labels = at if kind == "dynamic" else np.array([panel.periods[int(i)] for i in at], dtype=object)
        half = normal_interval(0.0, 1.0, self.level).hi * errors[:-1]
        frame = pd.DataFrame({"at": labels, "effect": effects, "se": errors[:-1]})
        frame = frame.assign(lo=effects - half, hi=effects + half)
        shown = frame.iloc[:0] if kind == "simple" else frame
        return StaggeredEffect(kind, float(mix @ effects), float(errors[-1]), shown)


def _first_columns(panel: Panel, starts: Mapping[str, Period]) -> Integers:
    """Column of each unit's start, shape (n,); T for units that do not start within the panel."""
    problems = Problems("The starts")
    unknown = sorted(set(starts) - set(panel.units))
    named = ", ".join(map(repr, unknown[:5]))
    problems.unless(not unknown, f"{len(unknown)} are of no unit of the panel: {named}.")
    last, end = panel.periods[-1], len(panel.periods)
    found, odd = np.full(len(panel.units), end, dtype=np.int64), []
    places = {period: i for i, period in enumerate(panel.periods)}
    for i, unit in enumerate(panel.units):
        if unit not in starts:
            continue
        start = plain_period(starts[unit])
        if start in places:
            found[i] = places[start]
        elif not _beyond(start, last):
            odd.append(f"{unit} ({start})")
    problems.unless(not odd, f"{len(odd)} are no period of the panel: {', '.join(odd[:5])}.")
    inside = (found > 0) & (found < end)
    problems.unless(inside.any() or odd, "no unit starts after the first period and within the panel.")
    problems.raise_any()
    return found


def _beyond(start: Period, last: Period) -> bool:
    """Whether a start lies after the panel's last period."""
    if isinstance(last, date):
        return isinstance(start, date) and start > last
    return isinstance(start, int) and start > last


def _design(panel: Panel, covariates: pd.DataFrame) -> Floats:
    """Covariates with a constant, one row per unit in the panel's order."""
    problems = Problems("The covariates")
    missing = sorted(set(panel.units) - set(map(str, covariates.index)))
    problems.unless(not missing, f"{len(missing)} units have none: {', '.join(missing[:5])}.")
    twice = int(covariates.index.duplicated().sum())
    problems.unless(not twice, f"{twice} units stand there more than once.")
    problems.raise_any()
    numbers = covariates.set_axis(covariates.index.map(str)).loc[list(panel.units)].to_numpy(dtype=float)
    bad = int((~np.isfinite(numbers)).sum())
    if bad:
        raise BadInput(f"{bad} covariates are no finite number; fill them or leave the units out.")
    x = np.column_stack([np.ones(len(numbers)), numbers])
    scaled = x / np.maximum(np.abs(x).max(axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled) < x.shape[1]:
        raise BadInput("Covariates are collinear (one is constant, or follows from others); drop it.")
    return x


def _pairs(first: Integers, t: int, controls: Controls) -> Integers:
    """Cohort, period and base period of every comparison that has controls, shape (P, 3)."""
    cohorts = np.unique(first[first < t])
    never = bool((first == t).any())
    if not never and controls == "never":
        raise BadInput("Every unit starts within the panel; compare with controls='not_yet', up to the last start.")
    last = int(first.max())
    rows = []
    for g in cohorts:
        for now in range(1, t):
            base = g - 1 if now >= g else now - 1
            if never or (max(now, base) < last and g < last):
                rows.append((int(g), now, int(base)))
    if not any(now >= g for g, now, _ in rows):
        raise BadInput("No cohort has units to compare it with that have not started; leave later periods out.")
    return np.array(rows, dtype=np.int64)


def _aggregation(cells: Cells, kind: Aggregation) -> tuple[Integers, Floats, bool, Floats]:
    """Labels, which cells belong to each part (0/1), whether by size of cohort, which parts the total is over."""
    after = cells.period >= cells.cohort
    if kind == "simple":
        return np.zeros(1, dtype=np.int64), after[None].astype(float), True, np.ones(1)
    key = {"dynamic": cells.period - cells.cohort, "group": cells.cohort, "calendar": cells.period}[kind]
    chosen = np.ones(len(key), dtype=bool) if kind == "dynamic" else after
    at = np.unique(key[chosen])
    parts = ((key == at[:, None]) & chosen).astype(float)
    over = (at >= 0).astype(float) if kind == "dynamic" else np.ones(len(at))
    return at, parts, kind != "group", over


def _drift(cells: Cells, parts: Floats) -> Floats:
    """How the estimated shares of cohorts in each part's weights move it, per unit of each cohort.

    The weights are p_g / Σ p; a unit of cohort h moves Σ p_g att / Σ p by (Σ over h's cells of att - att̄) / Σ p.
    """
    own = (cells.cohort == cells.cohorts[:, None]).astype(float)  # (H, P)
    total = parts @ cells.cohort_share
    mean = (parts * cells.cohort_share) @ cells.effect / total
    found: Floats = ((parts * cells.effect) @ own.T - mean[:, None] * (parts @ own.T)) / total[:, None]
    return found


def _mix_drift(cells: Cells, at: Integers, effects: Floats) -> Floats:
    """The same of the total over cohorts, whose weights are their sizes."""
    share = cells.shares[np.searchsorted(cells.cohorts, at)]
    mean = float(share @ effects / share.sum())
    found = np.zeros(len(cells.cohorts))
    found[np.searchsorted(cells.cohorts, at)] = (effects - mean) / share.sum()
    return found
