"""What to offer next: rankers and their proof, products bought together, and when a product is due again."""

from crm_lab.recommend.association import AssociationRules, AssociationRulesResult
from crm_lab.recommend.interactions import Interactions
from crm_lab.recommend.next_best_action import (
    NextBestAction,
    NextBestActionResult,
    candidate_table,
    channel_responses,
    send_times,
)
from crm_lab.recommend.off_policy import OffPolicyResult, OffPolicyValue, even_policy, top_policy
from crm_lab.recommend.offer_lists import (
    ColdStart,
    ListInputs,
    ListWorth,
    ListWorthResult,
    NearDuplicates,
    OfferLists,
    OfferListsResult,
)
from crm_lab.recommend.offline_evaluation import DateSplit, LastBasketSplit, RankerComparison, RankerComparisonResult
from crm_lab.recommend.replenishment import DueDates, Replenishment
from crm_lab.recommend.trigger_rules import TriggerReport, TriggerReportResult, TriggerRule

__all__ = [
    "AssociationRules",
    "AssociationRulesResult",
    "ColdStart",
    "DateSplit",
    "DueDates",
    "Interactions",
    "LastBasketSplit",
    "ListInputs",
    "ListWorth",
    "ListWorthResult",
    "NearDuplicates",
    "NextBestAction",
    "NextBestActionResult",
    "OffPolicyResult",
    "OffPolicyValue",
    "OfferLists",
    "OfferListsResult",
    "RankerComparison",
    "RankerComparisonResult",
    "Replenishment",
    "TriggerReport",
    "TriggerReportResult",
    "TriggerRule",
    "candidate_table",
    "channel_responses",
    "even_policy",
    "send_times",
    "top_policy",
]
