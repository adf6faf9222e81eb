"""What customers are worth, in groups, over time, against their cost."""
