"""What to offer next: rankers and their proof, products bought together, and when a product is due again."""

from crm_lab.recommend.association import AssociationRules, AssociationRulesResult
from crm_lab.recommend.interactions import Interactions
from crm_lab.recommend.next_best_action import NextBestAction, NextBestActionResult
from crm_lab.recommend.offline_evaluation import DateSplit, LastBasketSplit, RankerComparison, RankerComparisonResult
from crm_lab.recommend.replenishment import DueDates, Replenishment
from crm_lab.recommend.trigger_rules import TriggerReport, TriggerReportResult, TriggerRule

__all__ = [
    "AssociationRules",
    "AssociationRulesResult",
    "DateSplit",
    "DueDates",
    "Interactions",
    "LastBasketSplit",
    "NextBestAction",
    "NextBestActionResult",
    "RankerComparison",
    "RankerComparisonResult",
    "Replenishment",
    "TriggerReport",
    "TriggerReportResult",
    "TriggerRule",
]
