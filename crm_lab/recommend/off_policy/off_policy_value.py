"""What would another way to choose products have brought, by exposures whose chances were logged?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.checks import BadInput, check_settings, not_among, not_levels, too_small
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.off_policy.logged_exposures import LoggedExposures
from crm_lab.recommend.off_policy.off_policy_result import OffPolicyResult
from crm_lab.recommend.off_policy.policies import checked_policy
from crm_lab.recommend.off_policy.policy_estimates import ESTIMATORS, PolicyEstimates, policy_estimates

_ALPHA = 1e-4  # of refusing right propensities, for all products of a policy together
_OFF = 0.02  # of the whole weight: gaps within it are left alone


@dataclass(frozen=True, kw_only=True)
class OffPolicyValue:
    """How policies are valued.

    ``ips`` weighs each exposure by the policy's chance of what was shown over the logged one; ``snips`` divides by the
    sum of weights; ``dr`` adds what a model of rewards (learnt from other customers) says and weighs what it missed.
    Customers are the sampling unit. Nothing is said where chances were not logged; where the weights of a product are
    not on average the policy's chance of it, so that their mean is not 1 (propensities are wrong, or the policy shows
    what was never shown); or where so few exposures carry the weight that an interval would not hold.

    >>> rng = np.random.default_rng(0)
    >>> shown = pd.DataFrame({"customer_id": np.repeat(np.arange(400).astype(str), 5),
    ...     "product_id": rng.choice(["tea", "gin"], 2_000), "propensity": 0.5})
    >>> shown["clicked"] = rng.random(2_000) < np.where(shown["product_id"] == "tea", 0.3, 0.1)
    >>> always = {name: shown[["customer_id"]].drop_duplicates().assign(product_id=name, chance=1.0) for name in
    ...     ("gin", "tea")}
    >>> result = OffPolicyValue().analyze(shown, always)
    >>> result.better("tea"), round(float(result.row("tea").ratio), 1)
    (True, 2.6)

    Attributes:
        estimator: Which decides: ``ips``, ``snips`` or ``dr``.
        most_weight: Weights above are cut to it, which draws the estimates of ``ips`` to 0; none is cut unless given.
        least_effective: Exposures that the weights of a policy must be worth.
        level: Confidence level, jointly for all policies but the first where differences are told.
    """  # fmt: skip

    estimator: Literal["ips", "snips", "dr"] = "dr"
    most_weight: float | None = None
    least_effective: int = 100
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, estimator=ESTIMATORS), too_small(self, least_effective=2), not_levels(self, "level"),
            most_weight="" if self.most_weight is None or self.most_weight >= 1 else "it must be 1 or more, or None",
        )  # fmt: skip

    def analyze(
        self,
        exposures: pd.DataFrame,
        policies: Mapping[str, pd.DataFrame],
        reward: str = "clicked",
        *,
        simulated: bool = False,
    ) -> OffPolicyResult:
        """Value policies.

        >>> OffPolicyValue().analyze(shown.drop(columns="propensity"), always)
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: The exposures hold no propensities ...

        Args:
            exposures: ``customer_id, product_id, propensity`` and the reward.
            policies: ``customer_id, product_id, chance`` by name; the first is what the others are held against, such
                as showing what is most popular (`top_policy`). A policy may not depend on what was shown or clicked.
            reward: Column with what an exposure brought.
            simulated: Whether the exposures are made up.

        Returns:
            Value of each policy and of what was shown, with differences and ratios against the first.

        Raises:
            BadInput: If there is no policy, or a frame is wrong.
            CannotAnswer: If no propensity was logged, no customer is in all policies, the mean weight of a policy is
                not 1, or its weights are worth too few exposures.
        """
        if not policies:
            raise BadInput("policies is empty; give at least one, the first being what others are held against.")
        log = LoggedExposures.of(exposures, reward)
        checked = {name: checked_policy(name, frame) for name, frame in policies.items()}
        kept = np.ones(len(log.customer), dtype=bool)
        for frame in checked.values():
            kept &= np.isin(log.customer_ids, frame["customer_id"].unique())[log.customer]
        used = log.select(kept)
        if len(np.unique(used.customer)) < 2:
            raise cannot_answer("no_customer_in_policies", n=len(log.customer_ids))
        found = {name: policy_estimates(used, frame, self.most_weight) for name, frame in checked.items()}
        for name, one in found.items():
            self._check(name, one)
        return OffPolicyResult.of(
            used, found, self.estimator, self.most_weight, self.level, len(exposures) - len(used.customer), simulated
        )  # fmt: skip

    def _check(self, name: str, found: PolicyEstimates) -> None:
        """Refuse weights that tell of wrong propensities, of products that were never shown, or of too few."""
        limit = float(stats.norm.isf(_ALPHA / 2 / len(found.gap)))
        astray = (np.abs(found.gap) > _OFF) & (np.abs(found.gap) > limit * found.gap_se)
        away = abs(found.weight.value - 1)
        if astray.any() or (away > _OFF and away > limit * found.weight.se):
            worst = found.gap[int(np.argmax(np.abs(np.where(astray, found.gap, 0.0))))]
            raise cannot_answer(
                "weights_not_one", policy=name, weight=found.weight.value, se=found.weight.se, gap=float(worst)
            )
        if found.effective < self.least_effective:
            raise cannot_answer(
                "weights_too_uneven", policy=name, n=found.effective, least=self.least_effective, largest=found.largest
            )
