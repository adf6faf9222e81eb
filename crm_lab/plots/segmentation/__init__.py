"""Drawings of segments: scores and calls, moves and stages, cohorts and repurchase, kinds of shoppers."""

from crm_lab.plots import personas
from crm_lab.plots.segmentation import cohorts, customer_base, moves, scores

__all__ = ["cohorts", "customer_base", "moves", "personas", "scores"]
