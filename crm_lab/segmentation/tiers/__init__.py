"""Who is in which tier, and who moves."""
