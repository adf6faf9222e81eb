"""What points owe and what they will cost: revenue by contract, roll-forward, journal, cost, expiry, concentration."""

from crm_lab.loyalty.liability.contract_revenue import ContractRevenue, ContractRevenueResult
from crm_lab.loyalty.liability.expiry_calendar import ExpiryCalendar, ExpiryCalendarResult
from crm_lab.loyalty.liability.journal_lines import ACCOUNTS, JournalLines, JournalLinesResult
from crm_lab.loyalty.liability.liability_rollforward import LiabilityRollForward, LiabilityRollForwardResult
from crm_lab.loyalty.liability.member_statement import MemberStatement, MemberStatementResult, revenue_by_lot
from crm_lab.loyalty.liability.points_concentration import PointsConcentration, PointsConcentrationResult
from crm_lab.loyalty.liability.points_cost import PointsCost, PointsCostResult
from crm_lab.loyalty.liability.redemption_estimates import RedemptionEstimates, estimates_over_time

__all__ = [
    "ACCOUNTS",
    "ContractRevenue",
    "ContractRevenueResult",
    "ExpiryCalendar",
    "ExpiryCalendarResult",
    "JournalLines",
    "JournalLinesResult",
    "LiabilityRollForward",
    "LiabilityRollForwardResult",
    "MemberStatement",
    "MemberStatementResult",
    "PointsConcentration",
    "PointsConcentrationResult",
    "PointsCost",
    "PointsCostResult",
    "RedemptionEstimates",
    "estimates_over_time",
    "revenue_by_lot",
]
