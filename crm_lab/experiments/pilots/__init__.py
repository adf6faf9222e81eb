"""Pilots in a few cities: whether they can decide, in which cities, and what they showed."""

from crm_lab.experiments.pilots.answers.city_mix import CityMix, CityMixResult
from crm_lab.experiments.pilots.answers.pilot_effect import PilotEffect, PilotEffectResult
from crm_lab.experiments.pilots.answers.pilot_return import PilotReturn, PilotReturnResult
from crm_lab.experiments.pilots.answers.staggered_roll_out import StaggeredRollOut, StaggeredRollOutResult
from crm_lab.experiments.pilots.city_choice.city_draw import CityDraw, CityDrawResult
from crm_lab.experiments.pilots.city_choice.market_selection import MarketSelection, MarketSelectionResult
from crm_lab.experiments.pilots.city_choice.saved_draw import SavedDraw
from crm_lab.experiments.pilots.city_choice.stepped_wedge import SteppedWedge, SteppedWedgeResult
from crm_lab.experiments.pilots.city_data import CityData
from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.experiments.pilots.feasibility.member_reading import MemberReading, member_reading
from crm_lab.experiments.pilots.feasibility.pilot_plan import PilotPlan, PilotPlanResult
from crm_lab.experiments.pilots.open_cities import open_cities
from crm_lab.experiments.pilots.pilot_terms import PilotTerms

__all__ = [
    "CityData",
    "CityDraw",
    "CityDrawResult",
    "CityMix",
    "CityMixResult",
    "MarketSelection",
    "MarketSelectionResult",
    "MemberReading",
    "Pilot",
    "PilotEffect",
    "PilotEffectResult",
    "PilotPlan",
    "PilotPlanResult",
    "PilotReturn",
    "PilotReturnResult",
    "PilotTerms",
    "SavedDraw",
    "StaggeredRollOut",
    "StaggeredRollOutResult",
    "SteppedWedge",
    "SteppedWedgeResult",
    "member_reading",
    "open_cities",
]
