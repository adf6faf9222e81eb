"""Churn: labels, features as of a date, models, alerts, and whom to contact."""

from crm_lab.churn.action.measured_gains import MeasuredGains
from crm_lab.churn.action.save_rate import MeasuredSaveRate, SaveRate
from crm_lab.churn.action.treatment_plan import Alerts, TreatmentPlan
from crm_lab.churn.definition.churn_window import ChurnWindow, WindowEvidence
from crm_lab.churn.definition.label_stability import LabelStability, Stability
from crm_lab.churn.definition.labels import left_after
from crm_lab.churn.definition.leaving import Leaving, LeavingCheck
from crm_lab.churn.evaluation.alert_backtest import AlertBacktest, AlertReport
from crm_lab.churn.evaluation.churn_list import ChurnList, ChurnListResult
from crm_lab.churn.evaluation.feature_drift import Drift, DriftCheck
from crm_lab.churn.evaluation.health_index import HealthIndex, HealthPanel
from crm_lab.churn.evaluation.model_comparison import ChurnComparison, ChurnReport
from crm_lab.churn.evaluation.rolling_origins import RollingOrigins
from crm_lab.churn.evaluation.rolling_report import OriginsReport
from crm_lab.churn.features.features import CustomerFeatures, FeatureTable, refuse_leaks, varying
from crm_lab.churn.models.baseline_rankings import (
    SIMPLE_RULES,
    best_rule,
    fewest_visits,
    frequency_then_recency,
    longest_silence,
    most_overdue,
    revenue_at_risk,
    silent_this_month,
)
from crm_lab.churn.models.churn_calibration import Calibration, CalibrationCheck, recalibrate
from crm_lab.churn.models.learners import boosting, logistic, out_of_fold
from crm_lab.churn.models.reason_codes import contributions, reasons
from crm_lab.churn.models.recalibration import Correction, learn_correction
from crm_lab.churn.models.return_hazard import ReturnHazard, Returning

__all__ = [
    "SIMPLE_RULES",
    "AlertBacktest",
    "AlertReport",
    "Alerts",
    "Calibration",
    "CalibrationCheck",
    "ChurnComparison",
    "ChurnList",
    "ChurnListResult",
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
    "Leaving",
    "LeavingCheck",
    "MeasuredGains",
    "MeasuredSaveRate",
    "OriginsReport",
    "ReturnHazard",
    "Returning",
    "RollingOrigins",
    "SaveRate",
    "Stability",
    "TreatmentPlan",
    "WindowEvidence",
    "best_rule",
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
