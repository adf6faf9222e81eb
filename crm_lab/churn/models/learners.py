"""Churn classifiers: scikit-learn pipelines with settings that suit customer features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.checks import Problems
from crm_lab.stats.ranking import auc

Estimator = Any  # any scikit-learn classifier with predict_proba; scikit-learn ships no types
TELLING_AUC = 0.995
MANY_ROWS = 200_000


@contextmanager
def quiet_threads(rows: int) -> Iterator[None]:
    """One OpenMP thread for small fits: on busy cores two threads that wait for each other take ten times as long."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(None if rows >= MANY_ROWS else 1):
        yield


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """sign(v) log(1 + |v|): counts, days and money on a scale where ratios count.

    >>> signed_log(np.array([0.0, -1.0])).round(3).tolist()
    [0.0, -0.693]
    """
    out: NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return out


def logistic(strength: float = 0.1) -> Estimator:
    """Logistic regression on standardized log features.

    >>> features = pd.DataFrame({"n_days": [1, 2, 9, 8]})
    >>> logistic().fit(features, [1, 1, 0, 0]).predict_proba(features).shape
    (4, 2)

    Args:
        strength: Inverse of the ridge penalty (scikit-learn's C).

    Returns:
        An unfitted scikit-learn pipeline.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        FunctionTransformer(signed_log, feature_names_out="one-to-one"),
        StandardScaler(),
        LogisticRegression(C=strength, max_iter=500),
    )


def boosting(seed: int = 0) -> Estimator:
    """Gradient-boosted trees whose scores are turned into probabilities by out-of-fold Platt scaling.

    >>> hasattr(boosting(), "predict_proba")
    True

    Args:
        seed: Seed of the folds and of the trees.

    Returns:
        An unfitted scikit-learn classifier.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    trees = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=100, l2_regularization=5,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(trees, method="sigmoid", cv=folds, ensemble=False)


def out_of_fold(
    estimator: Estimator, features: pd.DataFrame, left: pd.Series, *, folds: int, seed: int
) -> NDArray[np.float64]:
    """Probability of leaving for each customer from a model that never saw that customer.

    >>> features, left = pd.DataFrame({"recency_days": range(40)}), pd.Series([0] * 20 + [1] * 20)
    >>> out_of_fold(logistic(), features, left, folds=2, seed=0).shape
    (40,)

    Args:
        estimator: A classifier.
        features: One row per customer.
        left: 0 or 1, same rows.
        folds: Number of random, stratified parts.
        seed: Seed of the parts.

    Returns:
        Probabilities, shape (n,).
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with quiet_threads(len(features)):
        both: NDArray[np.float64] = cross_val_predict(estimator, features, left, cv=parts, method="predict_proba")
    return both[:, 1]


def refuse_telling_features(features: pd.DataFrame, left: pd.Series) -> None:
    """Refuse features that alone tell who left: they were made from the answer.

    Raises:
        BadInput: Naming every feature whose AUC is above .995 or below .005, and every missing value.
    """
    problems = Problems("These features cannot be learnt from")
    for name in features:
        values = features[name].to_numpy(dtype=float)
        if np.isnan(values).any():
            problems.found.append(f"{name} has {int(np.isnan(values).sum())} missing values; fill them first.")
            continue
        found = auc(left, values)
        problems.unless(
            1 - TELLING_AUC <= found <= TELLING_AUC,
            f"{name} alone tells who left (AUC {found:.3f}); it must have seen the window: leave it out.",
        )
    problems.raise_any()


def fit_score(
    models: Mapping[str, Estimator], train: tuple[pd.DataFrame, pd.Series], features: pd.DataFrame
) -> dict[str, NDArray[np.float64]]:
    """Fit each model on one set of customers and dates, score another.

    Args:
        models: Name to classifier.
        train: Features and labels; a customer may come with several dates.
        features: Customers to score.

    Returns:
        Name to probability of leaving, in the order of `features`.
    """
    from sklearn.base import clone

    with quiet_threads(len(train[0])):
        return {name: clone(model).fit(*train).predict_proba(features)[:, 1] for name, model in models.items()}
