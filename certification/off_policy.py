"""Off-policy values: unbiased and covered where chances are right, refused where they are wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab.checks import CannotAnswer
from crm_lab.recommend.off_policy import OffPolicyValue
from crm_lab.recommend.off_policy.policy_estimates import ESTIMATORS

SEED = 20_261_202
KINDS = np.array([[0.02, 0.05, 0.10, 0.20], [0.20, 0.10, 0.05, 0.02], [0.06, 0.06, 0.06, 0.06]])
"""Clicks an exposure of each kind of customer by product."""
TILT = np.array([[0.0, 0.8, -0.6, 0.3], [0.5, -0.5, 0.7, 0.0], [0.0, 0.4, 0.8, -0.4]])
"""Scores of which the logging policy is the softmax."""
POLICIES = {
    "popularity": np.array([[0.1, 0.7, 0.1, 0.1]] * 3),
    "lists": np.array([[0.05, 0.05, 0.1, 0.8], [0.8, 0.1, 0.05, 0.05], [0.25] * 4]),
}
"""Chances by kind of customer and product."""


def softmax(scores: np.ndarray) -> np.ndarray:
    """Chances of the logging policy, by kind of customer."""
    found = np.exp(scores)
    return found / found.sum(axis=1, keepdims=True)


def planted_exposures(customers: int, seed: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Exposures whose clicks differ by kind of customer and by customer, and two policies.

    A customer is more or less eager by a factor of mean 1, so that exposures of a customer go together.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, customers)
    eager = rng.uniform(0.2, 1.8, customers)
    who = np.repeat(np.arange(customers), 1 + rng.poisson(5, customers))
    logged = softmax(TILT)[kind[who]]
    what = (rng.random(len(who))[:, None] > np.cumsum(logged, axis=1)).sum(axis=1)
    click = rng.random(len(who)) < KINDS[kind[who], what] * eager[who]
    names = np.array([f"c{k:05}" for k in range(customers)], dtype=object)
    products = np.array(["p0", "p1", "p2", "p3"], dtype=object)
    shown = pd.DataFrame({
        "customer_id": names[who], "product_id": products[what],
        "propensity": logged[np.arange(len(who)), what], "clicked": click,
    })  # fmt: skip
    policies = {
        name: pd.DataFrame({
            "customer_id": np.repeat(names, 4), "product_id": np.tile(products, customers),
            "chance": chances[kind].ravel(),
        })
        for name, chances in POLICIES.items()
    }  # fmt: skip
    return shown, policies


def true_values() -> dict[str, float]:
    """What an exposure brings by each policy, all kinds being equally many."""
    return {name: float((chances * KINDS).sum(axis=1).mean()) for name, chances in POLICIES.items()}


def certify_off_policy(draws: int = 400, customers: int = 400) -> Iterator[dict]:
    """95 % intervals of values, differences and ratios cover 95 %, and estimates are right on average."""
    truth = true_values()
    apart, by = truth["lists"] - truth["popularity"], truth["lists"] / truth["popularity"]
    held = {(name, part): 0 for name in ESTIMATORS for part in ("value", "difference", "ratio")}
    error = {name: [] for name in ESTIMATORS}
    for k in range(draws):
        frame = OffPolicyValue().analyze(*planted_exposures(customers, SEED + k)).to_frame()
        for row in frame[frame["policy"] == "lists"].itertuples():
            held[row.estimator, "value"] += row.lo <= truth["lists"] <= row.hi
            held[row.estimator, "difference"] += row.difference_lo <= apart <= row.difference_hi
            held[row.estimator, "ratio"] += row.ratio_lo <= by <= row.ratio_hi
            error[row.estimator].append(row.value - truth["lists"])
    slack = 3 * math.sqrt(0.95 * 0.05 / draws)
    for (name, part), n in held.items():
        low, high = 0.95 - slack, min(0.95 + slack, 1.0)
        yield entry(f"recommend.off_policy_{name}_{part}_covered", n / draws, low, high, f"{draws} draws")
    for name, values in error.items():
        most = 3 * float(np.std(values, ddof=1)) / math.sqrt(draws)
        yield entry(f"recommend.off_policy_{name}_bias", float(np.mean(values)), -most, most, f"{draws} draws")


def certify_refusals(draws: int = 100, customers: int = 400) -> Iterator[dict]:
    """Right chances are hardly ever refused; wrong ones, and products that were never shown, nearly always."""
    refused = np.array([[_refused(*world) for world in _worlds(customers, SEED + k)] for k in range(draws)])
    for name, share, low, high in zip(
        ("right", "wrong_chances", "never_shown"), refused.mean(axis=0), (0, 0.95, 0.95), (0.01, 1, 1), strict=True
    ):
        yield entry(f"recommend.off_policy_refused_{name}", float(share), low, high, f"{draws} draws")


def _worlds(customers: int, seed: int) -> Iterator[tuple[pd.DataFrame, dict[str, pd.DataFrame]]]:
    shown, policies = planted_exposures(customers, seed)
    yield shown, policies
    yield shown.assign(propensity=0.25), policies
    yield shown[shown["product_id"] != "p3"], policies


def _refused(shown: pd.DataFrame, policies: dict[str, pd.DataFrame]) -> bool:
    try:
        OffPolicyValue().analyze(shown, policies)
    except CannotAnswer:
        return True
    return False
