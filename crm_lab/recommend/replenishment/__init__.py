"""When will a customer need a product again?"""

from crm_lab.recommend.replenishment.due_dates import DueDates
from crm_lab.recommend.replenishment.replenishment import Replenishment

__all__ = ["DueDates", "Replenishment"]
