"""What they buy, and where."""
