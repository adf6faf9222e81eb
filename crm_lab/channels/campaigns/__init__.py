"""What did each campaign reach, what came back, and would it have come anyway?"""

from crm_lab.channels.campaigns.audience_overlap import AudienceOverlap, AudienceOverlapResult
from crm_lab.channels.campaigns.campaign_funnel import CampaignFunnel, CampaignFunnelResult
from crm_lab.channels.campaigns.campaign_log import CampaignLog, TablesOf, of_retailer
from crm_lab.channels.campaigns.contact_cost import ContactCost, ContactCostResult
from crm_lab.channels.campaigns.holdout_response import IncrementalResponse, IncrementalResponseResult
from crm_lab.channels.campaigns.promotion_dip import PromotionDip, PromotionDipResult
from crm_lab.channels.campaigns.reach_precision import ReachPrecision, ReachPrecisionResult

__all__ = [
    "AudienceOverlap",
    "AudienceOverlapResult",
    "CampaignFunnel",
    "CampaignFunnelResult",
    "CampaignLog",
    "ContactCost",
    "ContactCostResult",
    "IncrementalResponse",
    "IncrementalResponseResult",
    "PromotionDip",
    "PromotionDipResult",
    "ReachPrecision",
    "ReachPrecisionResult",
    "TablesOf",
    "of_retailer",
]
