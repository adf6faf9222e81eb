"""Who is leaving: labels by evidence, features as of a date, models, alerts, and whom to treat."""

from crm_lab.churn.alerts import AlertBacktest, AlertReport
from crm_lab.churn.calibration import Calibration, CalibrationCheck, recalibrate
from crm_lab.churn.compare import ChurnComparison, ChurnReport
from crm_lab.churn.contributions import contributions, reasons
from crm_lab.churn.drift import Drift, DriftCheck
from crm_lab.churn.features import CustomerFeatures, FeatureTable, refuse_leaks, varying
from crm_lab.churn.health import HealthIndex, HealthPanel
from crm_lab.churn.labels import left_after
from crm_lab.churn.models import boosting, logistic, out_of_fold
from crm_lab.churn.origins import RollingOrigins
from crm_lab.churn.origins_report import OriginsReport
from crm_lab.churn.recalibration import Correction, learn_correction
from crm_lab.churn.returning import ReturnHazard, Returning
from crm_lab.churn.rules import (
    fewest_visits,
    frequency_then_recency,
    longest_silence,
    most_overdue,
    revenue_at_risk,
    silent_this_month,
)
from crm_lab.churn.save_rate import MeasuredSaveRate, SaveRate
from crm_lab.churn.stability import LabelStability, Stability
from crm_lab.churn.treatment import Alerts, TreatmentPlan
from crm_lab.churn.window import ChurnWindow, WindowEvidence

__all__ = [
    "AlertBacktest",
    "AlertReport",
    "Alerts",
    "Calibration",
    "CalibrationCheck",
    "ChurnComparison",
    "ChurnReport",
    "ChurnWindow",
    "Correction",
    "CustomerFeatures",
    "Drift",
    "DriftCheck",
    "FeatureTable",
    "HealthIndex",
    "HealthPanel",
    "LabelStability",
    "MeasuredSaveRate",
    "OriginsReport",
    "ReturnHazard",
    "Returning",
    "RollingOrigins",
    "SaveRate",
    "Stability",
    "TreatmentPlan",
    "WindowEvidence",
    "boosting",
    "contributions",
    "fewest_visits",
    "frequency_then_recency",
    "learn_correction",
    "left_after",
    "logistic",
    "longest_silence",
    "most_overdue",
    "out_of_fold",
    "reasons",
    "recalibrate",
    "refuse_leaks",
    "revenue_at_risk",
    "silent_this_month",
    "varying",
]
