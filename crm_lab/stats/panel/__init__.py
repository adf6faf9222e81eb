"""What did a programme change where whole stores or cities had it from a day on, and is that more than chance?"""

from crm_lab.stats.panel.assignments import (
    Assignments,
    complete,
    floor_complete,
    floor_pairs,
    listed,
    matched_pairs,
    stratified,
)
from crm_lab.stats.panel.conformal_inference import ConformalResult, ConformalTest
from crm_lab.stats.panel.dose_response import DoseResponse, DoseResponseResult
from crm_lab.stats.panel.estimators import (
    Claim,
    DifferenceInDifferences,
    PanelEstimator,
    PanelFit,
    SyntheticControl,
    SyntheticDifference,
    TimeBasedRegression,
    investment,
    wild_bootstrap,
)
from crm_lab.stats.panel.event_study import EventStudy, EventStudyResult, TrendTest
from crm_lab.stats.panel.interrupted_series import InterruptedSeries, InterruptedSeriesResult
from crm_lab.stats.panel.panel import Panel, Period
from crm_lab.stats.panel.panel_inference import PermutationResult, permutation_test
from crm_lab.stats.panel.placebo_bench import PlaceboBench, PlaceboBenchResult
from crm_lab.stats.panel.staggered_adoption import StaggeredAdoption, StaggeredEffect, StaggeredResult
from crm_lab.stats.panel.threshold_rule import ThresholdResult, ThresholdRule

__all__ = [
    "Assignments",
    "Claim",
    "ConformalResult",
    "ConformalTest",
    "DifferenceInDifferences",
    "DoseResponse",
    "DoseResponseResult",
    "EventStudy",
    "EventStudyResult",
    "InterruptedSeries",
    "InterruptedSeriesResult",
    "Panel",
    "PanelEstimator",
    "PanelFit",
    "Period",
    "PermutationResult",
    "PlaceboBench",
    "PlaceboBenchResult",
    "StaggeredAdoption",
    "StaggeredEffect",
    "StaggeredResult",
    "SyntheticControl",
    "SyntheticDifference",
    "ThresholdResult",
    "ThresholdRule",
    "TimeBasedRegression",
    "TrendTest",
    "complete",
    "floor_complete",
    "floor_pairs",
    "investment",
    "listed",
    "matched_pairs",
    "permutation_test",
    "stratified",
    "wild_bootstrap",
]
