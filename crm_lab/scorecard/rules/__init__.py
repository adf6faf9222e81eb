"""The rules of the claims auditor. A rule is a function with a decorator; importing its module registers it."""

from crm_lab.scorecard.rules import arithmetic, consistency, definition, feasibility, recomputation
from crm_lab.scorecard.rules.registry import KINDS, RULES, SEVERITIES, Book, ClaimRule, Finding

__all__ = [
    "KINDS",
    "RULES",
    "SEVERITIES",
    "Book",
    "ClaimRule",
    "Finding",
    "arithmetic",
    "consistency",
    "definition",
    "feasibility",
    "recomputation",
]  # fmt: skip
