"""Pictures of recommendations: rankers and lists against the plain sort, pairs of products, due dates, policies."""

from crm_lab.plots.recommend import lists_and_rules, offers_and_policies

__all__ = ["lists_and_rules", "offers_and_policies"]
