"""The value of the referred against comparable members: difference, balance, overlap, and what it cannot say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pandas as pd

from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.referral_money import money
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import normal_interval
from crm_lab.stats.observational.comparable_units import Comparison
from crm_lab.stats.observational.e_value import EValue, e_value_of_difference

_UNLIKE = 0.1  # standard deviations by which comparable groups may still differ


@dataclass(frozen=True, slots=True)
class SecondOrder:
    """What members' own invited spent, for each member.

    Attributes:
        referred: Mean for members who were brought.
        alone: Mean for members who came by themselves.
        se: Standard error of the difference.
        n_referred: Members.
        n_alone: Members.
    """

    referred: float
    alone: float
    se: float
    n_referred: int
    n_alone: int


@dataclass(frozen=True, eq=False)
class ReferredValueResult(Result):
    """What a referred member is worth more or less than a comparable one.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud, ReferredValue
    >>> honest = PlantedReferrals(members=5_000, rings=0, self_referrers=0, bursts=0, seed=1)
    >>> fraud = ReferralFraud().analyze(honest.make().log())
    >>> result = ReferredValue(days=120).analyze(fraud)

    Attributes:
        days: Days from the first order.
        level: Confidence level.
        is_margin: Whether values are margin; else spend.
        fraud: Referrals, looked through.
        frame: One row per member compared: ``referred``, ``value`` and covariates.
        comparison: The difference; ``None`` where it is refused.
        alike: By how much the variance grows because the referred of one inviter are alike.
        second: What members' own invited spent; ``None`` with too few.
        refused: Why nothing can be said, or ``None``.
    """

    days: int
    level: float
    is_margin: bool
    fraud: ReferralFraudResult
    frame: pd.DataFrame
    comparison: Comparison | None
    alike: float
    second: SecondOrder | None
    refused: Message | None

    name: ClassVar[str] = "referred_value"
    formats: ClassVar[dict[str, str]] = {"value": "+,.2f", "lo": "+,.2f", "hi": "+,.2f"}
    words: ClassVar[dict[str, str]] = {"measure": "referral.measure_"}

    @property
    def interval(self) -> Interval:
        """Interval of the difference; those of one inviter are taken as alike. No number where it is refused.

        >>> result.interval.level
        0.95
        """
        if self.comparison is None:
            return Interval(math.nan, math.nan, self.level)
        return normal_interval(self.comparison.value, self.comparison.se * math.sqrt(self.alike), self.level)

    @property
    def e_value(self) -> EValue | None:
        """How strong something unmeasured would have to be to explain the difference away.

        >>> result.e_value.end
        1.0
        """
        if self.comparison is None:
            return None
        sides = [self.frame.loc[self.frame["referred"] == side, "value"].var(ddof=1) for side in (0, 1)]
        error = self.comparison.se * math.sqrt(self.alike)
        return e_value_of_difference(self.comparison.value, error, math.sqrt(sum(sides) / 2), self.level)

    @property
    def second_interval(self) -> Interval | None:
        """Interval of the difference in second-order value, not made comparable; ``None`` with too few.

        >>> result.second_interval.lo < result.second_interval.hi
        True
        """
        if self.second is None:
            return None
        return normal_interval(self.second.referred - self.second.alone, self.second.se, self.level)

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: difference as it is, among comparable members, and in second-order value.

        >>> result.to_frame()["measure"].tolist()
        ['as_they_are', 'comparable', 'second_order']
        """
        rows: list[tuple[str, float, float, float]] = []
        if self.comparison is not None:
            ci = self.interval
            rows += [("as_they_are", self.comparison.plain, math.nan, math.nan)]
            rows += [("comparable", self.comparison.value, ci.lo, ci.hi)]
        second = self.second_interval
        if self.second is not None and second is not None:
            rows.append(("second_order", self.second.referred - self.second.alone, second.lo, second.hi))
        return pd.DataFrame(rows, columns=["measure", "value", "lo", "hi"])

    def balance(self) -> pd.DataFrame:
        """How the groups differ in each covariate before and after they are made comparable.

        >>> bool((result.balance()["std_diff_weighted"].abs() < 1e-4).all())
        True
        """
        return pd.DataFrame() if self.comparison is None else self.comparison.balance.copy()

    def overlap(self) -> pd.DataFrame:
        """Members and effective members of each group, and how likely they were to be referred.

        >>> len(result.overlap())
        2
        """
        return pd.DataFrame() if self.comparison is None else self.comparison.overlap.copy()

    def refusal(self) -> Message | None:
        """Why nothing can be said, or ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """The difference, on what it rests, and what to do.

        >>> result.readout().finding.key
        'referral.value.finding_spend'
        """
        if self.comparison is None or self.refused is not None:
            refused = self.refused or Message("referral.value.action_refused")
            return Readout(refused, "referral.value.certainty_refused", "referral.value.action_refused")
        found, ci, strength = self.comparison, self.interval, self.e_value
        currency = self.fraud.currency
        left = self.balance()["std_diff_weighted"].abs().max()
        values = {
            "difference": money(found.value, currency, signed=True), "lo": ci.lo, "hi": ci.hi, "level": self.level,
            "days": self.days, "control": money(found.control, currency),
            "plain": money(found.plain, currency, signed=True),
            "referred": int(self.frame["referred"].sum()), "others": int((1 - self.frame["referred"]).sum()),
            "covariates": len(found.balance), "left": float(left), "alike": self.alike,
            "e_point": strength.point if strength else 1.0, "e_end": strength.end if strength else 1.0,
        }  # fmt: skip
        certain = "certainty" if left <= _UNLIKE else "certainty_unlike"
        better = "more" if ci.lo > 0 else "less" if ci.hi < 0 else "open"
        finding = "finding_margin" if self.is_margin else "finding_spend"
        return Readout.of("referral.value", values, finding, certain, f"action_{better}")

    def facts(self) -> tuple[Fact, ...]:
        """The difference among comparable members, its E-value, and second-order value.

        >>> [fact.id for fact in result.facts()]
        ['referral.value.difference', 'referral.value.e_value', 'referral.value.second_order']
        """
        kind: Kind = "simulated" if self.fraud.log.simulated else "estimate"
        window = Message("referral.value.window", {"days": self.days})
        fact = partial(Fact, kind=kind, window=window)
        found, strength, n = self.comparison, self.e_value, int(self.frame["referred"].sum())
        second, ci = self.second, self.second_interval
        value, near = (found.value if found else None), (strength.end if strength else None)
        few = Message("referral.value.refused_second")
        return (
            fact("referral.value.difference", "referral.value.fact_difference", value,
                 self.fraud.currency, ci=self.interval if found else None, n=n, better="up", refusal=self.refused),
            fact("referral.value.e_value", "referral.value.fact_e_value", near, n=n,
                 refusal=self.refused),
            fact("referral.value.second_order", "referral.value.fact_second",
                 second.referred - second.alone if second else None, self.fraud.currency, ci=ci,
                 n=second.n_referred if second else None, better="up", refusal=None if second else few),
        )  # fmt: skip
