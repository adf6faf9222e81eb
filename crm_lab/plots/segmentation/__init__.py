"""Drawings of segments: scores and calls, moves and stages, cohorts and repurchase."""

from crm_lab.plots.segmentation import customer_base, moves, scores

__all__ = ["customer_base", "moves", "scores"]
