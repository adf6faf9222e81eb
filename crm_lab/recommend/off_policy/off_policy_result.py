"""Values of policies by three estimators, with differences and ratios against the first policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.messages import Message
from crm_lab.recommend.off_policy.logged_exposures import LoggedExposures
from crm_lab.recommend.off_policy.policy_estimates import ESTIMATORS, Clustered, PolicyEstimates, ratio
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult
from crm_lab.stats.multiplicity.holm_comparisons import holm_comparisons

LOGGED = "logged"


@dataclass(frozen=True, eq=False)
class OffPolicyResult(TableResult):
    """What each policy would have brought an exposure.

    >>> from crm_lab.recommend.off_policy.off_policy_value import OffPolicyValue
    >>> rng = np.random.default_rng(0)
    >>> shown = pd.DataFrame({"customer_id": np.repeat(np.arange(400).astype(str), 5),
    ...     "product_id": rng.choice(["tea", "gin"], 2_000), "propensity": 0.5})
    >>> shown["clicked"] = rng.random(2_000) < np.where(shown["product_id"] == "tea", 0.3, 0.1)
    >>> always = {name: shown[["customer_id"]].drop_duplicates().assign(product_id=name, chance=1.0) for name in
    ...     ("gin", "tea")}
    >>> result = OffPolicyValue().analyze(shown, always)

    Attributes:
        frame: ``policy, estimator, value, lo, hi, difference, difference_lo, difference_hi, p_holm, ratio, ratio_lo,
            ratio_hi``; ``logged`` is the mean of what was shown.
        checks: ``policy, mean_weight, se, effective_exposures, largest, cut``.
        baseline: Policy that the others are held against.
        estimator: Which decides.
        most_weight: Weights above are cut to it.
        exposures: Exposures that count.
        customers: Their customers.
        left_out: Exposures that do not count: without propensity, product or policy.
        level: Confidence level.
        simulated: Whether the exposures are made up.
    """  # fmt: skip

    frame: pd.DataFrame
    checks: pd.DataFrame
    baseline: str
    estimator: str
    most_weight: float | None
    exposures: int
    customers: int
    left_out: int
    level: float
    simulated: bool

    name: ClassVar[str] = "off_policy"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("value", "lo", "hi"), ".4f"),
        **dict.fromkeys(("difference", "difference_lo", "difference_hi"), "+.4f"), "p_holm": "p",
        **dict.fromkeys(("ratio", "ratio_lo", "ratio_hi"), ".2f"), "mean_weight": ".3f",
        "effective_exposures": ",.0f", "largest": ".1f", "cut": ".1%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"estimator": "recommend.off_policy.estimator_"}

    def shown(self) -> pd.DataFrame:
        """The table with estimators, and what was shown, in words.

        >>> result.shown()["policy"].iloc[0]
        'what was shown'
        """
        frame = self.in_words(self.to_frame())
        return frame.assign(policy=frame["policy"].replace(LOGGED, Message("recommend.off_policy.logged").text()))

    def columns_of_data(self) -> tuple[str, ...]:
        """Policies are named by whoever gives them.

        >>> result.columns_of_data()
        ('policy',)
        """
        return ("policy",)

    @classmethod
    def of(
        cls, log: LoggedExposures, found: dict[str, PolicyEstimates], estimator: str, most_weight: float | None,
        level: float, left_out: int, simulated: bool,
    ) -> OffPolicyResult:  # fmt: skip
        """Intervals from estimates.

        Args:
            log: Exposures that count.
            found: Estimates by policy, the first being the baseline.
            estimator: Which decides.
            most_weight: Weights above were cut to it.
            level: Confidence level.
            left_out: Exposures that do not count.
            simulated: Whether the exposures are made up.

        Returns:
            The result.
        """
        ones, n = np.ones(len(log.reward)), len(log.customer_ids)
        logged = ratio(log.reward, ones, log.customer, n)
        parts = [_rows(name, found, logged, level) for name in ESTIMATORS]
        checks = pd.DataFrame(
            [(name, e.weight.value, e.weight.se, e.effective, e.largest, e.cut) for name, e in found.items()],
            columns=["policy", "mean_weight", "se", "effective_exposures", "largest", "cut"],
        )
        return cls(
            pd.concat(parts, ignore_index=True), checks, next(iter(found)), estimator, most_weight, len(log.reward),
            len(logged.influence), left_out, level, simulated,
        )  # fmt: skip

    def weights(self) -> pd.DataFrame:
        """How well the exposures support each policy: one row a policy.

        >>> result.weights()["policy"].tolist()
        ['gin', 'tea']
        """
        return self.checks.copy()

    def row(self, policy: str) -> Any:
        """The row of a policy by the estimator that decides.

        >>> result.row("gin").difference
        0.0

        Args:
            policy: Its name, or ``logged``.

        Returns:
            A named tuple with the columns of the table.
        """
        rows = self.frame[(self.frame["policy"] == policy) & (self.frame["estimator"] == self.estimator)]
        return next(rows.itertuples(index=False))

    def better(self, policy: str) -> bool:
        """Whether a policy surely brings more than the first: not where weights of either were cut, which biases both.

        >>> result.better("gin")
        False

        Args:
            policy: Its name.

        Returns:
            Whether the joint interval of the difference lies above 0.
        """
        return bool(self.row(policy).difference_lo > 0) and not self._biased(policy)

    def _biased(self, policy: str) -> bool:
        """Whether a weight of the policy or of the baseline was cut, so that no interval holds what is true."""
        cut = self.checks.set_index("policy")["cut"]
        return any(float(cut.get(name, 0.0)) > 0 for name in (policy, self.baseline))

    def _best(self) -> str:
        """The policy with the largest difference among those that are not the baseline, or the baseline."""
        others = [name for name in self.checks["policy"] if name != self.baseline]
        return max(others, key=lambda name: self.row(name).difference, default=self.baseline)

    def readout(self) -> Readout:
        """Whether a policy beats the first, how sure that is, and what to do.

        >>> result.readout().finding.key
        'recommend.off_policy.finding_better'
        """
        best = self._best()
        row, base, check = self.row(best), self.row(self.baseline), self.checks.set_index("policy")
        sure = "only" if best == self.baseline else "better" if self.better(best) else "unsure"
        sure = "cut" if sure == "unsure" and self._biased(best) else sure
        cut = Message("recommend.off_policy.uncut" if self.most_weight is None else "recommend.off_policy.cut", {
            "most": self.most_weight or 0.0, "share": float(check["cut"].max()),
        })  # fmt: skip
        out = Message("recommend.off_policy.without", {"out": self.left_out}) if self.left_out else ""
        values = {
            "without": out,
            "policy": best, "baseline": self.baseline, "value": row.value, "base": base.value, "lo": row.lo,
            "hi": row.hi, "change": row.ratio - 1, "change_lo": row.ratio_lo - 1, "change_hi": row.ratio_hi - 1,
            "difference": row.difference, "difference_lo": row.difference_lo, "difference_hi": row.difference_hi,
            "level": self.level, "exposures": self.exposures, "customers": self.customers,
            "estimator": Message(f"recommend.off_policy.estimator_{self.estimator}"), "cut": cut,
            "effective": float(check["effective_exposures"].min()), "weight": float(check["mean_weight"][best]),
        }  # fmt: skip
        return Readout.of("recommend.off_policy", values, f"finding_{sure}", "certainty", f"action_{sure}")

    def facts(self) -> tuple[Fact, ...]:
        """Value of each policy and of what was shown, and ratios against the first, by the estimator that decides.

        >>> [fact.id for fact in result.facts()]
        ['recommend.policy.logged.value', 'recommend.policy.1.value', 'recommend.policy.2.value', 'recommend.policy.2.ratio']
        """  # noqa: E501
        found = []
        names = {LOGGED: LOGGED, **{name: str(k) for k, name in enumerate(self.checks["policy"], 1)}}
        for name, part in names.items():
            row = self.row(name)
            found.append((f"{part}.value", "value", name, row.value, row.lo, row.hi))
            if name not in (self.baseline, LOGGED):
                found.append((f"{part}.ratio", "ratio", name, row.ratio, row.ratio_lo, row.ratio_hi))
        kind: Kind = "simulated" if self.simulated else "estimate"
        return tuple(
            Fact(
                f"recommend.policy.{part}", Message(f"recommend.off_policy.fact_{what}", {
                    "policy": Message("recommend.off_policy.logged") if name == LOGGED else name,
                    "baseline": self.baseline,
                }), float(value), ci=Interval(float(lo), float(hi), self.level), kind=kind, n=self.customers,
            )
            for part, what, name, value, lo, hi in found
        )  # fmt: skip


def _rows(estimator: str, found: dict[str, PolicyEstimates], logged: Clustered, level: float) -> pd.DataFrame:
    """One row a policy: its value, and the difference and ratio against the first."""
    every = {LOGGED: logged, **{name: one.by[estimator] for name, one in found.items()}}
    first = next(iter(found))
    base, df = every[first], len(logged.influence) - 1
    t = float(stats.t.isf((1 - level) / 2, df))
    rows = []
    for name, one in every.items():
        apart = Clustered(one.value - base.value, one.influence - base.influence)
        by, by_lo, by_hi = _by(one, base, t)
        rows.append((name, estimator, one.value, one.value - t * one.se, one.value + t * one.se, apart.value,
                     0.0 if name == first else apart.se, by, by_lo, by_hi))  # fmt: skip
    columns = ["policy", "estimator", "value", "lo", "hi", "difference", "se", "ratio", "ratio_lo", "ratio_hi"]
    frame = pd.DataFrame(rows, columns=columns)
    others = ~frame["policy"].isin([first, LOGGED])
    tested = holm_comparisons(frame["difference"][others], frame["se"][others], np.full(int(others.sum()), df), level)
    for column, values, sign in (("lo", tested.lo, -1), ("hi", tested.hi, 1)):
        frame[f"difference_{column}"] = frame["difference"] + sign * t * frame["se"]
        frame.loc[others, f"difference_{column}"] = values
    frame["p_holm"] = np.nan
    frame.loc[others, "p_holm"] = tested.p
    return frame[[*columns[:6], "difference_lo", "difference_hi", "p_holm", *columns[7:]]]


def _by(one: Clustered, base: Clustered, t: float) -> tuple[float, float, float]:
    """Ratio of two values, its interval on the logarithm; nan where one of them is not above 0."""
    if one is base:
        return 1.0, 1.0, 1.0
    if one.value <= 0 or base.value <= 0:
        return float("nan"), float("nan"), float("nan")
    log = Clustered(np.log(one.value / base.value), one.influence / one.value - base.influence / base.value)
    return tuple(float(np.exp(log.value + sign * t * log.se)) for sign in (0, -1, 1))  # type: ignore[return-value]
