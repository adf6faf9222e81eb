"""Treatment effects: how large, for how long, for whom."""
