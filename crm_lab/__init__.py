"""Retail CRM analytics: a table of purchases in, an answer with its interval out; notebooks and reports around it.

>>> from crm_lab import RFM, load_cdnow
>>> RFM().fit(load_cdnow(), as_of="1998-06-30", amount="amount").segments().to_frame()["customers"].sum()
np.int64(23570)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from crm_lab.moved_modules import hint_at_new_names

__version__ = "0.1.0"
hint_at_new_names()

_HOMES = {
    # segments and cohorts
    "RFM": "crm_lab.segmentation.rfm.rfm",
    "Tiers": "crm_lab.segmentation.tiers.tiers",
    "Cohorts": "crm_lab.segmentation.cohorts.cohorts",
    "SecondPurchase": "crm_lab.segmentation.cohorts.second_purchase",
    # customer lifetime value
    "purchase_summary": "crm_lab.data.kernels.purchases",
    "calibration_holdout": "crm_lab.data.kernels.purchases",
    "BGNBD": "crm_lab.clv.models.bgnbd",
    "MBGNBD": "crm_lab.clv.models.mbgnbd",
    "ParetoNBD": "crm_lab.clv.models.paretonbd",
    "GammaGamma": "crm_lab.clv.models.gammagamma",
    "CustomerValue": "crm_lab.clv.value.customer_value",
    # churn
    "ChurnWindow": "crm_lab.churn.definition.churn_window",
    "ChurnList": "crm_lab.churn.evaluation.churn_list",
    # A/B tests
    "Experiment": "crm_lab.experiments.core.experiment",
    "Effects": "crm_lab.experiments.effects.effects",
    "SampleRatios": "crm_lab.experiments.validity.sample_ratio",
    "Design": "crm_lab.experiments.planning.design",
    "ratio_of": "crm_lab.experiments.core.outcome_metrics",
    # data, notebooks, errors
    "load_cdnow": "crm_lab.data.samples",
    "open_workspace": "crm_lab.data.workspace",
    "publish": "crm_lab.results",
    "write_csv": "crm_lab.exports",
    "check_params": "crm_lab.run.in_kernel.check_params",
    "check": "crm_lab.teach.answers",
    "BadInput": "crm_lab.checks",
}
__all__ = [
    "BGNBD",
    "MBGNBD",
    "RFM",
    "BadInput",
    "ChurnList",
    "ChurnWindow",
    "Cohorts",
    "CustomerValue",
    "Design",
    "Effects",
    "Experiment",
    "GammaGamma",
    "ParetoNBD",
    "SampleRatios",
    "SecondPurchase",
    "Tiers",
    "calibration_holdout",
    "check",
    "check_params",
    "load_cdnow",
    "open_workspace",
    "publish",
    "purchase_summary",
    "ratio_of",
    "write_csv",
]

if TYPE_CHECKING:
    from crm_lab.checks import BadInput
    from crm_lab.churn.definition.churn_window import ChurnWindow
    from crm_lab.churn.evaluation.churn_list import ChurnList
    from crm_lab.clv.models.bgnbd import BGNBD
    from crm_lab.clv.models.gammagamma import GammaGamma
    from crm_lab.clv.models.mbgnbd import MBGNBD
    from crm_lab.clv.models.paretonbd import ParetoNBD
    from crm_lab.clv.value.customer_value import CustomerValue
    from crm_lab.data.kernels.purchases import calibration_holdout, purchase_summary
    from crm_lab.data.samples import load_cdnow
    from crm_lab.data.workspace import open_workspace
    from crm_lab.experiments.core.experiment import Experiment
    from crm_lab.experiments.core.outcome_metrics import ratio_of
    from crm_lab.experiments.effects.effects import Effects
    from crm_lab.experiments.planning.design import Design
    from crm_lab.experiments.validity.sample_ratio import SampleRatios
    from crm_lab.exports import write_csv
    from crm_lab.results import publish
    from crm_lab.run.in_kernel.check_params import check_params
    from crm_lab.segmentation.cohorts.cohorts import Cohorts
    from crm_lab.segmentation.cohorts.second_purchase import SecondPurchase
    from crm_lab.segmentation.rfm.rfm import RFM
    from crm_lab.segmentation.tiers.tiers import Tiers
    from crm_lab.teach.answers import check


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"crm_lab has no name {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
