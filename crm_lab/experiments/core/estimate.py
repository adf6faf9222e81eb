"""Covariate-adjusted means per arm with their joint covariance: the source of every effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput
from crm_lab.stats.moments import Moments, total

Adjust = Literal["none", "cuped", "lin"]
Method = Literal["normal", "permutation", "exact"]
Column = tuple[str, str | None]  # a mean (name, None) or a ratio of means (numerator, denominator)


@dataclass(frozen=True, slots=True)
class JointMeans:
    """Means of k metrics in each of A arms, and their sampling covariance.

    Attributes:
        mean: Shape (A, k).
        cov: Covariance of the means, shape (A, k, A, k). Arms share the covariates' overall mean, so
            adjusted means of different arms are slightly correlated.
        own: The part of each mean's variance that comes from its own arm alone, shape (A, k).
        df: Degrees of freedom of each arm's residual variance, shape (A,).
    """

    mean: Floats
    cov: Floats
    own: Floats
    df: Floats

    def contrast(self, weights: Floats) -> tuple[float, float]:
        """A weighted sum of the means and its variance; weights have shape (A, k)."""
        return float((weights * self.mean).sum()), self.covariance(weights, weights)

    def covariance(self, first: Floats, second: Floats) -> float:
        """Covariance of two weighted sums of the means."""
        return float(np.einsum("ij,ijkl,kl->", first, self.cov, second))

    def weights(self, entries: dict[tuple[int, int], float]) -> Floats:
        """An array of weights from its non-zero entries, keyed (arm, metric)."""
        w = np.zeros_like(self.mean)
        for at, value in entries.items():
            w[at] = value
        return w

    def welch_df(self, arms: tuple[int, int], metric: int) -> float:
        """Satterthwaite's degrees of freedom of a difference between two arms."""
        own = self.own[list(arms), metric]
        scale = float((own**2 / self.df[list(arms)]).sum())
        return math.inf if scale == 0 else float(own.sum() ** 2 / scale)


def joint_means(
    arms: Sequence[Moments],
    metrics: Sequence[Column],
    covariates: Sequence[str] = (),
    adjust: Adjust = "lin",
    rows: Sequence[Floats] | None = None,
) -> JointMeans:
    """Means of several metrics per arm from the arms' moments alone.

    An adjusted mean is ``m_a = v̄_a + B_a (x̄ - x̄_a)`` with x̄ over all arms. ``lin`` fits the slopes B_a
    in each arm (Lin 2013), ``cuped`` one slope for all (Deng et al. 2013), ``none`` sets them to 0. With
    e the residual, Cov(m_a, m_b) = [a = b] S_e,a / n_a + B_a S_x B_b' / N. A ratio is linearised about
    its arm's ratio (delta method), so that its covariates enter in the same way. With the rows at hand, S_e,a of
    ``lin`` is HC3: each residual is divided by what the slopes leave of its row's own, so that rows with an extreme
    past, who draw a slope to themselves, do not hide its error.

    Args:
        arms: One moment object an arm; all hold the same columns.
        metrics: ``(column, None)`` for a mean, ``(numerator, denominator)`` for a ratio of means.
        covariates: Columns measured before the assignment.
        adjust: How covariates enter.
        rows: The arms' rows, columns as in the moments, each of shape (n, columns).

    Raises:
        BadInput: If an arm has fewer units than the adjustment needs, or a ratio's denominator is 0.
    """
    used = list(covariates) if adjust != "none" else []
    whole = total(arms)
    at = whole.positions(used)
    spread, centre = whole.covariance[np.ix_(at, at)], whole.mean[at]
    k, n_arms = len(metrics), len(arms)
    mean, own, df = np.empty((n_arms, k)), np.empty((n_arms, k)), np.empty(n_arms)
    slopes, cov = np.zeros((n_arms, k, len(used))), np.zeros((n_arms, k, n_arms, k))
    pooled = _slopes(whole, _linear(whole, metrics)[0], at) if adjust == "cuped" else None
    for a, arm in enumerate(arms):
        lost = len(used) if adjust == "lin" else 0
        if arm.n < lost + 2:
            raise BadInput(f"An arm has {arm.n} units; {lost} covariates need at least {lost + 2} per arm.")
        loading, value = _linear(arm, metrics)
        slopes[a] = _slopes(arm, loading, at) if pooled is None else pooled
        mean[a] = value + slopes[a] @ (centre - arm.mean[at])
        loading[:, at] -= slopes[a]
        df[a] = arm.n - 1 - lost
        if rows is None or adjust != "lin":
            residual = loading @ arm.comoment @ loading.T / (df[a] * arm.n)
        else:
            centred = rows[a] - arm.mean
            residual = _hc3(centred @ loading.T, centred[:, at] + arm.mean[at] - centre)
        cov[a, :, a, :] = residual
        own[a] = np.diag(residual)
    cov += np.einsum("akp,pq,blq->akbl", slopes, spread, slopes) / whole.n
    return JointMeans(mean, cov, own, df)


