"""Customers and products as vectors, a product scored by their inner product."""

from crm_lab.recommend.rankers.matrix_factors.als import Als
from crm_lab.recommend.rankers.matrix_factors.bpr import Bpr
from crm_lab.recommend.rankers.matrix_factors.fitted_factors import FittedFactors

__all__ = ["Als", "Bpr", "FittedFactors"]
