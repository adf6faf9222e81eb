"""Data quality: checks, reconciliation, impact of defects, and which pages can answer."""
