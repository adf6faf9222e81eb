"""How fast the base of members grows before and during a programme of referrals: rates, not numbers, compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import ClassVar, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number
from crm_lab.checks import Problems, check_settings, not_levels
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN
from crm_lab.loyalty.referral.outcomes.referral_counts import ends
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result

_WEEK: Final = 7
FEWEST: Final = 4  # whole weeks of a span
Who = Literal["joined", "real", "alone"]
WHO: Final[tuple[Who, ...]] = ("joined", "real", "alone")


@dataclass(frozen=True, kw_only=True)
class MemberGrowth:
    """Two spans whose growth rates are compared: new members of a week by members at its start.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=5_000, seed=1).make().log())
    >>> growth = MemberGrowth(before=("2024-03-01", "2024-06-30"), during=("2024-07-01", "2024-10-31"))
    >>> growth.analyze(fraud).change("joined")[0] < 0  # as many new ones to a larger base
    True

    Attributes:
        before: First and last day of the earlier span.
        during: First and last day of the later one.
        level: Confidence level.
    """

    before: tuple[str | date, str | date]
    during: tuple[str | date, str | date]
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))
        problems = Problems("The spans")
        for name in ("before", "during"):
            first, last = (day_number(day, name) for day in getattr(self, name))
            weeks = (last - first + 1) // _WEEK
            problems.unless(weeks >= FEWEST, f"{name} has {max(weeks, 0)} whole weeks; {FEWEST} are the least.")
        problems.unless(
            day_number(self.before[1]) < day_number(self.during[0]), "before must end before during begins."
        )
        problems.raise_any()

    def analyze(self, fraud: ReferralFraudResult) -> MemberGrowthResult:
        """Compare growth.

        >>> growth.analyze(fraud).to_frame()["counted"].tolist()
        ['joined', 'real', 'alone']

        Args:
            fraud: Referrals, looked through.

        Returns:
            Growth rates of both spans and the change.
        """
        return MemberGrowthResult(self, fraud)


@dataclass(frozen=True, eq=False)
class MemberGrowthResult(Result):
    """Growth rates a week of two spans: of all who joined, without suspected ones, and of those nobody brought.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=5_000, seed=1).make().log())
    >>> growth = MemberGrowth(before=("2024-03-01", "2024-06-30"), during=("2024-07-01", "2024-10-31"))
    >>> result = growth.analyze(fraud)

    Attributes:
        spec: What was asked.
        fraud: Referrals, looked through.
    """

    spec: MemberGrowth
    fraud: ReferralFraudResult

    name: ClassVar[str] = "member_growth"
    formats: ClassVar[dict[str, str]] = {
        "rate_before": ".2%", "rate_during": ".2%", "change": "+.1%", "lo": "+.1%", "hi": "+.1%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"counted": "referral.growth_"}

    def rates(self, who: Who, span: Literal["before", "during"]) -> Floats:
        """Growth rate of each whole week of a span.

        >>> len(result.rates("joined", "before"))
        17

        Args:
            who: All who ``joined``, the ``real`` (not suspected), or those that came ``alone``.
            span: Which.

        Returns:
            New by members at its start, shape (weeks,).
        """
        first, last = (day_number(day) for day in getattr(self.spec, span))
        joined = self._joined(who)
        base = self._joined("joined" if who == "joined" else "real")
        starts = first + _WEEK * np.arange((last - first + 1) // _WEEK)
        new = np.searchsorted(joined, starts + _WEEK) - np.searchsorted(joined, starts)
        members = np.searchsorted(base, starts)
        return np.asarray(new / np.where(members > 0, members, np.nan), dtype=float)

    def _joined(self, who: Who) -> np.ndarray:
        log = self.fraud.log
        kept = log.joined != NEVER
        if who != "joined":
            kept &= ~self.fraud.suspected
        if who == "alone":
            kept &= log.inviter_of == UNKNOWN
        return np.sort(log.joined[kept])

    def change(self, who: Who = "real") -> tuple[float, Interval | None]:
        """By what share the growth rate rose, and the interval from how much weeks differ (Welch's t of logarithms).

        >>> value, ci = result.change("joined")
        >>> ci.lo < value < ci.hi
        True

        Args:
            who: All who ``joined``, the ``real``, or those that came ``alone``.
        """
        sides = [self.rates(who, "during"), self.rates(who, "before")]
        means = [float(side.mean()) for side in sides]
        if not (np.isfinite(means).all() and min(means) > 0):
            return math.nan, None
        parts = [float(side.var(ddof=1)) / len(side) / mean**2 for side, mean in zip(sides, means, strict=True)]
        total, ratio = sum(parts), means[0] / means[1]
        free = (
            total**2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True)) if total else 1
        )
        half = float(stats.t.ppf(0.5 + self.spec.level / 2, free)) * math.sqrt(total)
        return ratio - 1, Interval(ratio * math.exp(-half) - 1, ratio * math.exp(half) - 1, self.spec.level)

    @cached_property
    def _table(self) -> pd.DataFrame:
        rows = []
        for who in WHO:
            value, ci = self.change(who)
            before, during = (float(self.rates(who, span).mean()) for span in ("before", "during"))
            rows.append((who, before, during, value, *ends(ci)))
        return pd.DataFrame(rows, columns=["counted", "rate_before", "rate_during", "change", "lo", "hi"])

    def to_frame(self) -> pd.DataFrame:
        """One row per way of counting: mean growth a week in both spans and the change of the rate.

        >>> list(result.to_frame())
        ['counted', 'rate_before', 'rate_during', 'change', 'lo', 'hi']
        """
        return self._table.copy()

    def refusal(self) -> Message | None:
        """Why no change can be said, or ``None``.

        >>> result.refusal() is None
        True
        """
        log = self.fraud.log
        last = day_number(self.spec.during[1])
        if last > log.as_of:
            return Message("referral.growth.refused_late", {"last": str(self.spec.during[1]), "day": str(log.day)})
        return None if self.change("real")[1] is not None else Message("referral.growth.refused")

    def readout(self) -> Readout:
        """By how much the growth rate changed, without suspected members, and what that does not say.

        >>> result.readout().certainty.key
        'referral.growth.certainty'
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "referral.growth.certainty", "referral.growth.action")
        table = self._table.set_index("counted")
        own = table.loc["real"]
        values = {
            "change": own["change"], "lo": own["lo"], "hi": own["hi"], "level": self.spec.level,
            "before": own["rate_before"], "during": own["rate_during"], "gross": table.loc["joined", "change"],
            "alone": table.loc["alone", "change"],
        }  # fmt: skip
        return Readout.of("referral.growth", values)

    def facts(self) -> tuple[Fact, ...]:
        """Change of the growth rate on each way of counting.

        >>> [fact.id for fact in result.facts()]
        ['referral.growth.joined', 'referral.growth.real', 'referral.growth.alone']
        """
        kind: Kind = "simulated" if self.fraud.log.simulated else "estimate"
        refused = self.refusal()
        found = []
        for who in WHO:
            value, ci = self.change(who)
            label = Message(f"referral.growth.fact_{who}")
            number = None if refused is not None or ci is None else value
            why = refused if number is None else None
            found.append(Fact(f"referral.growth.{who}", label, number, "share", ci=ci if number is not None else None,
                              kind=kind, better="up", refusal=why))  # fmt: skip
        return tuple(found)
