"""Customer value: of groups, over time, against acquisition cost."""
