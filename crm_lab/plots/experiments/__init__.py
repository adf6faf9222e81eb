"""Pictures of experiments: effects, balance, waterfall, segments, levers."""

from crm_lab.plots.experiments import effects_and_returns, few_cities, groups_compared, targeting

__all__ = ["effects_and_returns", "few_cities", "groups_compared", "targeting"]
