"""Which share of points is never redeemed: triangle, chain ladder, ultimate redemption rate, calendar effects."""

from crm_lab.loyalty.breakage.burn_rate import BurnRate, BurnRateResult
from crm_lab.loyalty.breakage.calendar_effect import CalendarEffect, CalendarEffectResult, diagonal_test
from crm_lab.loyalty.breakage.chain_ladder import ChainLadder
from crm_lab.loyalty.breakage.redemption_by_group import RedemptionByGroup, RedemptionByGroupResult
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle
from crm_lab.loyalty.breakage.ultimate_redemption import UltimateRedemption, UltimateRedemptionResult

__all__ = [
    "BurnRate",
    "BurnRateResult",
    "CalendarEffect",
    "CalendarEffectResult",
    "ChainLadder",
    "RedemptionByGroup",
    "RedemptionByGroupResult",
    "RedemptionTriangle",
    "UltimateRedemption",
    "UltimateRedemptionResult",
    "diagonal_test",
]
