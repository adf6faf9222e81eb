"""Pictures of recommendations: rankers against the plain sort, pairs of products, due dates, next actions."""

from crm_lab.plots.recommend import lists_and_rules, next_actions

__all__ = ["lists_and_rules", "next_actions"]
"""Pictures of recommendations: rankers and lists against the plain sort, pairs of products, due dates, policies."""

from crm_lab.plots.recommend import lists_and_rules, offers_and_policies

__all__ = ["lists_and_rules", "offers_and_policies"]
