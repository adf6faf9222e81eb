"""Pictures of loyalty: the ledger, points and what they owe, tiers and rules, referrals."""

from crm_lab.plots.loyalty import ledger_of_points, points_liability, referrals, tiers_and_rules

__all__ = ["ledger_of_points", "points_liability", "referrals", "tiers_and_rules"]
