"""What customers are worth: purchase models, spend, value with intervals, and checks on held-out time."""

from crm_lab.clv.backtest import BackTest, BackTestResult
from crm_lab.clv.bgnbd import BGNBD
from crm_lab.clv.bootstrap import bootstrap
from crm_lab.clv.dependence import SpendDependence, SpendDependenceResult
from crm_lab.clv.forecast import RecordForecast, forecast_by_record
from crm_lab.clv.gammagamma import GammaGamma, GammaGammaFit
from crm_lab.clv.group_value import GroupValueResult
from crm_lab.clv.growth import GrowthResult, ValueGrowth
from crm_lab.clv.holdout import HoldoutCheck, HoldoutResult
from crm_lab.clv.maps import alive_history, recency_map
from crm_lab.clv.mbgnbd import MBGNBD
from crm_lab.clv.model import PurchaseFit, PurchaseModel
from crm_lab.clv.models import MODELS, purchase_model
from crm_lab.clv.nbd import NBD
from crm_lab.clv.paretonbd import ParetoNBD
from crm_lab.clv.payback import Payback, PaybackResult
from crm_lab.clv.tracking import TrackingResult, track
from crm_lab.clv.truncation import FirstPurchases, first_purchases
from crm_lab.clv.value import CustomerValue, CustomerValueResult

__all__ = [
    "BGNBD",
    "MBGNBD",
    "MODELS",
    "NBD",
    "BackTest",
    "BackTestResult",
    "CustomerValue",
    "CustomerValueResult",
    "FirstPurchases",
    "GammaGamma",
    "GammaGammaFit",
    "GroupValueResult",
    "GrowthResult",
    "HoldoutCheck",
    "HoldoutResult",
    "ParetoNBD",
    "Payback",
    "PaybackResult",
    "PurchaseFit",
    "PurchaseModel",
    "RecordForecast",
    "SpendDependence",
    "SpendDependenceResult",
    "TrackingResult",
    "ValueGrowth",
    "alive_history",
    "bootstrap",
    "first_purchases",
    "forecast_by_record",
    "purchase_model",
    "recency_map",
    "track",
]
