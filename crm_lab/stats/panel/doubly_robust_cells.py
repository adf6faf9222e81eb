"""Effects by cohort and period with covariates: outcome regression and propensity together, right if either is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput
from crm_lab.stats.panel.staggered_cells import Cells, controls_of

_NEAR_ONE = 1 - 1e-6
_CERTAIN = 0.995  # a propensity from which a control says nothing of any treated unit


@dataclass(frozen=True, eq=False)
class UnitInfluence:
    """Influence functions written out.

    Attributes:
        functions: Shape (n, P).
        cohort: Place of each unit's cohort among those that start, shape (n,); their number for the never treated.
    """

    functions: Floats
    cohort: Integers

    def variances(self, weights: Floats | None, drift: Floats) -> Floats:
        """Variance of weighted sums of cells.

        >>> influence = UnitInfluence(np.array([[1.0], [-1.0]]), np.array([0, 1]))
        >>> influence.variances(None, np.zeros((1, 1))).tolist()
        [0.5]

        Args:
            weights: Shape (A, P); None for each cell by itself.
            drift: Shape (A, H).

        Returns:
            Shape (A,).
        """
        n = len(self.functions)
        found = self.functions if weights is None else self.functions @ weights.T
        everyone = np.column_stack([drift, np.zeros(len(drift))])[:, self.cohort].T
        found = found + everyone - everyone.mean(axis=0)
        variance: Floats = (found**2).sum(axis=0) / n**2
        return variance


def doubly_robust_cells(values: Floats, first: Integers, pairs: Integers, not_yet: bool, x: Floats) -> Cells:
    """Effects by cohort and period with covariates.

    Args:
        values: Shape (n, T).
        first: Column of each unit's start, T for the never treated, shape (n,).
        pairs: Cohort, period and base of each cell, shape (P, 3).
        not_yet: Whether units that start later are controls, too.
        x: Covariates with a constant, shape (n, k).

    Returns:
        The cells.

    Raises:
        BadInput: If covariates tell a cohort apart from its controls without fail, or are collinear there.

    Source:
        Sant'Anna & Zhao (2020), Doubly robust difference-in-differences estimators, equation 2.8 and its influence
        function for panels.
    """
    n, t = values.shape
    starts, place = np.unique(first, return_inverse=True)
    compared = controls_of(starts, pairs, t, not_yet) > 0
    effects, functions = np.zeros(len(pairs)), np.zeros((n, len(pairs)))
    sizes = np.zeros((len(pairs), 2), dtype=np.int64)
    for p, (g, now, base) in enumerate(pairs):
        ours, others = first == g, compared[p][place]
        both = ours | others
        change = values[both, now] - values[both, base]
        effects[p], own = doubly_robust(change, ours[both], x[both])
        functions[both, p] = own * n / both.sum()
        sizes[p] = ours.sum(), others.sum()
    inside = starts < t
    counts = np.bincount(place)[inside]
    cohort = np.where(first < t, place, int(inside.sum()))
    influence = UnitInfluence(functions, cohort)
    return Cells(pairs[:, 0], pairs[:, 1], effects, sizes[:, 0], sizes[:, 1], starts[inside], counts / n, influence)


def doubly_robust(change: Floats, treated: Booleans, x: Floats) -> tuple[float, Floats]:
    """Effect on the treated of a change, with its influence function.

    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(4000), rng.normal(0, 1, 4000)])
    >>> treated = rng.random(4000) < 1 / (1 + np.exp(-x[:, 1]))
    >>> effect, influence = doubly_robust(2 * x[:, 1] + 3 * treated + rng.normal(0, 1, 4000), treated, x)
    >>> abs(effect - 3) < 2 * np.sqrt((influence**2).mean() / 4000)
    np.True_

    Args:
        change: Shape (n,).
        treated: Shape (n,).
        x: Covariates with a constant, shape (n, k).

    Returns:
        The effect, and the influence function, shape (n,).

    Raises:
        BadInput: If covariates tell the two apart without fail, or are collinear among the controls.
    """
    n, d = len(change), treated.astype(float)
    p, hessian = _propensity(d, x)
    gram = x.T @ ((1 - d)[:, None] * x) / n
    if np.linalg.cond(gram) > 1e12:
        raise BadInput(f"Covariates are collinear among the {int(n - d.sum())} controls of a cohort; drop some.")
    inverse = np.linalg.inv(gram)
    left = change - x @ (inverse @ (x.T @ ((1 - d) * change) / n))
    w = p * (1 - d) / (1 - p)
    ours, others = float((d * left).sum() / d.sum()), float((w * left).sum() / w.sum())
    outcome = ((1 - d) * left)[:, None] * x @ inverse
    score = (d - p)[:, None] * x @ hessian
    treat = d * (left - ours) - outcome @ (d @ x / n)
    control = w * (left - others) + score @ ((w * (left - others)) @ x / n) - outcome @ (w @ x / n)
    return ours - others, treat / d.mean() - control / w.mean()


def _propensity(d: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Probabilities by logistic regression, below 1, and n times the covariance of the coefficients."""
    from statsmodels.discrete.discrete_model import Logit

    n, said = len(d), f"Covariates tell the {int(d.sum())} units of a cohort from its {int(len(d) - d.sum())} controls"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            beta = np.asarray(Logit(d, x).fit(disp=0, method="newton", maxiter=100, tol=1e-12).params)
            raw = 1 / (1 + np.exp(-(x @ beta)))
            hessian = np.linalg.inv(x.T @ ((raw * (1 - raw))[:, None] * x)) * n
        except np.linalg.LinAlgError:
            raw, hessian = np.ones(n), np.zeros((x.shape[1], x.shape[1]))
    if not np.isfinite(raw).all() or raw[d == 0].max() > _CERTAIN or raw[d == 1].min() > raw[d == 0].max():
        raise BadInput(f"{said} without fail; compare without covariates, or with fewer.")
    return np.minimum(raw, _NEAR_ONE), hessian
