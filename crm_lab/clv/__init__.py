"""Customer lifetime value: purchase and spend models, value with intervals, validation on held-out time."""

from crm_lab.clv.covariates.cohort_effects import CohortFit, WithCohorts, quarter_joined
from crm_lab.clv.covariates.covariate_model import CovariateFit, WithCovariates
from crm_lab.clv.discrete.bg_bb import BGBB, BGBBFit
from crm_lab.clv.discrete.contract_file import NoContracts, value_of_contracts
from crm_lab.clv.discrete.contract_value import ContractValue, ContractValueResult
from crm_lab.clv.discrete.shifted_beta_geometric import ShiftedBetaGeometric, ShiftedBetaGeometricFit
from crm_lab.clv.fitting.return_development import ReturnDevelopment, return_development, returns_by_sale
from crm_lab.clv.models.bgnbd import BGNBD
from crm_lab.clv.models.gammagamma import GammaGamma, GammaGammaFit
from crm_lab.clv.models.mbgnbd import MBGNBD
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.models.nbd import NBD
from crm_lab.clv.models.paretonbd import ParetoNBD
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.clv.models.regular_purchases import BGCNBD, MBGCNBD
from crm_lab.clv.sampling.parameter_bootstrap import bootstrap
from crm_lab.clv.spend.credibility import CredibilitySpend
from crm_lab.clv.spend.customer_margin import CustomerMargins, customer_margins
from crm_lab.clv.spend.spend_model import fit_spend
from crm_lab.clv.validation.backtest import BackTest, BackTestResult
from crm_lab.clv.validation.empirical_forecast import RecordForecast, forecast_by_record
from crm_lab.clv.validation.holdout import HoldoutCheck, HoldoutResult
from crm_lab.clv.validation.left_truncation import FirstPurchases, first_purchases
from crm_lab.clv.validation.standing import Standing
from crm_lab.clv.validation.total_forecast import TotalForecast, TotalForecastResult
from crm_lab.clv.validation.tracking import TrackingResult, track
from crm_lab.clv.value.acquisition_payback import Payback, PaybackResult
from crm_lab.clv.value.alive_history import alive_history
from crm_lab.clv.value.customer_value import CustomerValue, CustomerValueResult
from crm_lab.clv.value.group_value import GroupValueResult
from crm_lab.clv.value.growth import GrowthResult, ValueGrowth
from crm_lab.clv.value.recency_map import recency_map
from crm_lab.clv.value.value_file import score_file

__all__ = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "MBGCNBD",
    "MBGNBD",
    "MODELS",
    "NBD",
    "BGBBFit",
    "BackTest",
    "BackTestResult",
    "CohortFit",
    "ContractValue",
    "ContractValueResult",
    "CovariateFit",
    "CredibilitySpend",
    "CustomerMargins",
    "CustomerValue",
    "CustomerValueResult",
    "FirstPurchases",
    "GammaGamma",
    "GammaGammaFit",
    "GroupValueResult",
    "GrowthResult",
    "HoldoutCheck",
    "HoldoutResult",
    "NoContracts",
    "ParetoNBD",
    "Payback",
    "PaybackResult",
    "PurchaseFit",
    "PurchaseModel",
    "RecordForecast",
    "ReturnDevelopment",
    "ShiftedBetaGeometric",
    "ShiftedBetaGeometricFit",
    "Standing",
    "TotalForecast",
    "TotalForecastResult",
    "TrackingResult",
    "ValueGrowth",
    "WithCohorts",
    "WithCovariates",
    "alive_history",
    "bootstrap",
    "customer_margins",
    "first_purchases",
    "fit_spend",
    "forecast_by_record",
    "purchase_model",
    "quarter_joined",
    "recency_map",
    "return_development",
    "returns_by_sale",
    "score_file",
    "track",
    "value_of_contracts",
]
