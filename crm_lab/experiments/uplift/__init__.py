"""Who responds: effects given what was known before, and whom to treat next time."""

from crm_lab.experiments.uplift.effect_differences import EffectDifferencesResult
from crm_lab.experiments.uplift.effect_learners import DRLearner, EffectLearner, TLearner, TransformedOutcome, XLearner
from crm_lab.experiments.uplift.effect_tree import EffectTree, EffectTreeResult
from crm_lab.experiments.uplift.outcome_worth import Earning, OfferTerms, next_customers
from crm_lab.experiments.uplift.policy import MeasuredPolicy, MeasuredPolicyResult, TargetingPolicy
from crm_lab.experiments.uplift.targeting_list import TargetingList, TargetingListResult
from crm_lab.experiments.uplift.uplift import Uplift
from crm_lab.experiments.uplift.uplift_curve import UpliftCurve
from crm_lab.experiments.uplift.uplift_result import UpliftResult

__all__ = [
    "DRLearner",
    "Earning",
    "EffectDifferencesResult",
    "EffectLearner",
    "EffectTree",
    "EffectTreeResult",
    "MeasuredPolicy",
    "MeasuredPolicyResult",
    "OfferTerms",
    "TLearner",
    "TargetingList",
    "TargetingListResult",
    "TargetingPolicy",
    "TransformedOutcome",
    "Uplift",
    "UpliftCurve",
    "UpliftResult",
    "XLearner",
    "next_customers",
]
