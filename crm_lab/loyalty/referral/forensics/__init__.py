"""Which referrals look made up, why, and what is at stake?"""
