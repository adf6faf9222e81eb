"""Numerics of the models: compressed counts, Newton steps, discounting."""
