"""Which products come first for a customer: plain sorts, neighbours, and a linear model of products."""

from crm_lab.recommend.rankers.ease import Ease
from crm_lab.recommend.rankers.global_top import GlobalTop
from crm_lab.recommend.rankers.item_neighbours import ItemNeighbours
from crm_lab.recommend.rankers.matrix_factors import Als, Bpr
from crm_lab.recommend.rankers.personal_frequency import PersonalFrequency
from crm_lab.recommend.rankers.popularity_ties import PopularityTies
from crm_lab.recommend.rankers.ranked_lists import RankedLists
from crm_lab.recommend.rankers.ranker import FittedRanker, Ranker
from crm_lab.recommend.rankers.recency_weighted import RecencyWeighted
from crm_lab.recommend.rankers.tifu_knn import TifuKnn

__all__ = [
    "Als",
    "Bpr",
    "Ease",
    "FittedRanker",
    "GlobalTop",
    "ItemNeighbours",
    "PersonalFrequency",
    "PopularityTies",
    "RankedLists",
    "Ranker",
    "RecencyWeighted",
    "TifuKnn",
]
