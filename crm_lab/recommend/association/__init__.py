"""Which products go into one basket, or to one customer, more often than by chance?"""

from crm_lab.recommend.association.association_rules import AssociationRules, AssociationRulesResult

__all__ = ["AssociationRules", "AssociationRulesResult"]
