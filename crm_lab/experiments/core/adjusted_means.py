"""Means of a test's arms as its pages read them: from its rows, adjusted for the past."""

from __future__ import annotations

from collections.abc import Sequence

from crm_lab.experiments.core.estimate import Adjust, Column, JointMeans, joint_means
from crm_lab.experiments.core.experiment import Experiment


def adjusted_means(
    experiment: Experiment, metrics: Sequence[Column], past: Sequence[str], adjust: Adjust
) -> JointMeans:
    """Means of several metrics in every arm, with errors that an extreme past of few rows does not hide (HC3).

    Args:
        experiment: A test, a row for each unit that was assigned.
        metrics: ``(column, None)`` for a mean, ``(numerator, denominator)`` for a ratio of means.
        past: Covariates; without any the means are plain.
        adjust: How they enter.

    Returns:
        Means and their covariance.

    Raises:
        BadInput: As `joint_means`.
    """
    columns = list(dict.fromkeys([*(c for metric in metrics for c in metric if c), *past]))
    way: Adjust = adjust if past else "none"
    rows = None
    if way == "lin":
        values, groups = experiment.frame[columns].to_numpy(dtype=float), experiment.frame[experiment.arm].to_numpy()
        rows = [values[groups == arm] for arm in experiment.arms]
    return joint_means(experiment.moments(columns), metrics, past, way, rows)
