"""Value of a policy from exposures of another one: weights, and what each exposure adds to each estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.interactions.tie_order import keyed_hashes
from crm_lab.recommend.off_policy.logged_exposures import LoggedExposures

ESTIMATORS = ("ips", "snips", "dr")
_FOLDS = 2


@dataclass(frozen=True, eq=False)
class Clustered:
    """A mean with the share of each customer in its error.

    Attributes:
        value: The mean.
        influence: What each customer adds to the error, shape (customers,): their sum is 0.
    """

    value: float
    influence: Floats

    @property
    def se(self) -> float:
        """Standard error with the customer as the sampling unit."""
        n = len(self.influence)
        return float(np.sqrt((self.influence**2).sum() * n / (n - 1))) if n > 1 else float("nan")


@dataclass(frozen=True, eq=False)
class PolicyEstimates:
    """Estimates of one policy.

    Attributes:
        by: ``ips``, ``snips`` and ``dr``.
        weight: Mean weight before any is cut: 1 but for chance, where propensities are right and support is full.
        effective: Exposures that so uneven weights are worth: (sum of weights)² / sum of squares.
        largest: Largest weight before any is cut.
        cut: Share of the exposures whose weight was cut.
        gap: By product, the mean weight of exposures with it less the policy's chance of it: 0 but for chance, where
            propensities are right and support is full, shape (products + 1,); the last is of what was never shown.
        gap_se: Standard errors of the gaps with the customer as the sampling unit, same shape.
    """

    by: dict[str, Clustered]
    weight: Clustered
    effective: float
    largest: float
    cut: float
    gap: Floats
    gap_se: Floats


def ratio(up: Floats, down: Floats, customer: Integers, customers: int) -> Clustered:
    """Sum by sum over exposures, with customers as clusters (linearised).

    >>> ratio(np.array([1.0, 0.0]), np.ones(2), np.array([0, 1]), 2).value
    0.5

    Args:
        up: Shape (exposures,).
        down: Shape (exposures,).
        customer: Place of the customer of each exposure.
        customers: How many there are.

    Returns:
        The ratio.
    """
    total = float(down.sum())
    value = float(up.sum()) / total
    influence = np.bincount(customer, weights=(up - value * down) / total, minlength=customers)
    return Clustered(value, np.asarray(influence[np.bincount(customer, minlength=customers) > 0], dtype=np.float64))


def reward_model(log: LoggedExposures) -> Floats:
    """Mean reward of each product among customers of the other half, drawn to that of all.

    Rewards of a customer play no part in what is said of it, so that the doubly robust estimate stays unbiased.

    Args:
        log: Exposures.

    Returns:
        Shape (halves, products): row h is for customers of half h.
    """
    half = halves(log)
    return np.stack([_drawn(log, half != side) for side in range(_FOLDS)])


def halves(log: LoggedExposures) -> Integers:
    """Half of the customer of each exposure, by a hash of the id."""
    found = keyed_hashes(log.customer_ids, "rewards") % _FOLDS
    return np.asarray(found[log.customer], dtype=np.int64)


def _drawn(log: LoggedExposures, rows: np.ndarray) -> Floats:
    """Mean reward of each product in some exposures, drawn to the mean of all by as much as chance spreads them."""
    products = len(log.product_ids)
    n = np.bincount(log.product[rows], minlength=products).astype(float)
    total = np.bincount(log.product[rows], weights=log.reward[rows], minlength=products)
    if not rows.any():
        return np.zeros(products)
    whole = float(log.reward[rows].mean())
    own = total / np.maximum(n, 1)
    within = float(((log.reward[rows] - own[log.product[rows]]) ** 2).sum() / max(n.sum() - (n > 0).sum(), 1))
    apart = float((n * (own - whole) ** 2).sum() - ((n > 0).sum() - 1) * within)
    between = apart / max(n.sum() - (n**2).sum() / n.sum(), 1e-300)
    if between <= 0:
        return np.full(products, whole)
    return np.asarray((total + within / between * whole) / (n + within / between), dtype=np.float64)


def policy_estimates(log: LoggedExposures, policy: pd.DataFrame, most_weight: float | None) -> PolicyEstimates:
    """Estimate what a policy would have brought an exposure.

    >>> shown = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "product_id": ["tea", "gin"] * 2,
    ...     "propensity": 0.5, "clicked": [1, 0, 1, 1]})
    >>> tea = pd.DataFrame({"customer_id": list("abcd"), "product_id": "tea", "chance": 1.0})
    >>> found = policy_estimates(LoggedExposures.of(shown), tea, None)
    >>> found.by["ips"].value, found.by["snips"].value, found.weight.value
    (1.0, 1.0, 1.0)

    Args:
        log: Exposures of customers for whom the policy says something.
        policy: ``customer_id, product_id, chance``, checked.
        most_weight: Weights above are cut to it; none unless given.

    Returns:
        The estimates.

    Source:
        D. G. Horvitz & D. J. Thompson (1952) for ``ips``; A. Swaminathan & T. Joachims (2015), The self-normalized
        estimator for counterfactual learning, for ``snips``; M. Dudík, J. Langford & L. Li (2011), Doubly robust policy
        evaluation and learning, for ``dr``.
    """  # fmt: skip
    chance, model = _chances(log, policy), reward_model(log)
    weight = chance / log.propensity
    used = weight if most_weight is None else np.minimum(weight, most_weight)
    ones, n = np.ones(len(weight)), len(log.customer_ids)
    said = _expected(log, policy, model)
    own = model[halves(log), log.product]

    def mean(values: Floats) -> Clustered:
        return ratio(values, ones, log.customer, n)

    by = {"ips": mean(used * log.reward), "dr": mean(said + used * (log.reward - own))}
    by["snips"] = ratio(used * log.reward, used, log.customer, n) if used.sum() > 0 else by["ips"]
    square = float((used**2).sum())
    return PolicyEstimates(
        {name: by[name] for name in ESTIMATORS}, mean(weight), float(used.sum()) ** 2 / square if square > 0 else 0.0,
        float(weight.max()), float((used < weight).mean()), *_gaps(log, policy, weight),
    )  # fmt: skip


def _gaps(log: LoggedExposures, policy: pd.DataFrame, weight: Floats) -> tuple[Floats, Floats]:
    """Mean weight less the policy's chance by product, with standard errors; the last is of what was never shown."""
    who, what = _places(log, policy)
    customers, products = len(log.customer_ids), len(log.product_ids) + 1
    n = np.bincount(log.customer, minlength=customers).astype(float)
    known, total = who >= 0, float(n.sum())
    row = np.concatenate([log.customer, who[known]])
    column = np.concatenate([log.product, np.where(what[known] < 0, products - 1, what[known])])
    value = np.concatenate([weight, -policy["chance"].to_numpy(dtype=float)[known] * n[who[known]]])
    own = sparse.csr_array((value, (row, column)), shape=(customers, products))
    own.sum_duplicates()
    gap = np.asarray(own.sum(axis=0), dtype=np.float64).ravel() / total
    square = np.asarray(own.multiply(own).sum(axis=0)).ravel() - 2 * gap * np.asarray(own.T @ n).ravel()
    return gap, np.sqrt(np.maximum(square + gap**2 * float((n**2).sum()), 0.0)) / total


