"""Which share of a customer's purchases is on discount, and who surely waits for one?"""

from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import (
    PriceCounts,
    price_counts,
    price_counts_of_orders,
)
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare, PriceShareResult

__all__ = ["PriceCounts", "PriceShare", "PriceShareResult", "price_counts", "price_counts_of_orders"]
