"""Invitations, accounts and marks as they can be counted, and what the invited did."""