def _chances(log: LoggedExposures, policy: pd.DataFrame) -> Floats:
    """The policy's chance of what was shown, shape (exposures,)."""
    who, what = _places(log, policy)
    known = (who >= 0) & (what >= 0)
    width = len(log.product_ids)
    key = who[known] * width + what[known]
    order = np.argsort(key)
    key, chance = key[order], policy["chance"].to_numpy(dtype=float)[known][order]
    wanted = log.customer * width + log.product
    at = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    return np.where(key[at] == wanted, chance[at], 0.0) if len(key) else np.zeros(len(wanted))


def _expected(log: LoggedExposures, policy: pd.DataFrame, model: Floats) -> Floats:
    """What the model says the policy brings an exposure; a product that was never shown brings the mean."""
    who, what = _places(log, policy)
    known = who >= 0
    side = np.asarray(keyed_hashes(log.customer_ids, "rewards") % _FOLDS, dtype=np.int64)[who[known]]
    place = what[known]
    said = np.where(place >= 0, model[side, np.maximum(place, 0)], float(log.reward.mean()))
    chance = policy["chance"].to_numpy(dtype=float)[known]
    total = np.bincount(who[known], weights=said * chance, minlength=len(log.customer_ids))
    return np.asarray(total[log.customer], dtype=np.float64)


def _places(log: LoggedExposures, policy: pd.DataFrame) -> tuple[Integers, Integers]:
    who = pd.Index(log.customer_ids).get_indexer(pd.Index(policy["customer_id"]))
    what = pd.Index(log.product_ids).get_indexer(pd.Index(policy["product_id"]))
    return who.astype(np.int64), what.astype(np.int64)
