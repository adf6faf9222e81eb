"""Channels and campaigns: what they reach, what came back, what credit and contact pressure mean."""

from crm_lab.channels.attribution import Attribution, AttributionResult, ContactJourneys
from crm_lab.channels.campaigns import (
    AudienceOverlap,
    AudienceOverlapResult,
    CampaignFunnel,
    CampaignFunnelResult,
    CampaignLog,
    ContactCost,
    ContactCostResult,
    IncrementalResponse,
    IncrementalResponseResult,
    PromotionDip,
    PromotionDipResult,
    ReachPrecision,
    ReachPrecisionResult,
)
from crm_lab.channels.fatigue import (
    ContactCap,
    ContactCapResult,
    ContactDoses,
    FatigueSlope,
    FatigueSlopeResult,
    OptOutHazard,
    OptOutHazardResult,
)

__all__ = [
    "Attribution",
    "AttributionResult",
    "AudienceOverlap",
    "AudienceOverlapResult",
    "CampaignFunnel",
    "CampaignFunnelResult",
    "CampaignLog",
    "ContactCap",
    "ContactCapResult",
    "ContactCost",
    "ContactCostResult",
    "ContactDoses",
    "ContactJourneys",
    "FatigueSlope",
    "FatigueSlopeResult",
    "IncrementalResponse",
    "IncrementalResponseResult",
    "OptOutHazard",
    "OptOutHazardResult",
    "PromotionDip",
    "PromotionDipResult",
    "ReachPrecision",
    "ReachPrecisionResult",
]
