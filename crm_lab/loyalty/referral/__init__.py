"""Which referrals are real, what do they bring, and what are the people worth whom they bring?"""

from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.forensics.referral_fraud import ReferralFraud
from crm_lab.loyalty.referral.forensics.shared_marks import MarkRules
from crm_lab.loyalty.referral.invitation_log.mark_hashes import hashed_marks, marks_of
from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog
from crm_lab.loyalty.referral.open_referrals import open_referrals
from crm_lab.loyalty.referral.outcomes.invitation_chains import InvitationChains, InvitationChainsResult
from crm_lab.loyalty.referral.outcomes.invitations import Invitations, InvitationsResult
from crm_lab.loyalty.referral.outcomes.member_growth import MemberGrowth, MemberGrowthResult
from crm_lab.loyalty.referral.outcomes.referred_value import ReferredValue
from crm_lab.loyalty.referral.outcomes.segment_reach import SegmentReach, SegmentReachResult
from crm_lab.loyalty.referral.outcomes.value_result import ReferredValueResult
from crm_lab.loyalty.referral.planted.planted_referrals import Planted, PlantedReferrals

__all__ = [
    "InvitationChains",
    "InvitationChainsResult",
    "Invitations",
    "InvitationsResult",
    "MarkRules",
    "MemberGrowth",
    "MemberGrowthResult",
    "Planted",
    "PlantedReferrals",
    "ReferralFraud",
    "ReferralFraudResult",
    "ReferralLog",
    "ReferredValue",
    "ReferredValueResult",
    "SegmentReach",
    "SegmentReachResult",
    "hashed_marks",
    "marks_of",
    "open_referrals",
]
