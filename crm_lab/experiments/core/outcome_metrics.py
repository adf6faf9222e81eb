"""Metrics: means, shares and ratios, each with its direction and, optionally, a guardrail margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, need_columns
from crm_lab.experiments.core.column_words import has_word, words_of
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.messages import Message, catalogue
from crm_lab.results import Better

Kind = Literal["mean", "share", "ratio"]
FEWEST_BUYERS = 10  # units of an arm with anything but 0, below which a mean is not read


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a test; make one with `mean_of`, `share_of` or `ratio_of`.

    >>> metric = ratio_of("spend", "orders", unit="USD")

    Attributes:
        column: What is averaged, or the numerator.
        denominator: Column whose total divides, for a ratio of totals.
        kind: mean, share (0 or 1 per unit) or ratio.
        unit: ISO currency code, ``share``, ``orders`` or empty.
        better: Which direction is good.
        margin: Largest loss that counts as none, in the metric's unit: makes it a guardrail that must
            be shown to be no worse.
    """

    column: str
    denominator: str | None = None
    kind: Kind = "mean"
    unit: str = ""
    better: Better = "up"
    margin: float | None = None

    def __post_init__(self) -> None:
        if self.margin is not None and self.margin <= 0:
            raise BadInput(f"margin of {self.column} is {self.margin}; it is a size above 0 or left out.")

    @property
    def name(self) -> str:
        """Its name in tables.

        >>> metric.name
        'spend / orders'
        """
        return self.column if self.denominator is None else f"{self.column} / {self.denominator}"

    @property
    def label(self) -> Message | str:
        """Its name in sentences.

        >>> str(metric.label)
        'spend / orders'
        """
        return outcome_label(self.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs.

        >>> metric.columns
        ('spend', 'orders')
        """
        return (self.column,) if self.denominator is None else (self.column, self.denominator)


def outcome_label(name: str) -> Message | str:
    """An outcome as a reader sees it: one of the lab's in words, a user's own column by its name.

    >>> str(outcome_label("spend / orders")), outcome_label("minutes")
    ('spend / orders', 'minutes')
    """
    top, slash, bottom = name.partition(" / ")
    if slash:
        parts = {"top": outcome_label(top), "bottom": outcome_label(bottom)}
        return Message("experiments.outcome.ratio", parts)
    key = f"experiments.outcome.{name}"
    return Message(key) if key in catalogue("en") else name


def arm_label(name: str) -> Message | str:
    """An arm as a reader sees it: one of the usual names in words, any other by its name.

    >>> arm_label("treatment").text("zh"), arm_label("member").text("zh"), arm_label("letter")
    ('实验组', '会员', 'letter')
    """
    keys = (f"level_of.arm.{name}", f"level.{name}")
    return next((Message(key) for key in keys if key in catalogue("en")), name)


def mean_of(column: str, unit: str = "", better: Better = "up", margin: float | None = None) -> Metric:
    """The mean of a column over all units of an arm, buyers or not.

    >>> mean_of("spend", unit="USD", margin=1.0).margin
    1.0

    Args:
        column: Column with the outcome.
        unit: ISO currency code, ``orders``, ... or empty.
        better: Which direction is good: ``up``, ``down`` or ``none``.
        margin: Largest loss that counts as none, in the metric's unit; makes it a guardrail.

    Returns:
        The metric.
    """
    return Metric(column, None, "mean", unit, better, margin)


def share_of(column: str, better: Better = "up", margin: float | None = None) -> Metric:
    """The share of units with 1 (or true) in a column.

    >>> share_of("bought").unit
    'share'

    Args:
        column: Column with 0 or 1 (or true).
        better: Which direction is good.
        margin: Largest loss that counts as none, as a share; makes it a guardrail.

    Returns:
        The metric.
    """
    return Metric(column, None, "share", "share", better, margin)


def ratio_of(
    column: str, denominator: str, unit: str = "", better: Better = "up", margin: float | None = None
) -> Metric:
    """Ratio of totals, e.g. spend per order; the sampling unit stays the customer (delta method).

    >>> ratio_of("spend", "orders").name
    'spend / orders'

    Args:
        column: Column whose total is the numerator.
        denominator: Column whose total is the denominator.
        unit: Unit of the ratio.
        better: Which direction is good.
        margin: Largest loss that counts as none; makes it a guardrail.

    Returns:
        The metric.

    Source:
        Deng, Knoblich & Lu (2018), Applying the delta method in metric analytics.
    """
    return Metric(column, denominator, "ratio", unit, better, margin)


def judged(experiment: Experiment, unit: str = "") -> tuple[Metric, ...]:
    """Metrics of the outcomes that are reported: a share if all values are 0 or 1, else a mean.

    >>> from crm_lab.experiments import Experiment
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 2, "spend": [1, 2, 3, 4], "bought": [1, 1, 0, 1]})
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "bought"])
    >>> [(metric.column, metric.kind) for metric in judged(test)]
    [('spend', 'mean')]

    Args:
        experiment: The test.
        unit: Unit of the primary one.

    Returns:
        One metric per outcome, the primary one first.
    """
    frame, first = experiment.frame, experiment.judged[0]
    flags = {name for name in experiment.judged if frame[name].isin([0, 1]).all()}
    unit = "" if no_money(frame[first], first) else unit
    return tuple(share_of(n) if n in flags else mean_of(n, unit if n == first else "") for n in experiment.judged)


def no_money(values: pd.Series, name: str) -> bool:
    """Whether an outcome cannot be an amount: 0 or 1 for every unit, or whole numbers of things by its name.

    >>> [no_money(pd.Series([3, 0, 12]), name) for name in ("clicks", "spend", "spend_on_orders")]
    [True, False, False]

    Args:
        values: One a unit.
        name: The column's name.
    """
    known = values.dropna().astype(float)
    if known.isin([0, 1]).all() and known.min() < known.max():
        return True
    money = [word for role in ("spend", "margin", "rewards") for word in words_of("numbers")[role]]
    return has_word(name, words_of("counted")["things"]) and not has_word(name, money) and not (known % 1).any()


def metrics_of(metrics: Sequence[Metric | str] | str, frame: pd.DataFrame, what: str) -> tuple[Metric, ...]:
    """Metrics, those given by name read from the frame: a share where all values are 0 or 1, else a mean.

    Args:
        metrics: Metrics or names of columns; ``"spend / orders"`` is a ratio of totals unless a column is called so.
        frame: One row per unit.
        what: What an error calls the frame.

    Raises:
        BadInput: If a named column is missing.

    >>> units = pd.DataFrame({"spend": [5.0, 0.0], "orders": [2, 0], "bought": [1, 0]})
    >>> [(m.name, m.kind) for m in metrics_of(["spend", "bought", "spend / orders"], units, "The frame")]
    [('spend', 'mean'), ('bought', 'share'), ('spend / orders', 'ratio')]
    """
    named = [metrics] if isinstance(metrics, str) else metrics
    return tuple(_by_name(m, frame, what) if isinstance(m, str) else m for m in named)


def _by_name(name: str, frame: pd.DataFrame, what: str) -> Metric:
    top, slash, bottom = name.partition(" / ")
    if slash and name not in frame:
        need_columns(frame.columns, (top, bottom), what)
        return ratio_of(top, bottom)
    need_columns(frame.columns, (name,), what)
    return share_of(name) if frame[name].dropna().isin([0, 1]).all() else mean_of(name)


def metric_problem(metric: Metric, experiment: Experiment) -> Message | None:
    """Why a metric of an experiment has no effect to report, or ``None``."""
    need_columns(experiment.outcomes, metric.columns, "The experiment")
    return experiment.guards.refused or _problem_of_values(metric, experiment) or _few_buyers(metric, experiment)


def unknown_outcome(metric: Metric, experiment: Experiment) -> Message | None:
    """That some units have no value of a metric, or ``None``."""
    frame = experiment.frame
    gaps = ~np.isfinite(frame[list(metric.columns)].to_numpy(dtype=float)).all(axis=1)
    if not gaps.any():
        return None
    per_arm = frame.loc[gaps, experiment.arm].value_counts()
    counts = ", ".join(f"{arm} {int(per_arm.get(arm, 0)):,}" for arm in experiment.arms)
    return Message("experiments.refused.gaps", {"metric": metric.label, "n": int(gaps.sum()), "counts": counts})


def _problem_of_values(metric: Metric, experiment: Experiment) -> Message | None:
    unknown = unknown_outcome(metric, experiment)
    if unknown is not None:
        return unknown
    frame, values = experiment.frame, {"metric": metric.label}
    data = frame[list(metric.columns)].to_numpy(dtype=float)
    if not data[:, 0].any():
        return Message("experiments.refused.all_zero", {**values, "n": len(data)})
    if np.ptp(data[:, 0]) == 0:
        return Message("experiments.refused.constant", {**values, "n": len(data), "value": float(data[0, 0])})
    if metric.kind == "share" and not np.isin(data[:, 0], (0.0, 1.0)).all():
        other = int((~np.isin(data[:, 0], (0.0, 1.0))).sum())
        return Message("experiments.refused.not_share", {**values, "n": other})
    if metric.denominator is not None and (frame.groupby(experiment.arm)[metric.denominator].sum() == 0).any():
        return Message("experiments.refused.empty_denominator", {**values, "column": metric.denominator})
    return None


def _few_buyers(metric: Metric, experiment: Experiment) -> Message | None:
    """Why a mean hangs on a few units of an arm, or ``None``; a share is read exactly whatever its events."""
    if metric.kind == "share":
        return None
    bought = experiment.frame[metric.column] != 0
    buyers = experiment.frame.loc[bought, experiment.arm].value_counts()
    counts = {arm: int(buyers.get(arm, 0)) for arm in experiment.arms}
    if min(counts.values()) >= FEWEST_BUYERS:
        return None
    said = ", ".join(f"{arm} {n:,}" for arm, n in counts.items())
    return Message("experiments.refused.few_buyers", {"metric": metric.label, "counts": said, "least": FEWEST_BUYERS})
