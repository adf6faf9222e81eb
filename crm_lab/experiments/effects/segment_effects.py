"""Effects by segments that were declared before the start: whether they differ, and in which segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, need_columns, not_inside, too_small
from crm_lab.experiments.core.estimate import Difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import Metric, metric_problem, metrics_of
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.experiments.effects.effect import mended
from crm_lab.experiments.effects.effects import Effects
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message, named
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.intervals import z_value
from crm_lab.stats.multiplicity.holm_comparisons import holm
from crm_lab.stats.permutation import DRAWS, splits_of, statistics
from crm_lab.stats.pooling.shrinkage import shrunk

MOST_LEVELS = 12  # of a column that is read by segment
_SEED = 20_240_103  # of the redrawn splits, another one in each segment


@dataclass(frozen=True, kw_only=True)
class SegmentEffects:
    """Effect in each declared segment, a test of whether segments differ, and estimates drawn to each other.

    A segment is named as one where it works, or does not, only if the segments of its column are shown to differ; so
    all claims together are wrong as rarely as the level says where nothing works.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 1_000, "tier": ["A", "A", "B", "B"] * 500})
    >>> frame["spend"] = rng.gamma(4, 20, 2_000) + 15 * ((frame["arm"] == "offer") & (frame["tier"] == "A"))
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    >>> result = SegmentEffects(metric="spend", by=("tier",)).analyze(test)
    >>> result.differ, result.claimed()
    (True, ['A'])

    Attributes:
        metric: What is measured: a metric, or the name of a column.
        by: Columns fixed before the start.
        level: Confidence level; 1 less it is the chance of any false claim.
        smallest: Units an arm of a segment must have to be read.

    Source:
        Holm (1979); Cochran (1954) for the differences between segments;
        `crm_lab.stats.pooling.shrinkage` for the estimates.
    """

    metric: Metric | str
    by: tuple[str, ...]
    level: float = 0.95
    smallest: int = 20

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level"), too_small(self, smallest=10))

    def analyze(self, experiment: Experiment) -> SegmentEffectsResult:
        """Effects of every treatment in each segment of each column.

        >>> SegmentEffects(metric="spend", by=("tier",), smallest=50).analyze(test).to_frame()["units"].tolist()
        [1000, 1000]

        Args:
            experiment: A test with one control and one or more treatments.

        Returns:
            Effects with intervals, corrected p values and shrunk estimates, and a test of differences a column.
        """
        need_columns(experiment.frame.columns, self.by, "The experiment")
        (metric,) = metrics_of([self.metric], experiment.frame, "The experiment")
        result = partial(
            SegmentEffectsResult, replace(self, metric=metric), len(experiment.frame), experiment.simulated
        )
        refused = metric_problem(metric, experiment)
        columns = [name for name in self.by if 2 <= experiment.frame[name].nunique() <= MOST_LEVELS]
        if refused is None and not columns:
            refused = Message("experiments.segments.none", {"most": MOST_LEVELS})
        if refused is not None:
            return result(refused=refused)
        read = [group for name in columns for group in self._groups(experiment, metric, name)]
        read = [group for group in read if len(group.found) > 1]
        if not read:
            return result(refused=Message("experiments.segments.too_small", {"least": self.smallest}))
        differ = holm(np.array([group.differ(i) for i, group in enumerate(read)]))
        return result(rows=_rows(read, differ, self.level), interactions=_interactions(read, differ))

    def _groups(self, experiment: Experiment, metric: Metric, column: str) -> Iterator[_Group]:
        """The readable segments of a column, for each treatment."""
        for arm in experiment.treatments:
            group = _Group(column, arm, metric, {}, {})
            for level in sorted(experiment.frame[column].dropna().unique(), key=str):
                part = _part(experiment, column, level, arm, metric)
                if min(part.frame[part.arm].value_counts().get(a, 0) for a in part.arms) < self.smallest:
                    continue
                found = Effects(metrics=[metric], adjust=("lin",), level=self.level).analyze(part).headline.found
                if found is not None:
                    group.found[str(level)], group.tests[str(level)] = found, part
            yield group


def _part(experiment: Experiment, column: str, level: object, arm: str, metric: Metric) -> Experiment:
    """The control and one treatment in one segment; what the whole test withdrew stays withdrawn."""
    frame = experiment.frame
    rows = (frame[column] == level) & frame[experiment.arm].isin([experiment.control, arm])
    pair = (experiment.control, arm)
    shares = {name: experiment.shares[name] / sum(experiment.shares[p] for p in pair) for name in pair}
    past, cluster = experiment.past_of(metric.columns), experiment.guards.cluster
    needed = list(dict.fromkeys([experiment.arm, *metric.columns, *past, *([cluster] if cluster else [])]))
    return replace(
        experiment, frame=frame.loc[rows, needed].reset_index(drop=True), treatments=(arm,), shares=shares, unit=None,
        outcomes=metric.columns, covariates=past, pasts={}, cluster=cluster, segments=(), guardrails=(),
    )  # fmt: skip


@dataclass(frozen=True)
class _Group:
    """The segments of a column under one treatment: their effects and their tests."""

    column: str
    arm: str
    metric: Metric
    found: dict[str, Difference]
    tests: dict[str, Experiment]

    @property
    def effects(self) -> Floats:
        return np.array([d.effect for d in self.found.values()])

    def errors(self, level: float) -> Floats:
        """Standard errors, of effects by permutation from their intervals."""
        wide = [d.se if d.method == "normal" else (d.hi - d.lo) / 2 / z_value(level) for d in self.found.values()]
        found: Floats = np.maximum(np.array(wide), 1e-12)
        return found

    def differ(self, place: int) -> float:
        """P value of no difference between the segments: normal where all effects are, else by permutation."""
        if all(d.method == "normal" for d in self.found.values()):
            se = np.array([max(d.se, 1e-12) for d in self.found.values()])
            return float(stats.chi2.sf(float(_spread((self.effects / se)[None, :], se)[0]), len(se) - 1))
        return self._permuted(place)

    def _permuted(self, place: int) -> float:
        """The same with arms dealt anew within each segment, the shared effect taken off."""
        se = self.errors(0.95)
        shared = float(np.average(self.effects, weights=1 / se**2))
        own, others = [], []
        for i, test in enumerate(self.tests.values()):
            rows = test.as_assigned()
            pair = Pair.of(rows, self.arm)
            column, size = self.metric.column, rows.size or self.metric.denominator
            weights = pair.values(size) if size else np.ones(len(pair.treated))
            past = () if self.metric.denominator else rows.past_of(self.metric.columns)
            values = pair.adjusted(pair.values(column), past) - shared * weights * pair.treated
            z, dealt = statistics(values[:, None], splits_of(pair.treated, DRAWS, _SEED + 100 * place + i), weights)
            own.append(z[0])
            others.append(dealt[:, 0])
        draws = min(map(len, others))
        dealt = np.column_stack([z[:draws] for z in others])
        seen = _spread(np.array([own]), se)[0]
        return float((1 + (_spread(dealt, se) >= seen * (1 - 1e-12)).sum()) / (draws + 1))


def _spread(z: Floats, se: Floats) -> Floats:
    """Cochran's Q of effects over their standard errors, shape (R, k), about their weighted mean, shape (R,)."""
    found: Floats = (z**2).sum(axis=1) - (z @ (1 / se)) ** 2 / (1 / se**2).sum()
    return found


