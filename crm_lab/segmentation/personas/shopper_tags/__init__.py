"""Which tags does a customer carry, how sure is each, and where are they more common than in the base?"""

from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures, shopper_features

__all__ = ["ShopperFeatures", "shopper_features"]
