"""Candidates of a list and the chance that each is bought."""

from crm_lab.recommend.offer_lists.candidates.cold_start import ColdStart
from crm_lab.recommend.offer_lists.candidates.list_drafts import Drafting, DraftRules

__all__ = ["ColdStart", "DraftRules", "Drafting"]
