"""The ledger of points: which lot every redemption takes, what is left, and what is odd in it."""

from crm_lab.loyalty.points.points_ledger import PointsLedger
from crm_lab.loyalty.points.programme_health import ProgrammeHealth
from crm_lab.loyalty.points.redeemed_by_month import redeemed_by_month
from crm_lab.loyalty.points.two_ledgers import TwoLedgers

__all__ = ["PointsLedger", "ProgrammeHealth", "TwoLedgers", "redeemed_by_month"]
