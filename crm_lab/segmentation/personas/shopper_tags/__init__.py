"""Which tags does a customer carry, how sure is each, and where are they more common than in the base?"""

from crm_lab.segmentation.personas.shopper_tags.interest_share import InterestShare, InterestShareResult
from crm_lab.segmentation.personas.shopper_tags.price_shares import PriceShare, PriceShareResult
from crm_lab.segmentation.personas.shopper_tags.profile_cube import StyleSceneCube, StyleSceneCubeResult
from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTags, ShareTagsResult
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures, shopper_features
from crm_lab.segmentation.personas.shopper_tags.tag_audit import TagAudit, TagAuditResult
from crm_lab.segmentation.personas.shopper_tags.tag_freshness import TagFreshness, TagFreshnessResult
from crm_lab.segmentation.personas.shopper_tags.tag_index import TagIndex, TagIndexResult
from crm_lab.segmentation.personas.shopper_tags.tag_movement import TagMovement, TagMovementResult
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name

__all__ = [
    "InterestShare",
    "InterestShareResult",
    "PriceShare",
    "PriceShareResult",
    "ShareTags",
    "ShareTagsResult",
    "ShopperFeatures",
    "StyleSceneCube",
    "StyleSceneCubeResult",
    "TagAudit",
    "TagAuditResult",
    "TagFreshness",
    "TagFreshnessResult",
    "TagIndex",
    "TagIndexResult",
    "TagMovement",
    "TagMovementResult",
    "shopper_features",
    "tag_name",
]
