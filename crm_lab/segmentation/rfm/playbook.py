"""What to do with each segment, and how to test whether it works."""

from __future__ import annotations

import pandas as pd

from crm_lab.messages import Message, catalogue
from crm_lab.segmentation.rfm.segment_rules import SegmentRules, segment_name

# whom a call may still bring back, most to lose first
CALL_ORDER = ("cannot_lose", "at_risk", "need_attention", "dormant_to_wake", "potential_to_nurture")


def segment_action(segment: str) -> Message:
    """What to do with a segment; own segments get the advice to write one."""
    key = f"segments.do.{segment}"
    return Message(key) if key in catalogue("en") else Message("segments.own_action")


def segment_test(segment: str) -> Message:
    """How to test the action of a segment."""
    key = f"segments.test.{segment}"
    return Message(key) if key in catalogue("en") else Message("segments.own_test")


def playbook(rules: SegmentRules) -> pd.DataFrame:
    """One row per segment: name, action, how to test it, in the active language.

    >>> from crm_lab.segmentation import THREE_SEGMENTS
    >>> playbook(THREE_SEGMENTS)["name"].tolist()
    ['High-value loyal', 'Potential to nurture', 'Dormant to wake']

    Args:
        rules: The rules whose segments are wanted.

    Returns:
        ``segment``, ``name``, ``action``, ``test``.
    """
    return pd.DataFrame(
        [(s, segment_name(s).text(), segment_action(s).text(), segment_test(s).text()) for s in rules.names],
        columns=["segment", "name", "action", "test"],
    )
