"""Estimates of several alike things, each drawn towards the others as far as they agree."""
