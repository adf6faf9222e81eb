"""Validity of a test: sample ratio, and balance before the start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.checks import check_settings, not_inside
from crm_lab.experiments.core.column_words import known_after
from crm_lab.experiments.core.estimate import joint_means
from crm_lab.experiments.core.experiment import Experiment, need_experiment
from crm_lab.experiments.core.planned_shares import SRM, SRM_ALPHA, arm_sizes, srm_problem, srm_pvalue
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message, named
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, kw_only=True)
class SoundnessCheck:
    """Validity of a test: sample ratio, and balance of the covariates before the start.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> soundness = SoundnessCheck().analyze(test)
    >>> soundness.sound
    True

    Attributes:
        srm_alpha: A smaller p value of the sample ratio stops the analysis (a strict bound: it is looked
            at for every test).
        balance_alpha: A smaller p value of all covariates together is reported as imbalance.
    """

    srm_alpha: float = SRM_ALPHA
    balance_alpha: float = 0.01

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "srm_alpha", "balance_alpha"))

    def analyze(self, experiment: Experiment) -> SoundnessResult:
        """Sample ratio and balance before the start.

        >>> SoundnessCheck(balance_alpha=0.05).analyze(test).counts
        {'control': 200, 'treatment': 200}

        Args:
            experiment: The test.

        Returns:
            Sizes and sample ratio; balance per covariate.
        """
        need_experiment(experiment, "SoundnessCheck")
        counts = experiment.assigned()
        guards = experiment.guards
        covariates = [c for c in experiment.covariates if not known_after(c)]
        balance = _balance(experiment, covariates) if covariates else pd.DataFrame()
        joint = _joint_balance(experiment, covariates) if covariates else math.nan
        srm = srm_pvalue(counts, {arm: experiment.shares[arm] for arm in counts})
        sizes_alone = srm < self.srm_alpha and guards.refused is not None and guards.refused.key == SRM
        return SoundnessResult(
            self, counts, dict(experiment.shares), srm, balance, joint, experiment.simulated,
            dict(guards.withdrawn), None if sizes_alone else guards.refused,
        )  # fmt: skip


def _balance(experiment: Experiment, covariates: list[str]) -> pd.DataFrame:
    """Standardised difference of each covariate, per treatment arm."""
    arms = experiment.moments(covariates)
    rows = []
    for name, arm in zip(experiment.treatments, arms[1:], strict=True):
        spread = np.sqrt((np.diag(arms[0].covariance) + np.diag(arm.covariance)) / 2)
        gap = np.divide(arm.mean - arms[0].mean, spread, out=np.zeros_like(spread), where=spread > 0)
        rows.append(
            pd.DataFrame(
                {"covariate": covariates, "arm": name, "control": arms[0].mean, "treatment": arm.mean, "std_diff": gap}
            )
        )
    return pd.concat(rows, ignore_index=True)


def _joint_balance(experiment: Experiment, covariates: list[str]) -> float:
    """Test (p value) of no difference in any covariate (Wald test over all arms and covariates)."""
    means = joint_means(experiment.moments(covariates), [(c, None) for c in covariates], (), "none")
    n_arms, k = means.mean.shape
    gap = (means.mean[1:] - means.mean[0]).ravel()
    contrast = np.kron(np.hstack([-np.ones((n_arms - 1, 1)), np.eye(n_arms - 1)]), np.eye(k))
    cov = contrast @ means.cov.reshape(n_arms * k, n_arms * k) @ contrast.T
    rank = int(np.linalg.matrix_rank(cov))
    return float(stats.chi2.sf(gap @ np.linalg.pinv(cov, hermitian=True) @ gap, rank)) if rank else math.nan


def _and(first: Message, second: Message) -> Message:
    return Message("experiments.soundness.two", {"first": first, "second": second})


@dataclass(frozen=True)
class SoundnessResult(Result):
    """Sample ratio and balance of a test.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> soundness = SoundnessCheck().analyze(test)

    Attributes:
        spec: What was asked.
        counts: Units per arm.
        shares: Planned share per arm.
        srm: p value of the sample ratio.
        balance: Means per covariate and arm, and the standardised difference.
        balance_pvalue: p value of all covariates together.
        simulated: Whether the effect was planted.
        withdrawn: Covariate that does not adjust -> why.
        guarded: Why the test itself forbids an effect, whatever `spec` says of the sample ratio, or ``None``.
    """

    spec: SoundnessCheck
    counts: dict[str, int]
    shares: dict[str, float]
    srm: float
    balance: pd.DataFrame
    balance_pvalue: float
    simulated: bool
    withdrawn: Mapping[str, Message] = field(default_factory=dict)
    guarded: Message | None = None

    name: ClassVar[str] = "soundness"
    formats: ClassVar[dict[str, str]] = {
        "control": ",.2f", "treatment": ",.2f", "std_diff": "+.3f", "planned": ".0%", "units": ",d",
    }  # fmt: skip

    @property
    def sound(self) -> bool:
        """Whether the sizes of the arms are as planned, and nothing else forbids an effect.

        >>> soundness.sound
        True
        """
        return self.refusal() is None

    @property
    def largest_gap(self) -> float:
        """Largest absolute standardised mean difference of a covariate; nan without covariates.

        >>> soundness.largest_gap < 0.2
        False
        """
        return float(self.balance["std_diff"].abs().max()) if len(self.balance) else math.nan

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate and arm; the arms' sizes where there is no covariate.

        >>> list(soundness.to_frame())
        ['covariate', 'arm', 'control', 'treatment', 'std_diff']
        """
        if len(self.balance):
            return self.balance.copy()
        rows = [{"arm": arm, "units": n, "planned": self.shares[arm]} for arm, n in self.counts.items()]
        return pd.DataFrame(rows)

    def refusal(self) -> Message | None:
        """A sentence if effects of this test are not valid, else ``None``.

        >>> soundness.refusal() is None
        True
        """
        return self.guarded or srm_problem(self.counts, self.srm, self.spec.srm_alpha)

    def _counts_text(self) -> str:
        return arm_sizes(self.counts)

    def readout(self) -> Readout:
        """Whether units seem lost and whether the arms seem unlike before the start.

        >>> print(soundness.readout().finding)
        400 units, no sign that any were lost: control 200, treatment 200 (sample-ratio p = 1; below 0.001 ...
        """
        values = {
            "n": sum(self.counts.values()), "counts": self._counts_text(), "p": self.srm, "alpha": self.spec.srm_alpha,
        }  # fmt: skip
        if self.guarded is not None:
            return Readout(self.guarded, "experiments.soundness.guarded", "experiments.soundness.guarded_action")
        if not self.sound:
            said = ("srm_broken", "srm_certainty", "srm_action")
            return Readout(*(Message(f"experiments.soundness.{key}", values) for key in said))
        state = "alike" if self.balance_pvalue >= self.spec.balance_alpha else "unlike"
        state = "no_covariates" if math.isnan(self.balance_pvalue) else state
        balance = {"gap": self.largest_gap, "p": self.balance_pvalue, "alpha": self.spec.balance_alpha}
        certainty = Message(f"experiments.soundness.{state}", balance)
        if self.withdrawn:
            why = reduce(_and, self.withdrawn.values())
            certainty = Message("experiments.soundness.with_withdrawn", {"alike": certainty, "why": why})
        action = "unadjusted" if self.withdrawn else "adjust" if state == "unlike" else "go_on"
        return Readout(
            Message("experiments.soundness.as_planned", values), certainty, f"experiments.soundness.{action}"
        )

    def facts(self) -> tuple[Fact, ...]:
        """Sizes, sample ratio, balance.

        >>> {fact.id: fact.unit for fact in soundness.facts()[:2]}
        {'soundness.control.units': 'units', 'soundness.treatment.units': 'units'}
        """
        tested = partial(Fact, kind="simulated" if self.simulated else "fact", n=sum(self.counts.values()))
        sizes = (
            Fact(
                f"soundness.{id_part(arm)}.units",
                Message("experiments.fact.units", {"arm": named("level", arm)}),
                size,
                "units",
            )
            for arm, size in self.counts.items()
        )
        pvalues = {"srm": self.srm, "balance": self.balance_pvalue}
        known = {name: p for name, p in pvalues.items() if not math.isnan(p)}
        return (*sizes, *(tested(f"soundness.{name}_p", f"experiments.fact.{name}", p) for name, p in known.items()))
