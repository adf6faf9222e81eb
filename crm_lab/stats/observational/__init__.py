"""What two groups differ by that nobody drew by lot, once they are made alike in what is known of them."""

from crm_lab.stats.observational.balancing import Estimand, balance_of, design_of, entropy_weights, propensity
from crm_lab.stats.observational.comparable_units import Comparison, compare
from crm_lab.stats.observational.e_value import EValue, e_value, e_value_of_difference

__all__ = [
    "Comparison",
    "EValue",
    "Estimand",
    "balance_of",
    "compare",
    "design_of",
    "e_value",
    "e_value_of_difference",
    "entropy_weights",
    "propensity",
]
