"""Features known on a day."""
