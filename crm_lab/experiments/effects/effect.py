"""The effect on one metric: interval, table row, fact and sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from crm_lab.experiments.core.estimate import Adjust, Difference, JointMeans
from crm_lab.experiments.core.outcome_metrics import Metric
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind
from crm_lab.stats.intervals import RatioSet, fieller

Correction = Literal["none", "holm", "fdr_bh"]
UNFIT = tuple(
    f"experiments.refused.{why}"
    for why in ("srm", "imbalance", "mixed", "chosen", "chosen_said", "few_clusters", "few_buyers")
)  # refusals that no mending of a column lifts


def mended(refused: Message) -> str:
    """What to do where no effect is read, as a key: leave the test be, or mend the outcome.

    >>> mended(Message("experiments.refused.srm")), mended(Message("experiments.refused.gaps"))
    ('effect.action_unfit', 'effect.action_refused')

    Args:
        refused: Why there is no effect.

    Returns:
        A key under ``experiments``.
    """
    return f"effect.action_{'unfit' if refused.key in UNFIT else 'refused'}"


@dataclass(frozen=True, slots=True)
class Effect:
    """One metric, one treatment arm, one way of adjusting.

    Attributes:
        metric: The metric.
        arm: The treatment arm.
        adjust: How covariates entered.
        found: Means, difference and interval; ``None`` if refused.
        relative: Confidence set of treatment over control, less one, signed by the control's size.
        rel_effect: The same as one number; nan if the control may be zero.
        p_adjusted: p value after the correction for several metrics.
        refusal: Why there is no effect.
    """

    metric: Metric
    arm: str
    adjust: Adjust
    found: Difference | None
    rel_effect: float = math.nan
    relative: Interval | None = None
    p_adjusted: float = math.nan
    refusal: Message | None = None

    @property
    def not_worse(self) -> bool | None:
        """Whether the interval rules out a loss beyond the metric's margin; ``None`` without a margin."""
        if self.metric.margin is None or self.found is None:
            return None
        if self.metric.better == "down":
            return self.found.hi < self.metric.margin
        return self.found.lo > -self.metric.margin


def relative_effect(means: JointMeans, metric: int, arm: int, level: float) -> tuple[float, Interval | None]:
    """Relative effect (treatment - control) / |control| with Fieller's interval.

    Refused (nan, None) where the control's mean may be zero: there is nothing to be relative to.
    """
    top, bottom = means.weights({(arm, metric): 1.0}), means.weights({(0, metric): 1.0})
    (t, var_t), (c, var_c) = means.contrast(top), means.contrast(bottom)
    ratio: RatioSet = fieller(t, c, var_t, var_c, means.covariance(top, bottom), level)
    if ratio.kind != "bounded":
        return math.nan, None
    if c < 0:
        return 1 - t / c, Interval(1 - ratio.hi, 1 - ratio.lo, level)
    return t / c - 1, Interval(ratio.lo - 1, ratio.hi - 1, level)


def corrected(effects: list[Effect], correction: Correction) -> list[Effect]:
    """Values of p corrected for the number of comparisons (statsmodels `multipletests`)."""
    pvalues = np.array([e.found.pvalue if e.found else math.nan for e in effects])
    known = np.isfinite(pvalues)
    adjusted = pvalues.copy()
    if correction != "none" and known.any():
        from statsmodels.stats.multitest import multipletests

        adjusted[known] = multipletests(pvalues[known], method=correction)[1]
    return [replace(e, p_adjusted=float(p)) for e, p in zip(effects, adjusted, strict=True)]


def effect_row(e: Effect, correction: Correction) -> dict[str, object]:
    """The row of a table of effects; what there is not is missing."""
    found = {**{c: c for c in ("control", "treatment", "effect")}, "low": "lo", "high": "hi", "pvalue": "pvalue"}
    further = {
        "p_adjusted": None if correction == "none" else e.p_adjusted,
        "not_worse": e.not_worse,
        "refusal": None if e.refusal is None else e.refusal.key,
    }
    return {
        "metric": e.metric.name, "arm": e.arm, "adjusted": e.adjust,
        **{column: getattr(e.found, name, math.nan) for column, name in found.items()},
        "rel_effect": e.rel_effect,
        "rel_low": getattr(e.relative, "lo", math.nan),
        "rel_high": getattr(e.relative, "hi", math.nan),
        **{column: value for column, value in further.items() if value is not None},
    }  # fmt: skip


def effect_fact(e: Effect, kind: Kind, n: int, level: float) -> Fact:
    """What a report may state of it."""
    return Fact(
        f"effect.{id_part(e.metric.name)}.{id_part(e.arm)}",
        Message("experiments.fact.effect", {"metric": e.metric.label}),
        e.found.effect if e.found else None,
        e.metric.unit,
        ci=Interval(e.found.lo, e.found.hi, level) if e.found else None,
        kind=kind,
        n=n,
        denominator=Message("experiments.fact.per_unit").text(),
        better=e.metric.better,
        refusal=e.refusal,
    )


def in_words(e: Effect) -> Message:
    """The relative effect with its interval, or that there is none."""
    if e.relative is None:
        small = e.found is not None and e.found.method != "normal"
        return Message(f"experiments.effect.{'small' if small else 'no'}_relative")
    return Message("experiments.effect.relative", {"rel": e.rel_effect, "lo": e.relative.lo, "hi": e.relative.hi})


def what_follows(e: Effect) -> Message:
    """What to do about it."""
    d = e.found
    if e.not_worse is not None:
        return Message(f"experiments.effect.action_{'not_worse' if e.not_worse else 'may_be_worse'}")
    if d is None or d.lo <= 0 <= d.hi:
        return Message("experiments.effect.action_open")
    good = (d.effect > 0) == (e.metric.better != "down")
    return Message(f"experiments.effect.action_{'works' if good else 'harms'}")
