"""Weights that make two groups alike: by the propensity to be in one of them, or by their moments directly."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special, stats

from crm_lab.arrays import Floats
from crm_lab.messages.no_answer import cannot_answer

Estimand = Literal["overlap", "all", "treated"]
_SKEWED = 1.0  # skewness from which an amount enters as its logarithm, too
_LEFT = 1e-6  # standardised difference of a moment that counts as none


def design_of(frame: pd.DataFrame, covariates: Sequence[str]) -> Floats:
    """Covariates as they enter: standardised, a skewed amount also as its logarithm, nothing twice.

    >>> design_of(pd.DataFrame({"age": [1.0, 2, 3, 4], "same": [2.0, 4, 6, 8]}), ["age", "same"]).shape
    (4, 1)

    Args:
        frame: One row per unit, no gaps.
        covariates: Numeric columns.

    Returns:
        Columns with mean 0 and standard deviation 1 that no others give, shape (n, k).
    """
    columns: list[Floats] = []
    for name in covariates:
        x = frame[name].to_numpy(dtype=float)
        columns.append(x)
        if len(np.unique(x)) > 2 and x.min() >= 0 and stats.skew(x) > _SKEWED:
            columns.append(np.log1p(x))
    kept: list[Floats] = []
    for x in columns:
        if np.ptp(x) == 0:
            continue
        z = (x - x.mean()) / x.std()
        trial = np.column_stack([*kept, z])
        if np.linalg.matrix_rank(trial, tol=1e-8 * np.sqrt(len(z))) == len(kept) + 1:
            kept.append(z)
    return np.column_stack(kept) if kept else np.empty((len(frame), 0))


def propensity(design: Floats, treated: NDArray[np.bool_]) -> Floats:
    """Probability of being treated given the covariates: logistic regression (statsmodels).

    >>> propensity(np.array([[-1.0], [1.0], [-1.0], [1.0]]), np.array([False, False, True, True])).tolist()
    [0.5, 0.5, 0.5, 0.5]
    >>> propensity(np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([False, False, True, True]))
    Traceback (most recent call last):
    crm_lab.checks.CannotAnswer: What is known of the units tells the two groups apart without fail, ...

    Args:
        design: Shape (n, k), as `design_of` makes it.
        treated: Shape (n,).

    Returns:
        Probabilities, shape (n,); their mean is the share of the treated.

    Raises:
        CannotAnswer: If the covariates tell the groups apart without fail: no unit has a counterpart.
    """
    from statsmodels.discrete.discrete_model import Logit

    x = np.column_stack([np.ones(len(treated)), design])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = Logit(treated.astype(float), x).fit(disp=0, method="newton", maxiter=100)
            log_odds: Floats = x @ fitted.params
        except np.linalg.LinAlgError:
            log_odds = np.full(len(treated), np.inf)
    apart = not np.isfinite(log_odds).all() or log_odds[treated].min() > log_odds[~treated].max()
    if apart:
        raise cannot_answer("no_counterparts")
    return np.asarray(special.expit(log_odds), dtype=float)


def entropy_weights(design: Floats, treated: NDArray[np.bool_]) -> Floats:
    """Weights of the untreated, as even as can be, with which their means are those of the treated.

    Args:
        design: Shape (n, k).
        treated: Shape (n,).

    Returns:
        Shape (n,): 1 for the treated, for the untreated weights with mean 1.

    Raises:
        CannotAnswer: If no weights do that.

    Source:
        Hainmueller (2012), Entropy balancing for causal effects.

    >>> x = np.array([[0.0], [1.0], [2.0], [1.5], [1.5]])
    >>> w = entropy_weights(x, np.array([False, False, False, True, True]))
    >>> round(float(np.average(x[:3, 0], weights=w[:3])), 6)
    1.5
    """
    goal = design[treated].mean(axis=0)
    x = design[~treated] - goal

    def dual(lam: Floats) -> tuple[float, Floats]:
        a = x @ lam
        top = a.max()
        e = np.exp(a - top)
        return float(top + np.log(e.sum())), np.asarray(x.T @ (e / e.sum()), dtype=float)

    with np.errstate(all="ignore"):  # where no weights do, the search runs away
        found = optimize.minimize(dual, np.zeros(x.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-9})
        a = x @ found.x
        w = np.exp(a - a.max())
        w /= w.mean()
        left = np.abs(w @ x / len(w)).max(initial=0.0)
    if not left <= _LEFT:
        raise cannot_answer("no_weights")
    weights = np.ones(len(treated))
    weights[~treated] = w
    return weights


def balance_of(
    frame: pd.DataFrame, treated: NDArray[np.bool_], covariates: Sequence[str], weights: Floats
) -> pd.DataFrame:
    """Standardised difference of each covariate before and after the weighting.

    >>> frame = pd.DataFrame({"age": [1.0, 2.0, 2.0, 3.0]})
    >>> treated = np.array([False, False, True, True])
    >>> balance_of(frame, treated, ["age"], np.array([0.0, 1.0, 1.0, 0.0])).round(2).to_numpy().tolist()
    [['age', 1.5, 2.5, 2.0, 2.0, 1.41, 0.0]]

    Args:
        frame: One row per unit.
        treated: Shape (n,).
        covariates: Columns.
        weights: Shape (n,).

    Returns:
        One row a covariate: means of both groups as they are and weighted, differences in standard deviations of the
        groups as they are.
    """
    rows = []
    for name in covariates:
        x = frame[name].to_numpy(dtype=float)
        means = [x[side].mean() for side in (~treated, treated)]
        weighted = [np.average(x[side], weights=weights[side]) for side in (~treated, treated)]
        spread = np.sqrt((x[treated].var(ddof=1) + x[~treated].var(ddof=1)) / 2)
        gaps = [(b - a) / spread if spread > 0 else 0.0 for a, b in (means, weighted)]
        rows.append((name, *means, *weighted, *gaps))
    columns = ["covariate", "control", "treatment", "control_weighted", "treatment_weighted", "std_diff"]
    return pd.DataFrame(rows, columns=[*columns, "std_diff_weighted"])
