"""Which ranker would have found what customers went on to buy, seen from the past alone."""

from crm_lab.recommend.offline_evaluation.ranker_comparison import RankerComparison, RankerComparisonResult
from crm_lab.recommend.offline_evaluation.temporal_split import DateSplit, LastBasketSplit, Split

__all__ = ["DateSplit", "LastBasketSplit", "RankerComparison", "RankerComparisonResult", "Split"]
