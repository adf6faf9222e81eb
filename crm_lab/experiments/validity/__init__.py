"""Was the test sound."""
