"""Which share of the referred reaches a tier or a segment within its first days, against members who came alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers
from crm_lab.checks import BadInput, check_settings, need_columns, not_levels, too_small
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER, days_of
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN
from crm_lab.loyalty.referral.outcomes.referral_counts import ends
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import ratio_by_customer, wilson_interval

FEWEST = 20  # referred members with as much follow-up


@dataclass(frozen=True, kw_only=True)
class SegmentReach:
    """Which tier or segment, and within which time.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> planted = PlantedReferrals(members=3_000, seed=1).make()
    >>> fraud = ReferralFraud().analyze(planted.log())
    >>> some = planted.customers.iloc[::4]
    >>> entries = pd.DataFrame({"customer_id": some["customer_id"], "tier": "pioneer", "since": some["joined_on"]})
    >>> result = SegmentReach(reached="pioneer", within_days=90).analyze(fraud, entries)
    >>> 0.15 < result.referred[0] < 0.35
    True

    Attributes:
        reached: Name of the tier or segment.
        within_days: Days from joining in which it must be reached; whoever joined later than that is left out.
        level: Confidence level.
    """

    reached: str
    within_days: int = 90
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, within_days=1), not_levels(self, "level"), reached=not self.reached and "name one"
        )

    def analyze(self, fraud: ReferralFraudResult, entries: pd.DataFrame) -> SegmentReachResult:
        """Count who reached it in time.

        Args:
            fraud: Referrals, looked through; suspected accounts are left out.
            entries: One row per customer and entry: ``customer_id``, ``tier``, ``since``.

        Returns:
            Shares of the referred and of the others.

        Raises:
            BadInput: If a column is missing or nobody ever enters `reached`.
        """
        need_columns(entries.columns, ["customer_id", "tier", "since"], "The entries")
        own = entries[entries["tier"].astype(str) == self.reached]
        if own.empty:
            names = ", ".join(map(str, entries["tier"].unique()[:8]))
            raise BadInput(f"Nobody enters {self.reached!r}; the entries have {names}.")
        log = fraud.log
        first = np.full(log.accounts, np.iinfo(np.int64).max)
        at = log.customer_id.get_indexer(pd.Index(own["customer_id"].astype(str)))
        days = days_of(own["since"])
        known = (at >= 0) & (days != NEVER) & (days <= log.as_of)
        np.minimum.at(first, at[known], days[known])
        followed = (log.joined != NEVER) & (log.joined + self.within_days - 1 <= log.as_of) & ~fraud.suspected
        begins = int(log.rows["invited_day"].min())
        followed &= (log.joined >= begins) & (first >= log.joined)
        reached = followed & (first < log.joined + self.within_days)
        return SegmentReachResult(self, fraud, followed, reached, log.inviter_of)


@dataclass(frozen=True, eq=False)
class SegmentReachResult(Result):
    """Shares of new members who reached a tier in time.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> planted = PlantedReferrals(members=3_000, seed=1).make()
    >>> fraud = ReferralFraud().analyze(planted.log())
    >>> some = planted.customers.iloc[::4]
    >>> entries = pd.DataFrame({"customer_id": some["customer_id"], "tier": "pioneer", "since": some["joined_on"]})
    >>> result = SegmentReach(reached="pioneer", within_days=90).analyze(fraud, entries)

    Attributes:
        spec: What was asked.
        fraud: Referrals, looked through.
        followed: Members with enough follow-up who were not in it before joining, shape (n,).
        reached: Which of them reached it in time, shape (n,).
        inviter: Who brought each, shape (n,).
    """

    spec: SegmentReach
    fraud: ReferralFraudResult
    followed: Booleans
    reached: Booleans
    inviter: Integers

    name: ClassVar[str] = "segment_reach"
    formats: ClassVar[dict[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}
    words: ClassVar[dict[str, str]] = {"origin": "referral.origin_"}

    @property
    def referred(self) -> tuple[float, Interval | None]:
        """Share of the referred, whose interval takes those of one inviter as alike.

        >>> result.referred[1].lo < result.referred[0]
        True
        """
        rows = np.flatnonzero(self.followed & (self.inviter != UNKNOWN))
        if not len(rows):
            return math.nan, None
        by = pd.factorize(self.inviter[rows])[0]
        if by.max() < 1:
            return float(self.reached[rows].mean()), None
        return ratio_by_customer(np.bincount(by, self.reached[rows]), np.bincount(by), self.spec.level)

    @property
    def others(self) -> tuple[float, Interval | None]:
        """Share of members whom nobody brought.

        >>> 0.2 < result.others[0] < 0.3
        True
        """
        rows = self.followed & (self.inviter == UNKNOWN)
        n = int(rows.sum())
        k = int(self.reached[rows].sum())
        return (k / n, wilson_interval(k, n, self.spec.level)) if n else (math.nan, None)

    def to_frame(self) -> pd.DataFrame:
        """One row each for the referred and the others.

        >>> result.to_frame()["origin"].tolist()
        ['referred', 'alone']
        """
        rows = []
        for origin, (share, ci), side in (
            ("referred", self.referred, self.inviter != UNKNOWN), ("alone", self.others, self.inviter == UNKNOWN)
        ):  # fmt: skip
            n = int((self.followed & side).sum())
            rows.append((origin, n, int((self.reached & side).sum()), share, *ends(ci)))
        return pd.DataFrame(rows, columns=["origin", "members", "reached", "share", "lo", "hi"])

    def refusal(self) -> Message | None:
        """Why no share can be said, or ``None``.

        >>> result.refusal() is None
        True
        """
        n = int((self.followed & (self.inviter != UNKNOWN)).sum())
        if n < FEWEST or self.referred[1] is None:
            return Message("referral.reach.refused", {"n": n, "days": self.spec.within_days, "least": FEWEST})
        return None

    def readout(self) -> Readout:
        """How many of the referred reach it, against members who came alone.

        >>> result.readout().finding.key
        'referral.reach.finding'
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "referral.reach.certainty", "referral.reach.action_refused")
        (share, ci), (other, other_ci) = self.referred, self.others
        (lo, hi), (other_lo, other_hi) = ends(ci), ends(other_ci)
        values = {
            "share": share, "lo": lo, "hi": hi, "level": self.spec.level, "days": self.spec.within_days,
            "segment": self.spec.reached, "n": int((self.followed & (self.inviter != UNKNOWN)).sum()), "other": other,
            "other_lo": other_lo, "other_hi": other_hi,
        }  # fmt: skip
        return Readout.of("referral.reach", values)

    def facts(self) -> tuple[Fact, ...]:
        """The share of the referred.

        >>> [fact.id for fact in result.facts()]
        ['referral.reach.share']
        """
        kind: Kind = "simulated" if self.fraud.log.simulated else "estimate"
        refused, (share, ci) = self.refusal(), self.referred
        fact = partial(Fact, "referral.reach.share", Message("referral.reach.fact", {"segment": self.spec.reached}))
        n = int((self.followed & (self.inviter != UNKNOWN)).sum())
        window = Message("referral.reach.window", {"days": self.spec.within_days})
        if refused is not None:
            return (fact(None, "share", kind=kind, n=n, refusal=refused),)
        return (fact(share, "share", ci=ci, kind=kind, n=n, window=window, better="up"),)
