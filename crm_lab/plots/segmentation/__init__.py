"""Drawings of segments: scores and calls, moves and stages, cohorts and repurchase."""

from crm_lab.plots.segmentation import moves, scores

__all__ = ["moves", "scores"]
