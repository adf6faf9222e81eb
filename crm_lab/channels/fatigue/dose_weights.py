"""Weights that undo the targeting of messages: rows of each dose stand for the same customers."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.channels.fatigue.contact_doses import ContactDoses

_YEAR, _LONG = 365, 730
_CAP: Final = 0.99  # quantile at which weights are cut off


def history_before(doses: ContactDoses) -> Floats:
    """What was known of each customer before the days that the dose counts: logs of orders, days since, messages.

    Orders of the year before, days since the last order (two years where there is none), and messages so far, each as
    the logarithm of one more.

    >>> from crm_lab.simulate import make_retailer
    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> doses = ContactDoses.of(of_retailer(make_retailer("fashion", n_customers=300, seed=7)))
    >>> history_before(doses).shape[1]
    3

    Args:
        doses: Messages.

    Returns:
        Shape (rows, 3).
    """
    who, orders = doses.rows["customer"].to_numpy(), doses.log.orders
    start = doses.rows["day"].to_numpy() - doses.memory_days
    count, _ = orders.sums(who, start - _YEAR, start - 1)
    last = orders.last_day(who, start)
    since = np.where(last >= 0, np.minimum(start - last, _LONG), _LONG)
    earlier = np.maximum(doses.rows["number"].to_numpy() - doses.rows["dose"].to_numpy(), 0)
    return np.asarray(np.log1p(np.column_stack([count, since, earlier]).astype(float)))


def dose_weights(dose: Integers, history: Floats) -> Floats:
    """Stabilised inverse probability of each row's dose given what was known before, cut off at the 99th percentile.

    >>> rng = np.random.default_rng(1)
    >>> known = rng.normal(size=(4000, 1))
    >>> dose = rng.binomial(2, 1 / (1 + np.exp(-known[:, 0])))
    >>> w = dose_weights(dose, known)
    >>> means = [np.average(known[dose == k, 0], weights=w[dose == k]) for k in range(3)]
    >>> bool(np.ptp(means) < 0.3 < np.ptp([known[dose == k, 0].mean() for k in range(3)]))
    True

    Args:
        dose: Messages before each, shape (n,).
        history: Covariates, shape (n, k).

    Returns:
        Weights with mean 1, shape (n,).

    Source:
        Robins, Hernán & Brumback (2000), Marginal structural models and causal inference in epidemiology.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    levels, place, n = np.unique(dose, return_inverse=True, return_counts=True)
    if len(levels) < 2:
        return np.ones(len(dose))
    x = StandardScaler().fit_transform(history)
    chance = LogisticRegression(C=100.0, max_iter=500).fit(x, place).predict_proba(x)
    weight = (n / n.sum())[place] / np.maximum(chance[np.arange(len(place)), place], 1e-6)
    weight = np.minimum(weight, np.quantile(weight, _CAP))
    return np.asarray(weight / weight.mean())
