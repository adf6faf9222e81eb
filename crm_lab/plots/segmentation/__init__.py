"""Drawings of segments: scores and calls, moves and stages, cohorts and repurchase."""

from crm_lab.plots.personas import rules_and_segments
from crm_lab.plots.segmentation import cohorts, customer_base, moves, scores

__all__ = ["cohorts", "customer_base", "moves", "rules_and_segments", "scores"]
