"""Drawings of kinds of shoppers: tags, price share, cells, demographics, kinds, rules and segments."""

from crm_lab.plots.personas import demographics, rules_and_segments, shopper_clusters, shopper_tags

__all__ = ["demographics", "rules_and_segments", "shopper_clusters", "shopper_tags"]
