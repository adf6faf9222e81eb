"""Which readable rules describe customers, and do they hold for others and later?"""

from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods, feature_periods
from crm_lab.segmentation.personas.rule_mining.later_rules import hold_later
from crm_lab.segmentation.personas.rule_mining.rule_miner import RuleMiner
from crm_lab.segmentation.personas.rule_mining.rule_miner_result import RuleMinerResult

__all__ = ["FeaturePeriods", "RuleMiner", "RuleMinerResult", "feature_periods", "hold_later"]
