"""Which referrals look made up, why, what is at stake, and how often honest people would be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crm_lab.checks import check_settings, not_inside, too_small
from crm_lab.loyalty.referral.forensics.account_rings import account_groups, suspected_accounts
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.forensics.invitation_bursts import invitation_bursts
from crm_lab.loyalty.referral.forensics.shared_marks import MarkRules
from crm_lab.loyalty.referral.invitation_log.invited_behaviour import behaviour_of
from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog


@dataclass(frozen=True, kw_only=True)
class ReferralFraud:
    """How referrals are looked through: suspicion that a person reviews, no verdict.

    A group of accounts is named where honest accounts of the same retailer hardly ever look like it: by what the
    brought accounts did and by how closely the group is tied. The chance is computed from the data, so that
    households, which share much and buy, are what it is held against.

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> planted = PlantedReferrals(members=4_000, rings=3, seed=2).make()
    >>> found = ReferralFraud().analyze(planted.log())
    >>> rings = planted.truth["scheme"] == "ring"
    >>> round(float(found.suspected[rings].mean()), 1)
    1.0

    Attributes:
        follow_up_days: First days of a brought account in which it may buy; younger ones are not judged by that.
        false_flags: Share of honest accounts that may be named, half of it for groups by marks and half for batches.
        false_share: Share of honest groups among those that are named.
        marks: How marks tie accounts.
        currency: ISO code of the rewards.
    """

    follow_up_days: int = 90
    false_flags: float = 0.001
    false_share: float = 0.02
    marks: MarkRules = field(default_factory=MarkRules)
    currency: str = ""

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, follow_up_days=7), not_inside(self, "false_flags", "false_share"))

    def analyze(self, log: ReferralLog) -> ReferralFraudResult:
        """Look through all referrals.

        >>> ReferralFraud().analyze(
        ...     PlantedReferrals(members=300, rings=0, seed=1).make().log("2024-04-01")
        ... ).refusal().key
        'referral.fraud.refused_few'

        Args:
            log: Invitations with marks and purchases.

        Returns:
            Groups and accounts to review, with reasons.
        """
        seen = behaviour_of(log, self.follow_up_days)
        groups = account_groups(log, seen, self.marks)
        table = groups.table
        named = ((table["chance"] <= self.false_flags / 2) & (table["false_share"] <= self.false_share)).to_numpy()
        group, chance = suspected_accounts(log, seen, groups, named)
        bursts = invitation_bursts(log)
        return ReferralFraudResult(
            self.follow_up_days, self.currency, log, seen, groups, np.asarray(group), chance, bursts
        )
