"""What did it change, for how long, for whom."""
