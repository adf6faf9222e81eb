"""What a result says on the first page of a report: a short answer, a small picture, what to decide."""

from crm_lab.fronts.front import Front, front_of, fronts

__all__ = ["Front", "front_of", "fronts"]
