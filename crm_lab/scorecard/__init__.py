"""What decks and plans say, put to the test: the claims auditor, claimed against measured, targets."""

from crm_lab.scorecard.audit import Audit, Auditor
from crm_lab.scorecard.claim import Change, Claim, Control, change
from crm_lab.scorecard.claimed_vs_measured import Recomputation, recompute
from crm_lab.scorecard.claims_file import ClaimList, Deck, parse_claims, read_claims
from crm_lab.scorecard.kpi_registry import Metric, metrics
from crm_lab.scorecard.measured_values import Measured, as_measured, from_fact, packaged, share_by_customer
from crm_lab.scorecard.printed_number import Figure, Span, figure
from crm_lab.scorecard.rules import RULES, Finding, Rule
from crm_lab.scorecard.targets_and_plan import PlanReader, PlanReading, Target, n_to_tell, verdict

__all__ = [
    "RULES", "Audit", "Auditor", "Change", "Claim", "ClaimList", "Control", "Deck", "Figure", "Finding", "Measured",
    "Metric", "PlanReader", "PlanReading", "Recomputation", "Rule", "Span", "Target", "as_measured", "change", "figure",
    "from_fact", "metrics", "n_to_tell", "packaged", "parse_claims", "read_claims", "recompute", "share_by_customer",
    "verdict",
]  # fmt: skip
