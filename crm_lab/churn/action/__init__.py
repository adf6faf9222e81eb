"""Whom to treat, and what the treatment saved."""
