"""Drawings of results; the only package that imports matplotlib and seaborn."""

from crm_lab.plots.drawing import draw, draws

__all__ = ["draw", "draws"]
