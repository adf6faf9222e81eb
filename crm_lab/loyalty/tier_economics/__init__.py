"""Which tier pays: profit by tier, effects of thresholds, near misses, points pressure, purchases around rewards."""

from crm_lab.loyalty.tier_economics.member_comparison import MemberComparison, MemberComparisonResult
from crm_lab.loyalty.tier_economics.near_miss import NearMiss, NearMissResult
from crm_lab.loyalty.tier_economics.points_pressure import PointsPressure, PointsPressureResult
from crm_lab.loyalty.tier_economics.reward_behaviour import RewardBehaviour, RewardBehaviourResult, orders_a_year_gained
from crm_lab.loyalty.tier_economics.threshold_effect import ThresholdEffect, ThresholdEffectResult
from crm_lab.loyalty.tier_economics.threshold_what_if import ThresholdWhatIf, ThresholdWhatIfResult
from crm_lab.loyalty.tier_economics.tier_profit import TierProfit, TierProfitResult
from crm_lab.loyalty.tier_economics.tier_records import threshold_members

__all__ = [
    "MemberComparison",
    "MemberComparisonResult",
    "NearMiss",
    "NearMissResult",
    "PointsPressure",
    "PointsPressureResult",
    "RewardBehaviour",
    "RewardBehaviourResult",
    "ThresholdEffect",
    "ThresholdEffectResult",
    "ThresholdWhatIf",
    "ThresholdWhatIfResult",
    "TierProfit",
    "TierProfitResult",
    "orders_a_year_gained",
    "threshold_members",
]