def _hc3(residuals: Floats, past: Floats) -> Floats:
    """Covariance of adjusted means (k, k) from residuals (n, k) and covariates (n, p) about their overall mean.

    Source:
        MacKinnon & White (1985), Some heteroskedasticity-consistent covariance matrix estimators.
    """
    scale = np.abs(past).max(axis=0, initial=0.0)
    design = np.column_stack([np.ones(len(past)), past / np.where(scale > 0, scale, 1.0)])
    left, sizes, right = np.linalg.svd(design, full_matrices=False)
    kept = sizes > 1e-10 * sizes[0]
    left = left[:, kept]
    of_own = 1 - (left**2).sum(axis=1)  # what the slopes leave of a row's own; nothing where a slope is one row's
    reach = left @ (right[kept, 0] / sizes[kept])
    part = np.divide(reach, of_own, out=np.zeros_like(reach), where=of_own > 1e-8)
    weighed = part[:, None] * residuals
    found: Floats = weighed.T @ weighed
    return found


def _linear(arm: Moments, metrics: Sequence[Column]) -> tuple[Floats, Floats]:
    """Loadings (k, columns) of the linearised metrics, and the metrics' values (k,)."""
    loading, value = np.zeros((len(metrics), len(arm.names))), np.empty(len(metrics))
    for j, (name, denominator) in enumerate(metrics):
        (top,) = arm.positions([name])
        if denominator is None:
            loading[j, top], value[j] = 1.0, arm.mean[top]
            continue
        (bottom,) = arm.positions([denominator])
        base = arm.mean[bottom]
        if base == 0:
            raise BadInput(f"{name} / {denominator} has no value: {denominator} is 0 for a whole arm.")
        value[j] = arm.mean[top] / base
        loading[j, top] += 1 / base
        loading[j, bottom] -= value[j] / base
    return loading, value


def _slopes(arm: Moments, loading: Floats, at: Sequence[int]) -> Floats:
    """Least-squares slopes (k, p) of the linearised metrics on the covariates, collinear ones included."""
    if not len(at):
        return np.zeros((len(loading), 0))
    gram = arm.comoment[np.ix_(at, at)]
    scale = np.sqrt(np.diag(gram))
    scale[scale <= 0] = 1.0
    inverse = np.linalg.pinv(gram / np.outer(scale, scale), rcond=1e-10, hermitian=True)
    slopes: Floats = (loading @ arm.comoment[:, at] / scale) @ inverse / scale
    return slopes


@dataclass(frozen=True, slots=True)
class Difference:
    """Treatment minus control for one metric; `method` says where p value and interval are from."""

    control: float
    treatment: float
    effect: float
    se: float
    df: float
    lo: float
    hi: float
    pvalue: float
    method: Method = "normal"


def difference(means: JointMeans, metric: int, level: float = 0.95, arms: tuple[int, int] = (0, 1)) -> Difference:
    """Effect with its t interval (Welch's degrees of freedom).

    Args:
        means: What `joint_means` gives.
        metric: Which metric.
        level: Confidence level.
        arms: Positions of the control and the treatment.
    """
    control, treatment = arms
    weights = means.weights({(control, metric): -1.0, (treatment, metric): 1.0})
    effect, variance = means.contrast(weights)
    se, df = math.sqrt(max(variance, 0.0)), means.welch_df(arms, metric)
    reach = float(stats.t.isf((1 - level) / 2, df)) * se if se else 0.0
    pvalue = float(2 * stats.t.sf(abs(effect) / se, df)) if se else math.nan
    values = float(means.mean[control, metric]), float(means.mean[treatment, metric])
    return Difference(*values, effect, se, df, effect - reach, effect + reach, pvalue)
