"""What points, tiers and referrals cost and bring: the ledger of points, breakage, liability, tier economics."""
