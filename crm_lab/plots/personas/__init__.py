"""Drawings of kinds of shoppers: tags, price share, cells, demographics."""

from crm_lab.plots.personas import demographics, shopper_tags

__all__ = ["demographics", "shopper_tags"]
