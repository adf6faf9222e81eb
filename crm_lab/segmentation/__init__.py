"""Segments: RFM scores and names, the call list, tiers, lifecycle stages, moves, cohorts, repurchase."""

from crm_lab.segmentation.baseline import MoveBaseline, TreatedMove
from crm_lab.segmentation.calls import CallList, CallRule
from crm_lab.segmentation.cohorts import CohortResult, Cohorts
from crm_lab.segmentation.drift import ScoringDrift, compare_scorings
from crm_lab.segmentation.lifecycle import Lifecycle, LifecycleResult
from crm_lab.segmentation.migration import Migration, MigrationResult
from crm_lab.segmentation.playbook import playbook
from crm_lab.segmentation.repeat import (
    InterpurchaseTimes,
    ProductCohorts,
    RepeatRates,
    interpurchase,
    product_repurchase,
    repeat_rates,
)
from crm_lab.segmentation.repurchase import Repurchase, RepurchaseResult
from crm_lab.segmentation.rfm import RFM, RFMResult, SegmentTable, apply_scoring
from crm_lab.segmentation.rules import TEN_SEGMENTS, THREE_SEGMENTS, Rule, SegmentRules, load_rules
from crm_lab.segmentation.scoring import RFMScoring, load_scoring
from crm_lab.segmentation.stability import SegmentStability, SegmentStabilityResult
from crm_lab.segmentation.tiers import TierResult, Tiers
from crm_lab.segmentation.values import PurchaseValues, purchase_values

__all__ = [
    "RFM",
    "TEN_SEGMENTS",
    "THREE_SEGMENTS",
    "CallList",
    "CallRule",
    "CohortResult",
    "Cohorts",
    "InterpurchaseTimes",
    "Lifecycle",
    "LifecycleResult",
    "Migration",
    "MigrationResult",
    "MoveBaseline",
    "ProductCohorts",
    "PurchaseValues",
    "RFMResult",
    "RFMScoring",
    "RepeatRates",
    "Repurchase",
    "RepurchaseResult",
    "Rule",
    "ScoringDrift",
    "SegmentRules",
    "SegmentStability",
    "SegmentStabilityResult",
    "SegmentTable",
    "TierResult",
    "Tiers",
    "TreatedMove",
    "apply_scoring",
    "compare_scorings",
    "interpurchase",
    "load_rules",
    "load_scoring",
    "playbook",
    "product_repurchase",
    "purchase_values",
    "repeat_rates",
]
