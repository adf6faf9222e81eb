"""What other rules of points and tiers would do to profit and liability, on the retailer's own members."""

from crm_lab.loyalty.programme_rules.rule_set import PointsRules
from crm_lab.loyalty.programme_rules.rule_what_if import RuleWhatIf, RuleWhatIfResult

__all__ = ["PointsRules", "RuleWhatIf", "RuleWhatIfResult"]