def _rows(groups: list[_Group], differ: Floats, level: float) -> pd.DataFrame:
    """One row a segment and treatment; p values corrected for all of them."""
    rows = []
    for group, p in zip(groups, differ, strict=True):
        drawn = shrunk(group.effects, np.diag(group.errors(level) ** 2))
        half = z_value(level) * drawn.sd
        for i, (name, d) in enumerate(group.found.items()):
            test = group.tests[name]
            rows.append((group.column, name, group.arm, len(test.frame), d.effect, d.lo, d.hi, d.pvalue, p,
                         drawn.mean[i], drawn.mean[i] - half[i], drawn.mean[i] + half[i]))  # fmt: skip
    columns = ["segment_column", "segment", "arm", "units", "effect", "low", "high", "pvalue", "p_differ"]
    frame = pd.DataFrame(rows, columns=[*columns, "shrunk", "shrunk_low", "shrunk_high"])
    frame.insert(8, "p_holm", holm(frame["pvalue"].fillna(1.0).to_numpy()))
    return frame


def _interactions(groups: list[_Group], differ: Floats) -> pd.DataFrame:
    rows = [(g.column, g.arm, len(g.found), p) for g, p in zip(groups, differ, strict=True)]
    return pd.DataFrame(rows, columns=["segment_column", "arm", "segments", "p_holm"])


