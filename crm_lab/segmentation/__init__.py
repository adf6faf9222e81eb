"""Segments: RFM scores and names, the call list, tiers, lifecycle stages, moves, cohorts, repurchase."""

from crm_lab.data.kernels.receipts import PurchaseValues, purchase_values
from crm_lab.segmentation.cohorts.cohorts import CohortResult, Cohorts
from crm_lab.segmentation.cohorts.interpurchase import InterpurchaseResult, interpurchase
from crm_lab.segmentation.cohorts.product_repurchase import ProductCohortsResult, product_repurchase
from crm_lab.segmentation.cohorts.repeat_rates import RepeatRatesResult, repeat_rates
from crm_lab.segmentation.cohorts.second_purchase import Repurchase, RepurchaseResult, SecondPurchase
from crm_lab.segmentation.customer_base import CustomerBaseAudit
from crm_lab.segmentation.demographics import Demographics, DemographicsResult
from crm_lab.segmentation.lifecycle import Lifecycle, LifecycleResult
from crm_lab.segmentation.lifecycle_moves import LifecycleMoves, LifecycleMovesResult
from crm_lab.segmentation.rfm.call_list import CallListResult, CallRule
from crm_lab.segmentation.rfm.playbook import playbook
from crm_lab.segmentation.rfm.rfm import RFM, RFMResult, SegmentsResult, apply_scoring
from crm_lab.segmentation.rfm.scoring_drift import ScoringDriftResult, compare_scorings
from crm_lab.segmentation.rfm.scoring_file import RFMScoring, load_scoring
from crm_lab.segmentation.rfm.segment_rules import TEN_SEGMENTS, THREE_SEGMENTS, SegmentRule, SegmentRules, load_rules
from crm_lab.segmentation.rfm.segment_stability import SegmentStability, SegmentStabilityResult
from crm_lab.segmentation.tiers.contacted_moves import ContactedMovesResult, contacted_moves
from crm_lab.segmentation.tiers.migration import Migration, MigrationResult
from crm_lab.segmentation.tiers.move_baseline import MoveBaselineResult, TreatedMoveResult
from crm_lab.segmentation.tiers.tiers import TierResult, Tiers

__all__ = [
    "RFM",
    "TEN_SEGMENTS",
    "THREE_SEGMENTS",
    "CallListResult",
    "CallRule",
    "CohortResult",
    "Cohorts",
    "ContactedMovesResult",
    "CustomerBaseAudit",
    "Demographics",
    "DemographicsResult",
    "InterpurchaseResult",
    "Lifecycle",
    "LifecycleMoves",
    "LifecycleMovesResult",
    "LifecycleResult",
    "Migration",
    "MigrationResult",
    "MoveBaselineResult",
    "ProductCohortsResult",
    "PurchaseValues",
    "RFMResult",
    "RFMScoring",
    "RepeatRatesResult",
    "Repurchase",
    "RepurchaseResult",
    "ScoringDriftResult",
    "SecondPurchase",
    "SegmentRule",
    "SegmentRules",
    "SegmentStability",
    "SegmentStabilityResult",
    "SegmentsResult",
    "TierResult",
    "Tiers",
    "TreatedMoveResult",
    "apply_scoring",
    "compare_scorings",
    "contacted_moves",
    "interpurchase",
    "load_rules",
    "load_scoring",
    "playbook",
    "product_repurchase",
    "purchase_values",
    "repeat_rates",
]
