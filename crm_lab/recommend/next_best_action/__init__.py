"""Which one action (product, channel, day) of each customer comes next, within caps, budget and consent?"""

from crm_lab.recommend.next_best_action.candidate_table import candidate_table
from crm_lab.recommend.next_best_action.channel_response import channel_responses
from crm_lab.recommend.next_best_action.next_best_action import NextBestAction
from crm_lab.recommend.next_best_action.next_best_action_result import NextBestActionResult
from crm_lab.recommend.next_best_action.send_times import send_times

__all__ = ["NextBestAction", "NextBestActionResult", "candidate_table", "channel_responses", "send_times"]