@dataclass(frozen=True)
class SegmentEffectsResult(Result):
    """Effects by segment, and whether they differ.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 1_000, "tier": ["A", "A", "B", "B"] * 500})
    >>> frame["spend"] = rng.gamma(4, 20, 2_000) + 15 * ((frame["arm"] == "offer") & (frame["tier"] == "A"))
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    >>> result = SegmentEffects(metric="spend", by=("tier",)).analyze(test)

    Attributes:
        spec: What was asked.
        units: Units in all.
        simulated: Whether the effect was planted.
        rows: One row a segment and treatment, as `to_frame` gives them.
        interactions: One row a column and treatment: segments read, p value of no difference (Holm).
        refused: Why there is nothing by segment, or ``None``.
    """

    spec: SegmentEffects
    units: int
    simulated: bool
    rows: pd.DataFrame | None = None
    interactions: pd.DataFrame | None = None
    refused: Message | None = None

    name: ClassVar[str] = "segment_effects"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("effect", "low", "high", "shrunk", "shrunk_low", "shrunk_high"), "+,.2f"),
        **dict.fromkeys(("pvalue", "p_holm", "p_differ"), ".3g"), "units": ",d",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row a segment and treatment: effect, p values, and the effect drawn to those of the other segments.

        >>> list(result.to_frame())[:6]
        ['segment_column', 'segment', 'arm', 'units', 'effect', 'low']
        """
        return pd.DataFrame(columns=["segment", "arm", "effect"]) if self.rows is None else self.rows.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the lab's own segments and columns in words.

        >>> result.shown()["segment"].tolist()
        ['A', 'B']
        """
        frame = self.to_frame()
        kinds = {"segment": "level", "segment_column": "column"}
        return frame.assign(**{c: [named(kind, x) for x in frame[c]] for c, kind in kinds.items() if c in frame})

    def _claims(self) -> pd.DataFrame:
        """Rows whose effect is shown, in columns whose segments are shown to differ."""
        frame = self.to_frame()
        alpha = 1 - self.spec.level
        return frame[(frame["p_holm"] <= alpha) & (frame["p_differ"] <= alpha)] if len(frame) else frame

    def claimed(self) -> list[str]:
        """Segments in which an effect is shown, of columns whose segments are shown to differ.

        >>> result.claimed()
        ['A']
        """
        return list(dict.fromkeys(self._claims()["segment"]))

    @property
    def differ(self) -> bool:
        """Whether segments are shown to differ in any column.

        >>> result.differ
        True
        """
        found = self.interactions
        return found is not None and bool((found["p_holm"] <= 1 - self.spec.level).any())

    def refusal(self) -> Message | None:
        """Why there is nothing by segment, or ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Whether segments differ, where an effect is shown, and what each is to be planned with.

        >>> print(result.readout().finding)
        The effect differs between the segments of tier (p < 0.001); it is shown in: A (+18.67).
        """
        if self.rows is None or self.interactions is None:
            refused = self.refused or Message("experiments.effect.action_refused")
            act = f"experiments.{mended(refused)}" if ".refused." in refused.key else "experiments.segments.action_none"
            return Readout(refused, "experiments.effect.certainty_refused", act)
        metric = self.spec.metric
        least = self.interactions.iloc[int(self.interactions["p_holm"].argmin())]
        comma, claims = Message("format.comma").text(), self._claims()
        pairs = zip(claims["segment"], claims["effect"], strict=True)
        where = [f"{named('level', name)} ({effect:+,.2f})" for name, effect in pairs]
        frame = self.to_frame()
        values = {
            "column": named("column", str(least["segment_column"])), "p": least["p_holm"], "n": len(frame),
            "alpha": 1 - self.spec.level,
            "where": comma.join(where), "lo": frame["shrunk"].min(), "hi": frame["shrunk"].max(),
            "unit": spaced(metric.unit) if isinstance(metric, Metric) else "",
        }  # fmt: skip
        state = ("shown" if where else "differ") if self.differ else "alike"
        return Readout.of("experiments.segments", values, f"finding_{state}", "certainty", f"action_{state}")

    def facts(self) -> tuple[Fact, ...]:
        """The test of differences a column, and the effect in each segment.

        >>> [fact.id for fact in result.facts()]
        ['segment_effects.tier.offer.differ', 'segment_effects.tier.a.offer', 'segment_effects.tier.b.offer']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        if self.rows is None or self.interactions is None:
            label = Message("experiments.segments.fact", {"segment": ""})
            return (Fact("segment_effects", label, None, kind=kind, n=self.units, refusal=self.refused),)
        unit = self.spec.metric.unit if isinstance(self.spec.metric, Metric) else ""
        differ = facts_of(
            self.interactions, "segment_effects.{segment_column}.{arm}.differ",
            lambda row: Message("experiments.segments.fact_differ", {"column": named("column", row["segment_column"])}),
            "p_holm", n=self.units, kind=kind,
        )  # fmt: skip
        effects = facts_of(
            self.rows, "segment_effects.{segment_column}.{segment}.{arm}",
            lambda row: Message("experiments.segments.fact", {"segment": named("level", row["segment"])}),
            "effect", unit, ends=("low", "high"), level=self.spec.level, n="units", kind=kind, better="up",
        )  # fmt: skip
        return (*differ, *effects)
