"""Which customers does a rule describe that anybody can read and write?"""

from crm_lab.data.rule_segments.condition_tree import AllOf, AnyOf, Condition, NotThat
from crm_lab.data.rule_segments.customer_conditions import CustomerCondition
from crm_lab.data.rule_segments.line_conditions import LineCondition
from crm_lab.data.rule_segments.rule_segment import RuleSegment
from crm_lab.data.rule_segments.segment_files import load_segments, write_segments
from crm_lab.data.rule_segments.segment_sizes import SegmentSizes, SegmentSizesResult

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "CustomerCondition",
    "LineCondition",
    "NotThat",
    "RuleSegment",
    "SegmentSizes",
    "SegmentSizesResult",
    "load_segments",
    "write_segments",
]
