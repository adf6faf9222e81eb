"""What would another way to choose products have brought, by exposures whose chances were logged?"""

from crm_lab.recommend.off_policy.off_policy_result import OffPolicyResult
from crm_lab.recommend.off_policy.off_policy_value import OffPolicyValue
from crm_lab.recommend.off_policy.policies import even_policy, top_policy

__all__ = ["OffPolicyResult", "OffPolicyValue", "even_policy", "top_policy"]
