"""Audit of decks and plans: contradictory claims, claimed against measured values, targets."""

from crm_lab.scorecard.audit import Auditor, AuditResult
from crm_lab.scorecard.claim import Change, Claim, Control, change
from crm_lab.scorecard.claimed_vs_measured import RecomputationResult, recompute
from crm_lab.scorecard.claims_file import ClaimList, Deck, parse_claims, read_claims
from crm_lab.scorecard.kpi_registry import Kpi, metrics
from crm_lab.scorecard.measured_values import Measured, as_measured, from_fact, packaged, share_by_customer
from crm_lab.scorecard.printed_number import PrintedNumber, Span, figure
from crm_lab.scorecard.rules import RULES, ClaimRule, Finding
from crm_lab.scorecard.targets_and_plan import PlanReader, PlanResult, Target, n_to_tell, verdict

__all__ = [
    "RULES",
    "AuditResult",
    "Auditor",
    "Change",
    "Claim",
    "ClaimList",
    "ClaimRule",
    "Control",
    "Deck",
    "Finding",
    "Kpi",
    "Measured",
    "PlanReader",
    "PlanResult",
    "PrintedNumber",
    "RecomputationResult",
    "Span",
    "Target",
    "as_measured",
    "change",
    "figure",
    "from_fact",
    "metrics",
    "n_to_tell",
    "packaged",
    "parse_claims",
    "read_claims",
    "recompute",
    "share_by_customer",
    "verdict",
]  # fmt: skip
