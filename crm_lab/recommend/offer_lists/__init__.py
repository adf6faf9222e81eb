"""Which products does each customer get offered, why, and what is that worth?"""

from crm_lab.recommend.offer_lists.candidates.cold_start import ColdStart
from crm_lab.recommend.offer_lists.list_inputs import ListInputs
from crm_lab.recommend.offer_lists.list_worth import ListWorth
from crm_lab.recommend.offer_lists.list_worth_result import ListWorthResult
from crm_lab.recommend.offer_lists.offer_lists import NearDuplicates, OfferLists
from crm_lab.recommend.offer_lists.offer_lists_result import OfferListsResult

__all__ = [
    "ColdStart",
    "ListInputs",
    "ListWorth",
    "ListWorthResult",
    "NearDuplicates",
    "OfferLists",
    "OfferListsResult",
]
