"""What speaks for each reading of a file, counted on the whole of it; where two fit, what is asked."""
