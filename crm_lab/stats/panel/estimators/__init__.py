"""What did treated units gain from one start on, by each of the methods for panels?"""

from crm_lab.stats.panel.estimators.difference_in_differences import DifferenceInDifferences, wild_bootstrap
from crm_lab.stats.panel.estimators.panel_fit import Claim, Course, PanelEstimator, PanelFit
from crm_lab.stats.panel.estimators.simplex_weights import simplex_weights
from crm_lab.stats.panel.estimators.synthetic_control import SyntheticControl, investment
from crm_lab.stats.panel.estimators.synthetic_difference import SyntheticDifference
from crm_lab.stats.panel.estimators.time_based_regression import TimeBasedRegression

__all__ = [
    "Claim",
    "Course",
    "DifferenceInDifferences",
    "PanelEstimator",
    "PanelFit",
    "SyntheticControl",
    "SyntheticDifference",
    "TimeBasedRegression",
    "investment",
    "simplex_weights",
    "wild_bootstrap",
]
