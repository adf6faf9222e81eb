"""Where a test comes from: a file, the tables, or a planted effect."""
