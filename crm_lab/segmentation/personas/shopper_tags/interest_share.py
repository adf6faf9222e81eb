"""Whether those who buy again are more often interested in something than those who bought once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy.special import betainc

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import check_settings, not_inside, too_small
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name
from crm_lab.stats.bootstrap import percentile_interval
from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial

FEWEST: Final = 30  # customers of a group
GROUPS: Final = ("repurchasers", "one_time")


@dataclass(frozen=True, kw_only=True)
class InterestShare:
    """Settings of the share of interested customers.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=900").at("latest"))
    >>> found = InterestShare(feature="eco_share", threshold=0.2, draws=100).analyze(features)
    >>> found.to_frame()["group"].tolist()
    ['repurchasers', 'one_time', 'difference']

    Attributes:
        feature: What interest shows in, such as ``eco_share``.
        threshold: Share of a customer's lines above which the customer is interested.
        orders: Orders from which a customer is a repurchaser.
        level: Confidence level.
        draws: Bootstrap samples of customers.
        seed: Of the samples.
    """

    feature: str
    threshold: float
    orders: int = 2
    level: float = 0.95
    draws: int = 400
    seed: int = 1

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "threshold", "level"), too_small(self, orders=2, draws=50))

    def analyze(self, features: ShopperFeatures) -> InterestShareResult:
        """Estimate in each group the share of customers whose true share lies above the threshold.

        Customers with more lines show an interest more easily, so counting tags would favour repurchasers; the
        distribution of true shares is fitted in each group instead.

        >>> found.to_frame()["customers"].tolist()[2] == len(features)
        True

        Args:
            features: Shares with their counts.

        Returns:
            One row a group, and their difference; refused where a group is small or its true shares cannot be told.

        Raises:
            BadInput: If the data do not have the feature.
        """
        k, n = features.independent(self.feature)
        again = features.frame["n_orders"].to_numpy() >= self.orders
        parts = [self._group(k[mask & (n > 0)], n[mask & (n > 0)]) for mask in (again, ~again)]
        draws = parts[0][2] - parts[1][2]
        difference = parts[0][1] - parts[1][1]
        rows = [(parts[0][0], parts[0][1], *percentile_interval(parts[0][2], self.level))]
        rows += [(parts[1][0], parts[1][1], *percentile_interval(parts[1][2], self.level))]
        rows += [(parts[0][0] + parts[1][0], difference, *percentile_interval(draws, self.level))]
        frame = pd.DataFrame(rows, columns=["customers", "share", "lo", "hi"])
        frame.insert(0, "group", [*GROUPS, "difference"])
        return InterestShareResult(self, frame, _counted(k, n, again, self.threshold), features.simulated)

    def _group(self, k: Any, n: Any) -> tuple[int, float, Floats]:
        """Customers, share of them that is interested, and its bootstrap draws; nan where it cannot be told."""
        fit = fit_beta_binomial(k, n)
        if len(k) < FEWEST or not fit.converged or not fit.pvalue < 1 - self.level:
            return len(k), math.nan, np.full(self.draws, math.nan)
        drawn = fit.resampled(k, n, self.draws, np.random.default_rng([self.seed, len(k)]))
        from_draws = [_above(a, b, self.threshold) for a, b in drawn]
        return len(k), fit.above(self.threshold), np.array(from_draws)


def _above(a: float, b: float, threshold: float) -> float:
    return float(1 - betainc(a, b, threshold))


def _counted(k: Any, n: Any, again: Booleans, threshold: float) -> tuple[float, float]:
    """Share of each group whose counted share lies above the threshold."""
    over = np.divide(k, n, out=np.zeros(len(k)), where=n > 0) > threshold
    return tuple(float(over[mask & (n > 0)].mean()) if (mask & (n > 0)).any() else math.nan for mask in (again, ~again))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class InterestShareResult(TableResult):
    """Shares of interested customers among repurchasers and one-time buyers.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=900").at("latest"))
    >>> found = InterestShare(feature="eco_share", threshold=0.2, draws=100).analyze(features)

    Attributes:
        spec: The settings.
        frame: ``group, customers, share`` with ``lo, hi``: repurchasers, one-time buyers, their difference.
        counted: Shares of both groups by plain counting, which favours whoever has more lines.
        simulated: Whether the data are.
    """

    spec: InterestShare
    frame: pd.DataFrame
    counted: tuple[float, float]
    simulated: bool

    name: ClassVar[str] = "interest_share"
    formats: ClassVar[dict[str, str]] = {"customers": ",.0f", **dict.fromkeys(("share", "lo", "hi"), ".1%")}
    words: ClassVar[dict[str, str]] = {"group": "persona_tags.interest_"}

    def refusal(self) -> Message | None:
        """Said where a group is too small, or its true shares cannot be told.

        >>> found.refusal() is None or found.refusal().key == "persona_tags.interest_refused"
        True
        """
        told = self.frame["share"].notna().all()
        return None if told else Message("persona_tags.interest_refused", self._values())

    def readout(self) -> Readout:
        """Both shares, whether they differ, and what to do.

        >>> found.readout().certainty.key
        'persona_tags.interest_certainty'
        """
        why = self.refusal()
        if why is not None:
            return Readout.of("persona_tags", self._values(), why, "interest_certainty", "interest_action_refused")
        row = self.frame.iloc[2]
        differs = row["lo"] > 0 or row["hi"] < 0
        finding, action = (
            ("interest_finding", "interest_action") if differs else ("interest_none", "interest_action_none")
        )
        return Readout.of("persona_tags", self._values(), finding, "interest_certainty", action)

    def facts(self) -> tuple[Fact, ...]:
        """Both shares and their difference.

        >>> [fact.id for fact in found.facts()]
        ['interest.repurchasers', 'interest.one_time', 'interest.difference']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        why, made = self.refusal(), []
        rows: Any = self.frame.to_dict("records")
        for row in rows:
            known = bool(np.isfinite([row["share"], row["lo"], row["hi"]]).all())
            label = Message(f"persona_tags.fact_interest_{row['group']}", self._values())
            ci = Interval(row["lo"], row["hi"], self.spec.level) if known else None
            value, refused = (row["share"], None) if known else (None, why)
            made.append(
                Fact(
                    f"interest.{row['group']}",
                    label,
                    value,
                    "share",
                    ci=ci,
                    kind=kind,
                    n=int(row["customers"]),
                    refusal=refused,
                )
            )
        return tuple(made)

    def _values(self) -> dict[str, Any]:
        again, once, apart = self.frame.to_dict("records")
        return {
            "feature": tag_name(self.spec.feature), "threshold": self.spec.threshold, "again": again["share"],
            "once": once["share"], "difference": 100 * apart["share"], "lo": 100 * apart["lo"], "hi": 100 * apart["hi"],
            "level": self.spec.level, "n_again": again["customers"], "n_once": once["customers"],
            "counted_again": self.counted[0], "counted_once": self.counted[1], "least": FEWEST,
        }  # fmt: skip
