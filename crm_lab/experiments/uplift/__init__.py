"""Who responds: effects given what was known before, and whom to treat next time."""

from crm_lab.experiments.uplift.effect_learners import DRLearner, EffectLearner, TLearner, TransformedOutcome, XLearner
from crm_lab.experiments.uplift.targeting_policy import TargetingPolicy
from crm_lab.experiments.uplift.uplift import Uplift
from crm_lab.experiments.uplift.uplift_curve import UpliftCurve
from crm_lab.experiments.uplift.uplift_result import UpliftResult

__all__ = [
    "DRLearner",
    "EffectLearner",
    "TLearner",
    "TargetingPolicy",
    "TransformedOutcome",
    "Uplift",
    "UpliftCurve",
    "UpliftResult",
    "XLearner",
]
