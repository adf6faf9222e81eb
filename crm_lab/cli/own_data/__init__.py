"""Which suite a file of the user becomes: purchases, a test, or a panel."""
