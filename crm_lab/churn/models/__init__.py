"""How likely is each to leave, and why."""
