"""What does a fitted rule say of customers to come, and of whom may it be asked?"""

from crm_lab.experiments.uplift.policy.measured_policy import MeasuredPolicy, MeasuredPolicyResult
from crm_lab.experiments.uplift.policy.policy_origin import PolicyOrigin
from crm_lab.experiments.uplift.policy.targeting_policy import TargetingPolicy

__all__ = ["MeasuredPolicy", "MeasuredPolicyResult", "PolicyOrigin", "TargetingPolicy"]
