"""Who bought which product in which basket on which day."""

from crm_lab.recommend.interactions.interactions import Interactions, LeftOut

__all__ = ["Interactions", "LeftOut"]
