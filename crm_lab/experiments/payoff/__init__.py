"""Return of a programme."""
