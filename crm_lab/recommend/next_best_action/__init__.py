"""Which one action (product, channel, day) of each customer comes next, within caps, budget and consent?"""

from crm_lab.recommend.next_best_action.next_best_action import NextBestAction
from crm_lab.recommend.next_best_action.next_best_action_result import NextBestActionResult

__all__ = ["NextBestAction", "NextBestActionResult"]
