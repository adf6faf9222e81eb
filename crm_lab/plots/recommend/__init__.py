"""Pictures of recommendations: rankers against the plain sort, products bought together, due dates."""

from crm_lab.plots.recommend import lists_and_rules

__all__ = ["lists_and_rules"]
