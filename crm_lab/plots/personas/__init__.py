"""Drawings of kinds of shoppers: tags, price share, cells, demographics, clusters."""

from crm_lab.plots.personas import demographics, shopper_clusters, shopper_tags

__all__ = ["demographics", "shopper_clusters", "shopper_tags"]
