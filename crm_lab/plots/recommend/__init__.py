"""Pictures of recommendations: rankers and lists against the plain sort, pairs, due dates, policies, actions."""

from crm_lab.plots.recommend import lists_and_rules, next_actions, offers_and_policies, trigger_effects

__all__ = ["lists_and_rules", "next_actions", "offers_and_policies", "trigger_effects"]
