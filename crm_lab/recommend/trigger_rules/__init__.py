"""Which event of a customer's own calls for a message, and what do such messages cause?"""

from crm_lab.recommend.trigger_rules.trigger_report import TriggerReport
from crm_lab.recommend.trigger_rules.trigger_report_result import TriggerReportResult
from crm_lab.recommend.trigger_rules.trigger_rule import TriggerRule

__all__ = ["TriggerReport", "TriggerReportResult", "TriggerRule"]
