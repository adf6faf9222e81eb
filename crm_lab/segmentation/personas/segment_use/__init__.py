"""Who is like them, how far do segments overlap, and who is selected?"""

from crm_lab.segmentation.personas.segment_use.lookalike_result import LookalikesResult
from crm_lab.segmentation.personas.segment_use.lookalikes import Lookalikes
from crm_lab.segmentation.personas.segment_use.segment_overlap import SegmentOverlap, SegmentOverlapResult
from crm_lab.segmentation.personas.segment_use.selection_rates import SelectionRates
from crm_lab.segmentation.personas.segment_use.selection_rates_result import SelectionRatesResult

__all__ = [
    "Lookalikes",
    "LookalikesResult",
    "SegmentOverlap",
    "SegmentOverlapResult",
    "SelectionRates",
    "SelectionRatesResult",
]
