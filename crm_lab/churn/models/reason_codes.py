"""Reason codes: additive contributions of feature families to a customer's churn probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.churn.models.learners import Estimator, quiet_threads

BASE = "base"


def log_odds(estimator: Estimator, features: pd.DataFrame) -> Floats:
    """Log-odds of leaving, probabilities clipped to [1e-9, 1 - 1e-9]."""
    with quiet_threads(len(features)):
        p = np.clip(estimator.predict_proba(features)[:, 1], 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p / (1 - p)), dtype=float)


def contributions(
    estimator: Estimator, features: pd.DataFrame, families: Mapping[str, Sequence[str]], typical: pd.Series
) -> pd.DataFrame:
    """Exact Shapley values of feature families against a typical customer, on the log-odds (Lundberg & Lee 2017).

    With k families the model is asked 2^k times; k is small, so nothing is sampled. Works for any classifier.

    >>> features = pd.DataFrame({"n_days": [1, 2, 9, 8], "recency_days": [80, 70, 3, 9]}, index=list("abcd"))
    >>> from crm_lab.churn import logistic
    >>> model = logistic().fit(features, [1, 1, 0, 0])
    >>> families = {"frequency": ["n_days"], "rhythm": ["recency_days"]}
    >>> contributions(model, features, families, features.median()).columns.tolist()
    ['base', 'frequency', 'rhythm']

    Args:
        estimator: A fitted classifier.
        features: Customers to explain, indexed by customer.
        families: Family to its columns; together they must be all columns.
        typical: The customer compared with, e.g. the medians; same columns.

    Returns:
        One row per customer: ``base`` (log-odds of the typical customer) and one column per family; a row sums to the
        customer's log-odds.

    Source:
        Lundberg & Lee (2017), A unified approach to interpreting model predictions.
    """
    names = list(families)
    worth: dict[frozenset[str], Floats] = {}
    for size in range(len(names) + 1):
        for taken in combinations(names, size):
            mixed = pd.DataFrame(
                np.tile(typical[features.columns].to_numpy(dtype=float), (len(features), 1)),
                columns=features.columns, index=features.index,
            )  # fmt: skip
            own = [c for family in taken for c in families[family]]
            mixed[own] = features[own].astype(float)
            worth[frozenset(taken)] = log_odds(estimator, mixed)
    out = pd.DataFrame({BASE: worth[frozenset()]}, index=features.index)
    for name in names:
        others = [n for n in names if n != name]
        total = np.zeros(len(features))
        for size in range(len(names)):
            weight = 1 / (len(names) * comb(len(names) - 1, size))
            for taken in combinations(others, size):
                group = frozenset(taken)
                total += weight * (worth[group | {name}] - worth[group])
        out[name] = total
    return out


def reasons(parts: pd.DataFrame, top: int = 2) -> pd.Series:
    """Reason codes: the families that raise a customer's chance of leaving most, strongest first.

    >>> parts = pd.DataFrame({"base": [0.0], "rhythm": [0.4], "money": [-0.1], "frequency": [0.9]}, index=["a"])
    >>> reasons(parts).to_dict()
    {'a': 'frequency;rhythm'}

    Args:
        parts: What `contributions` returns.
        top: Most families to name.

    Returns:
        Names joined by semicolons, per customer; empty where nothing raises the chance.
    """
    families = parts.drop(columns=BASE)
    names, values = families.columns.to_numpy(), families.to_numpy()
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    codes = [";".join(str(names[i]) for i in row if values[k, i] > 0) for k, row in enumerate(order)]
    return pd.Series(codes, index=parts.index, name="reasons")
