"""Which customers does a tool that sends get, and who stays out?"""

from crm_lab.activation.audiences.audience import Audience, audience_file
from crm_lab.activation.audiences.audience_result import AudienceResult
from crm_lab.activation.audiences.audience_targets import TARGETS, AudienceTarget

__all__ = ["TARGETS", "Audience", "AudienceResult", "AudienceTarget", "audience_file"]
