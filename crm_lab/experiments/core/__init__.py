"""The experiment, its metrics, its assignment, and the estimates behind every effect."""
