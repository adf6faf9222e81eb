"""Programmes of referrals whose truth is known."""
