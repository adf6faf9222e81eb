"""Several comparisons at once: what is still sure after all of them were looked at."""
