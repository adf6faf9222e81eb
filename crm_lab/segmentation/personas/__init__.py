"""What kind of shopper is each customer: what they buy, when, at what price, and who is like them?"""

from crm_lab.segmentation.personas.shopper_tags import ShopperFeatures, shopper_features

__all__ = ["ShopperFeatures", "shopper_features"]
