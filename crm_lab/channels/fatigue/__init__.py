"""What does one more message cost in attention, and how many are enough?"""

from crm_lab.channels.fatigue.contact_cap import ContactCap, ContactCapResult
from crm_lab.channels.fatigue.contact_doses import ContactDoses
from crm_lab.channels.fatigue.fatigue_slope import FatigueSlope, FatigueSlopeResult
from crm_lab.channels.fatigue.opt_out_hazard import OptOutHazard, OptOutHazardResult

__all__ = [
    "ContactCap",
    "ContactCapResult",
    "ContactDoses",
    "FatigueSlope",
    "FatigueSlopeResult",
    "OptOutHazard",
    "OptOutHazardResult",
]
