"""Who is leaving: labels by evidence, features as of a date, models and the rules they must beat."""

from crm_lab.churn.calibration import Calibration, CalibrationCheck
from crm_lab.churn.compare import ChurnComparison, ChurnReport
from crm_lab.churn.features import CustomerFeatures, FeatureTable, refuse_leaks
from crm_lab.churn.labels import left_after
from crm_lab.churn.models import boosting, logistic, out_of_fold
from crm_lab.churn.rules import (
    fewest_visits,
    frequency_then_recency,
    longest_silence,
    most_overdue,
    silent_this_month,
)
from crm_lab.churn.window import ChurnWindow, WindowEvidence

__all__ = [
    "Calibration",
    "CalibrationCheck",
    "ChurnComparison",
    "ChurnReport",
    "ChurnWindow",
    "CustomerFeatures",
    "FeatureTable",
    "WindowEvidence",
    "boosting",
    "fewest_visits",
    "frequency_then_recency",
    "left_after",
    "logistic",
    "longest_silence",
    "most_overdue",
    "out_of_fold",
    "refuse_leaks",
    "silent_this_month",
]
