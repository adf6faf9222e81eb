"""A points programme for everybody: lots, tiers, invitations, and what is true of them."""
