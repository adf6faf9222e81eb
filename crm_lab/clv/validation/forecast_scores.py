"""Scores of purchase forecasts: bias, error, ranking, calibration; and what they choose among models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats

SIMPLE = ("naive", "own_rate")
"""What needs no model: as many as in the last period, as many as a customer's own rate so far."""


TRAINED = ("boosting", "blend")
"""What learns at an earlier date, and so may be missing where records begin."""


def bias(actual: Floats, predicted: Floats) -> float:
    """Predicted over actual total, minus one."""
    return float(predicted.sum() / actual.sum() - 1)


def poisson_deviance(actual: Floats, predicted: Floats) -> float:
    """Mean Poisson deviance, 2 (a log(a/p) - a + p), 0 at best: it rewards the right mean, not a low one.

    Predictions are floored at 1 % of what the base brings on average, since a forecast of nothing at all that proves
    wrong would weigh without limit.

    >>> poisson_deviance(np.array([2.0, 0.0]), np.array([2.0, 0.0])) < 0.05
    True
    """
    mean = np.maximum(predicted, 0.01 * max(float(actual.mean()), 1e-9))
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(actual > 0, actual * np.log(actual / mean), 0.0)
    return float(2 * (surprise - actual + mean).mean())


def money_deviance(actual: Floats, predicted: Floats) -> float:
    """Mean Tweedie deviance of amounts with power 1.5, in units of the root of their mean; 0 at best.

    Amounts that are often 0 and else vary with their mean have it; like Poisson deviance it rewards the right mean.
    Predictions are floored as there, and what came back beyond what was bought counts as nothing bought.

    >>> money_deviance(np.array([40.0, 0.0]), np.array([40.0, 0.0])) < 0.5
    True
    """
    spent = np.maximum(actual, 0.0)
    usual = max(float(spent.mean()), 1e-9)
    mean = np.maximum(predicted, 0.01 * usual)
    apart = -4 * np.sqrt(spent) + 2 * spent / np.sqrt(mean) + 2 * np.sqrt(mean)
    return float(2 * apart.mean() / np.sqrt(usual))


def mean_absolute_error(actual: Floats, predicted: Floats) -> float:
    """Mean of the absolute errors, one a customer."""
    return float(np.abs(actual - predicted).mean())


def ranking_gini(actual: Floats, predicted: Floats) -> float:
    """Gini of what happened in the order predicted, over that in the best order: 1 perfect, 0 random.

    Customers with equal predictions share what happened to them, so ties cannot flatter.

    >>> ranking_gini(np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.2, 0.9]))
    1.0
    >>> ranking_gini(np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    0.0
    """
    best = _concentration(actual, actual)
    return float(_concentration(actual, predicted) / best) if best > 0 else float("nan")


def _concentration(actual: Floats, order: Floats) -> float:
    _, group, size = np.unique(-order, return_inverse=True, return_counts=True)
    total = np.bincount(group, weights=actual)
    people = np.concatenate(([0.0], np.cumsum(size) / len(actual)))
    share = np.concatenate(([0.0], np.cumsum(total) / total.sum()))
    return float(2 * np.trapezoid(share, people) - 1)


def decile_error(actual: Floats, predicted: Floats, groups: int = 10) -> float:
    """Mean absolute gap between predicted and actual means over groups by prediction, over the mean.

    Args:
        actual: What happened, shape (n,).
        predicted: What was expected, shape (n,).
        groups: Groups of equal size, by rank of the prediction.
    """
    place = np.argsort(np.argsort(predicted, kind="stable"), kind="stable") * groups // len(actual)
    size = np.bincount(place, minlength=groups)
    gap = np.bincount(place, weights=predicted - actual, minlength=groups) / np.maximum(size, 1)
    return float(np.abs(gap).mean() / actual.mean())


SCORES = {
    "bias": bias,
    "deviance": poisson_deviance,
    "mae": mean_absolute_error,
    "gini": ranking_gini,
    "decile_error": decile_error,
}


def champion_of(means: pd.DataFrame, score: str, otherwise: str) -> str:
    """The model with the least mean score among those identified now and at every origin.

    Args:
        means: model, identified and the score, one row a model.
        score: Column, smaller is better.
        otherwise: What to name if no model is identified.
    """
    able = means[means["identified"] & ~means["model"].isin(SIMPLE)].sort_values(score, kind="stable")
    return otherwise if able.empty else str(able["model"].iloc[0])


def untried(scores: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Which of `TRAINED` are not predicted now, or were not at every origin: their means are of other dates.

    Args:
        scores: origin and model, one row each.
        now: Predictions of the coming period, a column a model.
    """
    dates, of = scores["origin"].nunique(), scores["model"].value_counts()
    return [key for key in TRAINED if key not in now or of.get(key, 0) < dates]


def yardstick_of(scores: pd.DataFrame) -> str:
    """The simple rule that the earlier origins chose by Poisson deviance; naive with one origin.

    Args:
        scores: origin, model, deviance, one row each.
    """
    rules = scores[scores["model"].isin(SIMPLE)]
    earlier = rules[rules["origin"] < rules["origin"].max()]
    return "naive" if earlier.empty else str(earlier.groupby("model")["deviance"].mean().idxmin())


def regret_of(scores: pd.DataFrame, score: str) -> float:
    """Excess score at the last origin of the model that the earlier origins would have chosen; NaN with one origin.

    Args:
        scores: origin, model, identified and the score, one row an origin and model.
        score: Column, smaller is better.
    """
    last = scores["origin"].max()
    lost = {*scores.loc[~scores["identified"], "model"], *SIMPLE}
    models = scores[~scores["model"].isin(lost)]
    earlier = models[models["origin"] < last]
    final = models[models["origin"] == last].set_index("model")[score]
    if earlier.empty:
        return float("nan")
    chosen = earlier.groupby("model")[score].mean().idxmin()
    return float(final[chosen] / final.min() - 1) if chosen in final else float("nan")
