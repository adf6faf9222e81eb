"""The experiment, its metrics, its assignment, and the one source of every effect."""
